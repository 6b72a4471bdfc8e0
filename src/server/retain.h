/*
 * Retain: deletes what is older than the operator keeps, a slice at a time, as part of
 * housekeeping.
 */
#ifndef SERVER_RETAIN_H
#define SERVER_RETAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "store/db.h"
#include "store/retention.h"

struct retain {
    struct db *db;
    struct log *log;
    int64_t keep[RETENTION_KINDS]; /* seconds; 0: for ever */
    struct retention walks[RETENTION_KINDS];
    int64_t next[RETENTION_KINDS]; /* when the next walk of a kind begins */
};

/* Does a slice of each kind whose time it is. True when there may be more. */
bool retain_look(struct retain *retain);

#endif
