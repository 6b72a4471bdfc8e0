/*
 * The readers: connections that are lent out one work at a time.
 *
 * The free one of lowest number is lent, so that as few as possible are opened and these are warm;
 * when all are lent callers wait for their turn. Each work is one read transaction, which in WAL
 * mode sees the database as it was at its first statement, whatever is written meanwhile.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/db_sqlite.h"

/* As many as there are threads that read, so that none of them waits for another. */
enum { READER_LIMIT = 24 };

struct reader {
    struct db_sqlite_session *session; /* NULL: not open */
    bool lent;
    pthread_t owner; /* while it is lent */
};

struct db_sqlite_readers {
    char *path;
    pthread_mutex_t mutex;
    pthread_cond_t returned;
    struct reader readers[READER_LIMIT];
};

int db_sqlite_readers_new(struct db_sqlite_readers **out, const char *path,
                          struct treadle_error *error)
{
    struct db_sqlite_readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return error_set_memory(error);
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

/* NULL when the thread has a reader already: were it to wait for another, all might wait. */
static struct reader *borrow(struct db_sqlite_readers *readers)
{
    struct reader *reader = NULL;
    pthread_t self = pthread_self();
    pthread_mutex_lock(&readers->mutex);
    if (!is_lent_to(readers, self)) {
        while (!(reader = find_free(readers)))
            pthread_cond_wait(&readers->returned, &readers->mutex);
        reader->lent = true;
        reader->owner = self;
    }
    pthread_mutex_unlock(&readers->mutex);
    return reader;
}

static void give_back(struct db_sqlite_readers *readers, struct reader *reader)
{
    pthread_mutex_lock(&readers->mutex);
    reader->lent = false;
    pthread_cond_signal(&readers->returned);
    pthread_mutex_unlock(&readers->mutex);
}

static int open_session(struct reader *reader, const char *path, struct treadle_error *error)
{
    int result = db_sqlite_session_open(&reader->session, path, error);
    if (result < 0)
        return result;
    sqlite3 *connection = db_sqlite_session_connection(reader->session);
    int code = sqlite3_exec(connection, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return 0;
    result = db_sqlite_error(connection, code, error);
    db_sqlite_session_close(reader->session);
    reader->session = NULL;
    return result;
}

static int read_once(struct db_sqlite_session *session, db_work work, void *argument,
                     struct treadle_error *error)
{
    int result = db_sqlite_session_control(session, DB_SQLITE_BEGIN_READ, error);
    if (result == 0)
        result = db_sqlite_session_run(session, work, argument, error);
    if (db_sqlite_session_in_transaction(session))
        db_sqlite_session_control(session, DB_SQLITE_ROLLBACK, NULL);
    return result;
}

int db_sqlite_readers_run(struct db_sqlite_readers *readers, db_work work, void *argument,
                          struct treadle_error *error)
{
    struct reader *reader = borrow(readers);
    if (!reader)
        return error_set(error, TREADLE_ESTATE, "a read may not begin another");
    int result = reader->session ? 0 : open_session(reader, readers->path, error);
    if (result == 0)
        result = read_once(reader->session, work, argument, error);
    give_back(readers, reader);
    return result;
}
