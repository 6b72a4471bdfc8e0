/*
 * The operations of vector stores and of the files in them, except waiting (wait.c).
 */
#include "client/internal.h"

int treadle_vector_store_create(struct treadle_vector_store_response **out,
                                struct treadle_client *client,
                                const struct treadle_vector_store_create_request *request,
                                struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_response, vector_store,
                .endpoint = ENDPOINT_VECTOR_STORE_CREATE, .request = request);
}

int treadle_vector_store_list(struct treadle_vector_store_page_response **out,
                              struct treadle_client *client,
                              const struct treadle_list_options *options,
                              struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_page_response, page, .endpoint = ENDPOINT_VECTOR_STORE_LIST,
                .list = options);
}

int treadle_vector_store_retrieve(struct treadle_vector_store_response **out,
                                  struct treadle_client *client, const char *vector_store_id,
                                  struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_response, vector_store,
                .endpoint = ENDPOINT_VECTOR_STORE_RETRIEVE, .arguments = {vector_store_id});
}

int treadle_vector_store_modify(struct treadle_vector_store_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                const struct treadle_vector_store_modify_request *request,
                                struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_response, vector_store,
                .endpoint = ENDPOINT_VECTOR_STORE_MODIFY, .arguments = {vector_store_id},
                .request = request);
}

int treadle_vector_store_delete(struct treadle_deletion_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_VECTOR_STORE_DELETE,
                .arguments = {vector_store_id});
}

int treadle_vector_store_file_create(struct treadle_vector_store_file_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const struct treadle_vector_store_file_create_request *request,
                                     struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_response, vector_store_file,
                .endpoint = ENDPOINT_VECTOR_STORE_FILE_CREATE, .arguments = {vector_store_id},
                .request = request);
}

int treadle_vector_store_file_list(struct treadle_vector_store_file_page_response **out,
                                   struct treadle_client *client, const char *vector_store_id,
                                   const struct treadle_list_options *options,
                                   struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_page_response, page,
                .endpoint = ENDPOINT_VECTOR_STORE_FILE_LIST, .arguments = {vector_store_id},
                .list = options);
}

int treadle_vector_store_file_retrieve(struct treadle_vector_store_file_response **out,
                                       struct treadle_client *client, const char *vector_store_id,
                                       const char *file_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_response, vector_store_file,
                .endpoint = ENDPOINT_VECTOR_STORE_FILE_RETRIEVE,
                .arguments = {vector_store_id, file_id});
}

int treadle_vector_store_file_modify(struct treadle_vector_store_file_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const char *file_id,
                                     const struct treadle_vector_store_file_modify_request *request,
                                     struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_response, vector_store_file,
                .endpoint = ENDPOINT_VECTOR_STORE_FILE_MODIFY,
                .arguments = {vector_store_id, file_id}, .request = request);
}

int treadle_vector_store_file_content(struct treadle_vector_store_file_content_response **out,
                                      struct treadle_client *client, const char *vector_store_id,
                                      const char *file_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_file_content_response, content,
                .endpoint = ENDPOINT_VECTOR_STORE_FILE_CONTENT,
                .arguments = {vector_store_id, file_id});
}

int treadle_vector_store_search(struct treadle_vector_store_search_page_response **out,
                                struct treadle_client *client, const char *vector_store_id,
                                const struct treadle_vector_store_search_request *request,
                                struct treadle_error *error)
{
    CLIENT_CALL(treadle_vector_store_search_page_response, page,
                .endpoint = ENDPOINT_VECTOR_STORE_SEARCH, .arguments = {vector_store_id},
                .request = request);
}

int treadle_vector_store_file_delete(struct treadle_deletion_response **out,
                                     struct treadle_client *client, const char *vector_store_id,
                                     const char *file_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_VECTOR_STORE_FILE_DELETE,
                .arguments = {vector_store_id, file_id});
}
