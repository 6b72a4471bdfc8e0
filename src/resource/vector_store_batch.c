/*
 * Batches of files of a vector store: create, retrieve, cancel, list the files.
 */
#include "store/vector_store_batch_record.h"

#include "base/error.h"
#include "base/ident.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "store/vector_store_file_record.h"

static int load_batch(struct db_session *session, struct resource_call *call, const char *id,
                      struct treadle_vector_store_file_batch *out, struct treadle_error *error)
{
    int rc = resource_check_store(session, call, error);
    if (rc)
        return rc;
    rc = vector_store_batch_load(session, call->project, call->arguments[0], id, call->arena, out,
                                 error);
    return resource_not_found(rc, "vector store file batch", id, error);
}

static int reply(struct db_session *session, struct resource_call *call, const char *id,
                 struct treadle_error *error)
{
    struct treadle_vector_store_file_batch batch;
    int rc = load_batch(session, call, id, &batch, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_file_batch_type, &batch, error);
}

/* ---- Create --------------------------------------------------------------------------------- */

static int list_items(struct resource_call *call, struct attach_item **out, size_t *count,
                      struct treadle_error *error)
{
    const struct treadle_vector_store_file_batch_create_request *request = call->body;
    const struct treadle_vector_store_file_create_request *files = request->files;
    size_t total = files ? request->file_count : request->file_id_count;
    struct attach_item *items = arena_array(call->arena, total, sizeof *items);
    if (!items)
        return error_set_memory(error);
    for (size_t i = 0; i < total; i++) {
        if (files)
            items[i] = (struct attach_item){files[i].file_id, files[i].chunking_strategy,
                                            files[i].attributes};
        else
            items[i] = (struct attach_item){request->file_ids[i], request->chunking_strategy,
                                            request->attributes};
    }
    *out = items;
    *count = total;
    return 0;
}

int vector_store_batch_create(struct db_session *session, struct resource_call *call,
                              struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct attach_item *items = NULL;
    size_t count = 0;
    ident_make_hex(id, "vsfb_");
    int rc = list_items(call, &items, &count, error);
    if (!rc)
        rc = resource_check_store(session, call, error);
    if (!rc)
        rc = vector_store_batch_insert(session, call->project, call->arguments[0], id, error);
    if (!rc)
        rc = attach_files(session, call, call->arguments[0], items, count, id, NULL, error);
    return rc ? rc : reply(session, call, id, error);
}

/* ---- Retrieve, cancel, list ----------------------------------------------------------------- */

int vector_store_batch_retrieve(struct db_session *session, struct resource_call *call,
                                struct treadle_error *error)
{
    http_reply_header(call->reply, "openai-poll-after-ms", "200");
    return reply(session, call, call->arguments[1], error);
}

int vector_store_batch_cancel_files(struct db_session *session, struct resource_call *call,
                                    struct treadle_error *error)
{
    struct treadle_vector_store_file_batch batch;
    int rc = load_batch(session, call, call->arguments[1], &batch, error);
    if (!rc)
        rc = vector_store_batch_cancel(session, call->arguments[0], call->arguments[1], call->arena,
                                       error);
    return rc ? rc : reply(session, call, call->arguments[1], error);
}

int vector_store_batch_list_files(struct db_session *session, struct resource_call *call,
                                  struct treadle_error *error)
{
    struct treadle_vector_store_file_batch batch;
    struct record_page page;
    int rc = load_batch(session, call, call->arguments[1], &batch, error);
    if (!rc)
        rc = vector_store_file_record_page_of_batch(session, call->project, call->arguments[0],
                                                    call->arguments[1], call->query.filter,
                                                    &call->query.page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}
