/*
 * Sweep.
 */
#include "server/sweep.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"

struct sweep {
    struct db *db;
    struct blob_store *blobs;
    struct log *log;
    int64_t start;
    atomic_bool stop;
    pthread_t thread;
};

struct question {
    const char *id;
    bool known;
};

static int find_row(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct question *question = argument;
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT 1 FROM files WHERE id = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, question->id);
    rc = db_step(statement, error);
    question->known = rc != 0;
    return rc < 0 ? rc : 0;
}

static int visit(void *context, const char *id, int64_t time)
{
    struct sweep *sweep = context;
    struct question question = {.id = id};
    struct treadle_error error = {0};
    if (atomic_load(&sweep->stop))
        return TREADLE_ESTATE;
    if (time >= sweep->start)
        return 0;
    int rc = db_read(sweep->db, find_row, &question, &error);
    if (!rc && !question.known)
        rc = blob_remove(sweep->blobs, id, &error);
    if (rc || !question.known)
        log_write(sweep->log, rc ? LOG_WARNING : LOG_INFO, "sweep", "file", id, "error",
                  rc ? error.message : NULL, NULL);
    return rc;
}

static void *run(void *argument)
{
    struct sweep *sweep = argument;
    struct treadle_error error = {0};
    blob_each(sweep->blobs, visit, sweep, &error);
    return NULL;
}

int sweep_start(struct sweep **out, struct db *db, struct blob_store *blobs, struct log *log,
                struct treadle_error *error)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep)
        return error_set_memory(error);
    sweep->db = db;
    sweep->blobs = blobs;
    sweep->log = log;
    sweep->start = clock_seconds();
    if (thread_start(&sweep->thread, 1, run, sweep) != 1) {
        free(sweep);
        return error_set(error, TREADLE_EMEMORY, "no thread for sweeping could be started");
    }
    *out = sweep;
    return 0;
}

void sweep_stop(struct sweep *sweep)
{
    if (!sweep)
        return;
    atomic_store(&sweep->stop, true);
    pthread_join(sweep->thread, NULL);
    free(sweep);
}
