/*
 * The engine, as its own files share it.
 */
#ifndef ENGINE_ENGINE_INTERNAL_H
#define ENGINE_ENGINE_INTERNAL_H

#include <pthread.h>

#include "base/pool.h"
#include "engine/execution.h"

/* At once; more wait in the database. */
enum { ENGINE_EXECUTIONS = 16384 };

enum { ENGINE_PLACES = 16 };

struct claim;

/* A model server, and how many runs are executed that it answers. */
struct slot_place {
    const void *place;
    size_t running;
};

struct engine {
    struct engine_options options;
    struct live_table *live;
    struct pool *loop;    /* advances executions; never blocks for long */
    struct pool *workers; /* searches, and models that answer within the call */
    atomic_bool draining; /* no run is claimed any more */
    atomic_bool
        unrecovered;  /* the runs of an earlier process are still to be ended; none is claimed */
    atomic_bool stop; /* those that are executed give up */
    struct claim *claim;
    pthread_t ticker;
    bool has_ticker;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;   /* of the ticker, and of callers that wait for the engine to be idle */
    bool claiming, claim_again;
    int64_t claim_at; /* when to claim again, since it failed; 0: never */
    struct execution *executions;
    size_t count;
    struct slot_place places[ENGINE_PLACES];
    size_t place_count;
    bool waits_for_slot; /* a run stayed queued because its model's server has no free slot */
};

/* Whether runs may be claimed at all. */
static inline bool engine_claims(struct engine *engine)
{
    return !atomic_load(&engine->draining) && !atomic_load(&engine->unrecovered);
}

/* The first adds an execution to the list and starts it; the second removes and frees it. */
void engine_add(struct engine *engine, struct execution *execution);
void engine_remove(struct engine *engine, struct execution *execution);

/* Ends the runs that an earlier process left in progress. */
int engine_recover(struct engine *engine, struct treadle_error *error);

/* slots.c: whether a run of that model may be claimed; whether one that is queued waits for a slot;
 * an execution takes its slot, and returns it. */
bool slots_accept(void *engine, const char *model, bool *limited);
bool slots_wait(void *engine, const char *model);
void slots_take(struct engine *engine, struct execution *execution);
void slots_return(struct engine *engine, struct execution *execution);

/* claim.c */
struct claim *claim_new(struct engine *engine);
void claim_free(struct claim *claim);

/* Starts claiming; `claiming` is set, and is not while another claim is under way. */
void claim_start(struct claim *claim);

#endif
