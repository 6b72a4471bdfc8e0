/*
 * Run steps: list, retrieve. The content of search results is sent when include[] asks for it.
 */
#include "resource/handlers.h"

#include "base/error.h"
#include "resource/call.h"
#include "store/remains_record.h"

/* The run must be there, and on that thread. Only when it is not is the thread looked for: it is
 * there as long as a run of it is. */
static int check_run(struct db_session *session, struct resource_call *call,
                     struct treadle_error *error)
{
    const char *thread_id = call->arguments[0], *run_id = call->arguments[1];
    const struct record_key thread[] = {{"id", thread_id}, {"project", call->project}};
    const struct record_key run[] = {
        {"id", run_id}, {REMAINS_SPARES("thread"), thread_id}, {"project", call->project}};
    const char *id = NULL;
    int rc = record_text(session, "runs", "id", run, 3, call->arena, &id, error);
    if (rc != TREADLE_ENOTFOUND)
        return rc;
    rc = record_text(session, "threads", "id", thread, 2, call->arena, &id, error);
    if (rc)
        return resource_not_found(rc, "thread", thread_id, error);
    return resource_not_found(TREADLE_ENOTFOUND, "run", run_id, error);
}

/* Steps without search results have no detail. */
static const char *body_column(const struct resource_call *call)
{
    return call->query.include_content ? "COALESCE(detail, body)" : "body";
}

int run_step_list(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", call->arguments[1]}, {"project", call->project}};
    const struct record_query query = {.table = "run_steps",
                                       .index = "run_steps_run",
                                       .body_column = body_column(call),
                                       .keys = keys,
                                       .key_count = 2};
    int rc = check_run(session, call, error);
    return rc ? rc : resource_send_page(session, call, &query, error);
}

int run_step_retrieve(struct db_session *session, struct resource_call *call,
                      struct treadle_error *error)
{
    const char *id = call->arguments[2];
    const struct record_key keys[] = {{"id", id},
                                      {"run", call->arguments[1]},
                                      {REMAINS_SPARES("thread"), call->arguments[0]},
                                      {"project", call->project}};
    int rc = resource_send(session, call, "run_steps", body_column(call), keys, 4, "run step", id,
                           error);
    /* A step that is there says that its run and thread are; one that is not, nothing. */
    int missing = rc == TREADLE_ENOTFOUND ? check_run(session, call, error) : 0;
    return missing ? missing : rc;
}
