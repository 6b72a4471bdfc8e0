/*
 * Giving room back: SQLite keeps the pages of what was deleted and uses them again. A database with
 * auto_vacuum = INCREMENTAL can give them to the file system a few at a time, while it is in use.
 *
 * That costs one more page in commits that add pages: 0.2 % of the instructions of a message and 6
 * % of the bytes that a lone message writes, less where messages share a commit. The mode is chosen
 * before the first table is made; a database that was made without it is written anew at a start
 * where that is quick, else when it is compacted.
 */
#include "base/clock.h"
#include "base/error.h"
#include "store/db_sqlite.h"

enum {
    SLICE_US = 3000,
    QUICK_BYTES = 64 << 20, /* are written anew within a fraction of a second */
    FEW_PAGES = 256,        /* unused: a megabyte, not worth the trouble */
    MANY_UNUSED = 8         /* one page in so many */
};

#define INCREMENTAL "PRAGMA auto_vacuum = INCREMENTAL"

/* Where there is a database the statement would write, and could fail on a full disk. */
int db_sqlite_vacuum_choose(sqlite3 *connection, struct treadle_error *error)
{
    int64_t pages = 0;
    int rc = db_sqlite_read_integer(connection, "PRAGMA page_count", &pages, error);
    if (rc < 0 || pages > 0)
        return rc;
    int code = sqlite3_exec(connection, INCREMENTAL, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : db_sqlite_error(connection, code, error);
}

int db_sqlite_vacuum_convert(sqlite3 *connection, struct treadle_error *error)
{
    int64_t mode = 0, pages = 0, size = 0;
    int rc = db_sqlite_read_integer(connection, "PRAGMA auto_vacuum", &mode, error);
    if (rc == 0)
        rc = db_sqlite_read_integer(connection, "PRAGMA page_count", &pages, error);
    if (rc == 0)
        rc = db_sqlite_read_integer(connection, "PRAGMA page_size", &size, error);
    /* What fails here (a full disk) is left for another start: nothing depends on it. */
    if (rc == 0 && mode == 0 && pages * size <= QUICK_BYTES)
        sqlite3_exec(connection, INCREMENTAL "; VACUUM", NULL, NULL, NULL);
    return rc;
}

static int read_number(struct db_session *session, const char *sql, int64_t *out,
                       struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, sql, error);
    if (!rc && (rc = db_step(statement, error)) > 0) {
        *out = db_column_integer(statement, 0);
        rc = 0;
    }
    return rc;
}

int db_sqlite_vacuum_look(struct db_session *session, void *argument, struct treadle_error *error)
{
    bool *more = argument;
    int64_t mode = 0, unused = 0, pages = 0;
    int rc = read_number(session, "PRAGMA auto_vacuum", &mode, error);
    if (!rc)
        rc = read_number(session, "PRAGMA freelist_count", &unused, error);
    if (!rc)
        rc = read_number(session, "PRAGMA page_count", &pages, error);
    /* It begins late and ends early, so rows that come and go do not move pages for ever. */
    int64_t most = pages / MANY_UNUSED / (*more ? 2 : 1);
    if (!rc)
        *more = mode != 0 && unused > most && unused > FEW_PAGES;
    return rc;
}

int db_sqlite_vacuum_slice(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement;
    int64_t until = clock_monotonic_us() + SLICE_US;
    (void)argument;
    /* A step gives one page back. Those that were returned stay so when no further step is made.
     */
    int rc = db_prepare(session, &statement, "PRAGMA incremental_vacuum", error);
    if (rc)
        return rc;
    while ((rc = db_step(statement, error)) > 0 && clock_monotonic_us() < until)
        continue;
    return rc < 0 ? rc : 0;
}
