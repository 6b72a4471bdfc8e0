/*
 * Files of vector stores: add, list, retrieve, modify, take out, and their text.
 */
#include "resource/handlers.h"

#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

int vector_store_file_create(struct db_session *session, struct resource_call *call,
                             struct treadle_error *error)
{
    const struct treadle_vector_store_file_create_request *request = call->body;
    struct treadle_vector_store_file file;
    const struct attach_item item = {request->file_id, request->chunking_strategy,
                                     request->attributes};
    int rc = attach_files(session, call, call->arguments[0], &item, 1, NULL, &file, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_file_type, &file, error);
}

int vector_store_file_list(struct db_session *session, struct resource_call *call,
                           struct treadle_error *error)
{
    struct record_page page;
    int rc = resource_check_store(session, call, error);
    if (!rc)
        rc = vector_store_file_record_page(session, call->project, call->arguments[0],
                                           call->query.filter, &call->query.page, call->arena,
                                           &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int vector_store_file_retrieve(struct db_session *session, struct resource_call *call,
                               struct treadle_error *error)
{
    const char *id = call->arguments[1], *body = NULL;
    int rc = resource_check_store(session, call, error);
    if (rc)
        return rc;
    http_reply_header(call->reply, "openai-poll-after-ms", "200");
    rc = vector_store_file_record_body(session, call->project, call->arguments[0], id, call->arena,
                                       &body, error);
    if (rc)
        return resource_not_found(rc, "vector store file", id, error);
    return resource_reply_text(call, body, error);
}

/* ---- One file ------------------------------------------------------------------------------- */

static int load_file(struct db_session *session, struct resource_call *call,
                     struct treadle_vector_store_file *out, struct treadle_error *error)
{
    int rc = resource_check_store(session, call, error);
    if (rc)
        return rc;
    rc = vector_store_file_record_load(session, call->project, call->arguments[0],
                                       call->arguments[1], call->arena, out, error);
    return resource_not_found(rc, "vector store file", call->arguments[1], error);
}

int vector_store_file_modify(struct db_session *session, struct resource_call *call,
                             struct treadle_error *error)
{
    const struct treadle_vector_store_file_modify_request *request = call->body;
    struct treadle_vector_store_file file;
    int rc = load_file(session, call, &file, error);
    if (rc)
        return rc;
    file.attributes = request->attributes;
    rc = vector_store_file_record_save(session, &file, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_file_type, &file, error);
}

static int find_status(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error)
{
    struct treadle_vector_store_file file;
    int rc = load_file(session, call, &file, error);
    if (!rc)
        *(enum treadle_vector_store_file_status *)call->state = file.status;
    return rc;
}

static int reply_text(struct resource_call *call, struct treadle_error *error)
{
    const enum treadle_vector_store_file_status *status = call->state;
    struct treadle_search_content text = {.text = NULL};
    int rc = 0;
    if (*status == TREADLE_VECTOR_STORE_FILE_COMPLETED)
        rc = search_text(call->services->search, call->arguments[0], call->arguments[1],
                         call->arena, &text.text, error);
    if (rc)
        return resource_not_found(rc, "vector store file", call->arguments[1], error);
    const struct treadle_vector_store_file_content content = {.data = &text,
                                                              .data_count = text.text ? 1 : 0};
    return resource_reply(call, &treadle_vector_store_file_content_type, &content, error);
}

static struct resource_plan send_text(struct resource_call *call, int rc,
                                      struct treadle_error *error)
{
    return resource_answer(rc ? rc : reply_text(call, error));
}

struct resource_plan vector_store_file_content(struct resource_call *call,
                                               struct treadle_error *error)
{
    call->state = arena_alloc(call->arena, sizeof(enum treadle_vector_store_file_status));
    if (!call->state)
        return resource_answer(error_set_memory(error));
    return resource_read(find_status, send_text);
}

static int delete (struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    const char *id = call->arguments[1];
    int rc = resource_check_store(session, call, error);
    if (rc)
        return rc;
    rc = vector_store_detach(session, call->arguments[0], id, call->arena, error);
    if (rc)
        return resource_not_found(rc, "vector store file", id, error);
    return resource_reply_deleted(call, id, "vector_store.file.deleted", error);
}

static struct resource_plan finish_delete(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    struct treadle_error ignored;
    (void)error;
    if (!rc)
        search_remove_file(call->services->search, call->arguments[0], call->arguments[1],
                           &ignored);
    return resource_answer(rc);
}

struct resource_plan vector_store_file_delete(struct resource_call *call,
                                              struct treadle_error *error)
{
    (void)call;
    (void)error;
    return resource_write(delete, finish_delete);
}
