/*
 * Receiving the model's answer: its text becomes a message, its calls a step, piece by piece as
 * they come. The first piece that belongs to a step begins it, in a transaction; until that is
 * stored, later pieces wait in the inbox. Text after the first call of an answer goes into the
 * conversation alone: its message would need a step of its own, which cannot begin while that of
 * the calls is open.
 */
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "engine/engine_internal.h"

enum { LARGEST_ARGUMENTS = 1 << 20, SAVE_US = 1000000 };

/* ---- Beginning a step ----------------------------------------------------------------------- */

static int begin_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    (void)session;
    return run_state_begin_message(&execution->change, &execution->record, &execution->step, error);
}

static int begin_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    (void)session;
    return run_state_begin_tools(&execution->change, &execution->record, &execution->step, error);
}

static int publish_text(void *context, const char *text, size_t length, struct treadle_error *error)
{
    struct execution *execution = context;
    execution->published = true;
    return live_add_text(execution->owner.live, PIECE_TEXT, 0, text, length, error);
}

static int publish_annotation(void *context, const struct treadle_annotation *annotation,
                              struct treadle_error *error)
{
    struct execution *execution = context;
    int rc = 0;
    /* The first piece of a text brings its empty list of annotations. */
    if (!execution->published)
        rc = publish_text(execution, "", 0, error);
    return rc ? rc : live_add_annotation(execution->owner.live, 0, annotation, error);
}

/* The step has begun: pieces belong to it from now on. */
static bool begun(struct execution *execution, const char *subject)
{
    execution->phase = execution_receive;
    if (!live_enter(&execution->owner))
        return false;
    int rc = live_begin(execution->owner.live, subject, &execution->error);
    live_leave(&execution->owner);
    execution->saved_at = clock_monotonic_us();
    return !rc || execution_fails(execution);
}

static bool message_begun(struct execution *execution)
{
    if (!begun(execution, execution->step.step_details->message_creation->message_id)) {
        execution->phase = message_begun;
        return false;
    }
    struct citation_target *target = &execution->target;
    *target = (struct citation_target){execution, publish_text, publish_annotation};
    const struct citation_options options = execution_citations(execution);
    execution->walk = citation_begin(&options, target, execution->arena);
    execution->support = NULL;
    execution->writes = true;
    if (execution->walk)
        return true;
    error_set_memory(&execution->error);
    return execution_fails(execution);
}

static bool tools_begun(struct execution *execution)
{
    if (!begun(execution, execution->step.id)) {
        execution->phase = tools_begun;
        return false;
    }
    execution->calls_tools = true;
    return true;
}

bool execution_begin_message(struct execution *execution)
{
    return execution_write(execution, begin_message, message_begun);
}

/* ---- A message ------------------------------------------------------------------------------ */

/* The parts of the message are what was published of it. */
static int complete_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    /* The tokens of a turn that also calls tools are counted on its tool step. */
    static const struct treadle_usage none;
    const char *message_id = execution->step.step_details->message_creation->message_id;
    struct treadle_content *content;
    size_t count;
    (void)session;
    int rc = live_copy_content(execution->owner.live, message_id, execution->arena, &content,
                               &count, error);
    if (!rc)
        rc = run_state_complete_message(&execution->change, &execution->step, content, count,
                                        execution->support,
                                        execution->heard ? &execution->usage : &none, error);
    if (!rc && execution->heard)
        rc = run_state_add_times(&execution->change, execution->record.run.id, &execution->times,
                                 error);
    if (!rc && execution->heard)
        rc = run_state_complete(&execution->change, execution->record.run.id, error);
    return rc;
}

static bool message_completed(struct execution *execution)
{
    execution->writes = execution->published = false;
    execution->phase = execution->heard ? execution_end : execution_receive;
    return true;
}

/* Publishes what was held back. A message has at least one piece, or some clients would not see it.
 * False when it must wait. */
bool execution_finish_text(struct execution *execution, int *rc)
{
    if (!live_enter(&execution->owner))
        return false;
    *rc = citation_finish(execution->walk, &execution->error);
    execution->support = execution_support(execution, execution->walk);
    citation_free(execution->walk);
    execution->walk = NULL;
    if (!*rc && !execution->published)
        *rc = publish_text(execution, "", 0, &execution->error);
    live_leave(&execution->owner);
    return true;
}

bool execution_complete_message(struct execution *execution)
{
    int rc = 0;
    if (execution->walk && !execution_finish_text(execution, &rc))
        return false;
    if (rc)
        return execution_fails(execution);
    execution->status = execution->heard ? "completed" : NULL;
    return execution_write(execution, complete_message, message_completed);
}

/* ---- Calls ---------------------------------------------------------------------------------- */

/* Its step shows it from now on, and its followers see it begin. */
static int begin_call(struct execution *execution, struct execution_call *made, size_t index)
{
    struct tool_call *call = &made->call;
    struct treadle_tool_call_delta delta = {
        .index = (int64_t)index, .id = call->recorded.id, .type = call->kind->type};
    int rc = call->kind->begin(&execution->tools, call, &delta, &execution->error);
    return rc ? rc
              : live_add_call(execution->owner.live, &call->recorded, call->kind->arguments, &delta,
                              &execution->error);
}

static int add_call(struct execution *execution, const char *name)
{
    char id[IDENT_SIZE];
    size_t index = execution->call_count;
    if (!execution->calls)
        execution->calls = arena_array(execution->arena, EXECUTION_CALLS, sizeof *execution->calls);
    if (!execution->calls)
        return error_set_memory(&execution->error);
    if (index == EXECUTION_CALLS)
        return error_set(&execution->error, TREADLE_ELIMIT, "The model made more than %d calls.",
                         EXECUTION_CALLS);
    const struct tool_offer *offer = execution_find_offer(execution, name);
    struct execution_call *made = &execution->calls[index];
    ident_make(id, "call_");
    *made = (struct execution_call){
        .call = {.kind = offer ? offer->kind : &tool_unknown,
                 .tool = offer ? offer->tool : NULL,
                 .state = offer ? offer->state : NULL,
                 .name = arena_string(execution->arena, name),
                 .arguments = "",
                 .turn = execution->conversation.first_turn + execution->turn}};
    made->call.recorded = (struct treadle_tool_call){.id = arena_string(execution->arena, id),
                                                     .type = made->call.kind->type};
    buffer_init(&made->arguments, LARGEST_ARGUMENTS);
    if (!made->call.recorded.id || !made->call.name)
        return error_set_memory(&execution->error);
    execution->call_count++;
    return begin_call(execution, made, index);
}

static int hear_call(struct execution *execution, const struct inbox_entry *entry)
{
    const char *bytes = execution->batch.bytes.data;
    if (entry->index && !execution->record.run.parallel_tool_calls)
        return 0;
    int rc = 0;
    if (entry->index == execution->call_count)
        rc = add_call(execution, entry->name == SIZE_MAX ? "" : bytes + entry->name);
    if (rc || !entry->length)
        return rc;
    struct execution_call *call = &execution->calls[entry->index];
    if (buffer_append(&call->arguments, bytes + entry->start, entry->length))
        return error_set(&execution->error, TREADLE_ELIMIT,
                         "The arguments of a call are too long.");
    if (!call->call.kind->arguments)
        return 0;
    return live_add_text(execution->owner.live, PIECE_ARGUMENTS, (unsigned)entry->index,
                         bytes + entry->start, entry->length, &execution->error);
}

/* ---- Receiving ------------------------------------------------------------------------------ */

/* Whether the entry belongs to a step that is not open yet: then the step is begun first. */
static bool wants_other_step(const struct execution *execution, const struct inbox_entry *entry)
{
    if (entry->kind == INBOX_CALL)
        return !execution->calls_tools;
    return !execution->writes && !execution->calls_tools;
}

static bool change_step(struct execution *execution, const struct inbox_entry *entry)
{
    if (execution->writes)
        return execution_complete_message(execution);
    if (entry->kind == INBOX_CALL)
        return execution_write(execution, begin_tools, tools_begun);
    return execution_begin_message(execution);
}

/* Between live_enter and live_leave. */
static int hear_entry(struct execution *execution, const struct inbox_entry *entry)
{
    const char *text = execution->batch.bytes.data + entry->start;
    if (entry->kind == INBOX_CALL)
        return hear_call(execution, entry);
    if (entry->kind == INBOX_TEXT && buffer_append(&execution->said, text, entry->length))
        return buffer_error(&execution->said, ERROR_ANSWER_TOO_LARGE, &execution->error);
    if (!execution->writes)
        return 0;
    if (entry->kind == INBOX_TEXT)
        return citation_feed(execution->walk, text, entry->length, &execution->error);
    execution->published = true;
    return live_add_text(execution->owner.live, PIECE_REFUSAL, execution->said.length > 0, text,
                         entry->length, &execution->error);
}

/* Processes the batch, as far as that needs no transaction. */
static int hear_entries(struct execution *execution)
{
    int rc = 0;
    while (execution->taken < execution->batch.count && !rc) {
        const struct inbox_entry *entry = &execution->batch.entries[execution->taken];
        if (wants_other_step(execution, entry))
            break;
        rc = hear_entry(execution, entry);
        execution->taken++;
    }
    return rc;
}

static int save(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    const char *message_id = execution->step.step_details->message_creation->message_id;
    struct treadle_content *content;
    size_t count;
    (void)session;
    int rc = live_copy_content(execution->owner.live, message_id, execution->change.arena, &content,
                               &count, error);
    return rc ? rc : run_state_save_content(&execution->change, message_id, content, count, error);
}

static bool saved(struct execution *execution)
{
    execution->saved_at = clock_monotonic_us();
    execution->phase = execution_receive;
    return true;
}

/* What was published of a message is stored a second later at the latest. */
static bool save_or_wait(struct execution *execution)
{
    int64_t now = clock_monotonic_us();
    if (!execution->writes || !live_is_unsaved(execution->owner.live)) {
        atomic_store(&execution->tick_at, 0);
        return false;
    }
    if (now < execution->saved_at + SAVE_US) {
        atomic_store(&execution->tick_at, execution->saved_at + SAVE_US);
        return false;
    }
    execution->change_arena = arena_new(0);
    return execution_write(execution, save, saved);
}

/* A model that has said too much may never stop by itself. */
static bool give_up(struct execution *execution, int overflow)
{
    inbox_error(overflow, &execution->error);
    return execution_fails(execution);
}

bool execution_receive(struct execution *execution)
{
    if (execution->on_trial && !execution_is_tried(execution))
        return execution->phase != execution_receive;
    if (execution->on_proof && !execution_is_proven(execution))
        return execution->phase != execution_receive;
    if (execution->taken == execution->batch.count) {
        execution->taken = 0;
        execution->batch.count = 0;
        buffer_reset(&execution->batch.bytes);
        execution->answered = execution_has_answer(execution);
        if (execution_whole_has(execution))
            return execution_whole_write(execution);
        if (execution->answered && !execution->batch.count) {
            execution->phase = execution_conclude;
            return true;
        }
        int overflow = execution->batch.count ? 0 : inbox_overflows(&execution->inbox);
        if (overflow)
            return give_up(execution, overflow);
        if (!execution->batch.count)
            return save_or_wait(execution);
    }
    if (wants_other_step(execution, &execution->batch.entries[execution->taken]))
        return change_step(execution, &execution->batch.entries[execution->taken]);
    if (!live_enter(&execution->owner))
        return false;
    int rc = hear_entries(execution);
    live_leave(&execution->owner);
    return !rc || execution_fails(execution);
}
