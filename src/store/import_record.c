/*
 * Rows for imports.
 */
#include "store/import_record.h"

#include "base/error.h"

static const char *const finds[EXPORT_KINDS] = {
    [EXPORT_FILES] = "SELECT seq, project, NULL, body FROM files WHERE id = ?",
    [EXPORT_VECTOR_STORES] = "SELECT seq, project, NULL, body FROM vector_stores WHERE id = ?",
    [EXPORT_VECTOR_STORE_FILES] =
        "SELECT seq, project, NULL, body FROM vector_store_files WHERE file = ? AND store = ?",
    [EXPORT_ASSISTANTS] = "SELECT seq, project, NULL, body FROM assistants WHERE id = ?",
    [EXPORT_THREADS] = "SELECT seq, project, NULL, body FROM threads WHERE id = ?",
    [EXPORT_MESSAGES] = "SELECT seq, project, thread, body FROM messages WHERE id = ?",
    [EXPORT_RUNS] = "SELECT seq, project, thread, body FROM runs WHERE id = ?",
    [EXPORT_RUN_STEPS] =
        "SELECT seq, project, thread, coalesce(detail, body) FROM run_steps WHERE id = ?",
};

int import_record_find(struct db_session *session, enum export_kind kind, const char *store,
                       const char *id, struct arena *arena, struct import_found *out,
                       struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, finds[kind], error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    if (kind == EXPORT_VECTOR_STORE_FILES)
        db_bind_text(statement, 2, store);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *out = (struct import_found){.there = rc > 0};
    if (!out->there)
        return 0;
    out->seq = db_column_integer(statement, 0);
    out->project = arena_string(arena, db_column_text(statement, 1, NULL));
    out->thread = arena_string(arena, db_column_text(statement, 2, NULL));
    out->body = arena_string(arena, db_column_text(statement, 3, NULL));
    return out->project && out->body ? 0 : error_set_memory(error);
}

/* The kinds whose lists are those of a whole project. */
static const struct {
    const char *least, *first, *place;
} orders[EXPORT_KINDS] = {
#define ORDER(table)                                                                               \
    {                                                                                              \
        "SELECT min(seq) FROM " table,                                                             \
            "SELECT json_extract(body, '$.created_at') FROM " table                                \
            " WHERE project = ? ORDER BY seq LIMIT 1",                                             \
            "UPDATE " table " SET seq = ?1 WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM " table     \
            " WHERE seq = ?1)"                                                                     \
    }
    [EXPORT_FILES] = ORDER("files"),
    [EXPORT_VECTOR_STORES] = ORDER("vector_stores"),
    [EXPORT_ASSISTANTS] = ORDER("assistants"),
    [EXPORT_THREADS] = ORDER("threads"),
#undef ORDER
};

int import_record_least(struct db_session *session, enum export_kind kind, const char *project,
                        bool *any, int64_t *seq, int64_t *created_at, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, orders[kind].first, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    rc = db_step(statement, error);
    if (rc <= 0) {
        *any = false;
        return rc;
    }
    *created_at = db_column_integer(statement, 0);
    rc = db_prepare(session, &statement, orders[kind].least, error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *seq = db_column_integer(statement, 0);
    *any = true;
    return 0;
}

int import_record_place(struct db_session *session, enum export_kind kind, const char *id,
                        int64_t seq, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, orders[kind].place, error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    db_bind_text(statement, 2, id);
    rc = db_step(statement, error);
    return rc < 0 ? rc : db_changes(session) > 0;
}

int import_record_sum(struct db_session *session, const char *thread, struct treadle_error *error)
{
    struct db_statement *statement;
#define SUM(member)                                                                                \
    "(SELECT coalesce(sum(json_extract(body, '$.usage." member "')), 0) FROM runs"                 \
    " WHERE thread = ?1 AND expires_at IS NULL)"
    int rc = db_prepare(
        session, &statement,
        "UPDATE threads SET run_count ="
        " (SELECT count(*) FROM runs WHERE thread = ?1 AND expires_at IS NULL),"
        " prompt_tokens = " SUM("prompt_tokens") ", completion_tokens = " SUM(
            "completion_tokens") ", total_tokens = " SUM("total_tokens") " WHERE id = ?1",
        error);
#undef SUM
    if (rc)
        return rc;
    db_bind_text(statement, 1, thread);
    rc = db_step(statement, error);
    return rc < 0 ? rc : 0;
}
