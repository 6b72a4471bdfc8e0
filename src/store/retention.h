/*
 * Retention: deletes old objects, where the operator wishes it. Each kind is walked from the oldest
 * on, a few rows at a time, until one is young. The age of a thread counts from the last thing that
 * was added to it, that of others from their creation. Active ones stay.
 */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "base/arena.h"
#include "store/db.h"

enum retention_kind {
    RETENTION_THREADS, /* with all they have */
    RETENTION_RUNS,    /* that have ended, with their steps; their messages stay */
    RETENTION_EVENTS,  /* the logs of runs that have ended */
    RETENTION_UPLOADS, /* that have ended; their files stay */
    RETENTION_KINDS
};

struct retention {
    enum retention_kind kind;
    int64_t before; /* older ones are deleted; in seconds */
    int64_t seq;    /* the position of the walk; 0 at its start */
    size_t removed; /* by the slice */
    bool ended;     /* the walk has reached a young row, or the end */
};

/* Deletes a slice. */
int retention_continue(struct db_session *session, struct retention *retention, struct arena *arena,
                       struct treadle_error *error);

#endif
