/*
 * Run steps as rows.
 */
#include "store/run_step_record.h"

#include "api/types.h"
#include "store/record.h"
#include "store/remains_record.h"

/* Steps without search results have no detail. */
static const char *body_column(bool content)
{
    return content ? "COALESCE(detail, body)" : "body";
}

int run_step_record_body(struct db_session *session, const char *project, const char *thread_id,
                         const char *run_id, const char *id, bool content, struct arena *arena,
                         const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"id", id}, {"run", run_id}, {REMAINS_SPARES("thread"), thread_id}, {"project", project}};
    return record_text(session, "run_steps", body_column(content), keys, 4, arena, out, error);
}

int run_step_record_page(struct db_session *session, const char *project, const char *run_id,
                         bool content, const struct record_page_request *request,
                         struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", run_id}, {"project", project}};
    const struct record_query query = {.table = "run_steps",
                                       .index = "run_steps_run",
                                       .body_column = body_column(content),
                                       .keys = keys,
                                       .key_count = 2};
    return record_list(session, &query, request, arena, out, error);
}

/* ---- For the engine ------------------------------------------------------------------------- */

static struct record_value status_of(const struct treadle_run_step *step)
{
    return (struct record_value){.column = "status",
                                 .text = field_word(run_step_status_names, (int)step->status)};
}

int run_step_record_insert(struct db_session *session, const char *project,
                           const struct treadle_run_step *step, const char *body,
                           struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = step->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = step->thread_id},
        {.column = "run", .text = step->run_id},
        status_of(step),
        {.column = "body", .text = body},
    };
    return record_insert(session, "run_steps", values, 6, error);
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

int run_step_record_save(struct db_session *session, const struct treadle_run_step *step,
                         const char *body, const char *detail, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step->id}};
    const struct treadle_usage *usage = step->usage, *details = details_of(usage);
    const struct record_value values[] = {
        status_of(step),
        {.column = "body", .text = body},
        {.column = "detail", .text = detail},
        tokens("prompt_tokens", usage, usage ? usage->prompt_tokens : 0),
        tokens("completion_tokens", usage, usage ? usage->completion_tokens : 0),
        tokens("cached_tokens", details,
               details ? details->prompt_token_details->cached_tokens : 0),
        tokens("reasoning_tokens", details,
               details ? details->completion_tokens_details->reasoning_tokens : 0),
    };
    return record_update(session, "run_steps", keys, 1, values, usage ? 7 : 3, error);
}

int run_step_record_text(struct db_session *session, const char *id, bool content,
                         struct arena *arena, const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "run_steps", body_column(content), keys, 1, arena, out, error);
}

int run_step_record_open(struct db_session *session, const char *run_id, struct arena *arena,
                         const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", run_id}, {"status", "in_progress"}};
    int rc = record_text(session, "run_steps", "id", keys, 2, arena, out, error);
    if (rc != TREADLE_ENOTFOUND)
        return rc;
    *out = NULL;
    return 0;
}

int run_step_record_hold_usage(struct db_session *session, const char *id, const char *usage,
                               struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    const struct record_value value = {.column = "held_usage", .text = usage};
    return record_update(session, "run_steps", keys, 1, &value, 1, error);
}

int run_step_record_held_usage(struct db_session *session, const char *id, struct arena *arena,
                               const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "run_steps", "held_usage", keys, 1, arena, out, error);
}

int run_step_record_set_recall(struct db_session *session, const char *id, const char *recall,
                               struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    const struct record_value value = {.column = "recall", .text = recall};
    return record_update(session, "run_steps", keys, 1, &value, 1, error);
}

int run_step_record_sums(struct db_session *session, const char *run_id, struct run_step_sums *out,
                         struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),"
                   " sum(cached_tokens), sum(reasoning_tokens) FROM run_steps WHERE run = ?",
                   error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *out = (struct run_step_sums){
        .prompt_tokens = db_column_integer(statement, 0),
        .completion_tokens = db_column_integer(statement, 1),
        .detailed = !db_column_is_null(statement, 2),
        .cached_tokens = db_column_integer(statement, 2),
        .reasoning_tokens = db_column_integer(statement, 3),
    };
    return 0;
}

int run_step_record_each_completed(struct db_session *session, const char *run_id, size_t most,
                                   run_step_record_visit visit, void *context,
                                   struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT coalesce(detail, body), recall FROM run_steps WHERE run = ? "
                        "AND status = 'completed' ORDER BY seq LIMIT ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    db_bind_integer(statement, 2, (int64_t)most);
    while (!rc && (rc = db_step(statement, error)) > 0) {
        size_t length;
        const char *body = db_column_text(statement, 0, &length);
        rc = visit(context, body, length, db_column_text(statement, 1, NULL), error);
    }
    return rc;
}
