/*
 * Runs in progress: cancel, submit the outputs of functions.
 *
 * Cancelling is two transactions, so that the reply shows the run as cancelling: the first asks for
 * the end, the second ends the run, whichever thread executes it. Should the second fail, the run
 * stays cancelling until it is swept.
 */
#include "resource/handlers.h"

#include "base/error.h"
#include "resource/call.h"
#include "resource/run_stream.h"
#include "run/run_state.h"

/* ---- Cancel --------------------------------------------------------------------------------- */

static int ask(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct treadle_run run;
    int rc = resource_check_run(session, call, error);
    if (!rc)
        rc = run_state_cancel(&call->effects.change, call->arguments[1], &run, error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}

static struct resource_plan finish(struct resource_call *call, int rc, struct treadle_error *error)
{
    struct treadle_error ignored;
    (void)error;
    if (!rc)
        engine_finish_cancel(call->services->db, call->services->engine, call->arguments[1],
                             &ignored);
    return resource_answer(rc);
}

struct resource_plan run_cancel(struct resource_call *call, struct treadle_error *error)
{
    (void)call;
    (void)error;
    return resource_write(ask, finish);
}

/* ---- Outputs -------------------------------------------------------------------------------- */

static int submit(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct treadle_tool_outputs_request *request = call->body;
    struct treadle_run run;
    int rc = resource_check_run(session, call, error);
    if (!rc)
        rc = run_state_submit(&call->effects.change, call->arguments[1], request->tool_outputs,
                              request->tool_output_count, &run, error);
    if (!rc)
        rc = engine_claim(call->services->engine, &call->effects.change, &run,
                          &call->effects.claimed, error);
    return rc ? rc : resource_reply(call, &treadle_run_type, &run, error);
}

struct resource_plan run_submit_tool_outputs(struct resource_call *call,
                                             struct treadle_error *error)
{
    const struct treadle_tool_outputs_request *request = call->body;
    (void)error;
    return run_stream_write(submit, request->stream);
}
