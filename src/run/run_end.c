/*
 * Run state: the ends of a run. However a run ends, the same transaction sets its usage to the sum
 * over its steps and frees the thread. An end that is no completion also ends what is in progress:
 * the open step gets the run's status, and the message that it writes stays incomplete.
 *
 * Others than the execution may end a run: the executing thread finds at its next transition that
 * the run has ended, and gives up.
 */
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "run/run_published.h"
#include "run/run_rows.h"
#include "run/run_state.h"
#include "store/run_record.h"
#include "store/run_step_record.h"

/* An end that is no completion. */
struct ending {
    enum treadle_run_status run;
    enum treadle_run_step_status step;
    const char *reason; /* of the message */
    const struct treadle_last_error *last_error;
    bool abandoned; /* by a process that is gone: what was published last may be lost */
};

static const struct ending cancelled = {
    .run = TREADLE_RUN_CANCELLED, .step = TREADLE_STEP_CANCELLED, .reason = "run_cancelled"};
static const struct ending expired = {
    .run = TREADLE_RUN_EXPIRED, .step = TREADLE_STEP_EXPIRED, .reason = "run_expired"};

/* ---- The run -------------------------------------------------------------------------------- */

void run_usage_add(struct treadle_usage *sum, const struct treadle_usage *usage)
{
    sum->prompt_tokens += usage->prompt_tokens;
    sum->completion_tokens += usage->completion_tokens;
    sum->total_tokens += usage->total_tokens;
}

static int add_details(struct treadle_usage *usage, int64_t cached, int64_t reasoning,
                       struct arena *arena)
{
    usage->prompt_token_details = arena_alloc(arena, sizeof *usage->prompt_token_details);
    usage->completion_tokens_details = arena_alloc(arena, sizeof *usage->completion_tokens_details);
    if (!usage->prompt_token_details || !usage->completion_tokens_details)
        return TREADLE_EMEMORY;
    usage->prompt_token_details->cached_tokens = cached;
    usage->completion_tokens_details->reasoning_tokens = reasoning;
    return 0;
}

static int sum_usage(struct run_change *change, const char *run_id, struct treadle_usage **out,
                     struct treadle_error *error)
{
    struct treadle_usage *sum = arena_alloc(change->arena, sizeof *sum);
    struct run_step_sums sums;
    if (!sum)
        return error_set_memory(error);
    int rc = run_step_record_sums(change->session, run_id, &sums, error);
    if (rc)
        return rc;
    sum->prompt_tokens = sums.prompt_tokens;
    sum->completion_tokens = sums.completion_tokens;
    sum->total_tokens = sum->prompt_tokens + sum->completion_tokens;
    if (sums.detailed && add_details(sum, sums.cached_tokens, sums.reasoning_tokens, change->arena))
        return error_set_memory(error);
    *out = sum;
    return 0;
}

/* The part of every end: status, usage, no expiry any more, and the thread is free. */
static int end_run(struct run_change *change, struct treadle_run *run,
                   enum treadle_run_status status, struct treadle_error *error)
{
    int rc = run_rows_check(run, status, error);
    if (!rc)
        rc = sum_usage(change, run->id, &run->usage, error);
    if (rc)
        return rc;
    run->status = status;
    run->expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    run->required_action = NULL;
    rc = run_rows_save(change, run, error);
    return rc ? rc : run_rows_free_lock(change, run, error);
}

int run_state_complete(struct run_change *change, const char *run_id, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(change, run_id, &run, error);
    if (rc)
        return rc;
    run.completed_at = run_rows_now();
    return end_run(change, &run, TREADLE_RUN_COMPLETED, error);
}

/* ---- What is in progress -------------------------------------------------------------------- */

static int end_message(struct run_change *change, const char *message_id,
                       const struct ending *ending, struct treadle_error *error)
{
    struct treadle_incomplete_details details = {.reason = ending->reason};
    struct treadle_message message;
    int rc = run_rows_load_message(change, message_id, &message, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc || message.status != TREADLE_MESSAGE_IN_PROGRESS)
        return rc;
    rc = ending->abandoned ? run_publish_rest(change, &message, error)
                           : run_published_content(change, &message, error);
    if (!rc && !message.content_count)
        rc = run_publish_empty(change, &message, error);
    if (rc)
        return rc;
    message.status = TREADLE_MESSAGE_INCOMPLETE;
    message.incomplete_at = run_rows_now();
    message.incomplete_details = &details;
    return run_rows_save_message(change, &message, error);
}

static int end_step(struct run_change *change, const char *step_id, const struct ending *ending,
                    struct treadle_error *error)
{
    struct treadle_last_error last_error;
    struct treadle_run_step step;
    int rc = run_rows_load_step(change, step_id, &step, error);
    if (!rc)
        rc = run_rows_held_usage(change, step_id, &step.usage, error);
    if (rc)
        return rc;
    step.status = ending->step;
    *(ending->step == TREADLE_STEP_FAILED    ? &step.failed_at
      : ending->step == TREADLE_STEP_EXPIRED ? &step.expired_at
                                             : &step.cancelled_at) = run_rows_now();
    if (ending->last_error) {
        last_error = *ending->last_error;
        /* The protocol knows fewer codes of steps than of runs. */
        if (strcmp(last_error.code, "rate_limit_exceeded") != 0)
            last_error.code = "server_error";
        step.last_error = &last_error;
    }
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    if (step.step_details->message_creation)
        rc = end_message(change, step.step_details->message_creation->message_id, ending, error);
    else if (!ending->abandoned)
        rc = run_published_calls(change, &step, error);
    return rc ? rc : run_rows_save_step(change, &step, error);
}

static int end_badly(struct run_change *change, const char *run_id, const struct ending *ending,
                     struct treadle_error *error)
{
    struct treadle_last_error last_error;
    struct treadle_run run;
    const char *step_id = NULL;
    int rc = run_rows_load(change, run_id, &run, error);
    if (!rc)
        rc = run_rows_check(&run, ending->run, error);
    if (!rc)
        rc = run_rows_open_step(change, run_id, &step_id, error);
    if (!rc && ending->abandoned) {
        struct run_news *news = run_change_news(change, run_id);
        rc = news ? 0 : error_set_memory(error);
        if (news)
            news->leaps = true;
    }
    if (!rc && step_id)
        rc = end_step(change, step_id, ending, error);
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
    return end_run(change, &run, ending->run, error);
}

int run_state_fail(struct run_change *change, const char *run_id,
                   const struct treadle_last_error *reason, struct treadle_error *error)
{
    const struct ending failed = {.run = TREADLE_RUN_FAILED,
                                  .step = TREADLE_STEP_FAILED,
                                  .reason = "run_failed",
                                  .last_error = reason};
    return end_badly(change, run_id, &failed, error);
}

/* ---- Budgets -------------------------------------------------------------------------------- */

/* The budget, not the step, is at fault: the step is completed. */
static int cut_step(struct run_change *change, const char *step_id, const struct run_cut *cut,
                    struct treadle_error *error)
{
    const struct ending ending = {.run = TREADLE_RUN_INCOMPLETE, .reason = cut->message_reason};
    struct treadle_run_step step;
    struct treadle_usage used = cut->usage;
    int rc = run_rows_load_step(change, step_id, &step, error);
    if (!rc && step.step_details->message_creation)
        rc = end_message(change, step.step_details->message_creation->message_id, &ending, error);
    if (rc)
        return rc;
    struct treadle_step_details details = *step.step_details;
    if (details.type == TREADLE_STEP_TOOL_CALLS) {
        details.tool_calls = cut->calls;
        details.tool_call_count = cut->call_count;
    }
    step.step_details = &details;
    step.status = TREADLE_STEP_COMPLETED;
    step.completed_at = run_rows_now();
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    step.usage = &used;
    return run_rows_save_step(change, &step, error);
}

int run_state_cut(struct run_change *change, const char *run_id, const struct run_cut *cut,
                  struct treadle_error *error)
{
    struct treadle_incomplete_details details = {.reason = cut->reason};
    struct treadle_run run;
    const char *step_id = NULL;
    int rc = run_rows_load(change, run_id, &run, error);
    if (!rc)
        rc = run_rows_check(&run, TREADLE_RUN_INCOMPLETE, error);
    if (!rc)
        rc = run_rows_open_step(change, run_id, &step_id, error);
    if (!rc && step_id)
        rc = cut_step(change, step_id, cut, error);
    if (rc)
        return rc;
    run.completed_at = run_rows_now();
    if (cut->reason)
        run.incomplete_details = &details;
    return end_run(change, &run, TREADLE_RUN_INCOMPLETE, error);
}

/* ---- Cancelling ----------------------------------------------------------------------------- */

static int keep_content(struct run_change *change, const char *message_id,
                        struct treadle_error *error)
{
    struct treadle_message message;
    int rc = run_rows_load_message(change, message_id, &message, error);
    if (!rc)
        rc = run_published_content(change, &message, error);
    return rc ? rc : run_rows_save_message(change, &message, error);
}

static int keep_calls(struct run_change *change, struct treadle_run_step *step,
                      struct treadle_error *error)
{
    int rc = run_rows_held_usage(change, step->id, &step->usage, error);
    if (rc || step->usage)
        return rc;
    rc = run_published_calls(change, step, error);
    return rc ? rc : run_rows_save_step(change, step, error);
}

/* The change writes the published pieces into the log, so the message or step gets them, too. */
static int keep_published(struct run_change *change, const char *run_id,
                          struct treadle_error *error)
{
    struct treadle_run_step step;
    const char *step_id = NULL;
    int rc = run_rows_open_step(change, run_id, &step_id, error);
    if (rc || !step_id)
        return rc;
    rc = run_rows_load_step(change, step_id, &step, error);
    if (rc)
        return rc;
    return step.step_details->message_creation
               ? keep_content(change, step.step_details->message_creation->message_id, error)
               : keep_calls(change, &step, error);
}

int run_state_cancel(struct run_change *change, const char *run_id, struct treadle_run *out,
                     struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(change, run_id, &run, error);
    if (rc)
        return rc;
    if (run_rows_check(&run, TREADLE_RUN_CANCELLING, NULL))
        return error_set_request(error, NULL, NULL, "Cannot cancel run with status '%s'.",
                                 field_word(run_status_names, (int)run.status));
    run.status = TREADLE_RUN_CANCELLING;
    run.required_action = NULL;
    rc = keep_published(change, run_id, error);
    if (!rc)
        rc = run_rows_save(change, &run, error);
    if (!rc)
        *out = run;
    return rc;
}

int run_state_finish_cancel(struct run_change *change, const char *run_id,
                            struct treadle_error *error)
{
    return end_badly(change, run_id, &cancelled, error);
}

/* ---- Sweeping ------------------------------------------------------------------------------- */

/* Ends every run in that status. */
static int end_all(struct db_session *session, enum treadle_run_status status,
                   const struct ending *ending, size_t *count, struct treadle_error *error)
{
    const char *run_id;
    int rc;
    do {
        struct run_change change = {.session = session, .arena = arena_new(0)};
        run_id = NULL;
        rc = change.arena ? run_record_with_status(session, status, change.arena, &run_id, error)
                          : error_set_memory(error);
        if (!rc && run_id)
            rc = end_badly(&change, run_id, ending, error);
        if (!rc)
            rc = run_change_store(&change, error);
        *count += !rc && run_id;
        arena_free(change.arena);
    } while (!rc && run_id);
    return rc;
}

int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error)
{
    static const struct treadle_last_error reason = {
        .code = "server_error", .message = "The server stopped while this run was in progress."};
    static const struct ending failed = {.run = TREADLE_RUN_FAILED,
                                         .step = TREADLE_STEP_FAILED,
                                         .reason = "run_failed",
                                         .last_error = &reason,
                                         .abandoned = true};
    struct ending cancelling = cancelled;
    size_t ended = 0;
    cancelling.abandoned = true;
    int rc = end_all(session, TREADLE_RUN_IN_PROGRESS, &failed, &ended, error);
    if (!rc)
        rc = end_all(session, TREADLE_RUN_CANCELLING, &cancelling, &ended, error);
    if (!rc)
        *count = ended;
    return rc;
}

int run_state_next_due(struct db_session *session, int64_t at, struct arena *arena,
                       const char **out, struct treadle_error *error)
{
    return run_record_next_due(session, at, arena, out, error);
}

int run_state_prolong(struct run_change *change, const char *run_id,
                      bool (*waits)(void *context, const char *model), void *context,
                      bool *prolonged, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(change, run_id, &run, error);
    *prolonged = !rc && run.status == TREADLE_RUN_QUEUED && waits(context, run.model);
    return *prolonged
               ? run_record_prolong(change->session, run_id, clock_milliseconds() * 1000, error)
               : rc;
}

int run_state_next_cancelling(struct db_session *session, struct arena *arena, const char **out,
                              struct treadle_error *error)
{
    return run_record_with_status(session, TREADLE_RUN_CANCELLING, arena, out, error);
}

int run_state_expire(struct run_change *change, const char *run_id, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = run_rows_load(change, run_id, &run, error);
    if (rc)
        return rc;
    return end_badly(change, run_id, run.status == TREADLE_RUN_CANCELLING ? &cancelled : &expired,
                     error);
}
