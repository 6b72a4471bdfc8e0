/*
 * Rows of runs, steps and messages.
 *
 * A step has two printed forms: `body` without the content of its search results, `detail` with
 * it.
 */
#include "run/run_rows.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "run/run_state.h"
#include "run/run_transitions.h"
#include "store/message_record.h"
#include "store/run_record.h"
#include "store/run_step_record.h"
#include "store/thread_record.h"

int run_rows_check_step(const struct treadle_run_step *step, enum treadle_run_step_status to,
                        struct treadle_error *error)
{
    if (step_may_become(step->status, to))
        return 0;
    return error_set(error, TREADLE_ESTATE, "a step in status '%s' cannot become '%s'",
                     field_word(run_step_status_names, (int)step->status),
                     field_word(run_step_status_names, (int)to));
}

int run_rows_check(const struct treadle_run *run, enum treadle_run_status to,
                   struct treadle_error *error)
{
    if (run_may_become(run->status, to))
        return 0;
    return error_set(error, TREADLE_ESTATE, "a run in status '%s' cannot become '%s'",
                     field_word(run_status_names, (int)run->status),
                     field_word(run_status_names, (int)to));
}

struct treadle_integer run_rows_now(void)
{
    return (struct treadle_integer){TREADLE_SET, clock_seconds()};
}

/* ---- Runs ----------------------------------------------------------------------------------- */

int run_rows_status(struct run_change *change, const char *run_id, enum treadle_run_status *out,
                    struct treadle_error *error)
{
    const char *word = NULL;
    int rc = run_record_status(change->session, run_id, change->arena, &word, error);
    if (rc)
        return rc;
    int status = field_value(run_status_names, word);
    if (!status)
        return error_set(error, TREADLE_EIO, "a run has the unknown status '%.32s'", word);
    *out = (enum treadle_run_status)status;
    return 0;
}

/* The object that was printed as `body`; `rc` is how reading it went. */
static int parse(struct run_change *change, int rc, const char *body,
                 const struct treadle_type *type, void *out, struct treadle_error *error)
{
    if (rc || run_memo_get(change->memo, type, body, out))
        return rc;
    return field_parse(type, body, strlen(body), FIELD_TOLERANT, change->arena, out, error);
}

int run_rows_load(struct run_change *change, const char *run_id, struct treadle_run *out,
                  struct treadle_error *error)
{
    const char *body = NULL;
    int rc = run_record_text(change->session, run_id, change->arena, &body, error);
    return parse(change, rc, body, &treadle_run_type, out, error);
}

int run_rows_insert(struct run_change *change, const char *project, const struct treadle_run *run,
                    struct treadle_error *error)
{
    const char *body = NULL;
    int rc = run_record_insert(change->session, project, run, change->arena, &body, error);
    return rc ? rc
              : run_change_add(change, run->id, TREADLE_EVENT_RUN_CREATED, TREADLE_EVENT_RUN_QUEUED,
                               body, NULL, error);
}

int run_rows_save(struct run_change *change, const struct treadle_run *run,
                  struct treadle_error *error)
{
    const char *body = NULL;
    int rc = run_record_change(change->session, run, change->arena, &body, error);
    if (rc)
        return rc;
    if (run->status == TREADLE_RUN_IN_PROGRESS)
        run_memo_put(change->memo, &treadle_run_type, run, body);
    return run_change_add(change, run->id, run_event_of(run->status), 0, body, NULL, error);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static size_t count_results(const struct treadle_step_details *details)
{
    size_t count = 0;
    for (size_t i = 0; i < details->tool_call_count; i++)
        if (details->tool_calls[i].file_search)
            count += details->tool_calls[i].file_search->result_count;
    return count;
}

/* Removes the content of all search results and keeps it in `keep`, or restores it. */
static void swap_content(struct treadle_step_details *details, struct treadle_search_content **keep,
                         bool take)
{
    for (size_t i = 0; i < details->tool_call_count; i++) {
        struct treadle_file_search_call *call = details->tool_calls[i].file_search;
        for (size_t j = 0; call && j < call->result_count; j++, keep++) {
            if (take)
                *keep = call->results[j].content;
            call->results[j].content = take ? NULL : *keep;
        }
    }
}

/* The step as it is listed, and as it is with the content of its search results (NULL when it has
 * none). */
static int print_step(const struct treadle_run_step *step, struct arena *arena, const char **body,
                      const char **detail)
{
    size_t results = count_results(step->step_details);
    struct treadle_search_content **keep = arena_array(arena, results, sizeof(void *));
    if (!keep)
        return TREADLE_EMEMORY;
    *detail = results ? field_text(&treadle_run_step_type, step, arena) : NULL;
    swap_content(step->step_details, keep, true);
    *body = field_text(&treadle_run_step_type, step, arena);
    swap_content(step->step_details, keep, false);
    return *body && (*detail || !results) ? 0 : TREADLE_EMEMORY;
}

int run_rows_insert_step(struct run_change *change, const char *project,
                         const struct treadle_run_step *step, struct treadle_error *error)
{
    const char *body, *detail;
    if (print_step(step, change->arena, &body, &detail))
        return error_set_memory(error);
    int rc = run_step_record_insert(change->session, project, step, body, error);
    run_memo_put(change->memo, &treadle_run_step_type, step, body);
    return rc ? rc
              : run_change_add(change, step->run_id, TREADLE_EVENT_STEP_CREATED,
                               TREADLE_EVENT_STEP_IN_PROGRESS, body, detail, error);
}

int run_rows_save_step(struct run_change *change, const struct treadle_run_step *step,
                       struct treadle_error *error)
{
    const char *body, *detail;
    if (print_step(step, change->arena, &body, &detail))
        return error_set_memory(error);
    int rc = run_step_record_save(change->session, step, body, detail, error);
    enum treadle_event_type event = step_event_of(step->status);
    if (rc || !event)
        return rc;
    return run_change_add(change, step->run_id, event, 0, body, detail, error);
}

/* The fuller form, so that nothing is lost when the step is saved again. */
int run_rows_load_step(struct run_change *change, const char *step_id, struct treadle_run_step *out,
                       struct treadle_error *error)
{
    const char *body = NULL;
    int rc = run_step_record_text(change->session, step_id, true, change->arena, &body, error);
    return parse(change, rc, body, &treadle_run_step_type, out, error);
}

int run_rows_open_step(struct run_change *change, const char *run_id, const char **out,
                       struct treadle_error *error)
{
    return run_step_record_open(change->session, run_id, change->arena, out, error);
}

int run_rows_hold_usage(struct run_change *change, const char *step_id,
                        const struct treadle_usage *usage, struct treadle_error *error)
{
    const char *text = field_text(&treadle_usage_type, usage, change->arena);
    return text ? run_step_record_hold_usage(change->session, step_id, text, error)
                : error_set_memory(error);
}

int run_rows_held_usage(struct run_change *change, const char *step_id, struct treadle_usage **out,
                        struct treadle_error *error)
{
    const char *text = NULL;
    struct treadle_usage *usage = arena_alloc(change->arena, sizeof *usage);
    if (!usage)
        return error_set_memory(error);
    int rc = run_step_record_held_usage(change->session, step_id, change->arena, &text, error);
    if (!rc && text)
        rc = field_parse(&treadle_usage_type, text, strlen(text), FIELD_TOLERANT, change->arena,
                         usage, error);
    if (!rc)
        *out = text ? usage : NULL;
    return rc;
}

/* ---- Messages ------------------------------------------------------------------------------- */

int run_rows_load_message(struct run_change *change, const char *message_id,
                          struct treadle_message *out, struct treadle_error *error)
{
    const char *body = NULL;
    int rc = message_record_text(change->session, message_id, change->arena, &body, error);
    return parse(change, rc, body, &treadle_message_type, out, error);
}

int run_rows_insert_message(struct run_change *change, const char *project,
                            const struct treadle_message *message, struct treadle_error *error)
{
    const char *body = NULL;
    int rc = message_record_insert(change->session, project, message, change->arena, &body, error);
    if (rc)
        return rc;
    run_memo_put(change->memo, &treadle_message_type, message, body);
    return run_change_add(change, message->run_id, TREADLE_EVENT_MESSAGE_CREATED,
                          TREADLE_EVENT_MESSAGE_IN_PROGRESS, body, NULL, error);
}

int run_rows_save_message(struct run_change *change, const struct treadle_message *message,
                          struct treadle_error *error)
{
    const char *body = NULL;
    int rc = message_record_change(change->session, message, change->arena, &body, error);
    enum treadle_event_type event = message_event_of(message->status);
    if (rc || !event)
        return rc;
    return run_change_add(change, message->run_id, event, 0, body, NULL, error);
}

/* ---- The lock ------------------------------------------------------------------------------- */

int run_rows_read_lock(struct db_session *session, const char *thread_id, struct arena *arena,
                       const char **out, struct treadle_error *error)
{
    return thread_record_lock(session, thread_id, arena, out, error);
}

int run_rows_take_lock(struct run_change *change, const char *thread_id, const char *run_id,
                       struct treadle_error *error)
{
    return thread_record_take_lock(change->session, thread_id, run_id, error);
}

int run_rows_free_lock(struct run_change *change, const struct treadle_run *run,
                       struct treadle_error *error)
{
    return thread_record_end_run(change->session, run->thread_id, run->usage, error);
}
