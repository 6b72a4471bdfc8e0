/*
 * Engine: the list of executions, the clock that wakes them, opening and closing. claim.c claims
 * runs.
 */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "engine/engine_internal.h"

enum { LOOP_THREADS = 2, WORKERS = 4, RUN_SECONDS = 600, TICK_US = 20000 };

/* ---- Executions ----------------------------------------------------------------------------- */

void engine_add(struct engine *engine, struct execution *execution)
{
    pthread_mutex_lock(&engine->mutex);
    execution->next = engine->executions;
    if (execution->next)
        execution->next->previous = execution;
    engine->executions = execution;
    if (engine->count++ == 0)
        pthread_cond_broadcast(&engine->wake);
    execution_start(execution);
    pthread_mutex_unlock(&engine->mutex);
}

void engine_remove(struct engine *engine, struct execution *execution)
{
    pthread_mutex_lock(&engine->mutex);
    if (execution->next)
        execution->next->previous = execution->previous;
    *(execution->previous ? &execution->previous->next : &engine->executions) = execution->next;
    pthread_mutex_unlock(&engine->mutex);
    execution_free(execution);
    pthread_mutex_lock(&engine->mutex);
    bool was_full = engine->count >= ENGINE_EXECUTIONS || engine->waits_for_slot;
    engine->waits_for_slot = false;
    if (--engine->count == 0)
        pthread_cond_broadcast(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
    /* Other runs, of its project or of any, may be waiting for its place. */
    if (was_full || engine->options.project_limit)
        engine_wake(engine);
}

void engine_wake(struct engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    bool start = !engine->claiming && engine_claims(engine) && engine->count < ENGINE_EXECUTIONS;
    engine->claim_again = !start;
    engine->claiming = engine->claiming || start;
    pthread_mutex_unlock(&engine->mutex);
    if (start)
        claim_start(engine->claim);
}

/* ---- The clock ------------------------------------------------------------------------------ */

static void tick(struct engine *engine, int64_t now)
{
    for (struct execution *at = engine->executions; at; at = at->next) {
        int64_t due = atomic_load(&at->tick_at);
        if (due && due <= now && atomic_compare_exchange_strong(&at->tick_at, &due, 0))
            execution_wake(at);
    }
}

static void wait_until(struct engine *engine, int64_t at)
{
    const struct timespec until = {at / 1000000, at % 1000000 * 1000};
    pthread_cond_timedwait(&engine->wake, &engine->mutex, &until);
}

static void *run_ticker(void *argument)
{
    struct engine *engine = argument;
    pthread_mutex_lock(&engine->mutex);
    while (!atomic_load(&engine->stop)) {
        int64_t now = clock_monotonic_us();
        if (engine->claim_at && engine->claim_at <= now) {
            engine->claim_at = 0;
            pthread_mutex_unlock(&engine->mutex);
            engine_wake(engine);
            pthread_mutex_lock(&engine->mutex);
        } else if (engine->executions) {
            tick(engine, now);
            wait_until(engine, now + TICK_US);
        } else if (engine->claim_at) {
            wait_until(engine, engine->claim_at);
        } else {
            pthread_cond_wait(&engine->wake, &engine->mutex);
        }
    }
    pthread_mutex_unlock(&engine->mutex);
    return NULL;
}

struct live_table *engine_live(struct engine *engine)
{
    return engine ? engine->live : NULL;
}

int64_t engine_run_seconds(const struct engine *engine)
{
    return engine->options.run_seconds ? engine->options.run_seconds : RUN_SECONDS;
}

/* ---- Opening and closing -------------------------------------------------------------------- */

static int recover_work(struct db_session *session, void *argument, struct treadle_error *error)
{
    return run_state_recover(session, argument, error);
}

int engine_recover(struct engine *engine, struct treadle_error *error)
{
    size_t failed = 0;
    char count[24];
    int rc = db_write(engine->options.db, recover_work, &failed, error);
    if (rc)
        return rc;
    atomic_store(&engine->unrecovered, false);
    snprintf(count, sizeof count, "%zu", failed);
    if (failed)
        log_write(engine->options.log, LOG_WARNING, "runs_recovered", "failed", count, NULL);
    return 0;
}

/* Where the database cannot be written, as on a full disk, the server starts nevertheless: objects
 * can be deleted then. The runs are recovered as soon as that succeeds. */
static int recover_first(struct engine *engine, struct treadle_error *error)
{
    atomic_store(&engine->unrecovered, true);
    int rc = engine_recover(engine, error);
    if (rc != TREADLE_EIO)
        return rc;
    log_write(engine->options.log, LOG_ERROR, "runs_unrecovered", "error", error->message, NULL);
    return 0;
}

static int start(struct engine *engine, struct treadle_error *error)
{
    size_t workers = engine->options.workers ? engine->options.workers : WORKERS;
    pthread_condattr_t monotonic;
    pthread_mutex_init(&engine->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    engine->claim = claim_new(engine);
    engine->live = live_table_new();
    engine->loop = pool_new(LOOP_THREADS, 2 * ENGINE_EXECUTIONS);
    engine->workers = pool_new(workers, 2 * ENGINE_EXECUTIONS);
    engine->has_ticker = thread_start(&engine->ticker, 1, run_ticker, engine) == 1;
    if (engine->claim && engine->live && engine->loop && engine->workers && engine->has_ticker)
        return 0;
    return error_set(error, TREADLE_EMEMORY, "no threads for executing runs could be started");
}

int engine_open(struct engine **out, const struct engine_options *options,
                struct treadle_error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return error_set_memory(error);
    engine->options = *options;
    engine->options.tools.db = options->db;
    if (!options->tool_kinds)
        engine->options.tool_kinds = tool_kinds;
    int rc = start(engine, error);
    if (!rc)
        rc = recover_first(engine, error);
    if (rc) {
        engine_close(engine, 0);
        return rc;
    }
    /* For what was queued before. */
    engine_wake(engine);
    *out = engine;
    return 0;
}

void engine_drain(struct engine *engine)
{
    if (engine)
        atomic_store(&engine->draining, true);
}

/* Waits until nothing is executed or claimed. */
static void await_idle(struct engine *engine, int64_t until)
{
    pthread_mutex_lock(&engine->mutex);
    while ((engine->count || engine->claiming) && clock_monotonic_us() < until)
        wait_until(engine, until);
    pthread_mutex_unlock(&engine->mutex);
}

/* What is still executed gives up; the next start fails it. */
static void give_up(struct engine *engine)
{
    atomic_store(&engine->stop, true);
    pthread_mutex_lock(&engine->mutex);
    for (struct execution *at = engine->executions; at; at = at->next)
        execution_wake(at);
    pthread_cond_broadcast(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
}

void engine_close(struct engine *engine, unsigned grace_seconds)
{
    if (!engine)
        return;
    engine_drain(engine);
    await_idle(engine, clock_monotonic_us() + (int64_t)grace_seconds * 1000000);
    give_up(engine);
    await_idle(engine, INT64_MAX);
    if (engine->has_ticker)
        pthread_join(engine->ticker, NULL);
    pool_free(engine->workers);
    pool_free(engine->loop);
    live_table_free(engine->live);
    claim_free(engine->claim);
    pthread_cond_destroy(&engine->wake);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}
