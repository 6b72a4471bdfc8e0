/*
 * Rows for exports. Files of a vector store are read through their store, so that those of a store
 * that is being removed are left out.
 */
#include "store/export_record.h"

#include "base/error.h"

static const char *const walks[EXPORT_KINDS] = {
    [EXPORT_FILES] = "SELECT id, body, sha256 FROM files WHERE project = ? ORDER BY seq",
    [EXPORT_VECTOR_STORES] =
        "SELECT id, body, NULL FROM vector_stores WHERE project = ? ORDER BY seq",
    [EXPORT_VECTOR_STORE_FILES] =
        ("SELECT f.file, f.body, NULL FROM vector_stores s JOIN vector_store_files f "
         "ON f.store = s.id WHERE s.project = ? ORDER BY s.seq, f.seq"),
    [EXPORT_ASSISTANTS] = "SELECT id, body, NULL FROM assistants WHERE project = ? ORDER BY seq",
    [EXPORT_THREADS] = "SELECT id, body, NULL FROM threads WHERE project = ? ORDER BY seq",
    [EXPORT_MESSAGES] = "SELECT id, body, NULL FROM messages WHERE thread = ? ORDER BY seq",
    [EXPORT_RUNS] = "SELECT id, body, NULL FROM runs WHERE thread = ? ORDER BY seq",
    [EXPORT_RUN_STEPS] =
        "SELECT id, coalesce(detail, body), NULL FROM run_steps WHERE thread = ? ORDER BY seq",
};

static int visit_rows(struct db_statement *statement, export_record_visit visit, void *context,
                      struct treadle_error *error)
{
    int rc;
    while ((rc = db_step(statement, error)) > 0) {
        struct export_row row = {.id = db_column_text(statement, 0, NULL)};
        row.body = db_column_text(statement, 1, &row.length);
        row.sha256 = db_column_text(statement, 2, NULL);
        rc = row.id ? visit(context, &row, error) : error_set_memory(error);
        if (rc)
            break;
    }
    return rc;
}

int export_record_each(struct db_session *session, enum export_kind kind, const char *owner,
                       export_record_visit visit, void *context, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, walks[kind], error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, owner);
    return visit_rows(statement, visit, context, error);
}

int export_record_thread(struct db_session *session, const char *project, const char *id,
                         export_record_visit visit, void *context, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT id, body, NULL FROM threads WHERE id = ? AND project = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    db_bind_text(statement, 2, project);
    rc = db_step(statement, error);
    if (rc <= 0)
        return rc ? rc : error_set(error, TREADLE_ENOTFOUND, "no such thread");
    struct export_row row = {.id = db_column_text(statement, 0, NULL)};
    row.body = db_column_text(statement, 1, &row.length);
    return row.id ? visit(context, &row, error) : error_set_memory(error);
}

int export_record_projects(struct db_session *session, export_record_visit visit, void *context,
                           struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT project, NULL, NULL FROM files UNION "
                        "SELECT project, NULL, NULL FROM vector_stores UNION "
                        "SELECT project, NULL, NULL FROM assistants UNION "
                        "SELECT project, NULL, NULL FROM threads ORDER BY 1",
                        error);
    return rc ? rc : visit_rows(statement, visit, context, error);
}
