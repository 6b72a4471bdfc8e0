/*
 * Queue: which file is read next, which reading yields to another, and what is tried again later.
 * What waits is in the database (vector_store_files in status in_progress); only what is being read
 * now, and what failed for a reason that may pass, is in memory.
 *
 * Projects take turns: of those that have files to read, the one with the fewest readings is next,
 * and among equals the next in the order of their names. Within a project the files of a lower
 * level are first. A level is how long a file is expected to take: at first it follows from the
 * file's size, and it rises when the reading took longer than the level allows, until the last
 * level, which has no limit. A file that was read for a moment yields to any that comes before it
 * in this order: its reader ends, and it is read again later.
 *
 * The first thread is patient: it takes the oldest file of a project at any level, and that yields
 * only when the time of its level is used up, and never on the last level. So an endless row of
 * small files does not keep a large one waiting for ever.
 *
 * Nothing here locks: callers hold a lock of their own.
 */
#ifndef SEARCH_QUEUE_H
#define SEARCH_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "treadle/error.h"

enum { QUEUE_READINGS = 8, QUEUE_DELAYS = 1024, QUEUE_PROJECT = 256 };

/* A file that is being read. */
struct queue_reading {
    int64_t seq;            /* of its row */
    int level, first_level; /* now, and when it began */
    int64_t since_us;
    bool patient;     /* its thread is the patient one */
    atomic_bool stop; /* its reading is to end: the row is gone, or it yields */
    atomic_bool yields;
    char project[QUEUE_PROJECT];
};

struct queue_delay {
    int64_t seq; /* 0: free */
    int64_t first_us, due_us;
    unsigned attempts;
};

struct queue {
    struct db *db;
    struct queue_reading *readings[QUEUE_READINGS]; /* NULL where there is none */
    char last_project[QUEUE_PROJECT];
    struct queue_delay delays[QUEUE_DELAYS];
    size_t delay_count;
};

/* The first level of a file of that size. */
int queue_level(int64_t bytes);

/* Chooses the next file for a thread and puts it among the readings. `out->seq` becomes 0 when
 * there is none now. */
int queue_take(struct queue *queue, bool patient, struct queue_reading *out,
               struct treadle_error *error);

/* The reading has ended, for any reason. */
void queue_leave(struct queue *queue, struct queue_reading *reading);

/* Whether the row of a reading still waits, its store and its file exist. */
int queue_wants(struct queue *queue, struct queue_reading *reading, bool *wanted,
                struct treadle_error *error);

/* Sets `stop` of every reading whose row is gone or cancelled, and of one that yields. */
int queue_review(struct queue *queue, struct treadle_error *error);

/* The reading returned `rc`: whether it is to be tried again, which queue_take then does
 * after a pause that doubles. */
bool queue_retry(struct queue *queue, int64_t seq, int rc, unsigned *seconds);

#endif
