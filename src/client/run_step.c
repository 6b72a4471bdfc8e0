/*
 * The operations of run steps.
 */
#include "client/internal.h"

int treadle_run_step_list(struct treadle_run_step_page_response **out,
                          struct treadle_client *client, const char *thread_id, const char *run_id,
                          const struct treadle_list_options *options, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_step_page_response, page, .endpoint = ENDPOINT_RUN_STEP_LIST,
                .arguments = {thread_id, run_id}, .list = options);
}

int treadle_run_step_retrieve(struct treadle_run_step_response **out, struct treadle_client *client,
                              const char *thread_id, const char *run_id, const char *step_id,
                              bool include_content, struct treadle_error *error)
{
    CLIENT_CALL(treadle_run_step_response, run_step, .endpoint = ENDPOINT_RUN_STEP_RETRIEVE,
                .arguments = {thread_id, run_id, step_id}, .include_content = include_content);
}
