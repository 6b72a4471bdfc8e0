/*
 * The operations of threads.
 */
#include "client/internal.h"

int treadle_thread_create(struct treadle_thread_response **out, struct treadle_client *client,
                          const struct treadle_thread_create_request *request,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_thread_response, thread, .endpoint = ENDPOINT_THREAD_CREATE,
                .request = request);
}

int treadle_thread_retrieve(struct treadle_thread_response **out, struct treadle_client *client,
                            const char *thread_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_thread_response, thread, .endpoint = ENDPOINT_THREAD_RETRIEVE,
                .arguments = {thread_id});
}

int treadle_thread_modify(struct treadle_thread_response **out, struct treadle_client *client,
                          const char *thread_id,
                          const struct treadle_thread_modify_request *request,
                          struct treadle_error *error)
{
    CLIENT_CALL(treadle_thread_response, thread, .endpoint = ENDPOINT_THREAD_MODIFY,
                .arguments = {thread_id}, .request = request);
}

int treadle_thread_delete(struct treadle_deletion_response **out, struct treadle_client *client,
                          const char *thread_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_deletion_response, deletion, .endpoint = ENDPOINT_THREAD_DELETE,
                .arguments = {thread_id});
}

int treadle_thread_create_and_run(struct treadle_run_response **out, struct treadle_client *client,
                                  const struct treadle_thread_run_create_request *request,
                                  struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_THREAD_RUN_CREATE,
                .request = request);
}
