/*
 * Files of vector stores as rows.
 */
#include "store/vector_store_file_record.h"

#include "api/types.h"
#include "base/error.h"
#include "store/place_record.h"
#include "store/record.h"

static const char *status_word(const struct treadle_vector_store_file *file)
{
    return field_word(vector_store_file_status_names, (int)file->status);
}

int vector_store_file_record_insert(struct db_session *session, const char *project,
                                    const struct treadle_vector_store_file *file,
                                    const char *batch_id, int64_t level, struct arena *arena,
                                    struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "store", .text = file->vector_store_id},
        {.column = "file", .text = file->id},
        {.column = "project", .text = project},
        {.column = "status", .text = status_word(file)},
        {.column = "batch", .text = batch_id},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_vector_store_file_type, file, arena)},
        {.column = "level", .kind = RECORD_INTEGER, .integer = level},
    };
    return record_insert(session, "vector_store_files", values, 7, error);
}

int vector_store_file_record_load(struct db_session *session, const char *project,
                                  const char *store_id, const char *id, struct arena *arena,
                                  struct treadle_vector_store_file *out,
                                  struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", store_id}, {"file", id}, {"project", project}};
    return record_load(session, "vector_store_files", &treadle_vector_store_file_type, keys,
                       project ? 3 : 2, arena, out, error);
}

int vector_store_file_record_body(struct db_session *session, const char *project,
                                  const char *store_id, const char *id, struct arena *arena,
                                  const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", store_id}, {"file", id}, {"project", project}};
    return record_text(session, "vector_store_files", "body", keys, 3, arena, out, error);
}

int vector_store_file_record_page(struct db_session *session, const char *project,
                                  const char *store_id, const char *status,
                                  const struct record_page_request *request, struct arena *arena,
                                  struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"store", store_id}, {"project", project}, {"status", status}};
    const struct record_query query = {
        .table = "vector_store_files",
        .index = status ? "vector_store_files_status" : "vector_store_files_store",
        .id_column = "file",
        .id_within = "store",
        .keys = keys,
        .key_count = status ? 3 : 2,
    };
    return record_list(session, &query, request, arena, out, error);
}

int vector_store_file_record_page_of_batch(struct db_session *session, const char *project,
                                           const char *store_id, const char *batch_id,
                                           const char *status,
                                           const struct record_page_request *request,
                                           struct arena *arena, struct record_page *out,
                                           struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"store", store_id}, {"batch", batch_id}, {"project", project}, {"status", status}};
    const struct record_query query = {
        .table = "vector_store_files",
        .index = status ? "vector_store_files_batch_status" : "vector_store_files_batch",
        .id_column = "file",
        .id_within = "store",
        .keys = keys,
        .key_count = status ? 4 : 3,
    };
    return record_list(session, &query, request, arena, out, error);
}

int vector_store_file_record_each_completed(struct db_session *session, const char *store_id,
                                            struct arena *arena,
                                            vector_store_file_record_visit visit, void *context,
                                            struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT body FROM vector_store_files WHERE store = ? "
                        "AND status = 'completed'",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, store_id);
    while (!rc && (rc = db_step(statement, error)) > 0) {
        struct treadle_vector_store_file file;
        size_t length;
        const char *body = db_column_text(statement, 0, &length);
        rc = field_parse(&treadle_vector_store_file_type, body, length, FIELD_TOLERANT, arena,
                         &file, error);
        if (!rc)
            rc = visit(context, &file, error);
    }
    return rc;
}

int vector_store_file_record_live(struct db_session *session, const char *store_id, const char *id,
                                  int64_t *seq, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT seq FROM vector_store_files WHERE store = ? AND file = ? "
                        "AND status IN ('in_progress', 'completed')",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, store_id);
    db_bind_text(statement, 2, id);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *seq = rc ? db_column_integer(statement, 0) : 0;
    return 0;
}

int vector_store_file_record_wanted(struct db_session *session, const char *store_id,
                                    const char *id, bool *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT 1 FROM vector_store_files f JOIN vector_stores s ON s.id = f.store "
                        "WHERE f.store = ? AND f.file = ? "
                        "AND f.status IN ('in_progress', 'completed') AND s.expired = 0",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, store_id);
    db_bind_text(statement, 2, id);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *out = rc > 0;
    return 0;
}

int vector_store_file_record_count_pending(struct db_session *session, int64_t *out,
                                           struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT COUNT(*) FROM vector_store_files WHERE status = 'in_progress'", error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc > 0)
        *out = db_column_integer(statement, 0);
    return rc < 0 ? rc : 0;
}

int vector_store_file_record_save(struct db_session *session,
                                  const struct treadle_vector_store_file *file, struct arena *arena,
                                  struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", file->vector_store_id}, {"file", file->id}};
    const struct record_value values[] = {
        {.column = "status", .text = status_word(file)},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_vector_store_file_type, file, arena)},
    };
    return record_update(session, "vector_store_files", keys, 2, values, 2, error);
}

/* The columns beside the object that a new row keeps. */
struct kept {
    const char *project, *batch;
    int64_t level;
};

static int load_kept(struct db_session *session, const struct treadle_vector_store_file *file,
                     struct arena *arena, struct kept *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT project, batch, level FROM vector_store_files "
                        "WHERE store = ? AND file = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, file->vector_store_id);
    db_bind_text(statement, 2, file->id);
    rc = db_step(statement, error);
    if (rc <= 0)
        return rc ? rc : error_set(error, TREADLE_ENOTFOUND, "no such file in the vector store");
    bool in_batch = !db_column_is_null(statement, 1);
    *out = (struct kept){arena_string(arena, db_column_text(statement, 0, NULL)),
                         in_batch ? arena_string(arena, db_column_text(statement, 1, NULL)) : NULL,
                         db_column_integer(statement, 2)};
    return out->project && (out->batch || !in_batch) ? 0 : error_set_memory(error);
}

int vector_store_file_record_renew(struct db_session *session,
                                   const struct treadle_vector_store_file *file,
                                   struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", file->vector_store_id}, {"file", file->id}};
    struct kept kept;
    int rc = load_kept(session, file, arena, &kept, error);
    if (!rc)
        rc = record_delete(session, "vector_store_files", keys, 2, NULL, error);
    return rc ? rc
              : vector_store_file_record_insert(session, kept.project, file, kept.batch, kept.level,
                                                arena, error);
}

int vector_store_file_record_join(struct db_session *session, const char *store_id, const char *id,
                                  const char *batch_id, struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", store_id}, {"file", id}};
    const struct record_value batch = {.column = "batch", .text = batch_id};
    return record_update(session, "vector_store_files", keys, 2, &batch, 1, error);
}

int vector_store_file_record_remove(struct db_session *session, const char *store_id,
                                    const char *id, struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", store_id}, {"file", id}};
    int rc = place_record_keep(session, "vector_store_files", store_id, id, error);
    return rc ? rc : record_delete(session, "vector_store_files", keys, 2, NULL, error);
}
