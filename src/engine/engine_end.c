/*
 * Ends of runs that do not come from their execution: their time is up, they are cancelling, or
 * nobody executes them.
 *
 * A run in progress has an owner from the transaction that claims it to the one that ends it, so a
 * run without an owner is a fault of ours. It would hold its thread until its time is up, so it is
 * found and failed. The write that fails the run asks whether it has an owner: runs are claimed in
 * writes too, so none is claimed between the two.
 */
#include <stdlib.h>

#include "base/error.h"
#include "engine/engine_internal.h"
#include "store/run_record.h"

enum { UNOWNED_AT_ONCE = 64 };

struct ending {
    struct run_change change;
    struct engine
        *engine; /* that may still wait for a slot of the run's model server; NULL: none */
    const char *run_id;
    int (*end)(struct run_change *change, const char *run_id, struct treadle_error *error);
};

static int end_run(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct ending *ending = argument;
    ending->change.session = session;
    bool prolonged = false;
    int rc = 0;
    if (ending->engine)
        rc = run_state_prolong(&ending->change, ending->run_id, slots_wait, ending->engine,
                               &prolonged, error);
    if (rc || prolonged)
        return rc;
    rc = ending->end(&ending->change, ending->run_id, error);
    return rc ? rc : run_change_store(&ending->change, error);
}

static int end_from_elsewhere(struct db *db, struct engine *engine, struct ending *ending,
                              struct treadle_error *error)
{
    ending->change.arena = arena_new(0);
    ending->change.live = engine_live(engine);
    if (!ending->change.arena)
        return error_set_memory(error);
    int rc = db_write(db, end_run, ending, error);
    run_change_settle(&ending->change, rc >= 0);
    arena_free(ending->change.arena);
    return rc;
}

int engine_expire(struct db *db, struct engine *engine, const char *run_id,
                  struct treadle_error *error)
{
    struct ending ending = {.run_id = run_id, .engine = engine, .end = run_state_expire};
    return end_from_elsewhere(db, engine, &ending, error);
}

int engine_finish_cancel(struct db *db, struct engine *engine, const char *run_id,
                         struct treadle_error *error)
{
    struct ending ending = {.run_id = run_id, .end = run_state_finish_cancel};
    return end_from_elsewhere(db, engine, &ending, error);
}

/* ---- Runs that nobody executes -------------------------------------------------------------- */

struct unowned {
    struct engine *engine;
    struct arena *arena;
    const char *ids[UNOWNED_AT_ONCE];
    size_t count;
};

static int note_unowned(void *context, const char *id, struct treadle_error *error)
{
    struct unowned *found = context;
    if (found->count == UNOWNED_AT_ONCE || live_is_owned(found->engine->live, id))
        return 0;
    found->ids[found->count] = arena_string(found->arena, id);
    if (!found->ids[found->count])
        return error_set_memory(error);
    found->count++;
    return 0;
}

static int find_unowned(struct db_session *session, void *argument, struct treadle_error *error)
{
    return run_record_each_in_progress(session, note_unowned, argument, error);
}

static int fail_unowned(struct run_change *change, const char *run_id, struct treadle_error *error)
{
    static const struct treadle_last_error reason = {
        .code = "server_error",
        .message = "The server lost track of this run while it was in progress."};
    if (live_is_owned(change->live, run_id))
        return error_set(error, TREADLE_ESTATE, "the run has an owner");
    return run_state_fail(change, run_id, &reason, error);
}

/* A run that has ended in between is no failure. */
static int end_unowned(struct engine *engine, const char *run_id, struct treadle_error *error)
{
    struct ending ending = {.run_id = run_id, .end = fail_unowned};
    int rc = end_from_elsewhere(engine->options.db, engine, &ending, error);
    if (rc == TREADLE_ENOTFOUND || rc == TREADLE_ESTATE)
        return 0;
    log_write(engine->options.log, LOG_ERROR, "run_unowned", "run", run_id, "error",
              rc ? error->message : NULL, NULL);
    return rc;
}

int engine_end_unowned(struct engine *engine, struct treadle_error *error)
{
    if (!engine || atomic_load(&engine->stop))
        return 0;
    if (atomic_load(&engine->unrecovered)) {
        int failed = engine_recover(engine, error);
        if (!failed)
            engine_wake(engine);
        return failed;
    }
    struct unowned found = {.engine = engine, .arena = arena_new(0)};
    int rc = found.arena ? db_read(engine->options.db, find_unowned, &found, error)
                         : error_set_memory(error);
    for (size_t i = 0; i < found.count && !rc; i++)
        rc = end_unowned(engine, found.ids[i], error);
    arena_free(found.arena);
    return rc;
}
