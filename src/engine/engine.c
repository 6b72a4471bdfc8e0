/*
 * Engine: the workers, and how they are woken.
 *
 * `wakes` counts calls of engine_wake that no worker has answered yet; a worker that is woken
 * takes runs until none is queued, so a wake is never lost and none is needed twice.
 */
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/thread.h"
#include "engine/run_loop.h"
#include "engine/run_state.h"

enum { DEFAULT_WORKERS = 4, MOST_WORKERS = 64 };

struct engine {
    struct engine_options options;
    atomic_bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    unsigned long wakes;
    size_t worker_count;
    pthread_t workers[MOST_WORKERS];
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

/* True when there was a run to execute. */
static bool execute_next(struct engine *engine)
{
    struct claim claim = {.arena = arena_new(0)};
    struct treadle_error error;
    int rc = claim.arena ? db_write(engine->options.db, claim_next, &claim, &error)
                         : error_set_memory(&error);
    if (!rc)
        run_execute(&engine->options, &claim.record, claim.arena, &engine->stop);
    else if (rc != TREADLE_ENOTFOUND)
        log_write(engine->options.log, LOG_ERROR, "run_claim", "error", error.message, NULL);
    arena_free(claim.arena);
    return rc == 0;
}

static void *work(void *argument)
{
    struct engine *engine = argument;
    pthread_mutex_lock(&engine->mutex);
    while (!atomic_load(&engine->stop)) {
        if (!engine->wakes) {
            pthread_cond_wait(&engine->wake, &engine->mutex);
            continue;
        }
        engine->wakes--;
        pthread_mutex_unlock(&engine->mutex);
        while (!atomic_load(&engine->stop) && execute_next(engine))
            ;
        pthread_mutex_lock(&engine->mutex);
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
    if (wanted > MOST_WORKERS)
        wanted = MOST_WORKERS;
    engine->worker_count = thread_start(engine->workers, wanted, work, engine);
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
    start_workers(engine);
    if (!engine->worker_count) {
        engine_close(engine);
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

void engine_close(struct engine *engine)
{
    if (!engine)
        return;
    atomic_store(&engine->stop, true);
    pthread_mutex_lock(&engine->mutex);
    pthread_cond_broadcast(&engine->wake);
    pthread_mutex_unlock(&engine->mutex);
    for (size_t i = 0; i < engine->worker_count; i++)
        pthread_join(engine->workers[i], NULL);
    pthread_cond_destroy(&engine->wake);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}
