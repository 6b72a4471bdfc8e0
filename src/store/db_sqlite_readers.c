/*
 * The readers: connections that are lent to one work at a time. The free one of lowest number is
 * lent, so that as few as possible are opened and these are warm; when all are lent, callers wait
 * for their turn. A work reads within one transaction, which in WAL mode sees the database as it
 * was at its first statement, whatever is written in the meantime.
 *
 * Beginning and ending a transaction costs more than looking up a row, so a transaction is kept for
 * the next works, as long as nothing was committed since it began: `version` is odd while the
 * writer commits and another even number afterwards, and only a transaction that was begun at the
 * present even number is used again. So a work sees all that was acknowledged before it began, and
 * never less than an earlier reader saw.
 *
 * Waiting transactions would keep the log from being used from its beginning again; the writer ends
 * them before it writes there, and while it moves the log into the database `version` is odd as
 * well, so that none is kept. They end after a second at most, in case another program writes after
 * all.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/db_sqlite.h"

/* Each costs a quarter of a megabyte. More would help only where many wait for the disk. */
enum { READER_LIMIT = 8, LONGEST_KEPT_US = 1000000 };

struct reader {
    struct db_sqlite_session *session; /* NULL: not open */
    bool lent;
    pthread_t owner; /* while it is lent */
    /* Owned by the borrower while it is lent, else guarded by the mutex: */
    bool kept; /* its transaction is open */
    uint64_t version;
    int64_t began;
};

struct db_sqlite_readers {
    char *path;
    const struct db_backend *backend;
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    struct reader readers[READER_LIMIT];
    _Atomic uint64_t version;
};

int db_sqlite_readers_new(struct db_sqlite_readers **out, const char *path,
                          const struct db_backend *backend, struct treadle_error *error)
{
    struct db_sqlite_readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return error_set_memory(error);
    readers->backend = backend;
    readers->path = strdup(path);
    if (!readers->path) {
        free(readers);
        return error_set_memory(error);
    }
    pthread_mutex_init(&readers->mutex, NULL);
    pthread_cond_init(&readers->returned, NULL);
    *out = readers;
    return 0;
}

void db_sqlite_readers_free(struct db_sqlite_readers *readers)
{
    if (!readers)
        return;
    for (int i = 0; i < READER_LIMIT; i++)
        db_sqlite_session_close(readers->readers[i].session);
    pthread_cond_destroy(&readers->returned);
    pthread_mutex_destroy(&readers->mutex);
    free(readers->path);
    free(readers);
}

static bool is_lent_to(const struct db_sqlite_readers *readers, pthread_t thread)
{
    for (int i = 0; i < READER_LIMIT; i++)
        if (readers->readers[i].lent && pthread_equal(readers->readers[i].owner, thread))
            return true;
    return false;
}

static struct reader *find_free(struct db_sqlite_readers *readers)
{
    for (int i = 0; i < READER_LIMIT; i++)
        if (!readers->readers[i].lent)
            return &readers->readers[i];
    return NULL;
}

/* Not to a thread that has a reader already: if it waited for another, all might wait. */
static int borrow(struct db_sqlite_readers *readers, bool quick, struct reader **out,
                  struct treadle_error *error)
{
    struct reader *reader = NULL;
    pthread_t self = pthread_self();
    pthread_mutex_lock(&readers->mutex);
    bool has_one = is_lent_to(readers, self);
    while (!has_one && !(reader = find_free(readers)) && !quick)
        pthread_cond_wait(&readers->returned, &readers->mutex);
    if (reader) {
        reader->lent = true;
        reader->owner = self;
    }
    pthread_mutex_unlock(&readers->mutex);
    if (has_one)
        return error_set(error, TREADLE_ESTATE, "a read may not begin another");
    if (!reader)
        return error_set(error, TREADLE_EBUSY, "no reader is free");
    *out = reader;
    return 0;
}

static void end_reading(struct reader *reader)
{
    if (db_sqlite_session_in_transaction(reader->session))
        db_sqlite_session_control(reader->session, DB_SQLITE_ROLLBACK, NULL);
    reader->kept = false;
}

/* A transaction that must not be used again is ended here: db_sqlite_readers_let_go sees none that
 * is lent. */
static void give_back(struct db_sqlite_readers *readers, struct reader *reader)
{
    pthread_mutex_lock(&readers->mutex);
    uint64_t version = atomic_load(&readers->version);
    if (reader->kept && (reader->version != version || version % 2 != 0))
        end_reading(reader);
    reader->lent = false;
    pthread_cond_signal(&readers->returned);
    pthread_mutex_unlock(&readers->mutex);
}

static int open_session(struct reader *reader, const char *path, const struct db_backend *backend,
                        struct treadle_error *error)
{
    int rc = db_sqlite_session_open(&reader->session, path, backend, error);
    if (rc < 0)
        return rc;
    sqlite3 *connection = db_sqlite_session_connection(reader->session);
    int code = sqlite3_exec(connection, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return 0;
    rc = db_sqlite_error(connection, code, error);
    db_sqlite_session_close(reader->session);
    reader->session = NULL;
    return rc;
}

/* Makes sure that a transaction is open which sees all that was acknowledged so far. */
static int begin_reading(struct db_sqlite_readers *readers, struct reader *reader,
                         struct treadle_error *error)
{
    uint64_t version = atomic_load(&readers->version);
    int64_t now = clock_monotonic_us();
    if (reader->kept && reader->version == version && version % 2 == 0 &&
        now - reader->began < LONGEST_KEPT_US)
        return 0;
    if (reader->kept)
        end_reading(reader);
    reader->version = version;
    reader->began = now;
    return db_sqlite_session_control(reader->session, DB_SQLITE_BEGIN_READ, error);
}

static int read_once(struct db_sqlite_readers *readers, struct reader *reader, db_work work,
                     void *argument, struct treadle_error *error)
{
    int rc = begin_reading(readers, reader, error);
    if (rc == 0)
        rc = db_sqlite_session_run(reader->session, work, argument, error);
    reader->kept = rc >= 0;
    if (!reader->kept)
        end_reading(reader);
    return rc;
}

void db_sqlite_readers_begin_change(struct db_sqlite_readers *readers)
{
    atomic_fetch_add(&readers->version, 1);
}

void db_sqlite_readers_end_change(struct db_sqlite_readers *readers)
{
    atomic_fetch_add(&readers->version, 1);
}

void db_sqlite_readers_let_go(struct db_sqlite_readers *readers)
{
    pthread_mutex_lock(&readers->mutex);
    for (int i = 0; i < READER_LIMIT; i++)
        if (!readers->readers[i].lent && readers->readers[i].kept)
            end_reading(&readers->readers[i]);
    pthread_mutex_unlock(&readers->mutex);
}

int db_sqlite_readers_run(struct db_sqlite_readers *readers, db_work work, void *argument,
                          bool quick, struct treadle_error *error)
{
    struct reader *reader = NULL;
    int rc = borrow(readers, quick, &reader, error);
    if (rc < 0)
        return rc;
    if (!reader->session)
        rc = open_session(reader, readers->path, readers->backend, error);
    if (rc == 0)
        db_sqlite_session_hurry(reader->session, quick);
    if (rc == 0)
        rc = read_once(readers, reader, work, argument, error);
    give_back(readers, reader);
    return rc;
}
