/*
 * Calling tools: what the model called in a turn is recorded in its step. Searches are made here,
 * by a worker; functions are the client's, and the run waits for their outputs.
 */
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"
#include "tool/file_search.h"

enum { LARGEST_RECALL = 16 << 20 };

/* ---- Recording ------------------------------------------------------------------------------ */

static bool is_function(const struct execution *execution, const char *name)
{
    const struct treadle_run *run = &execution->record.run;
    for (size_t i = 0; i < run->tool_count; i++)
        if (run->tools[i].function && strcmp(run->tools[i].function->name, name) == 0)
            return true;
    return false;
}

/* Models make up tools. They are told so, and may go on. */
static int record_function(struct execution *execution, const struct execution_call *call,
                           const char *arguments, struct treadle_tool_call *out)
{
    struct treadle_function_call *function = arena_alloc(execution->arena, sizeof *function);
    if (!function)
        return error_set_memory(&execution->error);
    *function = (struct treadle_function_call){.name = call->name, .arguments = arguments};
    if (!is_function(execution, call->name)) {
        function->output = arena_format(execution->arena, "There is no tool '%s'.", call->name);
        if (!function->output)
            return error_set_memory(&execution->error);
    }
    *out = (struct treadle_tool_call){
        .id = call->id, .type = TREADLE_TOOL_FUNCTION, .function = function};
    return 0;
}

/* A search is still without results. */
static int record_call(struct execution *execution, const struct execution_call *call,
                       struct model_call_request *said, struct treadle_tool_call *out)
{
    const char *arguments =
        arena_copy(execution->arena, call->arguments.data, call->arguments.length);
    if (!arguments)
        return error_set_memory(&execution->error);
    *said = (struct model_call_request){call->id, call->name, arguments};
    if (!call->search)
        return record_function(execution, call, arguments, out);
    *out = (struct treadle_tool_call){
        .id = call->id,
        .type = TREADLE_TOOL_FILE_SEARCH,
        .file_search = arena_alloc(execution->arena, sizeof *out->file_search),
    };
    return out->file_search ? 0 : error_set_memory(&execution->error);
}

static int answer_unknown(struct execution *execution)
{
    int rc = 0;
    for (size_t i = 0; i < execution->call_count && !rc; i++) {
        const struct treadle_tool_call *call = &execution->recorded[i];
        if (!call->function || !call->function->output)
            continue;
        const struct model_message answer = {.role = MODEL_TOOL,
                                             .text = call->function->output,
                                             .call_id = call->id,
                                             .of_run = true};
        rc = conversation_add(&execution->conversation, &answer, &execution->error);
    }
    return rc;
}

/* Adds what the model said to the conversation, too, under the ids that the results will name. */
static int record_calls(struct execution *execution)
{
    size_t count = execution->call_count;
    struct treadle_tool_call *recorded = arena_array(execution->arena, count, sizeof *recorded);
    struct model_call_request *calls = arena_array(execution->arena, count, sizeof *calls);
    char *said = arena_copy(execution->arena, execution->said.data, execution->said.length);
    int rc = recorded && calls && said ? 0 : error_set_memory(&execution->error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = record_call(execution, &execution->calls[i], &calls[i], &recorded[i]);
    if (rc)
        return rc;
    execution->recorded = recorded;
    const struct model_message message = {.role = MODEL_ASSISTANT,
                                          .text = said[0] ? said : NULL,
                                          .calls = calls,
                                          .call_count = count,
                                          .of_run = true};
    rc = conversation_add(&execution->conversation, &message, &execution->error);
    return rc ? rc : answer_unknown(execution);
}

/* ---- Searching ------------------------------------------------------------------------------ */

static int search(struct execution *execution, size_t index, struct buffer *recall)
{
    const struct execution_call *call = &execution->calls[index];
    struct file_search_outcome *outcome = arena_alloc(execution->arena, sizeof *outcome);
    const struct file_search_request request = {
        .search = execution->engine->options.search,
        .store_ids = execution->stores.ids,
        .store_count = execution->stores.count,
        .options = execution_search_tool(execution)->file_search,
        .arguments = call->arguments.data ? call->arguments.data : "",
        .turn = execution->conversation.first_turn + execution->turn,
        .first_result = execution->conversation.source_count - execution->conversation.cited,
    };
    if (!outcome)
        return error_set_memory(&execution->error);
    int rc = file_search_run(&request, execution->arena, outcome, &execution->error);
    if (rc)
        return rc;
    *execution->recorded[index].file_search = outcome->call;
    file_search_remember(request.arguments, outcome, recall);
    return conversation_add_search(&execution->conversation, call->id, outcome, &execution->error);
}

static int search_all(struct execution *execution)
{
    struct buffer recall;
    int rc = 0;
    buffer_init(&recall, LARGEST_RECALL);
    for (size_t i = 0; i < execution->call_count && !rc; i++) {
        buffer_append_char(&recall, i ? ',' : '[');
        if (execution->calls[i].search)
            rc = search(execution, i, &recall);
        else
            buffer_append_string(&recall, "null");
    }
    buffer_append_char(&recall, ']');
    if (!rc && recall.failed)
        rc = buffer_error(&recall, "The searches found too much.", &execution->error);
    if (!rc && !(execution->recall = arena_copy(execution->arena, recall.data, recall.length)))
        rc = error_set_memory(&execution->error);
    buffer_clear(&recall);
    return rc;
}

static void search_job(void *argument)
{
    struct execution *execution = argument;
    int64_t start = clock_monotonic_us();
    int rc = search_all(execution);
    execution->times.tools += clock_monotonic_us() - start;
    /* Only the database says so of a run. */
    if (rc == TREADLE_ENOTFOUND || rc == TREADLE_ESTATE)
        rc = TREADLE_EIO;
    execution_arrive(execution, rc);
}

/* ---- Going on ------------------------------------------------------------------------------- */

static int remember(struct execution *execution, struct treadle_error *error)
{
    return execution->recall ? run_state_remember(&execution->change, execution->step.id,
                                                  execution->recall, error)
                             : 0;
}

static int complete_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    (void)session;
    int rc = remember(execution, error);
    return rc ? rc
              : run_state_complete_tools(&execution->change, &execution->step, execution->recorded,
                                         execution->call_count, &execution->usage, error);
}

static int require_action(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    (void)session;
    int rc = remember(execution, error);
    if (!rc)
        rc = run_state_add_times(&execution->change, execution->record.run.id, &execution->times,
                                 error);
    return rc ? rc
              : run_state_require_action(&execution->change, &execution->step, execution->recorded,
                                         execution->call_count, &execution->usage, error);
}

static bool next_turn(struct execution *execution)
{
    execution->turn++;
    execution->phase = execution_ask;
    return true;
}

static bool go_on(struct execution *execution)
{
    bool waits = false;
    for (size_t i = 0; i < execution->call_count; i++)
        waits = waits || run_call_is_due(&execution->recorded[i]);
    if (!waits)
        return execution_write(execution, complete_tools, next_turn);
    execution->status = "requires_action";
    return execution_write(execution, require_action, execution_end);
}

bool execution_call_tools(struct execution *execution)
{
    enum model_finish finish = execution->inbox.outcome.finish;
    bool searches = false;
    execution->recall = NULL;
    if (record_calls(execution)) {
        execution->phase = execution_fail;
        return true;
    }
    if (finish == MODEL_LENGTH)
        return execution_cut(execution, "max_completion_tokens", "max_tokens");
    if (finish == MODEL_CONTENT_FILTER)
        return execution_cut(execution, NULL, "content_filter");
    for (size_t i = 0; i < execution->call_count; i++)
        searches = searches || execution->calls[i].search;
    return searches ? execution_hand_over(execution, search_job, go_on) : go_on(execution);
}
