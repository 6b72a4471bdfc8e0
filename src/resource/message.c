/*
 * Messages: create, list, retrieve, modify, delete.
 */
#include "resource/handlers.h"

#include "base/error.h"
#include "resource/call.h"
#include "resource/message_add.h"
#include "run/run_log.h"
#include "run/run_state.h"
#include "store/message_record.h"
#include "store/thread_record.h"

/* Finds the thread, on which no run may be active. Work within a write delays all other writes:
 * where its id is enough, the thread is not parsed but looked up once, for its lock. */
static int find_thread(struct db_session *session, struct resource_call *call,
                       struct treadle_thread *out, struct treadle_error *error)
{
    const struct treadle_message_create_request *request = call->body;
    const char *id = call->arguments[0], *holder = "";
    struct treadle_thread thread = {.id = id};
    int rc = request->attachment_count ? resource_load_thread(session, call, &thread, error)
                                       : thread_record_active_run(session, call->project, id,
                                                                  call->arena, &holder, error);
    if (!rc && holder)
        rc = run_state_check_unlocked(session, id, "add messages to", call->arena, error);
    if (!rc)
        *out = thread;
    return resource_not_found(rc, "thread", id, error);
}

static int create(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct treadle_thread thread;
    const char *message = NULL;
    int rc = find_thread(session, call, &thread, error);
    if (!rc)
        rc = message_add(session, call, &thread, call->body, &message, error);
    return rc ? rc : resource_reply_text(call, message, error);
}

struct resource_plan message_create(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_message_create_request *request = call->body;
    (void)error;
    struct resource_plan plan = resource_write(create, NULL);
    /* Attachments change vector stores before the message is printed. */
    plan.checks_first = !request->attachment_count;
    return plan;
}

int message_list(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    struct record_page page;
    int rc = resource_check_thread(session, call, error);
    if (!rc)
        rc = message_record_page(session, call->project, call->arguments[0], call->query.run_id,
                                 &call->query.page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int message_retrieve(struct db_session *session, struct resource_call *call,
                     struct treadle_error *error)
{
    const char *id = call->arguments[1], *body = NULL;
    int rc = message_record_body(session, call->project, call->arguments[0], id, call->arena, &body,
                                 error);
    if (!rc)
        return resource_reply_text(call, body, error);
    /* If the message exists, so does its thread. */
    int missing = rc == TREADLE_ENOTFOUND ? resource_check_thread(session, call, error) : 0;
    return missing ? missing : resource_not_found(rc, "message", id, error);
}

static int load_message(struct db_session *session, struct resource_call *call,
                        struct treadle_message *out, struct treadle_error *error)
{
    const char *id = call->arguments[1];
    int rc = resource_check_thread(session, call, error);
    if (!rc)
        rc = message_record_load(session, call->project, call->arguments[0], id, call->arena, out,
                                 error);
    return resource_not_found(rc, "message", id, error);
}

int message_modify(struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    const struct treadle_metadata_request *request = call->body;
    struct treadle_message message;
    int rc = load_message(session, call, &message, error);
    if (rc)
        return rc;
    message.metadata = resource_metadata(&treadle_metadata_request_type, request, request->metadata,
                                         message.metadata);
    rc = message_record_save(session, call->project, &message, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_message_type, &message, error);
}

int message_delete(struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    struct treadle_message message;
    int rc = load_message(session, call, &message, error);
    if (!rc)
        rc = run_state_check_unlocked(session, message.thread_id, "delete messages of", call->arena,
                                      error);
    if (rc)
        return rc;
    rc = message_record_remove(session, message.id, error);
    if (!rc && message.run_id)
        rc = run_log_forget_message(session, message.run_id, message.id, error);
    return rc ? rc : resource_reply_deleted(call, message.id, "thread.message.deleted", error);
}
