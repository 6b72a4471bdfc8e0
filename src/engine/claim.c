/*
 * Claiming runs. One write at a time claims several runs, until none is queued or there is no room.
 * A wake that comes during a claim makes it look again, so no run is missed.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"

enum { CLAIMED_AT_ONCE = 32, RETRY_US = 1000000 };

struct claim_item {
    struct arena *arena;
    struct run_change change;
    struct execution *execution;
};

struct claim {
    struct engine *engine;
    struct db_task task;
    struct claim_item items[CLAIMED_AT_ONCE];
    size_t count;
};

struct claim *claim_new(struct engine *engine)
{
    struct claim *claim = calloc(1, sizeof *claim);
    if (claim)
        claim->engine = engine;
    return claim;
}

void claim_free(struct claim *claim)
{
    free(claim);
}

/* Claims a run into an execution whose arena is the one given. The run is live before its events
 * are stored. */
static int claim_run(struct engine *engine, struct run_change *change, struct arena *arena,
                     const struct treadle_run *only, struct execution **out,
                     struct treadle_error *error)
{
    struct arena *own = change->arena;
    struct run_memo memo = {.arena = arena};
    struct run_record record;
    /* The events are kept as long as the execution, which lasts longer. */
    change->arena = arena;
    change->memo = &memo;
    const struct run_claim claim = {.project_limit = engine->options.project_limit,
                                    .only = only,
                                    .accepts = slots_accept,
                                    .context = engine};
    int rc = run_state_claim(change, &claim, &record, error);
    change->arena = own;
    change->memo = NULL;
    struct execution *execution = rc ? NULL : execution_new(engine, &record, &memo, arena);
    if (!execution)
        return rc ? rc : error_set_memory(error);
    slots_take(engine, execution);
    *out = execution;
    return 0;
}

static int claim_one(struct db_session *session, struct claim *claimed, struct claim_item *item,
                     struct treadle_error *error)
{
    struct engine *engine = claimed->engine;
    item->change =
        (struct run_change){.session = session, .arena = item->arena, .live = engine->live};
    int rc = claim_run(engine, &item->change, item->arena, NULL, &item->execution, error);
    return rc ? rc : run_change_store(&item->change, error);
}

int engine_claim(struct engine *engine, struct run_change *change, const struct treadle_run *run,
                 struct execution **out, struct treadle_error *error)
{
    pthread_mutex_lock(&engine->mutex);
    bool room = engine->count < ENGINE_EXECUTIONS && engine_claims(engine);
    pthread_mutex_unlock(&engine->mutex);
    struct arena *arena = room ? arena_new(0) : NULL;
    if (!arena)
        return 0;
    int rc = claim_run(engine, change, arena, run, out, error);
    if (rc)
        arena_free(arena);
    else
        change->queued = false;
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

void engine_take(struct engine *engine, struct execution *execution, bool durable)
{
    if (execution && durable)
        engine_add(engine, execution);
    else if (execution)
        execution_free(execution);
}

static int claim_some(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct claim *claim = argument;
    int rc = 0;
    while (claim->count < CLAIMED_AT_ONCE && !rc) {
        struct claim_item *item = &claim->items[claim->count++];
        *item = (struct claim_item){.arena = arena_new(0)};
        rc = item->arena ? claim_one(session, claim, item, error) : error_set_memory(error);
    }
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

static void settle(struct engine *engine, struct claim_item *item, bool durable)
{
    run_change_settle(&item->change, durable);
    engine_take(engine, item->execution, durable);
    if (!item->execution)
        arena_free(item->arena);
}

/* Whether to look again at once. Under the lock. */
static bool goes_on(struct engine *engine, bool more)
{
    bool again = engine->claim_again || more;
    engine->claim_again = false;
    return again && engine_claims(engine) && engine->count < ENGINE_EXECUTIONS;
}

static void on_claimed(struct db_task *task)
{
    struct claim *claim = task->argument;
    struct engine *engine = claim->engine;
    bool durable = task->result >= 0;
    bool more = durable && claim->items[claim->count - 1].execution;
    for (size_t i = 0; i < claim->count; i++)
        settle(engine, &claim->items[i], durable);
    if (!durable)
        log_write(engine->options.log, LOG_ERROR, "run_claim", "error", task->error.message, NULL);
    pthread_mutex_lock(&engine->mutex);
    bool again = goes_on(engine, more);
    engine->claiming = again;
    engine->claim_at = durable ? 0 : clock_monotonic_us() + RETRY_US;
    pthread_cond_broadcast(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
    if (again)
        claim_start(claim);
}

void claim_start(struct claim *claim)
{
    claim->count = 0;
    claim->task = (struct db_task){.work = claim_some, .argument = claim, .done = on_claimed};
    db_write_start(claim->engine->options.db, &claim->task);
}
