/*
 * The run loop.
 *
 * A turn asks the model once. Text becomes a message step, calls of tools a tool step, in that
 * order; after calls comes another turn, with what the tools gave added to the conversation. The
 * last turn's message and the end of the run are one transaction, so nobody sees a completed
 * message on a run that could still fail.
 */
#include "engine/run_loop.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "engine/answer.h"
#include "engine/conversation.h"
#include "engine/run_stores.h"
#include "tool/citation.h"
#include "tool/file_search.h"

/* The most turns of a run; a model that goes on calling tools is in a loop. */
enum { MOST_TURNS = 16, MOST_SOURCES = 512, MOST_TOOLS = 129, RETRY_SECONDS = 1 };

struct execution {
    const struct engine_options *engine;
    const struct run_record *record;
    struct arena *arena;
    const struct run_control *control;
    struct treadle_error *error;
    struct run_stores stores;
    struct conversation conversation;
    struct citation_source sources[MOST_SOURCES];
    size_t source_count;
    unsigned turn;
    struct answer answer;
    struct treadle_usage usage; /* of this turn */
    bool last;                  /* no further turn follows this one */
};

/* ---- The question --------------------------------------------------------------------------- */

static int load_conversation(struct db_session *session, void *argument,
                             struct treadle_error *error)
{
    struct execution *execution = argument;
    return conversation_load(session, &execution->record->run, execution->arena,
                             &execution->conversation, error);
}

static const struct treadle_tool *search_tool(const struct treadle_run *run)
{
    for (size_t i = 0; i < run->tool_count; i++)
        if (run->tools[i].type == TREADLE_TOOL_FILE_SEARCH)
            return &run->tools[i];
    return NULL;
}

static int offer_tools(struct execution *execution, struct model_request *request)
{
    const struct treadle_run *run = &execution->record->run;
    struct model_tool *tools = arena_array(execution->arena, MOST_TOOLS, sizeof *tools);
    if (!tools)
        return TREADLE_EMEMORY;
    request->tools = tools;
    if (execution->stores.count && search_tool(run))
        tools[request->tool_count++] = file_search_tool;
    for (size_t i = 0; i < run->tool_count && request->tool_count < MOST_TOOLS; i++) {
        const struct treadle_function *function = run->tools[i].function;
        if (function)
            tools[request->tool_count++] = (struct model_tool){
                function->name, function->description, function->parameters, function->strict};
    }
    return 0;
}

/* A choice binds the first turn alone, or a run that must call a tool would never end. */
static void choose_tool(const struct execution *execution, struct model_request *request)
{
    const struct treadle_tool_choice *choice = execution->record->run.tool_choice;
    request->tool_choice = MODEL_CHOICE_AUTO;
    if (choice && choice->word && strcmp(choice->word, "none") == 0)
        request->tool_choice = MODEL_CHOICE_NONE;
    if (!choice || execution->turn > 0)
        return;
    if (choice->word && strcmp(choice->word, "required") == 0)
        request->tool_choice = MODEL_CHOICE_REQUIRED;
    if (!choice->object || choice->object->type == TREADLE_TOOL_CODE_INTERPRETER)
        return;
    request->tool_choice = MODEL_CHOICE_NAMED;
    request->tool_name =
        choice->object->function ? choice->object->function->name : MODEL_FILE_SEARCH;
}

static int set_model_options(const struct execution *execution, struct model_request *request)
{
    const struct treadle_run *run = &execution->record->run;
    const struct treadle_response_format *format = run->response_format;
    request->temperature = run->temperature;
    request->top_p = run->top_p;
    request->parallel_tool_calls = (struct treadle_boolean)TREADLE_VALUE(run->parallel_tool_calls);
    request->reasoning_effort = field_word(reasoning_effort_names, (int)run->reasoning_effort);
    request->cancelled = execution->control->over;
    if (!format || !format->object || format->object->type == TREADLE_RESPONSE_FORMAT_TEXT)
        return 0;
    request->response_format =
        field_text(&treadle_response_format_object_type, format->object, execution->arena);
    return request->response_format ? 0 : TREADLE_EMEMORY;
}

static int ask(struct execution *execution)
{
    if (atomic_load(execution->control->over))
        return error_set(execution->error, TREADLE_ESTATE, "The run was ended.");
    struct model_request request = {
        .model = execution->record->run.model,
        .messages = execution->conversation.messages,
        .message_count = execution->conversation.count,
    };
    if (offer_tools(execution, &request) || set_model_options(execution, &request))
        return error_set_memory(execution->error);
    choose_tool(execution, &request);
    int rc = answer_get(execution->engine->model, &request, execution->arena, &execution->answer,
                        execution->error);
    if (rc)
        return rc;
    if (execution->answer.finish == MODEL_CANCELLED)
        return error_set(execution->error, TREADLE_ESTATE, "The run was ended.");
    const struct model_usage *usage = &execution->answer.usage;
    execution->usage = (struct treadle_usage){
        .prompt_tokens = usage->prompt_tokens,
        .completion_tokens = usage->completion_tokens,
        .total_tokens = usage->prompt_tokens + usage->completion_tokens,
    };
    return 0;
}

/* ---- A message ------------------------------------------------------------------------------ */

struct message_work {
    struct execution *execution;
    struct treadle_run_step step;
    struct treadle_text content;
};

static int begin_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct message_work *work = argument;
    return run_state_begin_message(session, work->execution->record, work->execution->arena,
                                   &work->step, error);
}

static int complete_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct message_work *work = argument;
    struct execution *execution = work->execution;
    /* The tokens of a turn that also calls tools are counted on its tool step. */
    static const struct treadle_usage none;
    int rc = run_state_complete_message(session, &work->step, &work->content,
                                        execution->last ? &execution->usage : &none,
                                        execution->arena, error);
    if (!rc && execution->last)
        rc = run_state_complete(session, execution->record->run.id, execution->arena, error);
    return rc;
}

static int write_message(struct execution *execution)
{
    struct message_work work = {.execution = execution};
    int rc = db_write(execution->engine->db, begin_message, &work, execution->error);
    if (!rc)
        rc = citation_resolve(execution->answer.text, execution->sources, execution->source_count,
                              execution->arena, &work.content, execution->error);
    if (!rc)
        rc = db_write(execution->engine->db, complete_message, &work, execution->error);
    return rc;
}

/* ---- Tools ---------------------------------------------------------------------------------- */

struct tools_work {
    struct execution *execution;
    struct treadle_run_step step;
    struct treadle_tool_call *calls;
    size_t count;
};

static int begin_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct tools_work *work = argument;
    return run_state_begin_tools(session, work->execution->record, work->execution->arena,
                                 &work->step, error);
}

static int complete_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct tools_work *work = argument;
    return run_state_complete_tools(session, &work->step, work->calls, work->count,
                                    &work->execution->usage, work->execution->arena, error);
}

static void remember_sources(struct execution *execution, const struct file_search_outcome *outcome)
{
    for (size_t i = 0; i < outcome->count && execution->source_count < MOST_SOURCES; i++)
        execution->sources[execution->source_count++] =
            (struct citation_source){&outcome->passages[i], &outcome->results[i]};
}

static int search_files(struct execution *execution, const struct model_call_request *request,
                        struct treadle_tool_call *call, struct treadle_error *error)
{
    struct file_search_outcome outcome;
    const struct file_search_request search = {
        .search = execution->engine->search,
        .store_ids = execution->stores.ids,
        .store_count = execution->stores.count,
        .options = search_tool(&execution->record->run)->file_search,
        .arguments = request->arguments,
        .turn = execution->turn,
        .first_result = execution->source_count,
    };
    struct treadle_file_search_call *recorded = arena_alloc(execution->arena, sizeof *recorded);
    if (!recorded)
        return error_set_memory(error);
    int rc = file_search_run(&search, execution->arena, &outcome, error);
    if (rc)
        return rc;
    *recorded = outcome.call;
    call->type = TREADLE_TOOL_FILE_SEARCH;
    call->file_search = recorded;
    remember_sources(execution, &outcome);
    struct model_message result = {
        .role = MODEL_TOOL,
        .call_id = call->id,
        .passages = outcome.passages,
        .passage_count = outcome.count,
    };
    return conversation_add(&execution->conversation, &result, error);
}

static const char *call_id(struct execution *execution)
{
    char id[IDENT_SIZE];
    ident_make(id, "call_");
    return arena_string(execution->arena, id);
}

/* Whether every call is of a tool that can be run here. */
static int check_calls(struct execution *execution)
{
    for (size_t i = 0; i < execution->answer.call_count; i++) {
        const char *name = execution->answer.calls[i].name;
        bool search = strcmp(name, MODEL_FILE_SEARCH) == 0;
        if (!search || !execution->stores.count || !search_tool(&execution->record->run))
            return error_set(execution->error, TREADLE_EUNSUPPORTED,
                             "The model called the tool '%.64s', which this server does not run.",
                             name);
    }
    return 0;
}

/* The model must see its own calls, under the ids that the results will name. */
static int record_calls(struct execution *execution, struct tools_work *work)
{
    const struct answer *answer = &execution->answer;
    work->calls = arena_array(execution->arena, answer->call_count, sizeof *work->calls);
    struct model_call_request *calls =
        arena_array(execution->arena, answer->call_count, sizeof *calls);
    if (!work->calls || !calls)
        return error_set_memory(execution->error);
    for (size_t i = 0; i < answer->call_count; i++) {
        work->calls[i].id = call_id(execution);
        if (!work->calls[i].id)
            return error_set_memory(execution->error);
        calls[i] = answer->calls[i];
        calls[i].id = work->calls[i].id;
    }
    work->count = answer->call_count;
    struct model_message said = {.role = MODEL_ASSISTANT,
                                 .text = answer->text[0] ? answer->text : NULL,
                                 .calls = calls,
                                 .call_count = answer->call_count};
    return conversation_add(&execution->conversation, &said, execution->error);
}

static int call_tools(struct execution *execution)
{
    struct tools_work work = {.execution = execution};
    int rc = check_calls(execution);
    if (!rc)
        rc = db_write(execution->engine->db, begin_tools, &work, execution->error);
    if (!rc)
        rc = record_calls(execution, &work);
    for (size_t i = 0; i < work.count && !rc; i++)
        rc = search_files(execution, &execution->answer.calls[i], &work.calls[i], execution->error);
    if (!rc)
        rc = db_write(execution->engine->db, complete_tools, &work, execution->error);
    return rc;
}

/* ---- The run -------------------------------------------------------------------------------- */

static int take_turn(struct execution *execution)
{
    int rc = ask(execution);
    if (rc)
        return rc;
    execution->last = execution->answer.call_count == 0;
    if (execution->last || execution->answer.text[0])
        rc = write_message(execution);
    if (!rc && !execution->last)
        rc = call_tools(execution);
    return rc;
}

static int take_turns(struct execution *execution)
{
    int rc = run_stores_prepare(execution->engine->db, execution->record, execution->arena,
                                execution->control, &execution->stores, execution->error);
    if (!rc)
        rc = db_read(execution->engine->db, load_conversation, execution, execution->error);
    for (; !rc && !execution->last; execution->turn++) {
        if (execution->turn == MOST_TURNS)
            return error_set(execution->error, TREADLE_ELIMIT,
                             "The model called tools in %d turns without an answer.", MOST_TURNS);
        rc = take_turn(execution);
    }
    return rc;
}

struct failure {
    const struct run_record *record;
    struct arena *arena;
    struct treadle_last_error reason;
};

static int write_failure(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct failure *failure = argument;
    return run_state_fail(session, failure->record->run.id, &failure->reason, failure->arena,
                          error);
}

/* A full disk must not leave the thread locked, so the failure is written again and again until it
 * is in. A run that is gone has nothing left to fail. */
static void fail(struct execution *execution)
{
    const struct timespec pause = {RETRY_SECONDS, 0};
    struct treadle_error error;
    int rc;
    do {
        struct failure failure = {
            .record = execution->record,
            .arena = arena_new(0), /* the run's own may be what ran out */
            .reason = {"server_error", execution->error->message},
        };
        rc = failure.arena ? db_write(execution->engine->db, write_failure, &failure, &error)
                           : error_set_memory(&error);
        arena_free(failure.arena);
        if (!rc || rc == TREADLE_ENOTFOUND || rc == TREADLE_ESTATE)
            return;
        log_write(execution->engine->log, LOG_ERROR, "run_fail", "run", execution->record->run.id,
                  "error", error.message, NULL);
        nanosleep(&pause, NULL);
    } while (!atomic_load(execution->control->stop));
}

static void log_end(const struct execution *execution, int64_t start, int rc)
{
    char milliseconds[24], turns[16];
    bool over = atomic_load(execution->control->over);
    const char *status = over ? "ended" : rc ? "failed" : "completed";
    snprintf(milliseconds, sizeof milliseconds, "%lld",
             (long long)(clock_monotonic_us() - start) / 1000);
    snprintf(turns, sizeof turns, "%u", execution->turn);
    log_write(execution->engine->log, rc && !over ? LOG_WARNING : LOG_INFO, "run", "run",
              execution->record->run.id, "status", status, "turns", turns, "ms", milliseconds,
              "error", rc && !over ? execution->error->message : NULL, NULL);
}

void run_execute(const struct engine_options *engine, const struct run_record *record,
                 struct arena *arena, const struct run_control *control)
{
    int64_t start = clock_monotonic_us();
    struct treadle_error error = {0};
    struct execution execution = {
        .engine = engine, .record = record, .arena = arena, .control = control, .error = &error};
    int rc = take_turns(&execution);
    if (rc)
        fail(&execution);
    log_end(&execution, start, rc);
}
