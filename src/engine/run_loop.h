/*
 * The run loop: one run from in_progress to its end.
 */
#ifndef ENGINE_RUN_LOOP_H
#define ENGINE_RUN_LOOP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "engine/engine.h"
#include "engine/run_state.h"

/* Executes a claimed run; everything that it needs meanwhile is made in the arena. Whatever goes
 * wrong ends in the run's status, not in a result. `stop` makes it give up waiting; the run then
 * stays as it is and is failed at the next start. */
void run_execute(const struct engine_options *engine, const struct run_record *record,
                 struct arena *arena, const atomic_bool *stop);

#endif
