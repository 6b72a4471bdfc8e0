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
#include "store/remains_record.h"

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
    const struct record_key keys[] = {{"thread", call->arguments[0]}, {"project", call->project}};
    const struct record_query query = {
        .table = "runs", .index = "runs_thread", .keys = keys, .key_count = 2};
    struct treadle_thread thread;
    int rc = resource_load_thread(session, call, &thread, error);
    return rc ? rc : resource_send_page(session, call, &query, error);
}

int run_list_all(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    const struct record_key keys[] = {{REMAINS_SPARES("project"), call->project},
                                      {"status", call->query.status}};
    const char *status = call->query.status;
    const struct record_query query = {.table = "runs",
                                       .index = status ? "runs_status" : "runs_project",
                                       .keys = keys,
                                       .key_count = status ? 2 : 1};
    return resource_send_page(session, call, &query, error);
}

int run_find(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const char *id = call->arguments[0];
    const struct record_key keys[] = {{REMAINS_SPARES("id"), id}, {"project", call->project}};
    return resource_send(session, call, "runs", "body", keys, 2, "run", id, error);
}

int run_times(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct treadle_run_times times = {.run_id = call->arguments[0]};
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT queue_us, model_us, tool_us, first_us FROM runs "
                        "WHERE " REMAINS_SPARES("id") " = ? AND project = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, times.run_id);
    db_bind_text(statement, 2, call->project);
    rc = db_step(statement, error);
    if (rc <= 0)
        return resource_not_found(rc ? rc : TREADLE_ENOTFOUND, "run", times.run_id, error);
    times.queue_us = db_column_integer(statement, 0);
    times.model_us = db_column_integer(statement, 1);
    times.tool_us = db_column_integer(statement, 2);
    if (!db_column_is_null(statement, 3))
        times.first_us = (struct treadle_integer){TREADLE_SET, db_column_integer(statement, 3)};
    return resource_reply(call, &treadle_run_times_type, &times, error);
}

/* What helpers that poll wait between two looks, in milliseconds: a run that has just begun may be
 * over in a moment, one that takes long will take longer. */
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
    const char *id = call->arguments[1];
    const struct record_key keys[] = {
        {"id", id}, {"thread", call->arguments[0]}, {"project", call->project}};
    struct treadle_thread thread;
    int rc = resource_load_thread(session, call, &thread, error);
    if (rc)
        return rc;
    rc = resource_send(session, call, "runs", "body", keys, 3, "run", id, error);
    if (!rc)
        http_reply_header(call->reply, "openai-poll-after-ms", poll_after(call->reply->body.data));
    return rc;
}

int run_modify(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_metadata_request *request = call->body;
    const char *id = call->arguments[1];
    const struct record_key keys[] = {
        {"id", id}, {"thread", call->arguments[0]}, {"project", call->project}};
    struct treadle_thread thread;
    struct treadle_run run;
    int rc = resource_load_thread(session, call, &thread, error);
    if (!rc)
        rc = record_load(session, "runs", &treadle_run_type, keys, 3, call->arena, &run, error);
    if (rc)
        return resource_not_found(rc, "run", id, error);
    if (run.status == TREADLE_RUN_IN_PROGRESS)
        return error_set_request(error, NULL, NULL, "Cannot update run with status 'in_progress'.");
    run.metadata =
        resource_metadata(&treadle_metadata_request_type, request, request->metadata, run.metadata);
    rc = resource_save(session, call, "runs", &treadle_run_type, id, &run, error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}
