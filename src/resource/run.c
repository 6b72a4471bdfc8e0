/*
 * Runs: create (on a thread, or with a new one), list, retrieve, modify.
 */
#include "resource/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "resource/call.h"
#include "resource/run_make.h"
#include "resource/run_stream.h"
#include "resource/thread.h"
#include "store/run_record.h"

static int create(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct treadle_thread thread;
    struct treadle_run run;
    int rc = resource_load_thread(session, call, &thread, error);
    if (!rc)
        rc = run_make(session, call, &thread, false, call->body, NULL, &run, error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}

struct resource_plan run_create(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_run_create_request *request = call->body;
    (void)error;
    return run_stream_write(create, request->stream);
}

static int create_with_thread(struct db_session *session, struct resource_call *call,
                              struct treadle_error *error)
{
    const struct treadle_thread_run_create_request *request = call->body;
    const struct treadle_run_create_request run_request = {
        .assistant_id = request->assistant_id,
        .model = request->model,
        .instructions = request->instructions,
        .tools = request->tools,
        .tool_count = request->tool_count,
        .metadata = request->metadata,
        .temperature = request->temperature,
        .top_p = request->top_p,
        .stream = request->stream,
        .max_prompt_tokens = request->max_prompt_tokens,
        .max_completion_tokens = request->max_completion_tokens,
        .truncation_strategy = request->truncation_strategy,
        .tool_choice = request->tool_choice,
        .parallel_tool_calls = request->parallel_tool_calls,
        .response_format = request->response_format,
    };
    struct treadle_thread thread;
    struct treadle_run run;
    int rc = thread_make(session, call, request->thread, &thread, error);
    if (!rc)
        rc = run_make(session, call, &thread, true, &run_request, request->tool_resources, &run,
                      error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}

struct resource_plan run_create_with_thread(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_thread_run_create_request *request = call->body;
    (void)error;
    return run_stream_write(create_with_thread, request->stream);
}

int run_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct record_page page;
    int rc = resource_check_thread(session, call, error);
    if (!rc)
        rc = run_record_page(session, call->project, call->arguments[0], &call->query.page,
                             call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int run_list_all(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    struct record_page page;
    int rc = run_record_page_all(session, call->project, call->query.status, &call->query.page,
                                 call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int run_find(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const char *id = call->arguments[0], *body = NULL;
    int rc = run_record_body(session, call->project, NULL, id, call->arena, &body, error);
    return rc ? resource_not_found(rc, "run", id, error) : resource_reply_text(call, body, error);
}

int run_times(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const char *id = call->arguments[0];
    struct treadle_run_times times;
    int rc = run_record_times(session, call->project, id, &times, error);
    if (rc)
        return resource_not_found(rc, "run", id, error);
    return resource_reply(call, &treadle_run_times_type, &times, error);
}

/* How long helpers that poll wait between two requests, in milliseconds: a run that has just begun
 * may be over in a moment, one that takes long will take longer. */
static const char *poll_after(const char *body)
{
    static const char name[] = "\"created_at\":";
    const char *at = strstr(body, name);
    int64_t age = at ? clock_seconds() - strtoll(at + strlen(name), NULL, 10) : 0;
    return age < 3 ? "20" : age < 30 ? "100" : "500";
}

int run_retrieve(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    const char *id = call->arguments[1], *body = NULL;
    int rc = resource_check_thread(session, call, error);
    if (rc)
        return rc;
    rc = run_record_body(session, call->project, call->arguments[0], id, call->arena, &body, error);
    if (rc)
        return resource_not_found(rc, "run", id, error);
    http_reply_header(call->reply, "openai-poll-after-ms", poll_after(body));
    return resource_reply_text(call, body, error);
}

int run_modify(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_metadata_request *request = call->body;
    const char *id = call->arguments[1];
    struct treadle_run run;
    int rc = resource_check_thread(session, call, error);
    if (!rc)
        rc = run_record_load(session, call->project, call->arguments[0], id, call->arena, &run,
                             error);
    if (rc)
        return resource_not_found(rc, "run", id, error);
    if (run.status == TREADLE_RUN_IN_PROGRESS)
        return error_set_request(error, NULL, NULL, "Cannot update run with status 'in_progress'.");
    run.metadata =
        resource_metadata(&treadle_metadata_request_type, request, request->metadata, run.metadata);
    rc = run_record_save(session, call->project, &run, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}
