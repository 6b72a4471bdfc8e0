/*
 * Run state: waiting for the outputs of functions, and continuing with them. The step stays in
 * progress while its run waits, and its calls have no output; the usage of the turn is held back
 * until the step ends. Either all outputs are accepted at once, or none.
 */
#include <string.h>

#include "api/types.h"
#include "base/buffer.h"
#include "base/error.h"
#include "run/run_rows.h"
#include "run/run_state.h"

enum { LONGEST_LIST = 320 };

/* ---- Waiting -------------------------------------------------------------------------------- */

bool run_call_is_due(const struct treadle_tool_call *call)
{
    return call->function && !call->function->output;
}

static int make_action(struct run_change *change, const struct treadle_tool_call *calls,
                       size_t count, struct treadle_required_action **out,
                       struct treadle_error *error)
{
    struct treadle_required_action *action = arena_alloc(change->arena, sizeof *action);
    struct treadle_submit_tool_outputs *due = arena_alloc(change->arena, sizeof *due);
    struct treadle_required_tool_call *waiting = arena_array(change->arena, count, sizeof *waiting);
    struct treadle_required_function *functions =
        arena_array(change->arena, count, sizeof *functions);
    if (!action || !due || !waiting || !functions)
        return error_set_memory(error);
    for (size_t i = 0; i < count; i++) {
        const struct treadle_function_call *function = calls[i].function;
        if (!run_call_is_due(&calls[i]))
            continue;
        size_t index = due->tool_call_count++;
        functions[index] = (struct treadle_required_function){.name = function->name,
                                                              .arguments = function->arguments};
        waiting[index] = (struct treadle_required_tool_call){
            .id = calls[i].id, .type = TREADLE_TOOL_FUNCTION, .function = &functions[index]};
    }
    if (!due->tool_call_count)
        return error_set(error, TREADLE_EINVALID, "no function was called, so no output is due");
    due->tool_calls = waiting;
    action->submit_tool_outputs = due;
    *out = action;
    return 0;
}

int run_state_require_action(struct run_change *change, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct treadle_error *error)
{
    struct treadle_step_details details = {
        .type = TREADLE_STEP_TOOL_CALLS, .tool_calls = calls, .tool_call_count = call_count};
    struct treadle_run run;
    struct treadle_run_step waiting;
    int rc = run_rows_load(change, step->run_id, &run, error);
    if (!rc)
        rc = run_rows_check(&run, TREADLE_RUN_REQUIRES_ACTION, error);
    if (!rc)
        rc = run_rows_load_step(change, step->id, &waiting, error);
    if (!rc)
        rc = run_rows_check_step(&waiting, TREADLE_STEP_COMPLETED, error);
    if (!rc)
        rc = make_action(change, calls, call_count, &run.required_action, error);
    if (rc)
        return rc;
    waiting.step_details = &details;
    run.status = TREADLE_RUN_REQUIRES_ACTION;
    rc = run_rows_save_step(change, &waiting, error);
    if (!rc)
        rc = run_rows_hold_usage(change, step->id, usage, error);
    return rc ? rc : run_rows_save(change, &run, error);
}

/* ---- Continuing ----------------------------------------------------------------------------- */

static const struct treadle_tool_output *find_output(const struct treadle_tool_output *outputs,
                                                     size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(outputs[i].tool_call_id, id) == 0)
            return &outputs[i];
    return NULL;
}

static void append_id(struct buffer *list, const char *id)
{
    buffer_append_format(list, "%s'%.64s'", list->length ? ", " : "", id);
}

static int refuse_outputs(const struct treadle_submit_tool_outputs *due,
                          const struct treadle_tool_output *outputs, size_t count,
                          struct treadle_error *error)
{
    struct buffer expected, got;
    buffer_init(&expected, LONGEST_LIST);
    buffer_init(&got, LONGEST_LIST);
    for (size_t i = 0; i < due->tool_call_count; i++)
        append_id(&expected, due->tool_calls[i].id);
    for (size_t i = 0; i < count; i++)
        append_id(&got, outputs[i].tool_call_id);
    int rc = error_set_request(error, NULL, NULL,
                               "Expected tool outputs for call_ids [%s%s], got [%s%s]",
                               expected.length ? expected.data : "", expected.failed ? ", …" : "",
                               got.length ? got.data : "", got.failed ? ", …" : "");
    buffer_clear(&expected);
    buffer_clear(&got);
    return rc;
}

/* There must be as many outputs as waiting calls, and one for each: so none is missing, unknown or
 * given twice. */
static int check_outputs(const struct treadle_run *run, const struct treadle_tool_output *outputs,
                         size_t count, struct treadle_error *error)
{
    const struct treadle_submit_tool_outputs *due = run->required_action->submit_tool_outputs;
    bool whole = count == due->tool_call_count;
    for (size_t i = 0; i < due->tool_call_count && whole; i++)
        whole = find_output(outputs, count, due->tool_calls[i].id) != NULL;
    return whole ? 0 : refuse_outputs(due, outputs, count, error);
}

static int complete_step(struct run_change *change, const char *run_id,
                         const struct treadle_tool_output *outputs, size_t count,
                         struct treadle_error *error)
{
    struct treadle_run_step step;
    const char *step_id = NULL;
    int rc = run_rows_open_step(change, run_id, &step_id, error);
    if (!rc && !step_id)
        rc = error_set(error, TREADLE_EIO, "a run waits for outputs that no step asked for");
    if (!rc)
        rc = run_rows_load_step(change, step_id, &step, error);
    if (!rc)
        rc = run_rows_held_usage(change, step_id, &step.usage, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < step.step_details->tool_call_count; i++) {
        struct treadle_tool_call *call = &step.step_details->tool_calls[i];
        const struct treadle_tool_output *output = find_output(outputs, count, call->id);
        if (call->function && output)
            call->function->output = output->output ? output->output : "";
    }
    step.status = TREADLE_STEP_COMPLETED;
    step.completed_at = run_rows_now();
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    return run_rows_save_step(change, &step, error);
}

int run_state_submit(struct run_change *change, const char *run_id,
                     const struct treadle_tool_output *outputs, size_t count,
                     struct treadle_run *out, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(change, run_id, &run, error);
    if (!rc && run.status != TREADLE_RUN_REQUIRES_ACTION)
        rc = error_set_request(error, NULL, NULL,
                               "Runs in status \"%s\" do not accept tool outputs.",
                               field_word(run_status_names, (int)run.status));
    if (!rc)
        rc = check_outputs(&run, outputs, count, error);
    if (!rc)
        rc = complete_step(change, run_id, outputs, count, error);
    if (rc)
        return rc;
    run.status = TREADLE_RUN_QUEUED;
    run.required_action = NULL;
    rc = run_rows_save(change, &run, error);
    change->queued = true;
    if (!rc)
        *out = run;
    return rc;
}
