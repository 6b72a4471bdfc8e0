/*
 * Vector stores: create, list, retrieve, modify, delete.
 */
#include "resource/handlers.h"

#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "store/vector_store_record.h"
#include "treadle/client.h"

int vector_store_create(struct db_session *session, struct resource_call *call,
                        struct treadle_error *error)
{
    const struct treadle_vector_store_create_request *request = call->body;
    struct treadle_vector_store store = {
        .name = request->name,
        .description = request->description,
        .expires_after = request->expires_after,
        .metadata = request->metadata,
    };
    int rc = attach_create_store(session, call, &store, NULL, request->file_ids,
                                 request->file_id_count, request->chunking_strategy, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_type, &store, error);
}

int vector_store_list(struct db_session *session, struct resource_call *call,
                      struct treadle_error *error)
{
    struct record_page page;
    int rc =
        vector_store_page(session, call->project, &call->query.page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int vector_store_retrieve(struct db_session *session, struct resource_call *call,
                          struct treadle_error *error)
{
    const char *id = call->arguments[0], *body = NULL;
    http_reply_header(call->reply, "openai-poll-after-ms", "200");
    int rc = vector_store_body(session, call->project, id, call->arena, &body, error);
    if (rc)
        return resource_not_found(rc, "vector store", id, error);
    return resource_reply_text(call, body, error);
}

int vector_store_modify(struct db_session *session, struct resource_call *call,
                        struct treadle_error *error)
{
    const struct treadle_type *type = &treadle_vector_store_modify_request_type;
    const struct treadle_vector_store_modify_request *request = call->body;
    const char *id = call->arguments[0];
    struct treadle_vector_store store;
    int rc = vector_store_load(session, call->project, id, call->arena, &store, error);
    if (rc)
        return resource_not_found(rc, "vector store", id, error);
    if (treadle_member_state(type, request, "name"))
        store.name = request->name;
    if (treadle_member_state(type, request, "expires_after"))
        store.expires_after = request->expires_after;
    store.metadata = resource_metadata(type, request, request->metadata, store.metadata);
    call->effects.attached = store.status == TREADLE_VECTOR_STORE_EXPIRED;
    rc = vector_store_save(session, &store, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_type, &store, error);
}

static int delete (struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    const char *id = call->arguments[0];
    int rc = resource_check_store(session, call, error);
    if (!rc)
        rc = vector_store_remove(session, id, call->arena, error);
    return rc ? rc : resource_reply_deleted(call, id, "vector_store.deleted", error);
}

static struct resource_plan finish_delete(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    struct treadle_error ignored;
    (void)error;
    if (!rc)
        search_remove_store(call->services->search, call->arguments[0], &ignored);
    return resource_answer(rc);
}

struct resource_plan vector_store_delete(struct resource_call *call, struct treadle_error *error)
{
    (void)call;
    (void)error;
    return resource_write(delete, finish_delete);
}
