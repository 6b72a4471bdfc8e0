/*
 * Runs as rows.
 */
#include "store/run_record.h"

#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "store/record.h"
#include "store/remains_record.h"

/* What a lookup by id asks of the row; the thread comes last, so that it can be left out. */
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
