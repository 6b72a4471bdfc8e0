/*
 * Upkeep: keeps what is outside of the database in step with it. After a start the store is
 * audited. Then, once a second: removals that were noted are done, indexes that were found missing
 * or damaged are made again, the mark beside the contents follows the database's epoch, and the
 * database returns space that it no longer uses. Used by housekeeping's thread alone.
 */
#ifndef SERVER_UPKEEP_H
#define SERVER_UPKEEP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "server/housekeeping.h"

struct upkeep {
    const struct housekeeping_options *options;
    const atomic_bool *stop;
    size_t reported;   /* lines about findings of one audit */
    uint64_t marked;   /* how many contents had come when the mark was last written */
    int64_t next_mark; /* times in seconds, of the monotonic clock */
    int64_t next_removals;
    int64_t next_forgetting;
    int64_t next_shrinking;
    bool shrinking; /* the database gives room back */
};

void upkeep_start(struct upkeep *upkeep);

/* `busy`: the database is at work with what is to be removed. True when there is more to do at
 * once. */
bool upkeep_look(struct upkeep *upkeep, bool busy);

#endif
