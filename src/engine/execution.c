/*
 * Executions: their life, how they are advanced, and how they end.
 *
 * `wakes` is 0 while nothing is to be done, 1 while the execution is queued or advanced, 2 when it
 * was woken since. No caller wakes an execution that is freed: one that brings the last result that
 * the execution waits for pins it first, and others wake it under a lock that the execution must
 * take to leave.
 */
#include "engine/execution.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"
#include "store/run_record.h"

enum { LARGEST_TEXT = 4 << 20, RETRY_US = 1000000 };

/* ---- Life ----------------------------------------------------------------------------------- */

static void wake(void *execution)
{
    execution_wake(execution);
}

static void pin(void *argument, bool pinned)
{
    struct execution *execution = argument;
    atomic_fetch_add(&execution->pins, pinned ? 1 : -1);
}

struct execution *execution_new(struct engine *engine, const struct run_record *record,
                                const struct run_memo *memo, struct arena *arena)
{
    struct execution *execution = calloc(1, sizeof *execution);
    if (!execution)
        return NULL;
    execution->owner = (struct live_owner){.wake = wake, .context = execution};
    if (live_own(engine->live, record->run.id, &execution->owner)) {
        free(execution);
        return NULL;
    }
    execution->engine = engine;
    execution->wakes = 1;
    execution->record = *record;
    execution->arena = arena;
    execution->tools = (struct tool_context){.services = &engine->options.tools,
                                             .project = execution->record.project,
                                             .run = &execution->record.run,
                                             .arena = arena};
    execution->memo = *memo;
    execution->phase = execution_prepare;
    execution->started_at = clock_monotonic_us();
    execution->times.queue = record->queue_us;
    pthread_mutex_init(&execution->mutex, NULL);
    inbox_init(&execution->inbox, wake, pin, execution);
    buffer_init(&execution->batch.bytes, 2 * LARGEST_TEXT);
    buffer_init(&execution->said, LARGEST_TEXT);
    return execution;
}

void execution_free(struct execution *execution)
{
    slots_return(execution->engine, execution);
    live_disown(&execution->owner);
    while (atomic_load(&execution->pins))
        sched_yield();
    citation_free(execution->walk);
    for (size_t i = 0; i < execution->call_count; i++)
        buffer_clear(&execution->calls[i].arguments);
    buffer_clear(&execution->said);
    inbox_batch_clear(&execution->batch);
    inbox_clear(&execution->inbox);
    pthread_mutex_destroy(&execution->mutex);
    arena_free(execution->change_arena);
    arena_free(execution->arena);
    free(execution);
}

/* ---- Advancing ------------------------------------------------------------------------------ */

bool execution_refused(int rc)
{
    return rc == TREADLE_ENOTFOUND || rc == TREADLE_ESTATE;
}

/* True when the write or work is done, or there was none. */
static bool come_back(struct execution *execution)
{
    if (!execution->away)
        return true;
    pthread_mutex_lock(&execution->mutex);
    bool arrived = execution->arrived;
    execution->arrived = false;
    pthread_mutex_unlock(&execution->mutex);
    if (!arrived)
        return false;
    execution->away = false;
    run_change_settle(&execution->change, execution->result >= 0);
    arena_free(execution->change_arena);
    execution->change_arena = NULL;
    execution->phase = execution->then;
    if (execution_refused(execution->result)) {
        execution->status = NULL;
        execution->phase = execution_end;
    } else if (execution->result < 0)
        execution->phase = execution_fail;
    return true;
}

/* Runs the phase, or the end in its place. */
static bool step(struct execution *execution)
{
    if (execution_is_over(execution))
        execution->phase = execution_end;
    return execution->phase(execution);
}

static void advance(void *argument)
{
    struct execution *execution = argument;
    int one;
    do {
        atomic_store(&execution->wakes, 1);
        while (execution->phase && come_back(execution) && step(execution))
            ;
        if (!execution->phase) {
            engine_remove(execution->engine, execution);
            return;
        }
        one = 1;
    } while (!atomic_compare_exchange_strong(&execution->wakes, &one, 0));
}

void execution_start(struct execution *execution)
{
    pool_submit(execution->engine->loop, advance, execution);
}

void execution_wake(struct execution *execution)
{
    int wakes = atomic_load(&execution->wakes);
    while (wakes < 2 && !atomic_compare_exchange_weak(&execution->wakes, &wakes, wakes ? 2 : 1))
        ;
    /* The queue has room for every execution. */
    if (wakes == 0)
        pool_submit(execution->engine->loop, advance, execution);
}

/* ---- Leaving -------------------------------------------------------------------------------- */

void execution_arrive(struct execution *execution, int result)
{
    atomic_fetch_add(&execution->pins, 1);
    pthread_mutex_lock(&execution->mutex);
    execution->result = result;
    execution->arrived = true;
    pthread_mutex_unlock(&execution->mutex);
    execution_wake(execution);
    atomic_fetch_sub(&execution->pins, 1);
}

static int run_work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    execution->change.session = session;
    int rc = execution->work(session, execution, error);
    return rc ? rc : run_change_store(&execution->change, error);
}

static void on_written(struct db_task *task)
{
    struct execution *execution = task->argument;
    if (task->result < 0)
        execution->error = task->error;
    execution_arrive(execution, task->result);
}

bool execution_write(struct execution *execution, db_work work, execution_phase then)
{
    execution->change = (struct run_change){
        .arena = execution->change_arena ? execution->change_arena : execution->arena,
        .live = execution->engine->live,
        .memo = &execution->memo,
    };
    execution->work = work;
    execution->then = then;
    execution->away = true;
    execution->write =
        (struct db_task){.work = run_work, .argument = execution, .done = on_written};
    db_write_start(execution->engine->options.db, &execution->write);
    return false;
}

bool execution_hand_over(struct execution *execution, void (*job)(void *execution),
                         execution_phase then)
{
    execution->then = then;
    execution->away = true;
    if (pool_submit(execution->engine->workers, job, execution))
        return false;
    execution->away = false;
    error_set(&execution->error, TREADLE_ELIMIT, "Too many calls of tools are waiting.");
    return execution_fails(execution);
}

bool execution_is_over(const struct execution *execution)
{
    return atomic_load(&execution->owner.over) || atomic_load(&execution->engine->stop);
}

/* ---- The end -------------------------------------------------------------------------------- */

/* The protocol's code for what went wrong. */
static const char *code_of(const struct treadle_error *error)
{
    if (error->http_status == 429)
        return "rate_limit_exceeded";
    if (error->http_status == 400)
        return "invalid_prompt";
    return "server_error";
}

static int write_failure(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    (void)session;
    int rc =
        run_state_add_times(&execution->change, execution->record.run.id, &execution->times, error);
    return rc ? rc
              : run_state_fail(&execution->change, execution->record.run.id, &execution->last_error,
                               error);
}

bool execution_fails(struct execution *execution)
{
    execution->phase = execution_fail;
    return true;
}

/* A full disk must not leave the thread locked, so the failure is written again until that
 * succeeds. */
bool execution_fail(struct execution *execution)
{
    int64_t now = clock_monotonic_us();
    if (!execution->last_error.code) {
        execution->failure = execution->error;
        execution->last_error = (struct treadle_last_error){.code = code_of(&execution->failure),
                                                            .message = execution->failure.message};
    } else if (now < execution->retry_at) {
        atomic_store(&execution->tick_at, execution->retry_at);
        return false;
    }
    log_write(execution->engine->options.log, LOG_WARNING, "run_failed", "run",
              execution->record.run.id, "error", execution->failure.message, "problem",
              execution->retry_at ? execution->error.message : NULL, NULL);
    execution->retry_at = now + RETRY_US;
    execution->status = "failed";
    /* The execution's own memory may be what ran out. */
    execution->change_arena = arena_new(0);
    return execution_write(execution, write_failure, execution_end);
}

static int look(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    const char *status;
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = run_record_status(session, execution->record.run.id, arena, &status, error);
    if (!rc && strcmp(status, field_word(run_status_names, TREADLE_RUN_IN_PROGRESS)) == 0)
        rc = error_set(error, TREADLE_ESTATE, "The run was given up without an end.");
    arena_free(arena);
    return rc;
}

/* Whether the run continues, although others seemed to have ended it: a run in progress is never
 * left without an owner. Asked once; where the question fails, engine_end_unowned finds the run
 * later. */
static bool is_unended(struct execution *execution)
{
    if (execution->status || execution->looked || execution_is_over(execution) ||
        !live_is_last(&execution->owner))
        return false;
    execution->looked = true;
    return db_read(execution->engine->options.db, look, execution, &execution->error) ==
           TREADLE_ESTATE;
}

/* What the request points to must stay until the model no longer uses it. */
bool execution_end(struct execution *execution)
{
    if (is_unended(execution))
        return execution_fails(execution);
    const struct engine_options *options = &execution->engine->options;
    const char *status = execution->status ? execution->status : "ended";
    char milliseconds[24], turns[16];
    if (execution->answering && !atomic_exchange(&execution->cancelled, true))
        model_cancel(options->model);
    if (execution->answering && !execution_has_answer(execution))
        return false;
    snprintf(milliseconds, sizeof milliseconds, "%lld",
             (long long)(clock_monotonic_us() - execution->started_at) / 1000);
    snprintf(turns, sizeof turns, "%u", execution->turn + 1);
    log_write(options->log, LOG_INFO, "run", "run", execution->record.run.id, "status", status,
              "turns", turns, "ms", milliseconds, NULL);
    if (options->executed)
        options->executed(options->context, status, &execution->times);
    execution->phase = NULL;
    return false;
}
