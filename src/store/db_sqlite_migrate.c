/*
 * Which program's database it is, and which migrations it has had. The file header's application id
 * says that the database is Treadle's, its user version how many migrations it has had. A migration
 * and its count are one transaction, so after a crash the schema is the one before or the one after
 * it.
 */
#include <stdio.h>

#include "base/error.h"
#include "store/db_sqlite.h"

/* "Trdl" */
#define APPLICATION_ID 0x5472646C

int db_sqlite_read_integer(sqlite3 *connection, const char *sql, int64_t *out,
                           struct treadle_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int rc = 0;
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else
        rc = db_sqlite_error(connection, code, error);
    sqlite3_finalize(statement);
    return rc;
}

static int run(sqlite3 *connection, const char *sql, struct treadle_error *error)
{
    int code = sqlite3_exec(connection, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : db_sqlite_error(connection, code, error);
}

int db_sqlite_identify(sqlite3 *connection, struct treadle_error *error)
{
    int64_t identity = 0, objects = 0;
    int rc = db_sqlite_read_integer(connection, "PRAGMA application_id", &identity, error);
    if (rc == 0)
        rc = db_sqlite_read_integer(connection, "SELECT count(*) FROM sqlite_schema", &objects,
                                    error);
    if (rc < 0 || identity == APPLICATION_ID)
        return rc;
    if (identity != 0 || objects != 0)
        return error_set(error, TREADLE_EINVALID,
                         "the file is a database of another program and not Treadle's");
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
    return run(connection, sql, error);
}

static int migrate_once(sqlite3 *connection, const char *migration, int64_t number,
                        struct treadle_error *error)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)number);
    int rc = run(connection, "BEGIN IMMEDIATE", error);
    if (rc == 0)
        rc = run(connection, migration, error);
    if (rc == 0)
        rc = run(connection, sql, error);
    if (rc == 0)
        rc = run(connection, "COMMIT", error);
    if (rc < 0 && !sqlite3_get_autocommit(connection))
        sqlite3_exec(connection, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int db_sqlite_migrate(sqlite3 *connection, const char *const *migrations,
                      struct treadle_error *error)
{
    int64_t known = 0, had = 0;
    while (migrations[known])
        known++;
    int rc = db_sqlite_read_integer(connection, "PRAGMA user_version", &had, error);
    if (rc < 0)
        return rc;
    if (had < 0 || had > known)
        return error_set(error, TREADLE_EUNSUPPORTED,
                         "the database was written by a newer version of Treadle (schema %lld, "
                         "this one knows %lld)",
                         (long long)had, (long long)known);
    for (; rc == 0 && had < known; had++)
        rc = migrate_once(connection, migrations[had], had + 1, error);
    return rc;
}
