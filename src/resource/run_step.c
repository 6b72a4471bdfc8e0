/*
 * Run steps: list, retrieve. The content of search results is sent when include[] asks for it.
 */
#include "resource/handlers.h"

#include "resource/call.h"
#include "store/run_step_record.h"

int run_step_list(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct record_page page;
    int rc = resource_check_run(session, call, error);
    if (!rc)
        rc = run_step_record_page(session, call->project, call->arguments[1],
                                  call->query.include_content, &call->query.page, call->arena,
                                  &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int run_step_retrieve(struct db_session *session, struct resource_call *call,
                      struct treadle_error *error)
{
    const char *id = call->arguments[2], *body = NULL;
    int rc = run_step_record_body(session, call->project, call->arguments[0], call->arguments[1],
                                  id, call->query.include_content, call->arena, &body, error);
    if (!rc)
        return resource_reply_text(call, body, error);
    /* If the step exists, so do its run and thread; if it does not, they are checked. */
    int missing = rc == TREADLE_ENOTFOUND ? resource_check_run(session, call, error) : 0;
    return missing ? missing : resource_not_found(rc, "run step", id, error);
}
