/*
 * Files of vector stores that wait to be read, as rows. Each walk is read off an index of the rows
 * that wait, by project and level, or by project and age.
 */
#include "store/pending_file_record.h"

#include <stdio.h>

#include "api/types.h"
#include "base/error.h"

int pending_file_record_next_project(struct db_session *session, const char *project, char *out,
                                     size_t size, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT project FROM vector_store_files "
                        "WHERE status = 'in_progress' AND project > ? ORDER BY project LIMIT 1",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    rc = db_step(statement, error);
    if (rc == 1)
        snprintf(out, size, "%s", db_column_text(statement, 0, NULL));
    return rc;
}

int pending_file_record_each(struct db_session *session, const char *project, bool by_age,
                             pending_file_record_visit visit, void *context,
                             struct treadle_error *error)
{
#define WAITING                                                                                    \
    "SELECT seq, level FROM vector_store_files v WHERE status = 'in_progress' AND project = ? "    \
    "AND EXISTS (SELECT 1 FROM vector_stores s WHERE s.id = v.store) "                             \
    "AND EXISTS (SELECT 1 FROM files f WHERE f.id = v.file) "
    static const char age[] = WAITING "ORDER BY seq", level[] = WAITING "ORDER BY level, seq";
#undef WAITING
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, by_age ? age : level, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    while ((rc = db_step(statement, error)) > 0)
        if (!visit(context, db_column_integer(statement, 0), (int)db_column_integer(statement, 1)))
            return 0;
    return rc;
}

/* The columns are those of pending_file_record_load. */
static int read_row(struct db_statement *statement, struct arena *arena, struct pending_file *out,
                    struct treadle_error *error)
{
    struct treadle_file file = {.filename = ""};
    struct pending_file pending = {
        .store_id = arena_string(arena, db_column_text(statement, 0, NULL)),
        .file_id = arena_string(arena, db_column_text(statement, 1, NULL)),
    };
    size_t length;
    const char *body = db_column_text(statement, 2, &length);
    int rc = field_parse(&treadle_vector_store_file_type, body, length, FIELD_TOLERANT, arena,
                         &pending.row, &pending.row_problem);
    body = db_column_text(statement, 3, &length);
    if (rc != TREADLE_EMEMORY && body)
        rc = field_parse(&treadle_file_type, body, length, FIELD_TOLERANT, arena, &file,
                         &pending.file_problem);
    if (rc == TREADLE_EMEMORY || !pending.store_id || !pending.file_id || !file.filename)
        return error_set_memory(error);
    const char *sha256 = db_column_text(statement, 4, NULL);
    pending.filename = file.filename;
    pending.sum = (struct blob_sum){.length = (uint64_t)file.bytes};
    snprintf(pending.sum.sha256, sizeof pending.sum.sha256, "%s", sha256 ? sha256 : "");
    *out = pending;
    return 0;
}

int pending_file_record_load(struct db_session *session, int64_t seq, struct arena *arena,
                             struct pending_file *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT v.store, v.file, v.body, f.body, f.sha256 "
                        "FROM vector_store_files v "
                        "LEFT JOIN files f ON f.id = v.file WHERE v.seq = ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such vector store file");
    return rc < 0 ? rc : read_row(statement, arena, out, error);
}

int pending_file_record_wanted(struct db_session *session, int64_t seq, bool *out,
                               struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT 1 FROM vector_store_files v JOIN vector_stores s ON s.id = v.store "
                        "JOIN files f ON f.id = v.file "
                        "WHERE v.seq = ? AND v.status = 'in_progress'",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    rc = db_step(statement, error);
    if (rc >= 0)
        *out = rc == 1;
    return rc < 0 ? rc : 0;
}

int pending_file_record_fail(struct db_session *session, int64_t seq, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE vector_store_files SET status = 'failed' "
                        "WHERE seq = ? AND status = 'in_progress'",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    return db_step(statement, error);
}

int pending_file_record_set_level(struct db_session *session, int64_t seq, int level,
                                  struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE vector_store_files SET level = ? "
                        "WHERE seq = ? AND status = 'in_progress'",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, level);
    db_bind_integer(statement, 2, seq);
    return db_step(statement, error);
}
