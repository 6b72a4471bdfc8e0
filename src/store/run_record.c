/*
 * Runs as rows.
 */
#include "store/run_record.h"

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "store/record.h"
#include "store/remains_record.h"

/* The conditions of a lookup by id; the thread comes last, so that it can be left out. */
#define RUN_KEYS(id, project, thread_id)                                                           \
    {                                                                                              \
        {REMAINS_SPARES("id"), (id)}, {"project", (project)},                                      \
        {                                                                                          \
            "thread", (thread_id)                                                                  \
        }                                                                                          \
    }

static size_t key_count(const char *thread_id)
{
    return thread_id ? 3 : 2;
}

int run_record_load(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct arena *arena, struct treadle_run *out,
                    struct treadle_error *error)
{
    const struct record_key keys[] = RUN_KEYS(id, project, thread_id);
    return record_load(session, "runs", &treadle_run_type, keys, key_count(thread_id), arena, out,
                       error);
}

int run_record_body(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct arena *arena, const char **out,
                    struct treadle_error *error)
{
    const struct record_key keys[] = RUN_KEYS(id, project, thread_id);
    return record_text(session, "runs", "body", keys, key_count(thread_id), arena, out, error);
}

int run_record_find(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct treadle_error *error)
{
    const struct record_key keys[] = RUN_KEYS(id, project, thread_id);
    return record_find(session, "runs", keys, key_count(thread_id), error);
}

int run_record_status(struct db_session *session, const char *id, struct arena *arena,
                      const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "runs", "status", keys, 1, arena, out, error);
}

int run_record_times(struct db_session *session, const char *project, const char *id,
                     struct treadle_run_times *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT queue_us, model_us, tool_us, first_us FROM runs "
                        "WHERE " REMAINS_SPARES("id") " = ? AND project = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    db_bind_text(statement, 2, project);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such run");
    if (rc < 0)
        return rc;
    *out = (struct treadle_run_times){
        .run_id = id,
        .queue_us = db_column_integer(statement, 0),
        .model_us = db_column_integer(statement, 1),
        .tool_us = db_column_integer(statement, 2),
    };
    if (!db_column_is_null(statement, 3))
        out->first_us = (struct treadle_integer){TREADLE_SET, db_column_integer(statement, 3)};
    return 0;
}

int run_record_page(struct db_session *session, const char *project, const char *thread_id,
                    const struct record_page_request *request, struct arena *arena,
                    struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"thread", thread_id}, {"project", project}};
    const struct record_query query = {
        .table = "runs", .index = "runs_thread", .keys = keys, .key_count = 2};
    return record_list(session, &query, request, arena, out, error);
}

int run_record_page_all(struct db_session *session, const char *project, const char *status,
                        const struct record_page_request *request, struct arena *arena,
                        struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{REMAINS_SPARES("project"), project}, {"status", status}};
    const struct record_query query = {.table = "runs",
                                       .index = status ? "runs_status" : "runs_project",
                                       .keys = keys,
                                       .key_count = status ? 2 : 1};
    return record_list(session, &query, request, arena, out, error);
}

int run_record_count(struct db_session *session, int64_t *queued, int64_t *active,
                     struct treadle_error *error)
{
    struct db_statement *statement;
    int64_t waiting = 0, others = 0;
    int rc = db_prepare(session, &statement,
                        "SELECT status, COUNT(*) FROM runs WHERE status IN "
                        "('queued', 'in_progress', 'requires_action', 'cancelling') "
                        "AND expires_at IS NOT NULL "
                        "GROUP BY status",
                        error);
    if (rc)
        return rc;
    while ((rc = db_step(statement, error)) > 0) {
        bool is_queued = text_equal(db_column_text(statement, 0, NULL), "queued");
        *(is_queued ? &waiting : &others) += db_column_integer(statement, 1);
    }
    if (rc < 0)
        return rc;
    *queued = waiting;
    *active = others;
    return 0;
}

int run_record_save(struct db_session *session, const char *project, const struct treadle_run *run,
                    struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", run->id}, {"project", project}};
    return record_save(session, "runs", &treadle_run_type, keys, 2, run, arena, error);
}

int run_record_remove_active(struct db_session *session, const char *id,
                             struct treadle_error *error)
{
    const struct record_key log[] = {{"run", id}}, run[] = {{"id", id}};
    int rc = record_delete(session, "run_events", log, 1, NULL, error);
    return rc ? rc : record_delete(session, "runs", run, 1, NULL, error);
}

/* ---- For the engine ------------------------------------------------------------------------- */

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

static struct record_value status_of(const struct treadle_run *run)
{
    return (struct record_value){.column = "status",
                                 .text = field_word(run_status_names, (int)run->status)};
}

static struct record_value printed(const struct treadle_run *run, struct arena *arena)
{
    return (struct record_value){.column = "body",
                                 .kind = RECORD_PRINTED,
                                 .text = field_text(&treadle_run_type, run, arena)};
}

int run_record_insert(struct db_session *session, const char *project,
                      const struct treadle_run *run, struct arena *arena, const char **body,
                      struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .kind = RECORD_PRINTED, .text = run->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = run->thread_id},
        status_of(run),
        printed(run, arena),
        expiry(run),
        queued_now(),
    };
    int rc = record_insert(session, "runs", values, 7, error);
    if (!rc)
        *body = values[4].text;
    return rc;
}

int run_record_change(struct db_session *session, const struct treadle_run *run,
                      struct arena *arena, const char **body, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", run->id}};
    const struct record_value values[] = {status_of(run), printed(run, arena), expiry(run),
                                          queued_now()};
    size_t count = run->status == TREADLE_RUN_QUEUED ? 4 : 3;
    int rc = record_update(session, "runs", keys, 1, values, count, error);
    if (!rc)
        *body = values[1].text;
    return rc;
}

int run_record_text(struct db_session *session, const char *id, struct arena *arena,
                    const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "runs", "body", keys, 1, arena, out, error);
}

static const char oldest[] = "SELECT id, project, queued_at, seq FROM runs WHERE status = 'queued' "
                             "AND expires_at IS NOT NULL AND seq > ?2 ORDER BY seq LIMIT 1";

/* One look-up for each project that has a queued run, whatever their number. */
static const char oldest_allowed[] =
    "WITH RECURSIVE waiting (project) AS ("
    "  SELECT min(project) FROM runs WHERE status = 'queued'"
    "  UNION ALL"
    "  SELECT (SELECT min(project) FROM runs WHERE status = 'queued' AND project > w.project)"
    "    FROM waiting w WHERE w.project IS NOT NULL)"
    "SELECT id, project, queued_at, seq FROM runs WHERE seq = ("
    "  SELECT min((SELECT min(seq) FROM runs WHERE status = 'queued' AND project = w.project "
    "              AND seq > ?2))"
    "    FROM waiting w WHERE w.project IS NOT NULL AND (SELECT count(*) FROM ("
    "      SELECT 1 FROM runs WHERE project = w.project AND status = 'in_progress' LIMIT ?1)) < "
    "?1)";

int run_record_oldest_queued(struct db_session *session, size_t project_limit, int64_t after,
                             struct arena *arena, struct run_record_queued *out,
                             struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, project_limit ? oldest_allowed : oldest, error);
    if (rc)
        return rc;
    if (project_limit)
        db_bind_integer(statement, 1, (int64_t)project_limit);
    db_bind_integer(statement, 2, after);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no run is queued");
    if (rc < 0)
        return rc;
    const struct run_record_queued queued = {
        .id = arena_string(arena, db_column_text(statement, 0, NULL)),
        .project = arena_string(arena, db_column_text(statement, 1, NULL)),
        .queued_at = db_column_integer(statement, 2),
        .seq = db_column_integer(statement, 3),
    };
    if (!queued.id || !queued.project)
        return error_set_memory(error);
    *out = queued;
    return 0;
}

int run_record_prolong(struct db_session *session, const char *id, int64_t now_us,
                       struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(
        session, &statement,
        "UPDATE runs SET expires_at = expires_at + (?1 - queued_at) / 1000000, "
        "body = json_set(body, '$.expires_at', expires_at + (?1 - queued_at) / 1000000), "
        "queue_us = queue_us + ?1 - queued_at, queued_at = ?1 "
        "WHERE id = ?2 AND status = 'queued' AND queued_at < ?1",
        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, now_us);
    db_bind_text(statement, 2, id);
    rc = db_step(statement, error);
    return rc < 0 ? rc : 0;
}

/* Only active runs have a time of expiry, so an index finds them. */
int run_record_with_status(struct db_session *session, enum treadle_run_status status,
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

int run_record_each_in_progress(struct db_session *session, run_record_visit visit, void *context,
                                struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT id FROM runs WHERE status = 'in_progress' "
                        "AND expires_at IS NOT NULL",
                        error);
    while (!rc && (rc = db_step(statement, error)) > 0)
        rc = visit(context, db_column_text(statement, 0, NULL), error);
    return rc;
}

int run_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                        const char **out, struct treadle_error *error)
{
    return record_next_due(session, "runs", at, arena, out, error);
}

int run_record_add_times(struct db_session *session, const char *id, int64_t queue_us,
                         int64_t model_us, int64_t tool_us, int64_t first_us,
                         struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE runs SET queue_us = queue_us + ?, model_us = model_us + ?, "
                        "tool_us = tool_us + ?, first_us = coalesce(first_us, ?) WHERE id = ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, queue_us);
    db_bind_integer(statement, 2, model_us);
    db_bind_integer(statement, 3, tool_us);
    if (first_us)
        db_bind_integer(statement, 4, first_us);
    else
        db_bind_null(statement, 4);
    db_bind_text(statement, 5, id);
    rc = db_step(statement, error);
    return rc < 0 ? rc : 0;
}
