/*
 * Housekeeping.
 *
 * A look is one read that finds at most one thing of each kind that is due, by indexes, so a look
 * that finds nothing costs next to nothing. Each thing is then ended in a transaction of its own;
 * parts outside of the database are removed after it. When something cannot be ended, the rest
 * waits for the next second. Deletions in slices (store/remains_record.h) are continued here, one
 * slice in each look.
 */
#include "server/housekeeping.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "run/run_state.h"
#include "server/retain.h"
#include "server/upkeep.h"
#include "store/file_record.h"
#include "store/idempotency_record.h"
#include "store/place_record.h"
#include "store/upload_record.h"
#include "store/vector_store_record.h"

enum { UNOWNED_SECONDS = 5 };

struct housekeeping {
    struct housekeeping_options options;
    int64_t unowned_at; /* when runs without an owner are looked for again */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_bool stop;
};

/* ---- What is due ---------------------------------------------------------------------------- */

struct task {
    struct housekeeping *housekeeping;
    struct arena *arena;
    int64_t now;
    const char *run, *cancelling, *store, *upload, *file; /* NULL: none is due */
    struct upload_parts parts;
    struct remains remains, of_file;
    bool places, keys; /* some were kept long enough */
};

static int look(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    struct arena *arena = task->arena;
    int rc = run_state_next_due(session, task->now, arena, &task->run, error);
    if (!rc)
        rc = run_state_next_cancelling(session, arena, &task->cancelling, error);
    if (!rc)
        rc = vector_store_next_due(session, task->now, arena, &task->store, error);
    if (!rc)
        rc = upload_record_next_due(session, task->now, arena, &task->upload, error);
    if (!rc)
        rc = file_record_next_due(session, task->now, arena, &task->file, error);
    if (!rc)
        rc = remains_next(session, arena, &task->remains, error);
    if (!rc)
        rc = place_record_due(session, task->now - PLACE_SECONDS, &task->places, error);
    if (!rc)
        rc = idempotency_record_due(session, task->now - IDEMPOTENCY_SECONDS, &task->keys, error);
    return rc;
}

/* Saving derives the status from the clock. */
static int end_store(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    struct treadle_vector_store store;
    int rc = vector_store_load(session, NULL, task->store, task->arena, &store, error);
    return rc ? rc : vector_store_save(session, &store, task->arena, error);
}

/* Loading derives the status from the clock. */
static int end_upload(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    struct upload_record record;
    int rc = upload_record_load(session, NULL, task->upload, task->arena, &record, error);
    if (!rc)
        rc = upload_record_save(session, &record.upload, task->arena, error);
    if (!rc)
        rc = upload_record_parts(session, task->upload, task->arena, &task->parts, error);
    return rc ? rc : upload_record_remove_parts(session, task->upload, error);
}

static int end_file(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    task->of_file.id = task->file;
    return file_record_remove(session, &task->of_file, task->arena, error);
}

static int end_keys(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    return idempotency_record_sweep(session, task->now - IDEMPOTENCY_SECONDS, error);
}

static int end_places(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    return place_record_sweep(session, task->now - PLACE_SECONDS, error);
}

/* It is no failure if others have ended it in between. */
static int note_end(struct task *task, const char *kind, const char *id, int rc,
                    const struct treadle_error *error)
{
    if (rc == TREADLE_ENOTFOUND || rc == TREADLE_ESTATE)
        return 0;
    log_write(task->housekeeping->options.log, rc ? LOG_ERROR : LOG_INFO, "expire", "kind", kind,
              "id", id, "error", rc ? error->message : NULL, NULL);
    return rc;
}

/* Ends one thing. */
static int end(struct task *task, const char *kind, const char *id, db_work work)
{
    struct treadle_error error;
    if (!id)
        return 0;
    int rc = db_write(task->housekeeping->options.db, work, task, &error);
    return note_end(task, kind, id, rc, &error);
}

static int end_runs(struct task *task)
{
    const struct housekeeping_options *options = &task->housekeeping->options;
    struct treadle_error error;
    int rc = 0;
    if (task->run) {
        rc = engine_expire(options->db, options->engine, task->run, &error);
        rc = note_end(task, "run", task->run, rc, &error);
    }
    if (!rc && task->cancelling) {
        rc = engine_finish_cancel(options->db, options->engine, task->cancelling, &error);
        rc = note_end(task, "run", task->cancelling, rc, &error);
    }
    return rc;
}

static void remove_texts(const struct housekeeping_options *options, const struct remains *remains)
{
    struct treadle_error ignored;
    for (size_t i = 0; i < remains->store_count; i++)
        search_remove_file(options->search, remains->stores[i], remains->id, &ignored);
}

/* ---- Unfinished deletions ------------------------------------------------------------------- */

static int remove_slice(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct task *task = argument;
    return remains_continue(session, &task->remains, task->arena, error);
}

/* Other writes come first: the pause is as long as the slice took. */
static int remove_some(struct task *task)
{
    const struct housekeeping_options *options = &task->housekeeping->options;
    struct treadle_error error;
    if (!task->remains.id)
        return 0;
    int64_t start = clock_monotonic_us();
    int rc = db_write(options->db, remove_slice, task, &error);
    if (rc)
        log_write(options->log, LOG_ERROR, "remove", "id", task->remains.id, "error", error.message,
                  NULL);
    else
        remove_texts(options, &task->remains);
    clock_rest(start);
    return rc;
}

static void remove_contents(struct task *task)
{
    const struct housekeeping_options *options = &task->housekeeping->options;
    struct treadle_error ignored;
    for (size_t i = 0; i < task->parts.count; i++)
        blob_remove(options->blobs, task->parts.ids[i], &ignored);
    remove_texts(options, &task->of_file);
    /* A file that others removed has no content any more either. */
    if (task->file)
        blob_remove(options->blobs, task->file, &ignored);
}

static int end_all(struct task *task)
{
    struct treadle_error error;
    int rc = end_runs(task);
    if (!rc)
        rc = end(task, "vector_store", task->store, end_store);
    if (!rc)
        rc = end(task, "upload", task->upload, end_upload);
    if (!rc)
        rc = end(task, "file", task->file, end_file);
    if (!rc && task->keys)
        rc = db_write(task->housekeeping->options.db, end_keys, task, &error);
    if (!rc && task->places)
        rc = db_write(task->housekeeping->options.db, end_places, task, &error);
    if (!rc)
        remove_contents(task);
    return rc ? rc : remove_some(task);
}

static void end_unowned(struct housekeeping *housekeeping, int64_t now)
{
    struct treadle_error error;
    if (now < housekeeping->unowned_at)
        return;
    housekeeping->unowned_at = now + UNOWNED_SECONDS;
    if (engine_end_unowned(housekeeping->options.engine, &error))
        log_write(housekeeping->options.log, LOG_ERROR, "run_unowned", "error", error.message,
                  NULL);
}

/* True when there was something, so there may be more. */
static bool sweep(struct housekeeping *housekeeping)
{
    struct task task = {
        .housekeeping = housekeeping, .arena = arena_new(0), .now = clock_seconds()};
    struct treadle_error error;
    int rc = task.arena ? db_read(housekeeping->options.db, look, &task, &error)
                        : error_set_memory(&error);
    if (rc)
        log_write(housekeeping->options.log, LOG_ERROR, "expire", "error", error.message, NULL);
    bool found = task.run || task.cancelling || task.store || task.upload || task.file ||
                 task.remains.id || task.places || task.keys;
    if (!rc && found)
        rc = end_all(&task);
    arena_free(task.arena);
    end_unowned(housekeeping, task.now);
    return !rc && found;
}

/* ---- The thread ----------------------------------------------------------------------------- */

static void wait_a_second(struct housekeeping *housekeeping)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&housekeeping->mutex);
    int rc = 0;
    while (!atomic_load(&housekeeping->stop) && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&housekeeping->wake, &housekeeping->mutex, &until);
    pthread_mutex_unlock(&housekeeping->mutex);
}

static void *keep(void *argument)
{
    struct housekeeping *housekeeping = argument;
    struct upkeep upkeep = {.options = &housekeeping->options, .stop = &housekeeping->stop};
    struct retain retain = {.db = housekeeping->options.db, .log = housekeeping->options.log};
    memcpy(retain.keep, housekeeping->options.keep, sizeof retain.keep);
    upkeep_start(&upkeep);
    while (!atomic_load(&housekeeping->stop)) {
        bool more = sweep(housekeeping);
        more = retain_look(&retain) || more;
        more = upkeep_look(&upkeep, more) || more;
        if (!more)
            wait_a_second(housekeeping);
    }
    return NULL;
}

static void destroy(struct housekeeping *housekeeping)
{
    pthread_cond_destroy(&housekeeping->wake);
    pthread_mutex_destroy(&housekeeping->mutex);
    free(housekeeping);
}

int housekeeping_open(struct housekeeping **out, const struct housekeeping_options *options,
                      struct treadle_error *error)
{
    struct housekeeping *housekeeping = calloc(1, sizeof *housekeeping);
    pthread_condattr_t monotonic;
    if (!housekeeping)
        return error_set_memory(error);
    housekeeping->options = *options;
    pthread_mutex_init(&housekeeping->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&housekeeping->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (thread_start(&housekeeping->thread, 1, keep, housekeeping) != 1) {
        destroy(housekeeping);
        return error_set(error, TREADLE_EMEMORY, "no thread for housekeeping could be started");
    }
    *out = housekeeping;
    return 0;
}

void housekeeping_close(struct housekeeping *housekeeping)
{
    if (!housekeeping)
        return;
    pthread_mutex_lock(&housekeeping->mutex);
    atomic_store(&housekeeping->stop, true);
    pthread_cond_signal(&housekeeping->wake);
    pthread_mutex_unlock(&housekeeping->mutex);
    pthread_join(housekeeping->thread, NULL);
    destroy(housekeeping);
}
