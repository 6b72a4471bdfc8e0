/*
 * Vector stores as rows.
 */
#include "store/vector_store_record.h"

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/record.h"

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

int vector_store_save(struct db_session *session, struct treadle_vector_store *store,
                      struct arena *arena, struct treadle_error *error)
{
    derive(store);
    const struct record_key keys[] = {{"id", store->id}};
    struct record_value values[] = {
        {.column = "body",
         .kind = RECORD_TEXT,
         .text = field_text(&treadle_vector_store_type, store, arena)},
        {.column = "expires_at",
         .kind = store->expires_after && store->status != TREADLE_VECTOR_STORE_EXPIRED
                     ? RECORD_INTEGER
                     : RECORD_NULL,
         .integer = store->expires_at.value},
    };
    if (!values[0].text)
        return error_set_memory(error);
    return record_update(session, "vector_stores", keys, 1, values, 2, error);
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
    const struct record_key keys[] = {{"store", store_id}, {"file", file_id}};
    struct treadle_vector_store_file file;
    struct treadle_vector_store store;
    int rc = record_load(session, "vector_store_files", &treadle_vector_store_file_type, keys, 2,
                         arena, &file, error);
    if (!rc)
        rc = record_delete(session, "vector_store_files", keys, 2, NULL, error);
    if (!rc)
        rc = vector_store_load(session, NULL, store_id, arena, &store, error);
    if (rc)
        return rc;
    vector_store_count(&store, file.status, 0, -file.usage_bytes);
    return vector_store_save(session, &store, arena, error);
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
