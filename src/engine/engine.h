/*
 * Engine: executes runs. Runs wait in the database (status queued), so no waiting run is lost when
 * the process ends. The engine claims them in order and carries thousands at once on two threads: a
 * run never blocks there, but is advanced whenever its model, the database or a search wakes it. A
 * few workers do what takes long.
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
    struct model *model;        /* answers every model name of a run */
    const char *stand_in;       /* the name of one that calls the search for models that call no
                                   tools; NULL: none does */
    size_t workers;             /* 0: 4 */
    size_t project_limit;       /* runs of one project that are executed at once; 0: no limit */
    int64_t run_seconds;        /* that a run may take, from its creation; 0: 600 */
    struct tool_services tools; /* `db` is set by the engine */
    const struct tool_kind *const
        *tool_kinds; /* NULL: all that there are; must outlive the engine */
    struct log *log;
    /* Called when a run has ended or waits for outputs, on any thread; must not block. May be
     * NULL. */
    void (*executed)(void *context, const char *status, const struct run_times *times);
    void *context;
};

/* Fails the runs that an earlier process left in progress, and starts on the queued ones. */
int engine_open(struct engine **out, const struct engine_options *options,
                struct treadle_error *error);

/* Notifies the engine that a run was queued. Never blocks for long. */
void engine_wake(struct engine *engine);

/* The live runs, for changes and followers. Accepts NULL and returns NULL. */
struct live_table *engine_live(struct engine *engine);

/* How long a run may take, in seconds. */
int64_t engine_run_seconds(const struct engine *engine);

/*
 * Ends a run whose time is up, or that is cancelling. `engine` may be NULL where no run is
 * executed.
 */
int engine_expire(struct db *db, struct engine *engine, const char *run_id,
                  struct treadle_error *error);
int engine_finish_cancel(struct db *db, struct engine *engine, const char *run_id,
                         struct treadle_error *error);

/* Fails runs that are in progress although nobody executes them, which should not happen. To be
 * called now and then. Accepts NULL. */
int engine_end_unowned(struct engine *engine, struct treadle_error *error);

/* Claims a run within the transaction that queued it, where it is that run's turn and there is
 * room, which saves a transaction: `out` becomes its execution then, and stays untouched otherwise.
 * Once the transaction is settled, `engine_take` starts the execution, or drops it where the
 * transaction was rolled back; it accepts NULL. */
struct execution;
int engine_claim(struct engine *engine, struct run_change *change, const struct treadle_run *run,
                 struct execution **out, struct treadle_error *error);
void engine_take(struct engine *engine, struct execution *execution, bool durable);

/* Claims no more runs: queued ones stay queued. Accepts NULL. */
void engine_drain(struct engine *engine);

/* The same; then waits at most that long for runs to end, stops those that are left, ends the
 * workers, frees. Accepts NULL. */
void engine_close(struct engine *engine, unsigned grace_seconds);

#endif
