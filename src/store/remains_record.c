/*
 * Remains.
 *
 * A slice removes some rows at a time and checks the clock in between: it ends after a few
 * milliseconds, whatever the rows cost. The remaining rows show what to do next, so nothing has to
 * be stored between slices.
 */
#include "store/remains_record.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/code_file_record.h"
#include "store/record.h"
#include "store/vector_store_record.h"

enum { SLICE_US = 3000, MOST_STORES = 64 };

/* Rows that are removed between two checks of the clock. */
#define PORTION "20"

struct slice {
    struct db_session *session;
    struct remains *remains;
    struct arena *arena;
    int64_t until;
};

static bool has_time(const struct slice *slice)
{
    return clock_monotonic_us() < slice->until;
}

/* Removes rows with a statement whose parameter is the id, until there are none or time is up. 1
 * when there are none. */
static int remove_rows(struct slice *slice, const char *sql, const char *id,
                       struct treadle_error *error)
{
    while (has_time(slice)) {
        struct db_statement *statement;
        int rc = db_prepare(slice->session, &statement, sql, error);
        if (rc)
            return rc;
        db_bind_text(statement, 1, id);
        rc = db_step(statement, error);
        if (rc)
            return rc;
        if (db_changes(slice->session) == 0)
            return 1;
    }
    return 0;
}

static int remove_events(struct slice *slice, const char *run_id, struct treadle_error *error)
{
    return remove_rows(slice,
                       "DELETE FROM run_events WHERE seq IN "
                       "(SELECT seq FROM run_events WHERE run = ? LIMIT " PORTION ")",
                       run_id, error);
}

/* ---- Threads and runs ----------------------------------------------------------------------- */

/* The id that the statement finds for another, in the arena; NULL without one. */
static int find_one(struct slice *slice, const char *sql, const char *id, const char **out,
                    struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(slice->session, &statement, sql, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    const char *found = rc ? arena_string(slice->arena, db_column_text(statement, 0, NULL)) : NULL;
    if (rc && !found)
        return error_set_memory(error);
    *out = found;
    return 0;
}

/* A run's row is deleted after its log, which is found through it. */
static int remove_runs(struct slice *slice, const char *thread_id, struct treadle_error *error)
{
    while (has_time(slice)) {
        const char *run_id = NULL;
        int rc = find_one(slice, "SELECT id FROM runs WHERE thread = ? LIMIT 1", thread_id, &run_id,
                          error);
        if (rc)
            return rc;
        if (!run_id)
            return 1;
        const struct record_key keys[] = {{"id", run_id}};
        rc = remove_events(slice, run_id, error);
        if (rc == 1)
            rc = record_delete(slice->session, "runs", keys, 1, NULL, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int remove_of_thread(struct slice *slice, const char *id, struct treadle_error *error)
{
    int rc = remove_runs(slice, id, error);
    if (rc == 1)
        rc = remove_rows(slice,
                         "DELETE FROM run_steps WHERE seq IN "
                         "(SELECT seq FROM run_steps WHERE thread = ? LIMIT " PORTION ")",
                         id, error);
    if (rc == 1)
        rc = remove_rows(slice,
                         "DELETE FROM messages WHERE seq IN "
                         "(SELECT seq FROM messages WHERE thread = ? LIMIT " PORTION ")",
                         id, error);
    return rc;
}

static int remove_of_run(struct slice *slice, const char *id, struct treadle_error *error)
{
    int rc = remove_events(slice, id, error);
    if (rc == 1)
        rc = remove_rows(slice,
                         "DELETE FROM run_steps WHERE seq IN "
                         "(SELECT seq FROM run_steps WHERE run = ? LIMIT " PORTION ")",
                         id, error);
    return rc;
}

/* ---- Vector stores and files ---------------------------------------------------------------- */

static int remove_of_store(struct slice *slice, const char *id, struct treadle_error *error)
{
    int rc = remove_rows(slice,
                         "DELETE FROM vector_store_files WHERE seq IN "
                         "(SELECT seq FROM vector_store_files WHERE store = ? LIMIT " PORTION ")",
                         id, error);
    if (rc == 1)
        rc = remove_rows(slice,
                         "DELETE FROM vector_store_batches WHERE seq IN "
                         "(SELECT seq FROM vector_store_batches WHERE store = ? LIMIT " PORTION ")",
                         id, error);
    return rc;
}

/* Where the store itself is being removed, only the row is left. */
static int detach(struct slice *slice, const char *store_id, const char *file_id,
                  struct treadle_error *error)
{
    const struct record_key keys[] = {{"store", store_id}, {"file", file_id}};
    int rc = vector_store_detach(slice->session, store_id, file_id, slice->arena, error);
    if (rc == TREADLE_ENOTFOUND)
        rc = record_delete(slice->session, "vector_store_files", keys, 2, NULL, error);
    return rc;
}

static int leave_stores(struct slice *slice, const char *file_id, struct treadle_error *error)
{
    struct remains *remains = slice->remains;
    while (has_time(slice) && remains->store_count < MOST_STORES) {
        const char *store_id = NULL;
        int rc = find_one(slice, "SELECT store FROM vector_store_files WHERE file = ? LIMIT 1",
                          file_id, &store_id, error);
        if (rc)
            return rc;
        if (!store_id)
            return 1;
        rc = detach(slice, store_id, file_id, error);
        if (rc)
            return rc;
        remains->stores[remains->store_count++] = store_id;
    }
    return 0;
}

static int remove_of_file(struct slice *slice, const char *id, struct treadle_error *error)
{
    struct remains *remains = slice->remains;
    remains->store_count = 0;
    remains->stores = arena_array(slice->arena, MOST_STORES, sizeof remains->stores[0]);
    if (!remains->stores)
        return error_set_memory(error);
    int rc = leave_stores(slice, id, error);
    while (rc == 1 && has_time(slice)) {
        rc = code_file_record_remove(slice->session, id, error);
        if (rc == 0)
            return 1;
    }
    return rc < 0 ? rc : 0;
}

/* ---- All kinds ------------------------------------------------------------------------------ */

static int remove_some(struct slice *slice, struct treadle_error *error)
{
    const char *id = slice->remains->id;
    switch (slice->remains->kind) {
    case REMAINS_THREAD:
        return remove_of_thread(slice, id, error);
    case REMAINS_RUN:
        return remove_of_run(slice, id, error);
    case REMAINS_VECTOR_STORE:
        return remove_of_store(slice, id, error);
    case REMAINS_FILE:
        return remove_of_file(slice, id, error);
    }
    return error_set(error, TREADLE_EIO, "remains of an unknown kind are stored");
}

int remains_continue(struct db_session *session, struct remains *remains, struct arena *arena,
                     struct treadle_error *error)
{
    struct slice slice = {session, remains, arena, clock_monotonic_us() + SLICE_US};
    const struct record_key keys[] = {{"id", remains->id}};
    int rc = remove_some(&slice, error);
    if (rc < 0)
        return rc;
    remains->more = rc == 0;
    return remains->more ? 0 : record_delete(session, "remains", keys, 1, NULL, error);
}

int remains_begin(struct db_session *session, struct remains *remains, struct arena *arena,
                  struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = remains->id},
        {.column = "kind", .kind = RECORD_INTEGER, .integer = remains->kind},
    };
    int rc = record_insert(session, "remains", values, 2, error);
    return rc ? rc : remains_continue(session, remains, arena, error);
}

int remains_next(struct db_session *session, struct arena *arena, struct remains *out,
                 struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT id, kind FROM remains LIMIT 1", error);
    if (rc)
        return rc;
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *out = (struct remains){.id = NULL};
    if (rc == 0)
        return 0;
    out->kind = (enum remains_kind)db_column_integer(statement, 1);
    out->id = arena_string(arena, db_column_text(statement, 0, NULL));
    return out->id ? 0 : error_set_memory(error);
}
