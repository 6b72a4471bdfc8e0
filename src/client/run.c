/*
 * The operations of runs, except waiting (wait.c).
 */
#include "client/internal.h"

int treadle_run_create(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const struct treadle_run_create_request *request,
                       struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_CREATE,
                .arguments = {thread_id}, .request = request);
}

int treadle_run_list(struct treadle_run_page_response **out, struct treadle_client *client,
                     const char *thread_id, const struct treadle_list_options *options,
                     struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_page_response, page, .endpoint = ENDPOINT_RUN_LIST,
                .arguments = {thread_id}, .list = options);
}

int treadle_run_retrieve(struct treadle_run_response **out, struct treadle_client *client,
                         const char *thread_id, const char *run_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_RETRIEVE,
                .arguments = {thread_id, run_id});
}

int treadle_run_modify(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id,
                       const struct treadle_metadata_request *request, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_MODIFY,
                .arguments = {thread_id, run_id}, .request = request);
}

int treadle_run_list_all(struct treadle_run_page_response **out, struct treadle_client *client,
                         const struct treadle_list_options *options, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_page_response, page, .endpoint = ENDPOINT_RUN_LIST_ALL,
                .list = options);
}

int treadle_run_find(struct treadle_run_response **out, struct treadle_client *client,
                     const char *run_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_FIND, .arguments = {run_id});
}

int treadle_run_times(struct treadle_run_times_response **out, struct treadle_client *client,
                      const char *run_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_times_response, times, .endpoint = ENDPOINT_RUN_TIMES,
                .arguments = {run_id});
}

int treadle_run_cancel(struct treadle_run_response **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_CANCEL,
                .arguments = {thread_id, run_id});
}

int treadle_run_submit_tool_outputs(struct treadle_run_response **out,
                                    struct treadle_client *client, const char *thread_id,
                                    const char *run_id,
                                    const struct treadle_tool_outputs_request *request,
                                    struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_response, run, .endpoint = ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS,
                .arguments = {thread_id, run_id}, .request = request);
}
