/*
 * Carrying out plans. A write without a sequel begins when the handler has returned and its request
 * was laid aside: the database's thread runs the work, commits and ends the call, so that no thread
 * waits for the disk. A worker waits for every other transaction. A read on an event thread that
 * turns out to take long is aborted, and done by a worker instead.
 */
#include "server/perform.h"

#include "base/error.h"
#include "server/idempotency.h"

/* A plan's transaction. */
struct transaction {
    struct db_task task; /* first: the database passes this back */
    struct resource_call *call;
    struct resource_plan plan;
    struct idempotency *idempotency;
    struct http_request *request;
    const struct perform_end *end;
};

static int work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct transaction *transaction = argument;
    struct resource_call *call = transaction->call;
    bool writes = transaction->plan.kind == RESOURCE_WRITE;
    call->effects.change.session = session;
    int rc = writes ? idempotency_check(transaction->idempotency, session, call, error) : 0;
    if (!rc)
        rc = transaction->plan.work(session, call, error);
    if (!rc)
        rc = run_change_store(&call->effects.change, error);
    if (!rc && writes)
        rc = idempotency_keep(transaction->idempotency, session, call, &transaction->plan, error);
    return rc;
}

/* Notifies the followers of runs, and wakes the threads that wait for what was written. Does not
 * block. Fails where the reply cannot be made. */
static int settle(struct transaction *transaction, bool durable, struct treadle_error *error)
{
    struct resource_call *call = transaction->call;
    const struct resource_services *services = call->services;
    struct resource_effects *effects = &call->effects;
    int rc = durable && transaction->plan.before_notice
                 ? transaction->plan.before_notice(call, error)
                 : 0;
    run_change_settle(&effects->change, durable);
    engine_take(services->engine, effects->claimed, durable);
    if (durable && effects->attached)
        ingest_wake(services->ingest);
    if (durable && effects->change.queued)
        engine_wake(services->engine);
    return rc;
}

static void begin_change(struct resource_call *call)
{
    call->effects = (struct resource_effects){
        .change = {.arena = call->arena, .live = engine_live(call->services->engine)}};
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* Whether the plan reads on an event thread. */
static bool is_hurried(const struct resource_call *call, const struct resource_plan *plan)
{
    return plan->kind == RESOURCE_READ && call->request->at_once;
}

static int transact(struct resource_call *call, const struct resource_plan *plan,
                    struct idempotency *idempotency, struct treadle_error *error)
{
    struct transaction transaction = {.call = call, .plan = *plan, .idempotency = idempotency};
    if (is_hurried(call, plan))
        return db_read_quick(call->services->db, work, &transaction, error);
    if (plan->kind == RESOURCE_READ)
        return db_read(call->services->db, work, &transaction, error);
    begin_change(call);
    int rc = db_write(call->services->db, work, &transaction, error);
    int after = settle(&transaction, rc >= 0, error);
    return rc ? rc : after;
}

/* ---- Without waiting ------------------------------------------------------------------------- */

/* On the database's thread. */
static void done(struct db_task *task)
{
    struct transaction *transaction = (struct transaction *)task;
    struct resource_call *call = transaction->call;
    struct http_request *request = transaction->request;
    int after = settle(transaction, task->result >= 0, &task->error);
    int rc = task->result ? task->result : after;
    transaction->end->ended(transaction->end->context, call, rc, &task->error);
    http_answer(request);
}

static void begin(void *argument)
{
    struct transaction *transaction = argument;
    db_write_start(transaction->call->services->db, &transaction->task);
}

static int start_write(struct resource_call *call, const struct resource_plan *plan,
                       struct idempotency *idempotency, struct http_request *request,
                       const struct perform_end *end, struct treadle_error *error)
{
    struct transaction *transaction = arena_alloc(call->arena, sizeof *transaction);
    if (!transaction)
        return error_set_memory(error);
    begin_change(call);
    *transaction = (struct transaction){
        .task = {.work = work,
                 .argument = transaction,
                 .done = done,
                 .checks_first = plan->checks_first},
        .call = call,
        .plan = *plan,
        .idempotency = idempotency,
        .request = request,
        .end = end,
    };
    return http_later(request, begin, transaction, error);
}

/* ---- The plan -------------------------------------------------------------------------------- */

enum perform_outcome perform_call(enum endpoint_id id, struct resource_call *call,
                                  struct http_request *request, const struct perform_end *end,
                                  int *rc, struct treadle_error *error)
{
    struct idempotency *idempotency = arena_alloc(call->arena, sizeof *idempotency);
    bool replied = false;
    *rc = idempotency ? idempotency_read(idempotency, call, error) : error_set_memory(error);
    if (!*rc)
        *rc = idempotency_repeat(idempotency, call, &replied, error);
    if (*rc || replied)
        return PERFORM_ENDED;
    struct resource_plan plan = resource_begin(id, call, error);
    for (;;) {
        if (plan.kind == RESOURCE_LATER)
            return PERFORM_LATER;
        if (plan.kind == RESOURCE_ANSWER) {
            *rc = plan.rc ? plan.rc : idempotency_conclude(idempotency, call, error);
            return PERFORM_ENDED;
        }
        if (plan.kind == RESOURCE_WRITE && !plan.then) {
            *rc = start_write(call, &plan, idempotency, request, end, error);
            return *rc ? PERFORM_ENDED : PERFORM_WRITING;
        }
        *rc = transact(call, &plan, idempotency, error);
        if (*rc == TREADLE_EBUSY && is_hurried(call, &plan))
            return PERFORM_ELSEWHERE;
        plan = plan.then ? plan.then(call, *rc, error) : resource_answer(*rc);
    }
}
