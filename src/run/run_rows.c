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
#include "store/record.h"

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
    const struct record_key keys[] = {{"id", run_id}};
    const char *word = NULL;
    int rc = record_text(change->session, "runs", "status", keys, 1, change->arena, &word, error);
    if (rc)
        return rc;
    for (int i = 1; run_status_names[i]; i++) {
        if (strcmp(run_status_names[i], word) == 0) {
            *out = (enum treadle_run_status)i;
            return 0;
        }
    }
    return error_set(error, TREADLE_EIO, "a run has the unknown status '%.32s'", word);
}

/* The object in the only column of the only row. */
static int load(struct run_change *change, const char *sql, const char *id, const char *table,
                const struct treadle_type *type, void *out, struct treadle_error *error)
{
    struct db_statement *statement;
    size_t length;
    int rc = db_prepare(change->session, &statement, sql, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such row in %s", table);
    if (rc < 0)
        return rc;
    const char *body = db_column_text(statement, 0, &length);
    if (run_memo_get(change->memo, type, body, out))
        return 0;
    return field_parse(type, body, length, FIELD_TOLERANT, change->arena, out, error);
}

int run_rows_load(struct run_change *change, const char *run_id, struct treadle_run *out,
                  struct treadle_error *error)
{
    return load(change, "SELECT body FROM runs WHERE id = ?", run_id, "runs", &treadle_run_type,
                out, error);
}

static struct record_value expiry(const struct treadle_run *run)
{
    return (struct record_value){
        .column = "expires_at",
        .kind = run->expires_at.state == TREADLE_SET ? RECORD_INTEGER : RECORD_NULL,
        .integer = run->expires_at.value,
    };
}

static struct record_value queued_now(void)
{
    return (struct record_value){
        .column = "queued_at", .kind = RECORD_INTEGER, .integer = clock_milliseconds() * 1000};
}

int run_rows_insert(struct run_change *change, const char *project, const struct treadle_run *run,
                    struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = run->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = run->thread_id},
        {.column = "status", .text = field_word(run_status_names, (int)run->status)},
        {.column = "body", .text = field_text(&treadle_run_type, run, change->arena)},
        expiry(run),
        queued_now(),
    };
    if (!run->id || !values[4].text)
        return error_set_memory(error);
    int rc = record_insert(change->session, "runs", values, 7, error);
    return rc ? rc
              : run_change_tell(change, run->id, TREADLE_EVENT_RUN_CREATED,
                                TREADLE_EVENT_RUN_QUEUED, values[4].text, NULL, error);
}

int run_rows_save(struct run_change *change, const struct treadle_run *run,
                  struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", run->id}};
    const struct record_value values[] = {
        {.column = "status", .text = field_word(run_status_names, (int)run->status)},
        {.column = "body", .text = field_text(&treadle_run_type, run, change->arena)},
        expiry(run),
        queued_now(),
    };
    if (!values[1].text)
        return error_set_memory(error);
    size_t count = run->status == TREADLE_RUN_QUEUED ? 4 : 3;
    int rc = record_update(change->session, "runs", keys, 1, values, count, error);
    if (run->status == TREADLE_RUN_IN_PROGRESS)
        run_memo_put(change->memo, &treadle_run_type, run, values[1].text);
    return rc ? rc
              : run_change_tell(change, run->id, run_event_of(run->status), 0, values[1].text, NULL,
                                error);
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

/* Takes the content out of all search results (`keep` holds it then), or puts it back. */
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
    const struct record_value values[] = {
        {.column = "id", .text = step->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = step->thread_id},
        {.column = "run", .text = step->run_id},
        {.column = "status", .text = field_word(run_step_status_names, (int)step->status)},
        {.column = "body", .text = body},
    };
    int rc = record_insert(change->session, "run_steps", values, 6, error);
    run_memo_put(change->memo, &treadle_run_step_type, step, body);
    return rc ? rc
              : run_change_tell(change, step->run_id, TREADLE_EVENT_STEP_CREATED,
                                TREADLE_EVENT_STEP_IN_PROGRESS, body, detail, error);
}

static const struct treadle_usage *details_of(const struct treadle_usage *usage)
{
    return usage && usage->prompt_token_details && usage->completion_tokens_details ? usage : NULL;
}

static struct record_value tokens(const char *column, const struct treadle_usage *known,
                                  int64_t number)
{
    return (struct record_value){
        .column = column, .kind = known ? RECORD_INTEGER : RECORD_NULL, .integer = number};
}

int run_rows_save_step(struct run_change *change, const struct treadle_run_step *step,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step->id}};
    const char *body, *detail;
    if (print_step(step, change->arena, &body, &detail))
        return error_set_memory(error);
    const struct record_value values[] = {
        {.column = "status", .text = field_word(run_step_status_names, (int)step->status)},
        {.column = "body", .text = body},
        {.column = "detail", .text = detail},
        tokens("prompt_tokens", step->usage, step->usage ? step->usage->prompt_tokens : 0),
        tokens("completion_tokens", step->usage, step->usage ? step->usage->completion_tokens : 0),
        tokens("cached_tokens", details_of(step->usage),
               details_of(step->usage) ? step->usage->prompt_token_details->cached_tokens : 0),
        tokens("reasoning_tokens", details_of(step->usage),
               details_of(step->usage) ? step->usage->completion_tokens_details->reasoning_tokens
                                       : 0),
    };
    int rc =
        record_update(change->session, "run_steps", keys, 1, values, step->usage ? 7 : 3, error);
    enum treadle_event_type event = step_event_of(step->status);
    if (rc || !event)
        return rc;
    return run_change_tell(change, step->run_id, event, 0, body, detail, error);
}

/* The fuller form, so that nothing is lost when the step is saved again. */
int run_rows_load_step(struct run_change *change, const char *step_id, struct treadle_run_step *out,
                       struct treadle_error *error)
{
    return load(change, "SELECT coalesce(detail, body) FROM run_steps WHERE id = ?", step_id,
                "run_steps", &treadle_run_step_type, out, error);
}

int run_rows_open_step(struct run_change *change, const char *run_id, const char **out,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", run_id}, {"status", "in_progress"}};
    int rc = record_text(change->session, "run_steps", "id", keys, 2, change->arena, out, error);
    if (rc == TREADLE_ENOTFOUND) {
        *out = NULL;
        return 0;
    }
    return rc;
}

int run_rows_hold_usage(struct run_change *change, const char *step_id,
                        const struct treadle_usage *usage, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step_id}};
    const struct record_value values[] = {
        {.column = "held_usage", .text = field_text(&treadle_usage_type, usage, change->arena)}};
    if (!values[0].text)
        return error_set_memory(error);
    return record_update(change->session, "run_steps", keys, 1, values, 1, error);
}

int run_rows_held_usage(struct run_change *change, const char *step_id, struct treadle_usage **out,
                        struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step_id}};
    const char *text = NULL;
    struct treadle_usage *usage = arena_alloc(change->arena, sizeof *usage);
    if (!usage)
        return error_set_memory(error);
    int rc = record_text(change->session, "run_steps", "held_usage", keys, 1, change->arena, &text,
                         error);
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
    return load(change, "SELECT body FROM messages WHERE id = ?", message_id, "messages",
                &treadle_message_type, out, error);
}

int run_rows_insert_message(struct run_change *change, const char *project,
                            const struct treadle_message *message, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = message->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = message->thread_id},
        {.column = "run", .text = message->run_id},
        {.column = "body", .text = field_text(&treadle_message_type, message, change->arena)},
    };
    if (!values[4].text)
        return error_set_memory(error);
    int rc = record_insert(change->session, "messages", values, 5, error);
    run_memo_put(change->memo, &treadle_message_type, message, values[4].text);
    return rc ? rc
              : run_change_tell(change, message->run_id, TREADLE_EVENT_MESSAGE_CREATED,
                                TREADLE_EVENT_MESSAGE_IN_PROGRESS, values[4].text, NULL, error);
}

int run_rows_save_message(struct run_change *change, const struct treadle_message *message,
                          struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", message->id}};
    const struct record_value values[] = {
        {.column = "body", .text = field_text(&treadle_message_type, message, change->arena)}};
    if (!values[0].text)
        return error_set_memory(error);
    int rc = record_update(change->session, "messages", keys, 1, values, 1, error);
    enum treadle_event_type event = message_event_of(message->status);
    if (rc || !event)
        return rc;
    return run_change_tell(change, message->run_id, event, 0, values[0].text, NULL, error);
}

/* ---- The lock ------------------------------------------------------------------------------- */

int run_rows_read_lock(struct db_session *session, const char *thread_id, struct arena *arena,
                       const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    return record_text(session, "threads", "active_run", keys, 1, arena, out, error);
}

int run_rows_take_lock(struct run_change *change, const char *thread_id, const char *run_id,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    const struct record_value values[] = {{.column = "active_run", .text = run_id}};
    return record_update(change->session, "threads", keys, 1, values, 1, error);
}

int run_rows_free_lock(struct run_change *change, const struct treadle_run *run,
                       struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(change->session, &statement,
                        "UPDATE threads SET active_run = NULL, run_count = run_count + 1, "
                        "prompt_tokens = prompt_tokens + ?, "
                        "completion_tokens = completion_tokens + ?, "
                        "total_tokens = total_tokens + ? WHERE id = ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, run->usage->prompt_tokens);
    db_bind_integer(statement, 2, run->usage->completion_tokens);
    db_bind_integer(statement, 3, run->usage->total_tokens);
    db_bind_text(statement, 4, run->thread_id);
    rc = db_step(statement, error);
    if (!rc && db_changes(change->session) == 0)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such row in threads");
    return rc;
}
