/*
 * The operation of embeddings.
 */
#include "client/internal.h"

int treadle_embedding_create(struct treadle_embedding_list_response **out,
                             struct treadle_client *client,
                             const struct treadle_embedding_create_request *request,
                             struct treadle_error *error)
{
    CLIENT_CALL(treadle_embedding_list_response, list, .endpoint = ENDPOINT_EMBEDDING_CREATE,
                .request = request);
}
