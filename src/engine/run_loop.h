/*
 * The run loop: one run from in_progress to its end.
 */
#ifndef ENGINE_RUN_LOOP_H
#define ENGINE_RUN_LOOP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "engine/run_state.h"

/* What others tell an execution while it goes on. */
struct run_control {
    const atomic_bool
        *stop; /* give up waiting; the run stays as it is, to fail at the next start */
    const atomic_bool
        *over; /* somebody else has ended the run: nothing more is to be done for it */
};

/* Executes a claimed run; everything that it needs meanwhile is made in the arena. Whatever goes
 * wrong ends in the run's status, not in a result. */
void run_execute(const struct engine_options *engine, const struct run_record *record,
                 struct arena *arena, const struct run_control *control);

#endif
