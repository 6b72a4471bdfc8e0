/*
 * Batches of files as rows.
 */
#include "store/vector_store_batch_record.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/record.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

int vector_store_batch_insert(struct db_session *session, const char *project, const char *store_id,
                              const char *batch_id, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = batch_id},
        {.column = "project", .text = project},
        {.column = "store", .text = store_id},
        {.column = "created_at", .kind = RECORD_INTEGER, .integer = clock_seconds()},
        {.column = "cancelled", .kind = RECORD_INTEGER, .integer = 0},
    };
    return record_insert(session, "vector_store_batches", values, 5, error);
}

/* ---- Counts --------------------------------------------------------------------------------- */

static int64_t *counter(struct treadle_file_counts *counts, const char *status)
{
    if (strcmp(status, "in_progress") == 0)
        return &counts->in_progress;
    if (strcmp(status, "completed") == 0)
        return &counts->completed;
    return strcmp(status, "failed") == 0 ? &counts->failed : &counts->cancelled;
}

static int count_files(struct db_session *session, const char *batch_id,
                       struct treadle_file_counts *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT status, COUNT(*) FROM vector_store_files WHERE batch = ? "
                        "GROUP BY status",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, batch_id);
    while ((rc = db_step(statement, error)) > 0) {
        int64_t count = db_column_integer(statement, 1);
        *counter(out, db_column_text(statement, 0, NULL)) = count;
        out->total += count;
    }
    return rc;
}

static int load_row(struct db_session *session, const char *project, const char *store_id,
                    const char *batch_id, int64_t *created_at, bool *cancelled,
                    struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT created_at, cancelled FROM vector_store_batches "
                        "WHERE id = ? AND store = ? AND project = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, batch_id);
    db_bind_text(statement, 2, store_id);
    db_bind_text(statement, 3, project);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such batch");
    if (rc < 0)
        return rc;
    *created_at = db_column_integer(statement, 0);
    *cancelled = db_column_integer(statement, 1) != 0;
    return 0;
}

int vector_store_batch_load(struct db_session *session, const char *project, const char *store_id,
                            const char *batch_id, struct arena *arena,
                            struct treadle_vector_store_file_batch *out,
                            struct treadle_error *error)
{
    struct treadle_file_counts *counts = arena_alloc(arena, sizeof *counts);
    int64_t created_at = 0;
    bool cancelled = false;
    if (!counts)
        return error_set_memory(error);
    int rc = load_row(session, project, store_id, batch_id, &created_at, &cancelled, error);
    if (!rc)
        rc = count_files(session, batch_id, counts, error);
    if (rc)
        return rc;
    *out = (struct treadle_vector_store_file_batch){
        .id = batch_id,
        .created_at = created_at,
        .vector_store_id = store_id,
        .status = counts->in_progress ? TREADLE_VECTOR_STORE_FILE_IN_PROGRESS
                  : cancelled         ? TREADLE_VECTOR_STORE_FILE_CANCELLED
                                      : TREADLE_VECTOR_STORE_FILE_COMPLETED,
        .file_counts = counts,
    };
    return 0;
}

/* ---- Cancelling ----------------------------------------------------------------------------- */

static int find_pending(struct db_session *session, const char *batch_id, struct arena *arena,
                        const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"batch", batch_id}, {"status", "in_progress"}};
    int rc = record_text(session, "vector_store_files", "file", keys, 2, arena, out, error);
    if (rc != TREADLE_ENOTFOUND)
        return rc;
    *out = NULL;
    return 0;
}

static int cancel_file(struct db_session *session, const char *store_id, const char *file_id,
                       struct arena *arena, struct treadle_error *error)
{
    struct treadle_vector_store_file file;
    int rc = vector_store_file_record_load(session, NULL, store_id, file_id, arena, &file, error);
    if (rc)
        return rc;
    file.status = TREADLE_VECTOR_STORE_FILE_CANCELLED;
    return vector_store_file_record_save(session, &file, arena, error);
}

int vector_store_batch_cancel(struct db_session *session, const char *store_id,
                              const char *batch_id, struct arena *arena,
                              struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", batch_id}};
    const struct record_value flag = {.column = "cancelled", .kind = RECORD_INTEGER, .integer = 1};
    struct treadle_vector_store store;
    const char *file_id = NULL;
    int rc = find_pending(session, batch_id, arena, &file_id, error);
    if (rc || !file_id)
        return rc;
    rc = vector_store_load(session, NULL, store_id, arena, &store, error);
    while (!rc && file_id) {
        rc = cancel_file(session, store_id, file_id, arena, error);
        vector_store_count(&store, TREADLE_VECTOR_STORE_FILE_IN_PROGRESS,
                           TREADLE_VECTOR_STORE_FILE_CANCELLED, 0);
        if (!rc)
            rc = find_pending(session, batch_id, arena, &file_id, error);
    }
    if (!rc)
        rc = vector_store_save(session, &store, arena, error);
    return rc ? rc : record_update(session, "vector_store_batches", keys, 1, &flag, 1, error);
}
