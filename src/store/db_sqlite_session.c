/*
 * A session: one connection, its settings, its transaction. SQLite may roll back a whole
 * transaction in the middle of a work (a full disk, no memory, INSERT OR ROLLBACK). From then on
 * each further statement would be a transaction of its own, so the session refuses them and keeps
 * the reason, which the function that began the transaction returns.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/db_sqlite.h"

/* The largest value, row and statement. */
enum { LARGEST_VALUE = 64 << 20 };

/* The limits of a quick read: steps of SQLite's machine, of which a page of 100 rows takes 1,500,
 * and bytes that are read. */
enum { STEPS_A_LOOK = 1000, QUICK_LOOKS = 8, QUICK_BYTES = 512 << 10 };

struct db_sqlite_session {
    struct db_session base;
    sqlite3 *connection;
    struct db_sqlite_cache *cache;
    sqlite3_stmt *controls[DB_SQLITE_CONTROLS];
    struct treadle_error loss; /* code 0: nothing lost */
    bool working;              /* a work has the session */
    bool value_failed;         /* and did not get a column, because memory ran out */
    bool quick;                /* the work is a quick read */
    int looks;                 /* thousands of steps that the work has taken */
    size_t handed;             /* bytes that it has read */
};

static const char *const control_sql[DB_SQLITE_CONTROLS] = {
    [DB_SQLITE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [DB_SQLITE_BEGIN_READ] = "BEGIN",
    [DB_SQLITE_COMMIT] = "COMMIT",
    [DB_SQLITE_ROLLBACK] = "ROLLBACK",
    [DB_SQLITE_SAVE] = "SAVEPOINT work",
    [DB_SQLITE_RESTORE] = "ROLLBACK TO work",
    [DB_SQLITE_RELEASE] = "RELEASE work",
};

/* Files are read through the kernel's cache rather than mapped: a mapped file turns a disk error
 * into a signal, and the kernel's cache is shared by all sessions, so each needs little. What is
 * deleted is written over. */
static const char settings[] = "PRAGMA cache_size = -1024;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA synchronous = FULL;";

/* If a work committed or rolled back, it would do so for its neighbours too. */
static int authorize(void *argument, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    const struct db_sqlite_session *session = argument;
    (void)first, (void)second, (void)database, (void)trigger;
    bool of_transactions = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT ||
                           action == SQLITE_ATTACH || action == SQLITE_DETACH;
    return session->working && of_transactions ? SQLITE_DENY : SQLITE_OK;
}

static bool took_too_much(const struct db_sqlite_session *session)
{
    return session->quick && (session->looks > QUICK_LOOKS || session->handed > QUICK_BYTES);
}

/* Called within SQLite, now and then; ends the statement with SQLITE_INTERRUPT when it is not 0. */
static int look(void *argument)
{
    struct db_sqlite_session *session = argument;
    session->looks += session->quick;
    return took_too_much(session);
}

void db_sqlite_session_hurry(struct db_sqlite_session *session, bool quick)
{
    if (session->quick != quick)
        sqlite3_progress_handler(session->connection, quick ? STEPS_A_LOOK : 0, look, session);
    session->quick = quick;
}

void db_sqlite_session_handed(struct db_sqlite_session *session, size_t length)
{
    session->handed += length;
}

int db_sqlite_session_check(struct db_sqlite_session *session, struct treadle_error *error)
{
    if (!took_too_much(session))
        return 0;
    return error_set(error, TREADLE_EBUSY, "the read takes more than a quick one may");
}

static int configure(struct db_sqlite_session *session, struct treadle_error *error)
{
    sqlite3 *connection = session->connection;
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, DB_SQLITE_PATIENCE_MS);
    sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, LARGEST_VALUE);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Otherwise a "name" that is not a column would be a string. */
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_set_authorizer(connection, authorize, session);
    int code = sqlite3_exec(connection, settings, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return db_sqlite_error(connection, code, error);
    for (int i = 0; i < DB_SQLITE_CONTROLS; i++) {
        code = sqlite3_prepare_v3(connection, control_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                  &session->controls[i], NULL);
        if (code != SQLITE_OK)
            return db_sqlite_error(connection, code, error);
    }
    return 0;
}

int db_sqlite_session_open(struct db_sqlite_session **out, const char *path,
                           const struct db_backend *backend, struct treadle_error *error)
{
    struct db_sqlite_session *session = calloc(1, sizeof *session);
    if (!session)
        return error_set_memory(error);
    session->base.backend = backend;
    int rc;
    session->cache = db_sqlite_cache_new(session, backend);
    int code = sqlite3_open_v2(path, &session->connection,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!session->cache)
        rc = error_set_memory(error);
    else if (code != SQLITE_OK)
        rc = db_sqlite_error(session->connection, code, error);
    else
        rc = configure(session, error);
    if (rc < 0)
        db_sqlite_session_close(session);
    else
        *out = session;
    return rc;
}

void db_sqlite_session_close(struct db_sqlite_session *session)
{
    if (!session)
        return;
    db_sqlite_cache_free(session->cache);
    for (int i = 0; i < DB_SQLITE_CONTROLS; i++)
        sqlite3_finalize(session->controls[i]);
    sqlite3_close_v2(session->connection);
    free(session);
}

sqlite3 *db_sqlite_session_connection(struct db_sqlite_session *session)
{
    return session->connection;
}

int db_sqlite_session_control(struct db_sqlite_session *session, enum db_sqlite_control control,
                              struct treadle_error *error)
{
    sqlite3_stmt *statement = session->controls[control];
    bool begins = control == DB_SQLITE_BEGIN_READ || control == DB_SQLITE_BEGIN_WRITE;
    /* Without memory even a rollback may have failed: then it is done now. */
    if (begins && db_sqlite_session_in_transaction(session)) {
        int undone = db_sqlite_session_control(session, DB_SQLITE_ROLLBACK, error);
        if (undone < 0)
            return undone;
    }
    errno = 0; /* for db_sqlite_error */
    int code = sqlite3_step(statement);
    int rc = code == SQLITE_DONE ? 0 : db_sqlite_error(session->connection, code, error);
    sqlite3_reset(statement);
    if (rc == 0 && begins)
        session->loss.code = 0;
    return rc;
}

bool db_sqlite_session_in_transaction(const struct db_sqlite_session *session)
{
    return !sqlite3_get_autocommit(session->connection);
}

int db_sqlite_session_report_loss(const struct db_sqlite_session *session,
                                  struct treadle_error *error)
{
    if (session->loss.code == 0)
        return error_set(error, TREADLE_EIO, "the transaction was undone");
    if (error)
        *error = session->loss;
    return session->loss.code;
}

/* Deferred foreign keys are checked when all the works commit, so one work's mistake would undo its
 * neighbours. */
static bool leaves_keys_broken(struct db_sqlite_session *session)
{
    int broken = 0, unused = 0;
    sqlite3_db_status(session->connection, SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &unused, 0);
    return broken != 0;
}

int db_sqlite_session_run(struct db_sqlite_session *session, db_work work, void *argument,
                          struct treadle_error *error)
{
    session->working = true;
    session->value_failed = false;
    session->looks = 0;
    session->handed = 0;
    int rc = work(&session->base, argument, error);
    session->working = false;
    db_sqlite_cache_end_work(session->cache);
    if (rc < 0 && took_too_much(session))
        return db_sqlite_session_check(session, error);
    if (rc >= 0 && !db_sqlite_session_in_transaction(session))
        return db_sqlite_session_report_loss(session, error);
    if (rc >= 0 && session->value_failed)
        return error_set_memory(error);
    if (rc >= 0 && leaves_keys_broken(session))
        return error_set(error, TREADLE_EINVALID, "a reference leads to a row that is not there");
    return rc;
}

int db_sqlite_session_step_failed(struct db_sqlite_session *session, int code,
                                  struct treadle_error *error)
{
    struct treadle_error failure;
    int rc = db_sqlite_error(session->connection, code, &failure);
    if (!db_sqlite_session_in_transaction(session))
        session->loss = failure;
    if (error)
        *error = failure;
    return rc;
}

void db_sqlite_session_value_failed(struct db_sqlite_session *session)
{
    session->value_failed = true;
}

int db_sqlite_prepare(struct db_session *base, struct db_statement **out, const char *sql,
                      struct treadle_error *error)
{
    struct db_sqlite_session *session = (struct db_sqlite_session *)base;
    return db_sqlite_cache_get(session->cache, out, sql, error);
}

int64_t db_sqlite_changes(struct db_session *base)
{
    struct db_sqlite_session *session = (struct db_sqlite_session *)base;
    return sqlite3_changes64(session->connection);
}
