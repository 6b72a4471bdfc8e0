/*
 * Run state: how a run begins, and its steps. How it waits for outputs is run_action.c, how it
 * ends run_end.c.
 */
#include "run/run_state.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "run/run_rows.h"
#include "store/run_record.h"
#include "store/run_step_record.h"

/* ---- The lock ------------------------------------------------------------------------------- */

int run_state_check_unlocked(struct db_session *session, const char *thread_id, const char *what,
                             struct arena *arena, struct treadle_error *error)
{
    const char *holder;
    int rc = run_rows_read_lock(session, thread_id, arena, &holder, error);
    if (rc || !holder)
        return rc;
    return error_set_request(error, NULL, NULL, "Can't %s %s while a run %s is active.", what,
                             thread_id, holder);
}

int run_state_check_idle(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error)
{
    const char *holder;
    int rc = run_rows_read_lock(session, thread_id, arena, &holder, error);
    if (rc || !holder)
        return rc;
    return error_set_request(error, NULL, NULL, "Thread %s already has an active run %s.",
                             thread_id, holder);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static int add_thread_created(struct run_change *change, const char *run_id,
                              const struct treadle_thread *thread, struct treadle_error *error)
{
    const char *data = field_text(&treadle_thread_type, thread, change->arena);
    return data ? run_change_add(change, run_id, TREADLE_EVENT_THREAD_CREATED, 0, data, NULL, error)
                : error_set_memory(error);
}

int run_state_create(struct run_change *change, const char *project, struct treadle_run *run,
                     int64_t lifetime, const struct treadle_thread *made,
                     struct treadle_error *error)
{
    char id[IDENT_SIZE];
    int rc = run_state_check_idle(change->session, run->thread_id, change->arena, error);
    if (rc)
        return rc;
    ident_make(id, "run_");
    run->id = arena_string(change->arena, id);
    run->created_at = clock_seconds();
    run->expires_at = (struct treadle_integer){TREADLE_SET, run->created_at + lifetime};
    run->status = TREADLE_RUN_QUEUED;
    if (!run->id)
        return error_set_memory(error);
    if (made)
        rc = add_thread_created(change, run->id, made, error);
    if (!rc)
        rc = run_rows_insert(change, project, run, error);
    if (!rc)
        rc = run_rows_take_lock(change, run->thread_id, run->id, error);
    change->queued = true;
    return rc;
}

/* A queue in which nobody is served is looked through so far, and again when one is. */
enum { MOST_LOOKED_AT = 512 };

static int load_queued(struct run_change *change, const struct run_claim *claim, const char *id,
                       struct treadle_run *out, struct treadle_error *error)
{
    bool only = claim->only && strcmp(id, claim->only->id) == 0;
    if (!only)
        return run_rows_load(change, id, out, error);
    return field_copy(&treadle_run_type, claim->only, change->arena, out) ? error_set_memory(error)
                                                                          : 0;
}

/* The first in the queue that is accepted. */
static int find_queued(struct run_change *change, const struct run_claim *claim,
                       struct run_record *record, struct treadle_error *error)
{
    struct run_record_queued queued = {.seq = 0};
    bool accepted = false, limited = false;
    int rc = 0;
    /* A long queue is not looked through for a run that cannot be claimed. */
    if (claim->only && claim->accepts &&
        !claim->accepts(claim->context, claim->only->model, &limited))
        return error_set(error, TREADLE_ENOTFOUND, "the run is not to be claimed yet");
    for (int i = 0; i < MOST_LOOKED_AT && !accepted && !rc; i++) {
        rc = run_record_oldest_queued(change->session, claim->project_limit, queued.seq,
                                      change->arena, &queued, error);
        if (!rc && !claim->accepts && claim->only && strcmp(queued.id, claim->only->id) != 0)
            break;
        if (!rc)
            rc = load_queued(change, claim, queued.id, &record->run, error);
        accepted =
            !rc && (!claim->accepts || claim->accepts(claim->context, record->run.model, &limited));
    }
    if (rc)
        return rc;
    if (!accepted || (claim->only && strcmp(queued.id, claim->only->id) != 0))
        return error_set(error, TREADLE_ENOTFOUND, "another run is to be claimed first");
    int64_t waited = clock_milliseconds() * 1000 - queued.queued_at;
    record->project = queued.project;
    record->queue_us = waited > 0 ? waited : 0;
    if (limited)
        record->run.expires_at.value += record->queue_us / 1000000;
    return 0;
}

int run_state_claim(struct run_change *change, const struct run_claim *claim,
                    struct run_record *out, struct treadle_error *error)
{
    struct run_record record;
    int rc = find_queued(change, claim, &record, error);
    if (!rc)
        rc = run_rows_check(&record.run, TREADLE_RUN_IN_PROGRESS, error);
    if (rc)
        return rc;
    record.run.status = TREADLE_RUN_IN_PROGRESS;
    record.run.started_at = run_rows_now();
    rc = run_rows_save(change, &record.run, error);
    if (!rc)
        *out = record;
    return rc;
}

int run_state_add_times(struct run_change *change, const char *run_id,
                        const struct run_times *times, struct treadle_error *error)
{
    return run_record_add_times(change->session, run_id, times->queue, times->model, times->tools,
                                times->first, error);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static int begin_step(struct run_change *change, const struct run_record *record,
                      struct treadle_step_details *details, struct treadle_run_step *out,
                      struct treadle_error *error)
{
    const struct treadle_run *run = &record->run;
    enum treadle_run_status status;
    char id[IDENT_SIZE];
    int rc = run_rows_status(change, run->id, &status, error);
    if (rc)
        return rc;
    if (status != TREADLE_RUN_IN_PROGRESS)
        return error_set(error, TREADLE_ESTATE, "a run in status '%s' begins no step",
                         field_word(run_status_names, (int)status));
    ident_make(id, "step_");
    struct treadle_run_step step = {
        .id = arena_string(change->arena, id),
        .created_at = clock_seconds(),
        .assistant_id = run->assistant_id,
        .thread_id = run->thread_id,
        .run_id = run->id,
        .type = details->type,
        .status = TREADLE_STEP_IN_PROGRESS,
        .step_details = details,
        .expires_at = run->expires_at,
    };
    if (!step.id)
        return error_set_memory(error);
    rc = run_rows_insert_step(change, record->project, &step, error);
    if (!rc)
        *out = step;
    return rc;
}

int run_state_begin_tools(struct run_change *change, const struct run_record *record,
                          struct treadle_run_step *out, struct treadle_error *error)
{
    struct treadle_step_details *details = arena_alloc(change->arena, sizeof *details);
    if (!details)
        return error_set_memory(error);
    details->type = TREADLE_STEP_TOOL_CALLS;
    return begin_step(change, record, details, out, error);
}

int run_state_begin_message(struct run_change *change, const struct run_record *record,
                            struct treadle_run_step *out, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct treadle_run_step step;
    struct treadle_step_details *details = arena_alloc(change->arena, sizeof *details);
    struct treadle_message_creation *creation = arena_alloc(change->arena, sizeof *creation);
    ident_make(id, "msg_");
    if (!details || !creation || !(creation->message_id = arena_string(change->arena, id)))
        return error_set_memory(error);
    details->type = TREADLE_STEP_MESSAGE_CREATION;
    details->message_creation = creation;
    int rc = begin_step(change, record, details, &step, error);
    if (rc)
        return rc;
    const struct treadle_message message = {
        .id = creation->message_id,
        .created_at = step.created_at,
        .thread_id = step.thread_id,
        .status = TREADLE_MESSAGE_IN_PROGRESS,
        .role = TREADLE_ROLE_ASSISTANT,
        .assistant_id = step.assistant_id,
        .run_id = step.run_id,
    };
    rc = run_rows_insert_message(change, record->project, &message, error);
    if (!rc)
        *out = step;
    return rc;
}

/* Completes the step as the database has it, so that no change made since is undone. */
static int complete_step(struct run_change *change, const char *step_id,
                         struct treadle_step_details *details, const struct treadle_usage *usage,
                         struct treadle_error *error)
{
    struct treadle_run_step step;
    struct treadle_usage used = *usage;
    int rc = run_rows_load_step(change, step_id, &step, error);
    if (rc)
        return rc;
    rc = run_rows_check_step(&step, TREADLE_STEP_COMPLETED, error);
    if (rc)
        return rc;
    step.step_details = details;
    step.status = TREADLE_STEP_COMPLETED;
    step.completed_at = run_rows_now();
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    step.usage = &used;
    return run_rows_save_step(change, &step, error);
}

int run_state_complete_tools(struct run_change *change, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct treadle_error *error)
{
    struct treadle_step_details details = {
        .type = TREADLE_STEP_TOOL_CALLS,
        .tool_calls = calls,
        .tool_call_count = call_count,
    };
    return complete_step(change, step->id, &details, usage, error);
}

static int load_open_message(struct run_change *change, const char *message_id,
                             struct treadle_message *out, struct treadle_error *error)
{
    int rc = run_rows_load_message(change, message_id, out, error);
    if (!rc && out->status != TREADLE_MESSAGE_IN_PROGRESS)
        rc = error_set(error, TREADLE_ESTATE, "the message has ended");
    return rc;
}

/* A map of one pair; NULL when memory runs out. */
static struct treadle_map *note_of(const struct run_change *change, const char *key,
                                   const char *value)
{
    struct treadle_map *map = arena_alloc(change->arena, sizeof *map);
    struct treadle_pair *pair = arena_alloc(change->arena, sizeof *pair);
    if (!map || !pair)
        return NULL;
    *pair = (struct treadle_pair){key, value};
    *map = (struct treadle_map){1, pair};
    return map;
}

int run_state_complete_message(struct run_change *change, const struct treadle_run_step *step,
                               struct treadle_content *content, size_t content_count,
                               const char *support, const struct treadle_usage *usage,
                               struct treadle_error *error)
{
    struct treadle_message message;
    const char *message_id = step->step_details->message_creation->message_id;
    int rc = load_open_message(change, message_id, &message, error);
    if (rc)
        return rc;
    message.status = TREADLE_MESSAGE_COMPLETED;
    message.completed_at = run_rows_now();
    message.content = content;
    message.content_count = content_count;
    if (support && !(message.metadata = note_of(change, "treadle_support", support)))
        return error_set_memory(error);
    rc = run_rows_save_message(change, &message, error);
    return rc ? rc : complete_step(change, step->id, step->step_details, usage, error);
}

int run_state_save_content(struct run_change *change, const char *message_id,
                           struct treadle_content *content, size_t content_count,
                           struct treadle_error *error)
{
    struct treadle_message message;
    int rc = load_open_message(change, message_id, &message, error);
    if (rc)
        return rc;
    message.content = content;
    message.content_count = content_count;
    return run_rows_save_message(change, &message, error);
}

int run_state_remember(struct run_change *change, const char *step_id, const char *recall,
                       struct treadle_error *error)
{
    return run_step_record_set_recall(change->session, step_id, recall, error);
}
