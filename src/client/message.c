/*
 * The operations of messages.
 */
#include "client/internal.h"

int treadle_message_create(struct treadle_message_response **out, struct treadle_client *client,
                           const char *thread_id,
                           const struct treadle_message_create_request *request,
                           struct treadle_error *error)
{
    CLIENT_CALL(treadle_message_response, message, .endpoint = ENDPOINT_MESSAGE_CREATE,
                .arguments = {thread_id}, .request = request);
}

int treadle_message_list(struct treadle_message_page_response **out, struct treadle_client *client,
                         const char *thread_id, const struct treadle_list_options *options,
                         struct treadle_error *error)
{
    CLIENT_CALL(treadle_message_page_response, page, .endpoint = ENDPOINT_MESSAGE_LIST,
                .arguments = {thread_id}, .list = options);
}

int treadle_message_retrieve(struct treadle_message_response **out, struct treadle_client *client,
                             const char *thread_id, const char *message_id,
                             struct treadle_error *error)
{
    CLIENT_CALL(treadle_message_response, message, .endpoint = ENDPOINT_MESSAGE_RETRIEVE,
                .arguments = {thread_id, message_id});
}

int treadle_message_modify(struct treadle_message_response **out, struct treadle_client *client,
                           const char *thread_id, const char *message_id,
                           const struct treadle_metadata_request *request,
                           struct treadle_error *error)
{
    CLIENT_CALL(treadle_message_response, message, .endpoint = ENDPOINT_MESSAGE_MODIFY,
                .arguments = {thread_id, message_id}, .request = request);
}

int treadle_message_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                           const char *thread_id, const char *message_id,
                           struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_MESSAGE_DELETE,
                .arguments = {thread_id, message_id});
}
