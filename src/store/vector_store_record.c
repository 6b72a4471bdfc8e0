/*
 * Vector stores as rows.
 */
#include "store/vector_store_record.h"

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/record.h"
#include "store/removal_record.h"
#include "store/vector_store_file_record.h"

enum { SECONDS_A_DAY = 86400 };

int vector_store_load(struct db_session *session, const char *project, const char *id,
                      struct arena *arena, struct treadle_vector_store *out,
                      struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    struct treadle_vector_store store;
    int rc = record_load(session, "vector_stores", &treadle_vector_store_type, keys,
                         project ? 2 : 1, arena, &store, error);
    if (rc)
        return rc;
    if (!store.file_counts) {
        store.file_counts = arena_alloc(arena, sizeof *store.file_counts);
        if (!store.file_counts)
            return error_set_memory(error);
    }
    *out = store;
    return 0;
}

int vector_store_body(struct db_session *session, const char *project, const char *id,
                      struct arena *arena, const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_text(session, "vector_stores", "body", keys, 2, arena, out, error);
}

int vector_store_find(struct db_session *session, const char *project, const char *id,
                      struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_find(session, "vector_stores", keys, 2, error);
}

int vector_store_page(struct db_session *session, const char *project,
                      const struct record_page_request *request, struct arena *arena,
                      struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", project}};
    const struct record_query query = {
        .table = "vector_stores", .index = "vector_stores_project", .keys = keys, .key_count = 1};
    return record_list(session, &query, request, arena, out, error);
}

int vector_store_walk_indexed(struct db_session *session, struct record_walk *walk,
                              struct arena *arena, struct treadle_error *error)
{
    return record_walk_on(
        session, "SELECT seq, id FROM vector_stores WHERE seq > ? AND expired = 0 ORDER BY seq",
        walk, arena, error);
}

int vector_store_index_state(struct db_session *session, const char *id,
                             struct vector_store_index_state *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT (SELECT expired FROM vector_stores WHERE id = ?1),"
                        " EXISTS (SELECT 1 FROM removals WHERE id = ?1 AND file IS NULL)",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    rc = db_step(statement, error);
    if (rc <= 0)
        return rc;
    *out = (struct vector_store_index_state){
        .there = !db_column_is_null(statement, 0),
        .expired = db_column_integer(statement, 0) != 0,
        .leaving = db_column_integer(statement, 1) != 0,
    };
    return 0;
}

static void derive(struct treadle_vector_store *store)
{
    if (store->expires_after)
        store->expires_at = (struct treadle_integer){
            TREADLE_SET, store->last_active_at.value + store->expires_after->days * SECONDS_A_DAY};
    else
        store->expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    if (store->expires_after && store->expires_at.value <= clock_seconds())
        store->status = TREADLE_VECTOR_STORE_EXPIRED;
    else if (store->file_counts->in_progress)
        store->status = TREADLE_VECTOR_STORE_IN_PROGRESS;
    else
        store->status = TREADLE_VECTOR_STORE_COMPLETED;
}

/* Sets a searchable file back to in_progress; the caller saves the counts. */
static int read_file_again(struct db_session *session, struct treadle_vector_store *store,
                           const char *file_id, struct arena *arena, struct treadle_error *error)
{
    struct treadle_vector_store_file file;
    int rc = vector_store_file_record_load(session, NULL, store->id, file_id, arena, &file, error);
    if (rc || file.status != TREADLE_VECTOR_STORE_FILE_COMPLETED)
        return rc;
    vector_store_count(store, file.status, TREADLE_VECTOR_STORE_FILE_IN_PROGRESS,
                       -file.usage_bytes);
    file.status = TREADLE_VECTOR_STORE_FILE_IN_PROGRESS;
    file.usage_bytes = 0;
    return vector_store_file_record_renew(session, &file, arena, error);
}

int vector_store_completed(struct db_session *session, const char *store_id, struct arena *arena,
                           const char ***out, size_t *count, struct treadle_error *error)
{
    struct db_statement *statement;
    const char **ids = NULL;
    size_t found = 0;
    int rc = db_prepare(session, &statement,
                        "SELECT file, COUNT(*) OVER () FROM vector_store_files "
                        "WHERE store = ? AND status = 'completed' ORDER BY seq",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, store_id);
    while ((rc = db_step(statement, error)) > 0) {
        if (!ids)
            ids = arena_array(arena, (size_t)db_column_integer(statement, 1), sizeof *ids);
        if (!ids || !(ids[found++] = arena_string(arena, db_column_text(statement, 0, NULL))))
            return error_set_memory(error);
    }
    if (rc < 0)
        return rc;
    *out = ids;
    *count = found;
    return 0;
}

/* All that is searchable. */
static int read_again(struct db_session *session, struct treadle_vector_store *store,
                      struct arena *arena, struct treadle_error *error)
{
    const char **ids = NULL;
    size_t count = 0;
    int rc = vector_store_completed(session, store->id, arena, &ids, &count, error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = read_file_again(session, store, ids[i], arena, error);
    return rc;
}

int vector_store_read_again(struct db_session *session, const char *store_id,
                            const char *const *file_ids, size_t count, struct arena *arena,
                            struct treadle_error *error)
{
    struct treadle_vector_store store;
    int rc = vector_store_load(session, NULL, store_id, arena, &store, error);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = read_file_again(session, &store, file_ids[i], arena, error);
        /* Removed in between. */
        if (rc == TREADLE_ENOTFOUND)
            rc = 0;
    }
    return rc ? rc : vector_store_save(session, &store, arena, error);
}

int vector_store_save(struct db_session *session, struct treadle_vector_store *store,
                      struct arena *arena, struct treadle_error *error)
{
    bool was_expired = store->status == TREADLE_VECTOR_STORE_EXPIRED;
    derive(store);
    bool expired = store->status == TREADLE_VECTOR_STORE_EXPIRED;
    /* Its index is removed, and made again when the store is used again. */
    int rc = expired && !was_expired
                 ? removal_record_add(session, REMOVAL_INDEX, store->id, NULL, error)
                 : 0;
    if (!rc && was_expired && !expired)
        rc = read_again(session, store, arena, error);
    if (rc)
        return rc;
    derive(store);
    const struct record_key keys[] = {{"id", store->id}};
    struct record_value values[] = {
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_vector_store_type, store, arena)},
        {.column = "expires_at",
         .kind = store->expires_after && store->status != TREADLE_VECTOR_STORE_EXPIRED
                     ? RECORD_INTEGER
                     : RECORD_NULL,
         .integer = store->expires_at.value},
        {.column = "expired", .kind = RECORD_INTEGER, .integer = expired},
    };
    return record_update(session, "vector_stores", keys, 1, values, 3, error);
}

int vector_store_insert(struct db_session *session, const char *project, const char *thread_id,
                        struct treadle_vector_store *store, struct arena *arena,
                        struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = store->id},
        {.column = "project", .text = project},
        {.column = "body", .text = ""},
        {.column = "thread", .text = thread_id},
    };
    int rc = record_insert(session, "vector_stores", values, 4, error);
    return rc ? rc : vector_store_save(session, store, arena, error);
}

int vector_store_next_due(struct db_session *session, int64_t at, struct arena *arena,
                          const char **out, struct treadle_error *error)
{
    return record_next_due(session, "vector_stores", at, arena, out, error);
}

static int64_t *counter(struct treadle_file_counts *counts,
                        enum treadle_vector_store_file_status status)
{
    switch (status) {
    case TREADLE_VECTOR_STORE_FILE_IN_PROGRESS:
        return &counts->in_progress;
    case TREADLE_VECTOR_STORE_FILE_COMPLETED:
        return &counts->completed;
    case TREADLE_VECTOR_STORE_FILE_FAILED:
        return &counts->failed;
    case TREADLE_VECTOR_STORE_FILE_CANCELLED:
        return &counts->cancelled;
    }
    return NULL;
}

void vector_store_count(struct treadle_vector_store *store,
                        enum treadle_vector_store_file_status from,
                        enum treadle_vector_store_file_status to, int64_t usage)
{
    int64_t *less = counter(store->file_counts, from);
    int64_t *more = counter(store->file_counts, to);
    if (less)
        --*less;
    if (more)
        ++*more;
    store->file_counts->total += (more != NULL) - (less != NULL);
    store->usage_bytes += usage;
}

int vector_store_detach(struct db_session *session, const char *store_id, const char *file_id,
                        struct arena *arena, struct treadle_error *error)
{
    struct treadle_vector_store_file file;
    struct treadle_vector_store store;
    int rc = vector_store_file_record_load(session, NULL, store_id, file_id, arena, &file, error);
    if (!rc)
        rc = vector_store_file_record_remove(session, store_id, file_id, error);
    if (!rc)
        rc = vector_store_load(session, NULL, store_id, arena, &store, error);
    if (rc)
        return rc;
    vector_store_count(&store, file.status, 0, -file.usage_bytes);
    rc = vector_store_save(session, &store, arena, error);
    return rc ? rc : removal_record_add(session, REMOVAL_TEXT, store_id, file_id, error);
}

int vector_store_of_thread(struct db_session *session, const char *thread_id, struct arena *arena,
                           const char **out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT id FROM vector_stores WHERE thread = ? ORDER BY seq LIMIT 1", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, thread_id);
    rc = db_step(statement, error);
    *out = NULL;
    if (rc > 0 && !(*out = arena_string(arena, db_column_text(statement, 0, NULL))))
        return error_set_memory(error);
    return rc < 0 ? rc : 0;
}

int vector_store_touch(struct db_session *session, const char *id, struct arena *arena,
                       struct treadle_error *error)
{
    struct treadle_vector_store store;
    int rc = vector_store_load(session, NULL, id, arena, &store, error);
    if (rc)
        return rc;
    store.last_active_at = (struct treadle_integer){TREADLE_SET, clock_seconds()};
    return vector_store_save(session, &store, arena, error);
}
