/*
 * Calling tools: what the model called in a turn is recorded in its step. A worker executes the
 * calls, one after the other; where the client gives the output of one, the run waits for it.
 */
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"

enum { LARGEST_RECALL = 16 << 20 };

/* ---- Recording ------------------------------------------------------------------------------ */

/* Called when all of a call has come. */
static int complete_call(struct execution *execution, struct execution_call *made,
                         struct model_call_request *said)
{
    struct tool_call *call = &made->call;
    const char *arguments =
        arena_copy(execution->arena, made->arguments.data, made->arguments.length);
    if (!arguments)
        return error_set_memory(&execution->error);
    call->arguments = arguments;
    if (call->kind->arguments)
        *call->kind->arguments(&call->recorded) = arguments;
    *said = (struct model_call_request){call->recorded.id, call->name, arguments};
    return 0;
}

/* Adds what the model said to the conversation, too, under the ids that the results will name. */
static int record_calls(struct execution *execution)
{
    size_t count = execution->call_count;
    struct treadle_tool_call *recorded = arena_array(execution->arena, count, sizeof *recorded);
    struct model_call_request *calls = arena_array(execution->arena, count, sizeof *calls);
    char *said = arena_copy(execution->arena, execution->said.data, execution->said.length);
    int rc = recorded && calls && said ? 0 : error_set_memory(&execution->error);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = complete_call(execution, &execution->calls[i], &calls[i]);
        recorded[i] = execution->calls[i].call.recorded;
    }
    if (rc)
        return rc;
    execution->recorded = recorded;
    const struct model_message message = {.role = MODEL_ASSISTANT,
                                          .text = said[0] ? said : NULL,
                                          .calls = calls,
                                          .call_count = count,
                                          .of_run = true};
    return conversation_add(&execution->conversation, &message, &execution->error);
}

/* ---- Executing: on a worker ----------------------------------------------------------------- */

struct reporter {
    struct execution *execution;
    size_t index;
};

static int report(void *context, struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    const struct reporter *reporter = context;
    struct execution *execution = reporter->execution;
    const struct treadle_tool_call *recorded = &execution->calls[reporter->index].call.recorded;
    delta->index = (int64_t)reporter->index;
    delta->id = recorded->id;
    delta->type = recorded->type;
    if (!live_await(&execution->owner))
        return error_set(error, TREADLE_ESTATE, "The run is over.");
    int rc = live_change_call(execution->owner.live, recorded, delta, error);
    live_leave(&execution->owner);
    return rc;
}

static bool is_cancelled(void *context)
{
    return execution_is_over(((const struct reporter *)context)->execution);
}

static int run_call(struct execution *execution, size_t index, struct buffer *recall)
{
    struct tool_call *call = &execution->calls[index].call;
    struct reporter reporter = {execution, index};
    const struct tool_progress progress = {&reporter, report, is_cancelled};
    struct tool_result result = {0};
    size_t start = recall->length;
    int rc = 0;
    if (call->kind->run) {
        call->first_source = execution->conversation.source_count - execution->conversation.cited;
        rc =
            call->kind->run(&execution->tools, call, &progress, &result, recall, &execution->error);
        execution->recorded[index] = call->recorded;
        if (!rc)
            rc = conversation_add_result(&execution->conversation, call->recorded.id, &result,
                                         &execution->error);
    }
    if (recall->length == start)
        buffer_append_string(recall, "null");
    return rc;
}

static int run_calls(struct execution *execution)
{
    struct buffer recall;
    int rc = 0;
    buffer_init(&recall, LARGEST_RECALL);
    for (size_t i = 0; i < execution->call_count && !rc; i++) {
        buffer_append_char(&recall, i ? ',' : '[');
        rc = run_call(execution, i, &recall);
    }
    buffer_append_char(&recall, ']');
    if (!rc && recall.failed)
        rc = buffer_error(&recall, "The outputs of the run's tools are too large.",
                          &execution->error);
    if (!rc && !(execution->recall = arena_copy(execution->arena, recall.data, recall.length)))
        rc = error_set_memory(&execution->error);
    buffer_clear(&recall);
    return rc;
}

static void run_job(void *argument)
{
    struct execution *execution = argument;
    int64_t start = clock_monotonic_us();
    int rc = run_calls(execution);
    execution->times.tools += clock_monotonic_us() - start;
    /* Only the database says so of a run. */
    if (execution_refused(rc))
        rc = TREADLE_EIO;
    execution_arrive(execution, rc);
}

/* ---- Continuing ----------------------------------------------------------------------------- */

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
        waits = waits || !execution->calls[i].call.kind->run;
    if (!waits)
        return execution_write(execution, complete_tools, next_turn);
    execution->status = "requires_action";
    return execution_write(execution, require_action, execution_end);
}

bool execution_tools(struct execution *execution)
{
    enum model_finish finish = execution->inbox.outcome.finish;
    bool runs = false;
    execution->recall = NULL;
    if (record_calls(execution))
        return execution_fails(execution);
    if (finish == MODEL_LENGTH)
        return execution_cut(execution, "max_completion_tokens", "max_tokens");
    if (finish == MODEL_CONTENT_FILTER)
        return execution_cut(execution, NULL, "content_filter");
    for (size_t i = 0; i < execution->call_count; i++)
        runs = runs || execution->calls[i].call.kind->run;
    return runs ? execution_hand_over(execution, run_job, go_on) : go_on(execution);
}
