/*
 * Threads beyond the contract: the list of all, filtered by metadata, and the usage of a thread.
 */
#include "resource/call.h"
#include "resource/handlers.h"
#include "store/thread_record.h"

int thread_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct resource_query *query = &call->query;
    struct record_page page;
    int rc = thread_record_page(session, call->project, query->pairs, query->pair_count,
                                &query->page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int thread_usage(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    const char *id = call->arguments[0];
    struct treadle_thread_usage used;
    int rc = thread_record_usage(session, call->project, id, &used, error);
    if (rc)
        return resource_not_found(rc, "thread", id, error);
    return resource_reply(call, &treadle_thread_usage_type, &used, error);
}
