/*
 * A change: what one transaction does to runs, and the events that report it.
 *
 * Work that changes states gets a change with its session, and each transition adds its events to
 * it. When the work is done, run_change_store writes them to the logs of their runs, within the
 * same transaction. After the commit or the rollback, run_change_settle publishes them to the
 * followers of the runs, or drops them.
 */
#ifndef RUN_CHANGE_H
#define RUN_CHANGE_H

#include "base/arena.h"
#include "run/live.h"
#include "run/run_memo.h"
#include "store/db.h"
#include "treadle/objects.h"

/* The events of one run. */
struct run_news {
    struct run_news *next;
    const char *run_id;
    struct live_event *events;
    size_t count, room;
    bool over;             /* the run is over, or waits */
    bool gone;             /* it was deleted: nothing is written */
    bool leaps;            /* numbers start far above, since some published ones are lost */
    int64_t first;         /* set when it is stored: the number of its first event */
    struct live_run *live; /* NULL where runs are not executed or followed */
    struct live_slot *slot;
};

struct run_change {
    struct db_session *session;
    struct arena *arena;     /* of the transaction or of what lasts longer */
    struct live_table *live; /* NULL where no run is executed or followed */
    struct run_memo *memo;   /* of the execution of the run; NULL: none */
    struct run_news *news;
    bool queued; /* a run was queued: the engine is to be woken */
};

/* Adds an event with its object as printed text, which must stay until the change is settled. The
 * second type may be 0. */
int run_change_add(struct run_change *change, const char *run_id, enum treadle_event_type type,
                   enum treadle_event_type second, const char *data, const char *detail,
                   struct treadle_error *error);

/* The events of a run; from the first call on no piece is added to the run. NULL when memory runs
 * out. */
struct run_news *run_change_news(struct run_change *change, const char *run_id);

/* The last thing within the transaction. */
int run_change_store(struct run_change *change, struct treadle_error *error);

/* After it: `durable` says whether it took effect. Must be called for every change that was begun,
 * also where its work failed. Leaves an empty change. */
void run_change_settle(struct run_change *change, bool durable);

#endif
