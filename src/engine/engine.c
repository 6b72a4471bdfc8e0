/*
 * Engine: the workers, and how they are woken.
 *
 * `wakes` counts calls of engine_wake that no worker has answered yet; a worker that is woken
 * takes runs until none is queued, so a wake is never lost and none is needed twice. Each worker
 * has a place where the run that it executes is noted, so that it can be told of the run's end.
 */
#include "engine/engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/thread.h"
#include "engine/run_loop.h"
#include "engine/run_state.h"

enum { DEFAULT_WORKERS = 4, MOST_WORKERS = 64 };

struct worker {
    struct engine *engine;
    pthread_t thread;
    char run_id[IDENT_SIZE]; /* guarded by the engine's mutex; empty: none */
    atomic_bool over;        /* that run was ended by somebody else */
};

struct engine {
    struct engine_options options;
    atomic_bool draining;  /* no run is taken up any more */
    atomic_bool stop;      /* those that are under way give up waiting */
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    pthread_cond_t idle; /* busy came down to 0 */
    unsigned long wakes;
    size_t busy; /* workers that look for runs or execute them */
    size_t worker_count;
    struct worker workers[MOST_WORKERS];
};

struct claim {
    struct arena *arena;
    struct run_record record;
};

static int claim_next(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct claim *claim = argument;
    return run_state_claim(session, claim->arena, &claim->record, error);
}

static void note_run(struct worker *worker, const char *run_id)
{
    pthread_mutex_lock(&worker->engine->mutex);
    snprintf(worker->run_id, sizeof worker->run_id, "%s", run_id);
    atomic_store(&worker->over, atomic_load(&worker->engine->stop));
    pthread_mutex_unlock(&worker->engine->mutex);
}

/* True when there was a run to execute. */
static bool execute_next(struct worker *worker)
{
    struct engine *engine = worker->engine;
    struct claim claim = {.arena = arena_new(0)};
    struct treadle_error error;
    int rc = claim.arena ? db_write(engine->options.db, claim_next, &claim, &error)
                         : error_set_memory(&error);
    if (!rc) {
        const struct run_control control = {&engine->stop, &worker->over};
        note_run(worker, claim.record.run.id);
        run_execute(&engine->options, &claim.record, claim.arena, &control);
        note_run(worker, "");
    } else if (rc != TREADLE_ENOTFOUND) {
        log_write(engine->options.log, LOG_ERROR, "run_claim", "error", error.message, NULL);
    }
    arena_free(claim.arena);
    return rc == 0;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct engine *engine = worker->engine;
    pthread_mutex_lock(&engine->mutex);
    while (!atomic_load(&engine->draining)) {
        if (!engine->wakes) {
            pthread_cond_wait(&engine->wake, &engine->mutex);
            continue;
        }
        engine->wakes--;
        engine->busy++;
        pthread_mutex_unlock(&engine->mutex);
        while (!atomic_load(&engine->draining) && execute_next(worker))
            ;
        pthread_mutex_lock(&engine->mutex);
        if (--engine->busy == 0)
            pthread_cond_broadcast(&engine->idle);
    }
    pthread_mutex_unlock(&engine->mutex);
    return NULL;
}

static int recover(struct db_session *session, void *argument, struct treadle_error *error)
{
    return run_state_recover(session, argument, error);
}

static void start_workers(struct engine *engine)
{
    size_t wanted = engine->options.workers ? engine->options.workers : DEFAULT_WORKERS;
    while (engine->worker_count < wanted && engine->worker_count < MOST_WORKERS) {
        struct worker *worker = &engine->workers[engine->worker_count];
        worker->engine = engine;
        if (thread_start(&worker->thread, 1, work, worker) != 1)
            break;
        engine->worker_count++;
    }
}

int engine_open(struct engine **out, const struct engine_options *options,
                struct treadle_error *error)
{
    size_t failed = 0;
    char count[24];
    int rc = db_write(options->db, recover, &failed, error);
    if (rc)
        return rc;
    snprintf(count, sizeof count, "%zu", failed);
    if (failed)
        log_write(options->log, LOG_WARNING, "runs_recovered", "failed", count, NULL);
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return error_set_memory(error);
    engine->options = *options;
    engine->wakes = 1; /* for what was queued before */
    pthread_mutex_init(&engine->mutex, NULL);
    pthread_cond_init(&engine->wake, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    start_workers(engine);
    if (!engine->worker_count) {
        engine_close(engine, 0);
        return error_set(error, TREADLE_EMEMORY, "no thread for executing runs could be started");
    }
    *out = engine;
    return 0;
}

void engine_wake(struct engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    engine->wakes++;
    pthread_cond_signal(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
}

void engine_interrupt(struct engine *engine, const char *run_id)
{
    pthread_mutex_lock(&engine->mutex);
    for (size_t i = 0; i < engine->worker_count; i++)
        if (strcmp(engine->workers[i].run_id, run_id) == 0)
            atomic_store(&engine->workers[i].over, true);
    pthread_mutex_unlock(&engine->mutex);
    model_cancel(engine->options.model);
}

void engine_drain(struct engine *engine)
{
    if (!engine)
        return;
    atomic_store(&engine->draining, true);
    pthread_mutex_lock(&engine->mutex);
    pthread_cond_broadcast(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
}

static void await_idle(struct engine *engine, unsigned seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&engine->mutex);
    int rc = 0;
    while (engine->busy && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&engine->idle, &engine->mutex, &until);
    pthread_mutex_unlock(&engine->mutex);
}

void engine_close(struct engine *engine, unsigned grace_seconds)
{
    if (!engine)
        return;
    engine_drain(engine);
    await_idle(engine, grace_seconds);
    atomic_store(&engine->stop, true);
    /* Answers that are still waited for; what they were for is failed by the next start. */
    for (size_t i = 0; i < engine->worker_count; i++)
        atomic_store(&engine->workers[i].over, true);
    model_cancel(engine->options.model);
    for (size_t i = 0; i < engine->worker_count; i++)
        pthread_join(engine->workers[i].thread, NULL);
    pthread_cond_destroy(&engine->idle);
    pthread_cond_destroy(&engine->wake);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}
