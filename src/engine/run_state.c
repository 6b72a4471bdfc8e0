/*
 * Run state: how a run begins, and its steps. How it waits for outputs is run_action.c, how it
 * ends run_end.c.
 */
#include "engine/run_state.h"

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "engine/run_rows.h"
#include "store/record.h"

enum { RUN_LIFETIME = 600 };

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

int run_state_create(struct db_session *session, const char *project, struct treadle_run *run,
                     struct arena *arena, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    int rc = run_state_check_idle(session, run->thread_id, arena, error);
    if (rc)
        return rc;
    ident_make(id, "run_");
    run->id = arena_string(arena, id);
    run->created_at = clock_seconds();
    run->expires_at = (struct treadle_integer){TREADLE_SET, run->created_at + RUN_LIFETIME};
    run->status = TREADLE_RUN_QUEUED;
    if (!run->id)
        return error_set_memory(error);
    rc = run_rows_insert(session, project, run, arena, error);
    return rc ? rc : run_rows_take_lock(session, run->thread_id, run->id, error);
}

int run_state_claim(struct db_session *session, struct arena *arena, struct run_record *out,
                    struct treadle_error *error)
{
    struct db_statement *statement;
    struct run_record record;
    int rc = db_prepare(session, &statement,
                        "SELECT id, project FROM runs WHERE status = 'queued' "
                        "AND expires_at IS NOT NULL ORDER BY seq LIMIT 1",
                        error);
    if (rc)
        return rc;
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no run is queued");
    if (rc < 0)
        return rc;
    const char *id = arena_string(arena, db_column_text(statement, 0, NULL));
    record.project = arena_string(arena, db_column_text(statement, 1, NULL));
    if (!id || !record.project)
        return error_set_memory(error);
    rc = run_rows_load(session, id, arena, &record.run, error);
    if (!rc)
        rc = run_rows_check(&record.run, TREADLE_RUN_IN_PROGRESS, error);
    if (rc)
        return rc;
    record.run.status = TREADLE_RUN_IN_PROGRESS;
    record.run.started_at = run_rows_now();
    rc = run_rows_save(session, &record.run, arena, error);
    if (!rc)
        *out = record;
    return rc;
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static int begin_step(struct db_session *session, const struct run_record *record,
                      struct treadle_step_details *details, struct arena *arena,
                      struct treadle_run_step *out, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct treadle_run run;
    int rc = run_rows_load(session, record->run.id, arena, &run, error);
    if (rc)
        return rc;
    if (run.status != TREADLE_RUN_IN_PROGRESS)
        return error_set(error, TREADLE_ESTATE, "a run in status '%s' begins no step",
                         field_word(run_status_names, (int)run.status));
    ident_make(id, "step_");
    struct treadle_run_step step = {
        .id = arena_string(arena, id),
        .created_at = clock_seconds(),
        .assistant_id = run.assistant_id,
        .thread_id = run.thread_id,
        .run_id = run.id,
        .type = details->type,
        .status = TREADLE_STEP_IN_PROGRESS,
        .step_details = details,
        .expires_at = run.expires_at,
    };
    if (!step.id)
        return error_set_memory(error);
    rc = run_rows_insert_step(session, record->project, &step, arena, error);
    if (!rc)
        *out = step;
    return rc;
}

int run_state_begin_tools(struct db_session *session, const struct run_record *record,
                          struct arena *arena, struct treadle_run_step *out,
                          struct treadle_error *error)
{
    struct treadle_step_details *details = arena_alloc(arena, sizeof *details);
    if (!details)
        return error_set_memory(error);
    details->type = TREADLE_STEP_TOOL_CALLS;
    return begin_step(session, record, details, arena, out, error);
}

static int insert_message(struct db_session *session, const struct run_record *record,
                          const struct treadle_message *message, struct arena *arena,
                          struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = message->id},
        {.column = "project", .text = record->project},
        {.column = "thread", .text = message->thread_id},
        {.column = "run", .text = message->run_id},
        {.column = "body", .text = field_text(&treadle_message_type, message, arena)},
    };
    if (!values[4].text)
        return error_set_memory(error);
    return record_insert(session, "messages", values, 5, error);
}

int run_state_begin_message(struct db_session *session, const struct run_record *record,
                            struct arena *arena, struct treadle_run_step *out,
                            struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct treadle_run_step step;
    struct treadle_step_details *details = arena_alloc(arena, sizeof *details);
    struct treadle_message_creation *creation = arena_alloc(arena, sizeof *creation);
    ident_make(id, "msg_");
    if (!details || !creation || !(creation->message_id = arena_string(arena, id)))
        return error_set_memory(error);
    details->type = TREADLE_STEP_MESSAGE_CREATION;
    details->message_creation = creation;
    int rc = begin_step(session, record, details, arena, &step, error);
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
    rc = insert_message(session, record, &message, arena, error);
    if (!rc)
        *out = step;
    return rc;
}

/* Completes the step as the database has it, so that nothing that happened since is undone. */
static int complete_step(struct db_session *session, const char *step_id,
                         struct treadle_step_details *details, const struct treadle_usage *usage,
                         struct arena *arena, struct treadle_error *error)
{
    struct treadle_run_step step;
    struct treadle_usage used = *usage;
    int rc = run_rows_load_step(session, step_id, arena, &step, error);
    if (rc)
        return rc;
    if (step.status != TREADLE_STEP_IN_PROGRESS)
        return error_set(error, TREADLE_ESTATE, "a step in status '%s' cannot be completed",
                         field_word(run_step_status_names, (int)step.status));
    step.step_details = details;
    step.status = TREADLE_STEP_COMPLETED;
    step.completed_at = run_rows_now();
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    step.usage = &used;
    return run_rows_save_step(session, &step, arena, error);
}

int run_state_complete_tools(struct db_session *session, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct arena *arena,
                             struct treadle_error *error)
{
    struct treadle_step_details details = {
        .type = TREADLE_STEP_TOOL_CALLS,
        .tool_calls = calls,
        .tool_call_count = call_count,
    };
    return complete_step(session, step->id, &details, usage, arena, error);
}

int run_state_complete_message(struct db_session *session, const struct treadle_run_step *step,
                               const struct treadle_text *content,
                               const struct treadle_usage *usage, struct arena *arena,
                               struct treadle_error *error)
{
    struct treadle_text text = *content;
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &text};
    struct treadle_message message;
    const char *message_id = step->step_details->message_creation->message_id;
    int rc = run_rows_load_message(session, message_id, arena, &message, error);
    if (rc)
        return rc;
    message.status = TREADLE_MESSAGE_COMPLETED;
    message.completed_at = run_rows_now();
    message.content = &part;
    message.content_count = 1;
    rc = run_rows_save_message(session, &message, arena, error);
    return rc ? rc : complete_step(session, step->id, step->step_details, usage, arena, error);
}
