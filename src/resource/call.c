/*
 * Helpers of all handlers.
 */
#include "resource/call.h"

#include "base/error.h"
#include "base/ident.h"
#include "store/run_record.h"
#include "store/thread_record.h"
#include "store/vector_store_record.h"
#include "treadle/client.h"

/* ---- Replies -------------------------------------------------------------------------------- */

static int check_reply(struct resource_call *call, struct treadle_error *error)
{
    if (!call->reply->body.failed)
        return 0;
    if (call->reply->body.failed == TREADLE_EMEMORY)
        return error_set_memory(error);
    return error_set_wire(error, 500, "server_error", NULL, NULL, "The reply is too large.");
}

int resource_reply(struct resource_call *call, const struct treadle_type *type, const void *object,
                   struct treadle_error *error)
{
    buffer_reset(&call->reply->body);
    field_print(type, object, &call->reply->body);
    return check_reply(call, error);
}

int resource_reply_text(struct resource_call *call, const char *body, struct treadle_error *error)
{
    buffer_reset(&call->reply->body);
    buffer_append_string(&call->reply->body, body);
    return check_reply(call, error);
}

static void print_id(const struct record_page *page, size_t index, struct buffer *out)
{
    /* Ids are made here, of characters that need no escapes in JSON. */
    if (page->count)
        buffer_append_format(out, "\"%s\"", page->ids[index]);
    else
        buffer_append_string(out, "null");
}

int resource_reply_page(struct resource_call *call, const struct record_page *page,
                        struct treadle_error *error)
{
    struct buffer *out = &call->reply->body;
    buffer_reset(out);
    buffer_append_string(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < page->count; i++) {
        if (i)
            buffer_append_char(out, ',');
        buffer_append_string(out, page->bodies[i]);
    }
    buffer_append_string(out, "],\"first_id\":");
    print_id(page, 0, out);
    buffer_append_string(out, ",\"last_id\":");
    print_id(page, page->count ? page->count - 1 : 0, out);
    buffer_append_format(out, ",\"has_more\":%s}", page->has_more ? "true" : "false");
    return check_reply(call, error);
}

int resource_reply_deleted(struct resource_call *call, const char *id, const char *object,
                           struct treadle_error *error)
{
    struct treadle_deletion deletion = {id, object, true};
    return resource_reply(call, &treadle_deletion_type, &deletion, error);
}

int resource_not_found(int rc, const char *noun, const char *id, struct treadle_error *error)
{
    if (rc != TREADLE_ENOTFOUND || error->http_status)
        return rc;
    return error_set_wire(error, 404, "invalid_request_error", NULL, NULL,
                          "No %s found with id '%.100s'.", noun, id);
}

int resource_print(struct resource_call *call, const struct treadle_type *type, const void *object,
                   const char **out, struct treadle_error *error)
{
    const char *text = field_text(type, object, call->arena);
    if (!text)
        return error_set_memory(error);
    *out = text;
    return 0;
}

const char *resource_id(struct resource_call *call, const char *prefix)
{
    char id[IDENT_SIZE];
    ident_make(id, prefix);
    return arena_string(call->arena, id);
}

/* ---- Rows ----------------------------------------------------------------------------------- */

int resource_load_thread(struct db_session *session, struct resource_call *call,
                         struct treadle_thread *out, struct treadle_error *error)
{
    const char *id = call->arguments[0];
    int rc = thread_record_load(session, call->project, id, call->arena, out, error);
    return resource_not_found(rc, "thread", id, error);
}

int resource_check_thread(struct db_session *session, struct resource_call *call,
                          struct treadle_error *error)
{
    const char *id = call->arguments[0];
    return resource_not_found(thread_record_find(session, call->project, id, error), "thread", id,
                              error);
}

int resource_check_run(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error)
{
    const char *thread_id = call->arguments[0], *run_id = call->arguments[1];
    int rc = run_record_find(session, call->project, thread_id, run_id, error);
    /* If the run exists, so does its thread. */
    int missing = rc == TREADLE_ENOTFOUND ? resource_check_thread(session, call, error) : 0;
    return missing ? missing : resource_not_found(rc, "run", run_id, error);
}

int resource_check_store(struct db_session *session, struct resource_call *call,
                         struct treadle_error *error)
{
    const char *id = call->arguments[0];
    return resource_not_found(vector_store_find(session, call->project, id, error), "vector store",
                              id, error);
}

struct treadle_map *resource_metadata(const struct treadle_type *type, const void *request,
                                      struct treadle_map *sent, struct treadle_map *old)
{
    switch (treadle_member_state(type, request, "metadata")) {
    case TREADLE_SET:
        return sent;
    case TREADLE_NULL:
        return NULL;
    default:
        return old;
    }
}
