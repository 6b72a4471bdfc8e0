/*
 * A database that is slow to say that a write is durable: readers see what was written before its
 * writer hears of it, by a random while. That is where races between who waits for a state and who
 * made it show.
 */
#ifndef TESTS_UNIT_SLOW_DB_H
#define TESTS_UNIT_SLOW_DB_H

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/db_backend.h"

enum { SLOW_MOST_US = 3000, SLOW_EACH = 8 };

struct slow_db {
    struct db db;
    struct db *inner; /* opened and closed by its owner */
    atomic_uint random;
};

struct slow_task {
    struct db_task task;
    struct db_task *of;
    struct slow_db *slow;
};

/* A long while now and then, mostly none. */
static inline void slow_pause(struct slow_db *slow)
{
    unsigned random = atomic_fetch_add(&slow->random, 2654435761u) * 2246822519u >> 8;
    if (random % SLOW_EACH == 0)
        usleep(random / SLOW_EACH % SLOW_MOST_US);
}

static inline void slow_done(struct db_task *task)
{
    struct slow_task *slow = (struct slow_task *)task;
    struct db_task *of = slow->of;
    slow_pause(slow->slow);
    of->result = task->result;
    of->error = task->error;
    free(slow);
    of->done(of);
}

static inline void slow_write_start(struct db *db, struct db_task *task)
{
    struct slow_db *slow = (struct slow_db *)db;
    struct slow_task *started = malloc(sizeof *started);
    *started = (struct slow_task){{.work = task->work,
                                   .argument = task->argument,
                                   .checks_first = task->checks_first,
                                   .done = slow_done},
                                  task,
                                  slow};
    db_write_start(slow->inner, &started->task);
}

static inline int slow_write(struct db *db, db_work work, void *argument,
                             struct treadle_error *error)
{
    struct slow_db *slow = (struct slow_db *)db;
    int rc = db_write(slow->inner, work, argument, error);
    slow_pause(slow);
    return rc;
}

static inline int slow_read(struct db *db, db_work work, void *argument,
                            struct treadle_error *error)
{
    return db_read(((struct slow_db *)db)->inner, work, argument, error);
}

static inline void slow_open(struct slow_db *slow, struct db *inner, unsigned seed)
{
    static const struct db_backend backend = {
        .name = "slow", .write = slow_write, .write_start = slow_write_start, .read = slow_read};
    *slow = (struct slow_db){.db = {&backend}, .inner = inner, .random = seed};
}

#endif
