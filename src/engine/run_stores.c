/*
 * The vector stores of a run.
 */
#include "engine/run_stores.h"

#include <string.h>
#include <time.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/record.h"
#include "store/vector_store_record.h"

enum { WAIT_SECONDS = 60, POLL_MILLISECONDS = 50 };

struct lookup {
    const struct run_record *record;
    struct arena *arena;
    struct run_stores stores;
    const char *thread_store;
    bool ready;
};

static const char *named_store(const struct treadle_tool_resources *resources)
{
    if (!resources || !resources->file_search || !resources->file_search->vector_store_id_count)
        return NULL;
    return resources->file_search->vector_store_ids[0];
}

/* Adds the store when it is there; 0 also when it is not. */
static int add_store(struct db_session *session, struct lookup *lookup, const char *id,
                     struct treadle_error *error)
{
    struct treadle_vector_store store;
    if (!id || (lookup->stores.count && strcmp(lookup->stores.ids[0], id) == 0))
        return 0;
    int rc = vector_store_load(session, lookup->record->project, id, lookup->arena, &store, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc)
        return rc;
    if (store.expires_after && store.expires_at.value <= clock_seconds())
        return error_set(error, TREADLE_ESTATE, "Vector store %s has expired.", id);
    lookup->stores.ids[lookup->stores.count++] = store.id;
    return 0;
}

static int find_stores(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct lookup *lookup = argument;
    const struct record_key keys[] = {{"id", lookup->record->run.thread_id}};
    struct treadle_thread thread;
    int rc = record_load(session, "threads", &treadle_thread_type, keys, 1, lookup->arena, &thread,
                         error);
    if (!rc)
        rc = add_store(session, lookup, named_store(lookup->record->run.tool_resources), error);
    if (rc)
        return rc;
    lookup->thread_store = named_store(thread.tool_resources);
    return add_store(session, lookup, lookup->thread_store, error);
}

static int look_ready(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct lookup *lookup = argument;
    struct arena *arena = arena_new(0);
    struct treadle_vector_store store;
    if (!arena)
        return error_set_memory(error);
    int rc = vector_store_load(session, NULL, lookup->thread_store, arena, &store, error);
    lookup->ready = rc == TREADLE_ENOTFOUND || (!rc && store.file_counts->in_progress == 0);
    arena_free(arena);
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

static int wait_ready(struct db *db, struct lookup *lookup, const struct run_control *control,
                      struct treadle_error *error)
{
    const struct timespec pause = {0, POLL_MILLISECONDS * 1000000L};
    int64_t until = clock_monotonic_us() + (int64_t)WAIT_SECONDS * 1000000;
    int rc = 0;
    while (lookup->thread_store && !rc) {
        rc = db_read(db, look_ready, lookup, error);
        if (!rc && atomic_load(control->over))
            rc = error_set(error, TREADLE_ESTATE, "The run was ended.");
        if (rc || lookup->ready || clock_monotonic_us() >= until || atomic_load(control->stop))
            break;
        nanosleep(&pause, NULL);
    }
    return rc;
}

static int touch_stores(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct lookup *lookup = argument;
    int rc = 0;
    for (size_t i = 0; i < lookup->stores.count && !rc; i++) {
        rc = vector_store_touch(session, lookup->stores.ids[i], lookup->arena, error);
        if (rc == TREADLE_ENOTFOUND)
            rc = 0;
    }
    return rc;
}

int run_stores_prepare(struct db *db, const struct run_record *record, struct arena *arena,
                       const struct run_control *control, struct run_stores *out,
                       struct treadle_error *error)
{
    struct lookup lookup = {.record = record, .arena = arena};
    int rc = db_read(db, find_stores, &lookup, error);
    if (!rc)
        rc = wait_ready(db, &lookup, control, error);
    if (!rc && lookup.stores.count)
        rc = db_write(db, touch_stores, &lookup, error);
    if (!rc)
        *out = lookup.stores;
    return rc;
}
