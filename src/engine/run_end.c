/*
 * Run state: the ends of a run.
 *
 * However a run ends, its usage becomes the sum of its steps' and the thread is free in the same
 * transaction. An end that is no completion takes everything with it that is under way: the open
 * step gets the run's status, the message that it writes stays incomplete.
 *
 * Whoever ends a run need not be the one who executes it: the executing thread finds at its next
 * transition that the run has ended, and gives up.
 */
#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/run_rows.h"
#include "engine/run_state.h"
#include "store/record.h"

/* An end that is no completion. */
struct ending {
    enum treadle_run_status run;
    enum treadle_run_step_status step;
    const char *reason; /* of the message */
    const struct treadle_last_error *last_error;
};

static const struct ending cancelled = {TREADLE_RUN_CANCELLED, TREADLE_STEP_CANCELLED,
                                        "run_cancelled", NULL};
static const struct ending expired = {TREADLE_RUN_EXPIRED, TREADLE_STEP_EXPIRED, "run_expired",
                                      NULL};

/* ---- The run -------------------------------------------------------------------------------- */

static int sum_usage(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_usage **out, struct treadle_error *error)
{
    struct treadle_usage *sum = arena_alloc(arena, sizeof *sum);
    struct db_statement *statement;
    if (!sum)
        return error_set_memory(error);
    int rc = db_prepare(session, &statement, "SELECT body FROM run_steps WHERE run = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    while ((rc = db_step(statement, error)) > 0) {
        size_t length;
        struct treadle_run_step step = {0};
        const char *body = db_column_text(statement, 0, &length);
        rc = field_parse(&treadle_run_step_type, body, length, FIELD_TOLERANT, arena, &step, error);
        if (rc)
            return rc;
        if (!step.usage)
            continue;
        sum->prompt_tokens += step.usage->prompt_tokens;
        sum->completion_tokens += step.usage->completion_tokens;
        sum->total_tokens += step.usage->total_tokens;
    }
    if (!rc)
        *out = sum;
    return rc;
}

/* The part of every end: status, usage, no expiry any more, and the thread is free. */
static int end_run(struct db_session *session, struct treadle_run *run,
                   enum treadle_run_status status, struct arena *arena, struct treadle_error *error)
{
    int rc = run_rows_check(run, status, error);
    if (!rc)
        rc = sum_usage(session, run->id, arena, &run->usage, error);
    if (rc)
        return rc;
    run->status = status;
    run->expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    run->required_action = NULL;
    rc = run_rows_save(session, run, arena, error);
    return rc ? rc : run_rows_free_lock(session, run, error);
}

int run_state_complete(struct db_session *session, const char *run_id, struct arena *arena,
                       struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(session, run_id, arena, &run, error);
    if (rc)
        return rc;
    run.completed_at = run_rows_now();
    return end_run(session, &run, TREADLE_RUN_COMPLETED, arena, error);
}

/* ---- What is under way ---------------------------------------------------------------------- */

static int end_message(struct db_session *session, const char *message_id,
                       const struct ending *ending, struct arena *arena,
                       struct treadle_error *error)
{
    struct treadle_incomplete_details details = {ending->reason};
    struct treadle_message message;
    int rc = run_rows_load_message(session, message_id, arena, &message, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc || message.status != TREADLE_MESSAGE_IN_PROGRESS)
        return rc;
    message.status = TREADLE_MESSAGE_INCOMPLETE;
    message.incomplete_at = run_rows_now();
    message.incomplete_details = &details;
    return run_rows_save_message(session, &message, arena, error);
}

static int end_step(struct db_session *session, const char *step_id, const struct ending *ending,
                    struct arena *arena, struct treadle_error *error)
{
    struct treadle_last_error last_error;
    struct treadle_run_step step;
    int rc = run_rows_load_step(session, step_id, arena, &step, error);
    if (!rc)
        rc = run_rows_held_usage(session, step_id, arena, &step.usage, error);
    if (rc)
        return rc;
    step.status = ending->step;
    *(ending->step == TREADLE_STEP_FAILED    ? &step.failed_at
      : ending->step == TREADLE_STEP_EXPIRED ? &step.expired_at
                                             : &step.cancelled_at) = run_rows_now();
    if (ending->last_error) {
        last_error = *ending->last_error;
        step.last_error = &last_error;
    }
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    rc = run_rows_save_step(session, &step, arena, error);
    if (!rc && step.step_details->message_creation)
        rc = end_message(session, step.step_details->message_creation->message_id, ending, arena,
                         error);
    return rc;
}

static int end_badly(struct db_session *session, const char *run_id, const struct ending *ending,
                     struct arena *arena, struct treadle_error *error)
{
    struct treadle_last_error last_error;
    struct treadle_run run;
    const char *step_id = NULL;
    int rc = run_rows_load(session, run_id, arena, &run, error);
    if (!rc)
        rc = run_rows_check(&run, ending->run, error);
    if (!rc)
        rc = run_rows_open_step(session, run_id, arena, &step_id, error);
    if (!rc && step_id)
        rc = end_step(session, step_id, ending, arena, error);
    if (rc)
        return rc;
    if (ending->run == TREADLE_RUN_FAILED)
        run.failed_at = run_rows_now();
    if (ending->run == TREADLE_RUN_CANCELLED)
        run.cancelled_at = run_rows_now();
    if (ending->last_error) {
        last_error = *ending->last_error;
        run.last_error = &last_error;
    }
    return end_run(session, &run, ending->run, arena, error);
}

int run_state_fail(struct db_session *session, const char *run_id,
                   const struct treadle_last_error *reason, struct arena *arena,
                   struct treadle_error *error)
{
    const struct ending failed = {TREADLE_RUN_FAILED, TREADLE_STEP_FAILED, "run_failed", reason};
    return end_badly(session, run_id, &failed, arena, error);
}

/* ---- Cancelling ----------------------------------------------------------------------------- */

int run_state_cancel(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_run *out, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(session, run_id, arena, &run, error);
    if (rc)
        return rc;
    if (run_rows_check(&run, TREADLE_RUN_CANCELLING, NULL))
        return error_set_request(error, NULL, NULL, "Cannot cancel run with status '%s'.",
                                 field_word(run_status_names, (int)run.status));
    run.status = TREADLE_RUN_CANCELLING;
    rc = run_rows_save(session, &run, arena, error);
    if (!rc)
        *out = run;
    return rc;
}

int run_state_finish_cancel(struct db_session *session, const char *run_id, struct arena *arena,
                            struct treadle_error *error)
{
    return end_badly(session, run_id, &cancelled, arena, error);
}

/* ---- Sweeping ------------------------------------------------------------------------------- */

/* Of active runs, which alone have a time to expire at; so an index finds them. */
static int find_in_status(struct db_session *session, enum treadle_run_status status,
                          struct arena *arena, const char **out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT id FROM runs WHERE status = ? AND expires_at IS NOT NULL LIMIT 1",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, field_word(run_status_names, (int)status));
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    const char *id = rc ? arena_string(arena, db_column_text(statement, 0, NULL)) : NULL;
    if (rc && !id)
        return error_set_memory(error);
    *out = id;
    return 0;
}

/* Ends every run in that status. */
static int end_all(struct db_session *session, enum treadle_run_status status,
                   const struct ending *ending, size_t *count, struct treadle_error *error)
{
    const char *run_id;
    int rc;
    do {
        struct arena *arena = arena_new(0);
        run_id = NULL;
        rc = arena ? find_in_status(session, status, arena, &run_id, error)
                   : error_set_memory(error);
        if (!rc && run_id)
            rc = end_badly(session, run_id, ending, arena, error);
        *count += !rc && run_id;
        arena_free(arena);
    } while (!rc && run_id);
    return rc;
}

int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error)
{
    static const struct treadle_last_error reason = {
        "server_error", "The server stopped while this run was in progress."};
    static const struct ending failed = {TREADLE_RUN_FAILED, TREADLE_STEP_FAILED, "run_failed",
                                         &reason};
    size_t ended = 0;
    int rc = end_all(session, TREADLE_RUN_IN_PROGRESS, &failed, &ended, error);
    if (!rc)
        rc = end_all(session, TREADLE_RUN_CANCELLING, &cancelled, &ended, error);
    if (!rc)
        *count = ended;
    return rc;
}

int run_state_next_due(struct db_session *session, int64_t at, struct arena *arena,
                       const char **out, struct treadle_error *error)
{
    return record_next_due(session, "runs", at, arena, out, error);
}

int run_state_next_cancelling(struct db_session *session, struct arena *arena, const char **out,
                              struct treadle_error *error)
{
    return find_in_status(session, TREADLE_RUN_CANCELLING, arena, out, error);
}

int run_state_expire(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(session, run_id, arena, &run, error);
    if (rc)
        return rc;
    return end_badly(session, run_id, run.status == TREADLE_RUN_CANCELLING ? &cancelled : &expired,
                     arena, error);
}
