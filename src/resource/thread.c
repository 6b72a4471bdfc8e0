/*
 * Threads: create, retrieve, modify, delete.
 */
#include "resource/thread.h"

#include "api/error.h"
#include "base/clock.h"
#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "resource/message_add.h"
#include "resource/tools.h"
#include "store/code_file_record.h"
#include "store/run_record.h"
#include "store/thread_record.h"
#include "store/vector_store_record.h"
#include "treadle/client.h"

int thread_make(struct db_session *session, struct resource_call *call,
                const struct treadle_thread_create_request *request, struct treadle_thread *out,
                struct treadle_error *error)
{
    struct treadle_thread thread = {
        .id = resource_id(call, "thread_"),
        .created_at = clock_seconds(),
        .metadata = request ? request->metadata : NULL,
    };
    if (!thread.id)
        return error_set_memory(error);
    const struct tools_owner owner = {thread.id, ATTACH_THREAD_DAYS};
    int rc = tools_resolve(session, call, request ? request->tool_resources : NULL, &owner,
                           &thread.tool_resources, error);
    if (!rc)
        rc = thread_record_insert(session, call->project, &thread, call->arena, error);
    if (!rc && thread.tool_resources->code_interpreter)
        rc = code_file_record_index(session, CODE_HOLDER_THREAD, thread.id, thread.tool_resources,
                                    error);
    for (size_t i = 0; request && i < request->message_count && !rc; i++)
        rc = message_add(session, call, &thread, &request->messages[i], NULL, error);
    if (!rc)
        *out = thread;
    return rc;
}

int thread_create(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct treadle_thread thread;
    int rc = thread_make(session, call, call->body, &thread, error);
    return rc ? rc : resource_reply(call, &treadle_thread_type, &thread, error);
}

int thread_retrieve(struct db_session *session, struct resource_call *call,
                    struct treadle_error *error)
{
    const char *id = call->arguments[0], *body = NULL;
    int rc = thread_record_body(session, call->project, id, call->arena, &body, error);
    if (rc)
        return resource_not_found(rc, "thread", id, error);
    return resource_reply_text(call, body, error);
}

int thread_modify(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct treadle_thread_modify_request *request = call->body;
    const char *id = call->arguments[0];
    struct treadle_thread thread;
    int rc = resource_load_thread(session, call, &thread, error);
    if (rc)
        return rc;
    thread.metadata = resource_metadata(&treadle_thread_modify_request_type, request,
                                        request->metadata, thread.metadata);
    if (treadle_member_state(&treadle_thread_modify_request_type, request, "tool_resources")) {
        const struct tools_owner owner = {id, 0};
        rc = tools_resolve(session, call, request->tool_resources, &owner, &thread.tool_resources,
                           error);
        if (!rc)
            rc = code_file_record_index(session, CODE_HOLDER_THREAD, id, thread.tool_resources,
                                        error);
    }
    if (!rc)
        rc = thread_record_save(session, call->project, &thread, call->arena, error);
    if (!rc && treadle_member_state(&treadle_thread_modify_request_type, request, "metadata"))
        rc = thread_record_index(session, call->project, id, thread.metadata, error);
    return rc ? rc : resource_reply(call, &treadle_thread_type, &thread, error);
}

/* Followers of the active run are sent its end; its execution finds that it is gone. */
static int end_active_run(struct resource_call *call, const char *run_id,
                          struct treadle_error *error)
{
    struct treadle_error reason;
    struct buffer data;
    struct run_news *news = run_change_news(&call->effects.change, run_id);
    if (!news)
        return error_set_memory(error);
    buffer_init(&data, 4096);
    error_set_wire(&reason, 404, "invalid_request_error", NULL, NULL,
                   "No run found with id '%.100s': its thread was deleted.", run_id);
    error_print_event(&reason, &data);
    const char *text = data.failed ? NULL : arena_copy(call->arena, data.data, data.length);
    buffer_clear(&data);
    news->gone = true;
    /* Its log, which has the numbers, is deleted in the same transaction. */
    news->leaps = true;
    return text ? run_change_add(&call->effects.change, run_id, TREADLE_EVENT_ERROR, 0, text, NULL,
                                 error)
                : error_set_memory(error);
}

/* The stores that were made for the thread. */
struct own_stores {
    const char *id; /* NULL: the last */
    struct own_stores *next;
};

static int delete_stores(struct db_session *session, struct resource_call *call,
                         const char *thread_id, struct treadle_error *error)
{
    struct own_stores *store = call->state;
    for (;;) {
        int rc = vector_store_of_thread(session, thread_id, call->arena, &store->id, error);
        if (rc || !store->id)
            return rc;
        rc = vector_store_remove(session, store->id, call->arena, error);
        if (rc)
            return rc;
        store->next = arena_alloc(call->arena, sizeof *store);
        if (!store->next)
            return error_set_memory(error);
        store = store->next;
    }
}

static int delete (struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    const char *id = call->arguments[0], *run_id = NULL;
    int rc = thread_record_active_run(session, call->project, id, call->arena, &run_id, error);
    if (rc)
        return resource_not_found(rc, "thread", id, error);
    if (run_id)
        rc = end_active_run(call, run_id, error);
    if (!rc && run_id)
        rc = run_record_remove_active(session, run_id, error);
    if (!rc)
        rc = thread_record_remove(session, id, call->arena, error);
    if (!rc)
        rc = delete_stores(session, call, id, error);
    return rc ? rc : resource_reply_deleted(call, id, "thread.deleted", error);
}

static struct resource_plan finish_delete(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    struct treadle_error ignored;
    (void)error;
    for (const struct own_stores *store = call->state; !rc && store->id; store = store->next)
        search_remove_store(call->services->search, store->id, &ignored);
    return resource_answer(rc);
}

struct resource_plan thread_delete(struct resource_call *call, struct treadle_error *error)
{
    call->state = arena_alloc(call->arena, sizeof(struct own_stores));
    if (!call->state)
        return resource_answer(error_set_memory(error));
    return resource_write(delete, finish_delete);
}
