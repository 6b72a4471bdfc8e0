/*
 * The vector stores of a run: which ones it may search, and waiting until they are ready.
 */
#ifndef ENGINE_RUN_STORES_H
#define ENGINE_RUN_STORES_H

#include "base/arena.h"
#include "engine/run_loop.h"
#include "store/db.h"

/* The assistant's store and the thread's. */
enum { RUN_STORES = 2 };

struct run_stores {
    const char *ids[RUN_STORES];
    size_t count;
};

/* Finds the stores that the run's tool_resources and its thread's name; ids of stores that are
 * gone are dropped. Waits up to a minute while the thread's is still being read, as the service
 * did, and notes on each that it was used. TREADLE_ESTATE when one has expired, or when the run was
 * ended meanwhile. */
int run_stores_prepare(struct db *db, const struct run_record *record, struct arena *arena,
                       const struct run_control *control, struct run_stores *out,
                       struct treadle_error *error);

#endif
