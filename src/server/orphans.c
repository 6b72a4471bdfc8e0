/*
 * Orphans.
 *
 * An index is made for a row that is there and outlives it for a moment only, so of indexes also
 * the youngest is an orphan when it has no row. What cannot be removed is logged and found again
 * at the next start.
 */
#include "server/orphans.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"

struct sweep {
    const struct housekeeping_options *options;
    const atomic_bool *stop;
    int64_t start;
    size_t count;
    const char *id;     /* of the blob or of the vector store that is looked at */
    bool known;         /* whether it has a row */
    const char **files; /* in the index of that store */
    size_t file_count;
};

/* Counts what was removed, logs what was not. */
static int note(struct sweep *sweep, int rc, const char *id, const struct treadle_error *error)
{
    if (rc)
        log_write(sweep->options->log, LOG_ERROR, "orphan", "id", id, "error", error->message,
                  NULL);
    else
        sweep->count++;
    return rc;
}

/* Whether the query has a row for the sweep's id. */
static int find(struct sweep *sweep, struct db_session *session, const char *query,
                struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, query, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, sweep->id);
    rc = db_step(statement, error);
    sweep->known = rc > 0;
    return rc < 0 ? rc : 0;
}

/* ---- Blobs ---------------------------------------------------------------------------------- */

static int find_owner(struct db_session *session, void *argument, struct treadle_error *error)
{
    return find(argument, session,
                "SELECT 1 FROM files WHERE id = ?1 "
                "UNION ALL SELECT 1 FROM upload_parts WHERE id = ?1",
                error);
}

static int visit_blob(void *context, const char *id, int64_t time)
{
    struct sweep *sweep = context;
    struct treadle_error error;
    if (atomic_load(sweep->stop))
        return TREADLE_ESTATE;
    if (time >= sweep->start)
        return 0;
    sweep->id = id;
    int rc = db_read(sweep->options->db, find_owner, sweep, &error);
    if (!rc && sweep->known)
        return 0;
    if (!rc)
        rc = blob_remove(sweep->options->blobs, id, &error);
    return note(sweep, rc, id, &error);
}

/* ---- Indexes -------------------------------------------------------------------------------- */

static int find_store(struct db_session *session, void *argument, struct treadle_error *error)
{
    return find(argument, session, "SELECT 1 FROM vector_stores WHERE id = ?", error);
}

/* 1 when the file's text belongs in the store: what failed or was cancelled has none. */
static int has_row(struct db_session *session, const char *store_id, const char *file_id,
                   struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT 1 FROM vector_store_files WHERE store = ? AND file = ? "
                        "AND status IN ('in_progress', 'completed')",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, store_id);
    db_bind_text(statement, 2, file_id);
    return db_step(statement, error);
}

/* Leaves in `files` those that have no row. */
static int find_strays(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct sweep *sweep = argument;
    size_t strays = 0;
    for (size_t i = 0; i < sweep->file_count; i++) {
        int rc = has_row(session, sweep->id, sweep->files[i], error);
        if (rc < 0)
            return rc;
        if (rc == 0)
            sweep->files[strays++] = sweep->files[i];
    }
    sweep->file_count = strays;
    return 0;
}

/* The text of files that an index should not have. */
static void remove_strays(struct sweep *sweep, const char *store_id)
{
    struct search *search = sweep->options->search;
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    sweep->file_count = 0;
    int rc = arena ? search_list_files(search, store_id, arena, &sweep->files, &sweep->file_count,
                                       &error)
                   : error_set_memory(&error);
    if (!rc && sweep->file_count)
        rc = db_read(sweep->options->db, find_strays, sweep, &error);
    if (rc)
        note(sweep, rc, store_id, &error);
    for (size_t i = 0; !rc && i < sweep->file_count; i++)
        note(sweep, search_remove_file(search, store_id, sweep->files[i], &error), store_id,
             &error);
    arena_free(arena);
}

static int visit_index(void *context, const char *store_id)
{
    struct sweep *sweep = context;
    struct treadle_error error;
    if (atomic_load(sweep->stop))
        return TREADLE_ESTATE;
    sweep->id = store_id;
    int rc = db_read(sweep->options->db, find_store, sweep, &error);
    if (!rc && sweep->known) {
        remove_strays(sweep, store_id);
        return 0;
    }
    if (!rc)
        rc = search_remove_store(sweep->options->search, store_id, &error);
    return note(sweep, rc, store_id, &error);
}

void orphans_remove(const struct housekeeping_options *options, int64_t start,
                    const atomic_bool *stop)
{
    struct sweep sweep = {.options = options, .stop = stop, .start = start};
    struct treadle_error ignored;
    char count[24];
    blob_each(options->blobs, visit_blob, &sweep, &ignored);
    search_each_store(options->search, visit_index, &sweep, &ignored);
    snprintf(count, sizeof count, "%zu", sweep.count);
    if (sweep.count)
        log_write(options->log, LOG_WARNING, "orphans_removed", "count", count, NULL);
}
