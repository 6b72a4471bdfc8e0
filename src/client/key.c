/*
 * The operations of keys, which are Treadle's own.
 */
#include "client/internal.h"

int treadle_key_create(struct treadle_key_response **out, struct treadle_client *client,
                       const struct treadle_key_create_request *request,
                       struct treadle_error *error)
{
    CLIENT_CALL(treadle_key_response, key, .endpoint = ENDPOINT_KEY_CREATE, .request = request);
}

int treadle_key_list(struct treadle_key_page_response **out, struct treadle_client *client,
                     const struct treadle_list_options *options, struct treadle_error *error)
{
    CLIENT_CALL(treadle_key_page_response, page, .endpoint = ENDPOINT_KEY_LIST, .list = options);
}

int treadle_key_revoke(struct treadle_key_response **out, struct treadle_client *client,
                       const char *key_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_key_response, key, .endpoint = ENDPOINT_KEY_REVOKE, .arguments = {key_id});
}
