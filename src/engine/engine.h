/*
 * Engine: executes runs.
 *
 * Runs wait in the database (status queued), so nothing that waits is lost when the process ends.
 * The engine takes them in order and carries thousands at once on two threads: a run never waits
 * there, but is advanced whenever its model, the database or a search has news for it. What takes
 * long is done by a few workers.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/log.h"
#include "model/model.h"
#include "run/run_state.h"
#include "store/blob.h"
#include "store/db.h"
#include "tool/tool.h"

struct engine;

struct engine_options {
    struct db *db;
    struct blob_store *blobs;   /* of images; may be NULL */
    struct model *model;        /* answers whatever model a run names */
    size_t workers;             /* 0: 4 */
    size_t project_limit;       /* runs of one project at work at once; 0: no limit */
    int64_t run_seconds;        /* that a run may take, waiting included; 0: 600 */
    struct tool_services tools; /* `db` is set by the engine */
    const struct tool_kind *const *tool_kinds; /* NULL: all that there are; must stay */
    struct log *log;
    /* Told when a run was executed until it ended or came to wait, on any thread; must not block.
     * May be NULL. */
    void (*executed)(void *context, const char *status, const struct run_times *times);
    void *context;
};

/* Fails what an earlier process left at work, and starts on what is queued. */
int engine_open(struct engine **out, const struct engine_options *options,
                struct treadle_error *error);

/* Says that a run was queued. Never blocks for long. */
void engine_wake(struct engine *engine);

/* What happens to runs, for changes and followers. Accepts NULL and gives NULL. */
struct live_table *engine_live(struct engine *engine);

/* How long a run may take, in seconds. */
int64_t engine_run_seconds(const struct engine *engine);

/* Ends a run whose time is up, or that is cancelling. `engine` may be NULL where none is at work.
 */
int engine_expire(struct db *db, struct engine *engine, const char *run_id,
                  struct treadle_error *error);
int engine_finish_cancel(struct db *db, struct engine *engine, const char *run_id,
                         struct treadle_error *error);

/* Fails runs that are in progress though nobody executes them, which none should be: to be called
 * now and then. Accepts NULL. */
int engine_end_unowned(struct engine *engine, struct treadle_error *error);

/* Takes up a run within the transaction that queued it, where it is that run's turn and there is
 * room, which saves a transaction: `out` becomes its execution then, and stays untouched otherwise.
 * Once the transaction is settled, `engine_take` starts the execution, or drops it where the
 * transaction did not take effect; it accepts NULL. */
struct execution;
int engine_claim(struct engine *engine, struct run_change *change, const struct treadle_run *run,
                 struct execution **out, struct treadle_error *error);
void engine_take(struct engine *engine, struct execution *execution, bool durable);

/* Takes up no more runs: what is queued stays so. Accepts NULL. */
void engine_drain(struct engine *engine);

/* The same; then lets runs under way end for at most that long before they are told to give up,
 * ends the workers, frees. Accepts NULL. */
void engine_close(struct engine *engine, unsigned grace_seconds);

#endif
