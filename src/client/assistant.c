/*
 * The operations of assistants.
 */
#include "client/internal.h"

int treadle_assistant_create(struct treadle_assistant_response **out, struct treadle_client *client,
                             const struct treadle_assistant_create_request *request,
                             struct treadle_error *error)
{
    CLIENT_CALL(treadle_assistant_response, assistant, .endpoint = ENDPOINT_ASSISTANT_CREATE,
                .request = request);
}

int treadle_assistant_list(struct treadle_assistant_page_response **out,
                           struct treadle_client *client,
                           const struct treadle_list_options *options, struct treadle_error *error)
{
    CLIENT_CALL(treadle_assistant_page_response, page, .endpoint = ENDPOINT_ASSISTANT_LIST,
                .list = options);
}

int treadle_assistant_retrieve(struct treadle_assistant_response **out,
                               struct treadle_client *client, const char *assistant_id,
                               struct treadle_error *error)
{
    CLIENT_CALL(treadle_assistant_response, assistant, .endpoint = ENDPOINT_ASSISTANT_RETRIEVE,
                .arguments = {assistant_id});
}

int treadle_assistant_modify(struct treadle_assistant_response **out, struct treadle_client *client,
                             const char *assistant_id,
                             const struct treadle_assistant_modify_request *request,
                             struct treadle_error *error)
{
    CLIENT_CALL(treadle_assistant_response, assistant, .endpoint = ENDPOINT_ASSISTANT_MODIFY,
                .arguments = {assistant_id}, .request = request);
}

int treadle_assistant_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                             const char *assistant_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_ASSISTANT_DELETE,
                .arguments = {assistant_id});
}
