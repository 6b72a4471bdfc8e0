/*
 * The vector stores that a run may search.
 */
#include "tool/file_search_stores.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/thread_record.h"
#include "store/vector_store_record.h"

struct lookup {
    const struct tool_context *context;
    struct arena *arena;
    struct file_search_stores stores;
};

static const char *named_store(const struct treadle_tool_resources *resources)
{
    if (!resources || !resources->file_search || !resources->file_search->vector_store_id_count)
        return NULL;
    return resources->file_search->vector_store_ids[0];
}

/* Adds the store when it exists; 0 also when it does not. */
static int add_store(struct db_session *session, struct lookup *lookup, const char *id,
                     struct treadle_error *error)
{
    struct treadle_vector_store store;
    if (!id || (lookup->stores.count && strcmp(lookup->stores.ids[0], id) == 0))
        return 0;
    int rc = vector_store_load(session, lookup->context->project, id, lookup->arena, &store, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc)
        return rc;
    if (store.expires_after && store.expires_at.value <= clock_seconds())
        return error_set(error, TREADLE_EINVALID, "Vector store %s has expired.", id);
    lookup->stores.ids[lookup->stores.count++] = store.id;
    return 0;
}

static int find_stores(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct lookup *lookup = argument;
    struct treadle_thread thread;
    int rc = thread_record_load(session, NULL, lookup->context->run->thread_id, lookup->arena,
                                &thread, error);
    if (!rc)
        rc = add_store(session, lookup, named_store(lookup->context->run->tool_resources), error);
    if (rc)
        return rc;
    lookup->stores.thread_store = named_store(thread.tool_resources);
    return add_store(session, lookup, lookup->stores.thread_store, error);
}

int file_search_stores_find(const struct tool_context *context, struct file_search_stores *out,
                            struct treadle_error *error)
{
    struct lookup lookup = {.context = context, .arena = context->arena};
    int rc = db_read(context->services->db, find_stores, &lookup, error);
    if (!rc)
        *out = lookup.stores;
    return rc;
}

struct readiness {
    const char *store;
    bool ready;
};

static int look_ready(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct readiness *readiness = argument;
    struct arena *arena = arena_new(0);
    struct treadle_vector_store store;
    if (!arena)
        return error_set_memory(error);
    int rc = vector_store_load(session, NULL, readiness->store, arena, &store, error);
    readiness->ready = rc == TREADLE_ENOTFOUND || (!rc && store.file_counts->in_progress == 0);
    arena_free(arena);
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

int file_search_stores_ready(struct db *db, const struct file_search_stores *stores, bool *out,
                             struct treadle_error *error)
{
    struct readiness readiness = {stores->thread_store, true};
    int rc = readiness.store ? db_read(db, look_ready, &readiness, error) : 0;
    if (!rc)
        *out = readiness.ready;
    return rc;
}

int file_search_stores_touch(struct db_session *session, const struct file_search_stores *stores,
                             struct arena *arena, struct treadle_error *error)
{
    int rc = 0;
    for (size_t i = 0; i < stores->count && !rc; i++) {
        rc = vector_store_touch(session, stores->ids[i], arena, error);
        if (rc == TREADLE_ENOTFOUND)
            rc = 0;
    }
    return rc;
}
