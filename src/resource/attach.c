/*
 * Attaching files to vector stores.
 */
#include "resource/attach.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "resource/call.h"
#include "search/queue.h"
#include "store/file_record.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

enum { CHUNK_TOKENS = 800, OVERLAP_TOKENS = 400, MOST_FILES = 10000 };

int attach_find_file(struct db_session *session, struct resource_call *call, const char *file_id,
                     struct treadle_file *out, struct treadle_error *error)
{
    int rc = file_record_load(session, call->project, file_id, call->arena, out, error);
    if (rc == TREADLE_ENOTFOUND)
        return error_set_wire(error, 404, "invalid_request_error", NULL, "id",
                              "No such File object: %.100s", file_id);
    return rc;
}

int attach_create_store(struct db_session *session, struct resource_call *call,
                        struct treadle_vector_store *store, const char *thread_id,
                        const char *const *file_ids, size_t file_count,
                        const struct treadle_chunking_strategy *chunking,
                        struct treadle_error *error)
{
    char id[IDENT_SIZE];
    ident_make_hex(id, "vs_");
    store->id = arena_string(call->arena, id);
    store->created_at = clock_seconds();
    store->last_active_at = (struct treadle_integer){TREADLE_SET, store->created_at};
    store->file_counts = arena_alloc(call->arena, sizeof *store->file_counts);
    if (!store->id || !store->file_counts)
        return error_set_memory(error);
    int rc = vector_store_insert(session, call->project, thread_id, store, call->arena, error);
    if (rc || !file_count)
        return rc;
    struct attach_item *items = arena_array(call->arena, file_count, sizeof *items);
    if (!items)
        return error_set_memory(error);
    for (size_t i = 0; i < file_count; i++)
        items[i] = (struct attach_item){file_ids[i], chunking, NULL};
    rc = attach_files(session, call, store->id, items, file_count, NULL, NULL, error);
    /* Adding files has changed the counts in the row. */
    return rc ? rc
              : vector_store_load(session, call->project, store->id, call->arena, store, error);
}

/* The strategy as it is echoed: "auto" is a static one of known size. */
static struct treadle_chunking_strategy *echo_chunking(struct resource_call *call,
                                                       const struct treadle_chunking_strategy *sent)
{
    struct treadle_chunking_strategy *echo = arena_alloc(call->arena, sizeof *echo);
    struct treadle_static_chunking *sizes = arena_alloc(call->arena, sizeof *sizes);
    if (!echo || !sizes)
        return NULL;
    *sizes = sent && sent->static_chunking
                 ? *sent->static_chunking
                 : (struct treadle_static_chunking){.max_chunk_size_tokens = CHUNK_TOKENS,
                                                    .chunk_overlap_tokens = OVERLAP_TOKENS};
    *echo = (struct treadle_chunking_strategy){.type = TREADLE_CHUNKING_STATIC,
                                               .static_chunking = sizes};
    return echo;
}

static int load_store(struct db_session *session, struct resource_call *call, const char *store_id,
                      struct treadle_vector_store *out, struct treadle_error *error)
{
    int rc = vector_store_load(session, call->project, store_id, call->arena, out, error);
    if (rc)
        return resource_not_found(rc, "vector store", store_id, error);
    if (out->expires_after && out->expires_at.value <= clock_seconds())
        return error_set_request(error, NULL, NULL, "Vector store %s has expired.", store_id);
    return 0;
}

/* Handles a file that is in the store already: it joins the batch, or is removed to be read again
 * (`gone`). TREADLE_ENOTFOUND when it is not there. */
static int revisit(struct db_session *session, struct resource_call *call,
                   struct treadle_vector_store *store, const char *file_id, const char *batch_id,
                   struct treadle_vector_store_file *out, bool *gone, struct treadle_error *error)
{
    int rc =
        vector_store_file_record_load(session, NULL, store->id, file_id, call->arena, out, error);
    if (rc)
        return rc;
    *gone = out->status == TREADLE_VECTOR_STORE_FILE_FAILED ||
            out->status == TREADLE_VECTOR_STORE_FILE_CANCELLED;
    if (*gone) {
        vector_store_count(store, out->status, 0, -out->usage_bytes);
        return vector_store_file_record_remove(session, store->id, file_id, error);
    }
    return batch_id ? vector_store_file_record_join(session, store->id, file_id, batch_id, error)
                    : 0;
}

static int add_new(struct db_session *session, struct resource_call *call,
                   struct treadle_vector_store *store, const struct attach_item *item,
                   int64_t bytes, const char *batch_id, struct treadle_vector_store_file *out,
                   struct treadle_error *error)
{
    if (store->file_counts->total >= MOST_FILES)
        return error_set_request(error, NULL, NULL,
                                 "Vector store %s holds %d files, which is the most.", store->id,
                                 MOST_FILES);
    const struct treadle_vector_store_file file = {
        .id = item->file_id,
        .created_at = clock_seconds(),
        .vector_store_id = store->id,
        .status = TREADLE_VECTOR_STORE_FILE_IN_PROGRESS,
        .chunking_strategy = echo_chunking(call, item->chunking),
        .attributes = item->attributes,
    };
    if (!file.chunking_strategy)
        return error_set_memory(error);
    int rc = vector_store_file_record_insert(session, call->project, &file, batch_id,
                                             queue_level(bytes), call->arena, error);
    if (rc)
        return rc;
    vector_store_count(store, 0, file.status, 0);
    call->effects.attached = true;
    *out = file;
    return 0;
}

static int add_file(struct db_session *session, struct resource_call *call,
                    struct treadle_vector_store *store, const struct attach_item *item,
                    const char *batch_id, struct treadle_vector_store_file *out,
                    struct treadle_error *error)
{
    struct treadle_file uploaded;
    bool gone = false;
    int rc = attach_find_file(session, call, item->file_id, &uploaded, error);
    if (rc)
        return rc;
    rc = revisit(session, call, store, item->file_id, batch_id, out, &gone, error);
    if (gone ? rc == 0 : rc == TREADLE_ENOTFOUND)
        rc = add_new(session, call, store, item, uploaded.bytes, batch_id, out, error);
    return rc;
}

int attach_files(struct db_session *session, struct resource_call *call, const char *store_id,
                 const struct attach_item *items, size_t count, const char *batch_id,
                 struct treadle_vector_store_file *out, struct treadle_error *error)
{
    struct treadle_vector_store_file file = {0};
    struct treadle_vector_store store;
    int rc = load_store(session, call, store_id, &store, error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_file(session, call, &store, &items[i], batch_id, &file, error);
    if (!rc)
        rc = vector_store_save(session, &store, call->arena, error);
    if (!rc && out)
        *out = file;
    return rc;
}
