/*
 * The vector stores of a run: which ones it may search, and waiting until they are ready.
 */
#ifndef ENGINE_RUN_STORES_H
#define ENGINE_RUN_STORES_H

#include "base/arena.h"
#include "engine/run_state.h"
#include "store/db.h"

/* The assistant's store and the thread's; and how long a run waits for the latter, as the service
 * did. */
enum { RUN_STORES = 2, RUN_STORES_PATIENCE_US = 60000000 };

struct run_stores {
    const char *ids[RUN_STORES];
    size_t count;
    const char *thread_store; /* NULL: none */
};

/* Finds the stores that the run's tool_resources and its thread's name; ids of stores that are
 * gone are dropped. TREADLE_EINVALID when one has expired, TREADLE_ENOTFOUND when the thread is
 * gone. */
int run_stores_find(struct db *db, const struct run_record *record, struct arena *arena,
                    struct run_stores *out, struct treadle_error *error);

/* Whether nothing of the thread's store is still being read. */
int run_stores_ready(struct db *db, const struct run_stores *stores, bool *out,
                     struct treadle_error *error);

/* Notes on each that it was used. */
int run_stores_touch(struct db_session *session, const struct run_stores *stores,
                     struct arena *arena, struct treadle_error *error);

#endif
