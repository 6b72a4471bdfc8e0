/*
 * The operation of chat completions.
 */
#include "client/internal.h"

int treadle_chat_create(struct treadle_chat_completion_response **out,
                        struct treadle_client *client,
                        const struct treadle_chat_create_request *request,
                        struct treadle_error *error)
{
    CLIENT_CALL(treadle_chat_completion_response, completion, .endpoint = ENDPOINT_CHAT_CREATE,
                .request = request);
}
