/*
 * The writer: one thread, one connection, group commit. Callers queue a task; those that wait for
 * it have it on their stack and sleep. The thread begins a transaction, runs the queued tasks and
 * those that arrive in the meantime, up to a number, each in a savepoint of its own, commits once,
 * and only then wakes the callers: a commit costs a sync of the disk, and this way they share its
 * cost. A work that fails is undone to its savepoint, and the others do not notice. A work that
 * checks first has no savepoint, as there is nothing to undo when it fails; where there is after
 * all, the transaction is rolled back. Then, and when the commit fails or SQLite rolls back the
 * transaction in the middle, every work of the batch fails: nothing is acknowledged that is not on
 * disk.
 *
 * The log is moved into the database after the callers were woken, so they do not wait for that.
 * Where readers keep the log from being used from its beginning again until it is large, the writer
 * waits a moment for them, and longer the larger it is, so it stays bounded. When nothing was
 * written for two seconds the log is moved and emptied, whatever it holds: then deleted text is not
 * in it any more, and the file gets smaller where the database returned space.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"
#include "store/db_sqlite.h"

enum {
    BATCH_LIMIT = 64,
    QUEUE_LIMIT = 512,
    CHECKPOINT_PAGES = 4000, /* of log, between checkpoints: 16 MB */
    LARGE_LOG_PAGES = 16000, /* 64 MB */
    READER_PATIENCE_MS = 50, /* for each LARGE_LOG_PAGES */
    IDLE_SECONDS = 2
};

/* A task for which its caller waits. */
struct waiter {
    struct db_task task;
    sem_t done;
};

struct db_sqlite_writer {
    struct db_sqlite_session *session;
    struct db_sqlite_readers *readers;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows, up to the counts */
    pthread_cond_t wake;
    struct db_task *first, **last;
    size_t waiting; /* callers that sleep; tasks are not counted */
    bool stopping;
    int64_t commits, works;
    int log_pages;     /* in the log after the last commit */
    int checked_pages; /* in the log at the last checkpoint */
    int patience_ms;   /* of the present one, with readers */
};

static void wake_waiter(struct db_task *task)
{
    sem_post(&((struct waiter *)task)->done);
}

static struct db_task *take_task(struct db_sqlite_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    struct db_task *task = writer->first;
    if (task) {
        writer->first = task->next;
        if (!writer->first)
            writer->last = &writer->first;
        writer->waiting -= task->done == wake_waiter;
    }
    pthread_mutex_unlock(&writer->mutex);
    return task;
}

static void fail_task(struct db_task *task, const struct treadle_error *reason)
{
    task->result = reason->code;
    task->error = *reason;
}

/* Runs one work that needs no savepoint. False as in run_task. */
static bool run_checked_task(struct db_sqlite_session *session, struct db_task *task,
                             struct treadle_error *reason)
{
    sqlite3 *connection = db_sqlite_session_connection(session);
    sqlite3_int64 before = sqlite3_total_changes64(connection);
    task->result = db_sqlite_session_run(session, task->work, task->argument, &task->error);
    if (!db_sqlite_session_in_transaction(session)) {
        db_sqlite_session_report_loss(session, reason);
        return false;
    }
    if (task->result >= 0 || sqlite3_total_changes64(connection) == before)
        return true;
    db_sqlite_session_control(session, DB_SQLITE_ROLLBACK, NULL);
    error_set(reason, TREADLE_EIO, "rolled back with a failed write in the same commit");
    return false;
}

/* Runs one work in its savepoint. False when the transaction is gone, and `reason` says why. */
static bool run_task(struct db_sqlite_session *session, struct db_task *task,
                     struct treadle_error *reason)
{
    if (db_sqlite_session_control(session, DB_SQLITE_SAVE, reason) < 0) {
        fail_task(task, reason);
        return db_sqlite_session_in_transaction(session);
    }
    task->result = db_sqlite_session_run(session, task->work, task->argument, &task->error);
    if (!db_sqlite_session_in_transaction(session)) {
        db_sqlite_session_report_loss(session, reason);
        return false;
    }
    int rc = 0;
    if (task->result < 0)
        rc = db_sqlite_session_control(session, DB_SQLITE_RESTORE, reason);
    if (rc == 0)
        rc = db_sqlite_session_control(session, DB_SQLITE_RELEASE, reason);
    if (rc < 0)
        db_sqlite_session_control(session, DB_SQLITE_ROLLBACK, NULL);
    return rc == 0;
}

/* Runs what is queued; the number of tasks taken. False in `alive` as in run_task. */
static size_t run_batch(struct db_sqlite_writer *writer, struct db_task *batch[BATCH_LIMIT],
                        bool *alive, struct treadle_error *reason)
{
    size_t count = 0;
    while (*alive && count < BATCH_LIMIT && (batch[count] = take_task(writer))) {
        struct db_task *task = batch[count++];
        *alive = task->checks_first ? run_checked_task(writer->session, task, reason)
                                    : run_task(writer->session, task, reason);
    }
    return count;
}

/* When not even a transaction could begin, the waiting tasks get the reason. */
static size_t refuse_batch(struct db_sqlite_writer *writer, struct db_task *batch[BATCH_LIMIT],
                           const struct treadle_error *reason)
{
    size_t count = 0;
    while (count < BATCH_LIMIT && (batch[count] = take_task(writer)))
        fail_task(batch[count++], reason);
    return count;
}

/* Called by SQLite each time that a reader blocks it; true: it tries again. */
static int be_patient(void *argument, int count)
{
    struct db_sqlite_writer *writer = argument;
    usleep(1000);
    return count < writer->patience_ms;
}

/* Moves the log into the database, in one of SQLite's modes. No write runs now, so it waits only
 * for reads in progress. A failure costs only space: the log keeps what was committed, and the next
 * checkpoint moves it. */
static int move_log(struct db_sqlite_writer *writer, int mode, int patience_ms)
{
    sqlite3 *connection = db_sqlite_session_connection(writer->session);
    db_sqlite_readers_begin_change(writer->readers);
    db_sqlite_readers_let_go(writer->readers);
    writer->patience_ms = patience_ms;
    sqlite3_busy_handler(connection, be_patient, writer);
    int code = sqlite3_wal_checkpoint_v2(connection, "main", mode, NULL, NULL);
    sqlite3_busy_timeout(connection, DB_SQLITE_PATIENCE_MS);
    db_sqlite_readers_end_change(writer->readers);
    return code;
}

static void checkpoint(struct db_sqlite_writer *writer)
{
    /* The log was begun again. */
    if (writer->log_pages < writer->checked_pages)
        writer->checked_pages = 0;
    if (writer->log_pages - writer->checked_pages < CHECKPOINT_PAGES)
        return;
    bool large = writer->log_pages >= LARGE_LOG_PAGES;
    /* The larger the log has become, the longer. */
    move_log(writer, large ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
             READER_PATIENCE_MS * (writer->log_pages / LARGE_LOG_PAGES));
    writer->checked_pages = writer->log_pages;
}

static void empty_log(struct db_sqlite_writer *writer)
{
    if (move_log(writer, SQLITE_CHECKPOINT_TRUNCATE, READER_PATIENCE_MS) == SQLITE_OK)
        writer->log_pages = writer->checked_pages = 0;
}

static void count_commit(struct db_sqlite_writer *writer, size_t works)
{
    pthread_mutex_lock(&writer->mutex);
    writer->commits++;
    writer->works += (int64_t)works;
    pthread_mutex_unlock(&writer->mutex);
}

static bool commit(struct db_sqlite_writer *writer, struct treadle_error *reason)
{
    db_sqlite_readers_begin_change(writer->readers);
    bool done = db_sqlite_session_control(writer->session, DB_SQLITE_COMMIT, reason) == 0;
    db_sqlite_readers_end_change(writer->readers);
    return done;
}

/* One transaction: takes tasks, runs them, commits, wakes callers. */
static void serve_batch(struct db_sqlite_writer *writer)
{
    struct db_sqlite_session *session = writer->session;
    struct db_task *batch[BATCH_LIMIT];
    struct treadle_error reason = {0};
    size_t count, kept = 0;
    /* The part of the log that was moved into the database may be overwritten now, unless a reader
     * uses it. */
    if (writer->checked_pages)
        db_sqlite_readers_let_go(writer->readers);
    bool alive = db_sqlite_session_control(session, DB_SQLITE_BEGIN_WRITE, &reason) == 0;
    if (alive)
        count = run_batch(writer, batch, &alive, &reason);
    else
        count = refuse_batch(writer, batch, &reason);
    for (size_t i = 0; i < count; i++)
        kept += batch[i]->result >= 0;
    if (alive && kept > 0)
        alive = commit(writer, &reason);
    if (db_sqlite_session_in_transaction(session))
        db_sqlite_session_control(session, DB_SQLITE_ROLLBACK, NULL);
    if (alive && kept > 0)
        count_commit(writer, kept);
    for (size_t i = 0; i < count; i++) {
        if (!alive && batch[i]->result >= 0)
            fail_task(batch[i], &reason);
        batch[i]->done(batch[i]);
    }
    checkpoint(writer);
}

enum event { TASKS, IDLE, STOPPED };

/* Sleeps until something is queued, or nothing was for a while and the log holds something. */
static enum event await_event(struct db_sqlite_writer *writer)
{
    struct timespec until;
    int code = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    pthread_mutex_lock(&writer->mutex);
    while (!writer->first && !writer->stopping && code != ETIMEDOUT)
        code = writer->log_pages ? pthread_cond_timedwait(&writer->wake, &writer->mutex, &until)
                                 : pthread_cond_wait(&writer->wake, &writer->mutex);
    enum event event = writer->first ? TASKS : writer->stopping ? STOPPED : IDLE;
    pthread_mutex_unlock(&writer->mutex);
    return event;
}

static void *write_on(void *argument)
{
    struct db_sqlite_writer *writer = argument;
    enum event event;
    while ((event = await_event(writer)) != STOPPED) {
        if (event == TASKS)
            serve_batch(writer);
        else
            empty_log(writer);
    }
    return NULL;
}

static int note_log(void *argument, sqlite3 *connection, const char *database, int pages)
{
    struct db_sqlite_writer *writer = argument;
    (void)connection, (void)database;
    writer->log_pages = pages;
    return SQLITE_OK;
}

int db_sqlite_writer_start(struct db_sqlite_writer **out, struct db_sqlite_session *session,
                           struct db_sqlite_readers *readers, struct treadle_error *error)
{
    struct db_sqlite_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return error_set_memory(error);
    writer->session = session;
    writer->readers = readers;
    writer->last = &writer->first;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sqlite3_wal_hook(db_sqlite_session_connection(session), note_log, writer);
    if (thread_start(&writer->thread, 1, write_on, writer) != 1) {
        sqlite3_wal_hook(db_sqlite_session_connection(session), NULL, NULL);
        pthread_cond_destroy(&writer->wake);
        pthread_mutex_destroy(&writer->mutex);
        free(writer);
        return error_set(error, TREADLE_EMEMORY, "the writer's thread could not be started");
    }
    *out = writer;
    return 0;
}

void db_sqlite_writer_stop(struct db_sqlite_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
}

void db_sqlite_writer_free(struct db_sqlite_writer *writer)
{
    if (!writer)
        return;
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->mutex);
    db_sqlite_session_close(writer->session);
    free(writer);
}

bool db_sqlite_writer_is_here(const struct db_sqlite_writer *writer)
{
    return pthread_equal(pthread_self(), writer->thread) != 0;
}

/* Under the lock. True when the thread is to be woken, once the lock is free. */
static bool append(struct db_sqlite_writer *writer, struct db_task *task)
{
    bool sleeps = writer->first == NULL;
    task->next = NULL;
    *writer->last = task;
    writer->last = &task->next;
    return sleeps;
}

void db_sqlite_writer_start_task(struct db_sqlite_writer *writer, struct db_task *task)
{
    pthread_mutex_lock(&writer->mutex);
    bool wake = append(writer, task);
    pthread_mutex_unlock(&writer->mutex);
    if (wake)
        pthread_cond_signal(&writer->wake);
}

static int queue_waiter(struct db_sqlite_writer *writer, struct waiter *waiter,
                        struct treadle_error *error)
{
    pthread_mutex_lock(&writer->mutex);
    bool full = writer->waiting >= QUEUE_LIMIT, wake = false;
    if (!full) {
        writer->waiting++;
        wake = append(writer, &waiter->task);
    }
    pthread_mutex_unlock(&writer->mutex);
    if (wake)
        pthread_cond_signal(&writer->wake);
    if (!full)
        return 0;
    error_set(error, TREADLE_ELIMIT, "too many writes are waiting");
    if (error)
        error->http_status = 503;
    return TREADLE_ELIMIT;
}

int db_sqlite_writer_run(struct db_sqlite_writer *writer, db_work work, void *argument,
                         struct treadle_error *error)
{
    if (db_sqlite_writer_is_here(writer))
        return error_set(error, TREADLE_ESTATE, "a write may not begin another");
    struct waiter waiter = {.task = {.work = work, .argument = argument, .done = wake_waiter}};
    sem_init(&waiter.done, 0, 0);
    int rc = queue_waiter(writer, &waiter, error);
    if (rc == 0) {
        while (sem_wait(&waiter.done) != 0)
            continue;
        rc = waiter.task.result;
        if (rc < 0 && error)
            *error = waiter.task.error;
    }
    sem_destroy(&waiter.done);
    return rc;
}

void db_sqlite_writer_counts(struct db_sqlite_writer *writer, int64_t *commits, int64_t *works)
{
    pthread_mutex_lock(&writer->mutex);
    *commits = writer->commits;
    *works = writer->works;
    pthread_mutex_unlock(&writer->mutex);
}
