/*
 * The operations of batches of files in vector stores.
 */
#include "client/internal.h"

int treadle_vector_store_file_batch_create(
    struct treadle_vector_store_file_batch_response **out, struct treadle_client *client,
    const char *vector_store_id,
    const struct treadle_vector_store_file_batch_create_request *request,
    struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_batch_response, batch,
                .endpoint = ENDPOINT_VECTOR_STORE_BATCH_CREATE, .arguments = {vector_store_id},
                .request = request);
}

int treadle_vector_store_file_batch_retrieve(struct treadle_vector_store_file_batch_response **out,
                                             struct treadle_client *client,
                                             const char *vector_store_id, const char *batch_id,
                                             struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_batch_response, batch,
                .endpoint = ENDPOINT_VECTOR_STORE_BATCH_RETRIEVE,
                .arguments = {vector_store_id, batch_id});
}

int treadle_vector_store_file_batch_cancel(struct treadle_vector_store_file_batch_response **out,
                                           struct treadle_client *client,
                                           const char *vector_store_id, const char *batch_id,
                                           struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_batch_response, batch,
                .endpoint = ENDPOINT_VECTOR_STORE_BATCH_CANCEL,
                .arguments = {vector_store_id, batch_id});
}

int treadle_vector_store_file_batch_file_list(struct treadle_vector_store_file_page_response **out,
                                              struct treadle_client *client,
                                              const char *vector_store_id, const char *batch_id,
                                              const struct treadle_list_options *options,
                                              struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_page_response, page,
                .endpoint = ENDPOINT_VECTOR_STORE_BATCH_FILE_LIST,
                .arguments = {vector_store_id, batch_id}, .list = options);
}
