/*
 * What the tests of the store share: a private directory, and a table of numbers in it.
 */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/db.h"

static const char *const fixture_migrations[] = {
    "CREATE TABLE numbers (number INTEGER PRIMARY KEY, filling BLOB);"
    "CREATE TABLE names (name TEXT UNIQUE, size INTEGER)",
    NULL,
};

struct fixture {
    char directory[PATH_MAX / 2];
    char path[PATH_MAX]; /* of the database */
};

static inline int fixture_make(struct fixture *fixture)
{
    const char *parent = getenv("TMPDIR");
    snprintf(fixture->directory, sizeof fixture->directory, "%s/treadle-store-XXXXXX",
             parent && *parent ? parent : "/tmp");
    if (!mkdtemp(fixture->directory))
        return -1;
    snprintf(fixture->path, sizeof fixture->path, "%s/store.db", fixture->directory);
    return 0;
}

static inline int fixture_unlink(const char *path, const struct stat *status, int kind,
                                 struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static inline int fixture_remove(const struct fixture *fixture)
{
    return nftw(fixture->directory, fixture_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

/* A number to insert and how many bytes go with it. */
struct fixture_row {
    int64_t number;
    size_t filling;
};

static inline int fixture_insert(struct db_session *session, void *argument,
                                 struct treadle_error *error)
{
    const struct fixture_row *row = argument;
    struct db_statement *statement;
    int result =
        db_prepare(session, &statement, "INSERT INTO numbers VALUES (?1, zeroblob(?2))", error);
    if (result < 0)
        return result;
    db_bind_integer(statement, 1, row->number);
    db_bind_integer(statement, 2, (int64_t)row->filling);
    return db_step(statement, error);
}

/* Puts the first column of the one row that the query gives into `out`. */
static inline int fixture_query(struct db_session *session, const char *sql, int64_t *out,
                                struct treadle_error *error)
{
    struct db_statement *statement;
    int result = db_prepare(session, &statement, sql, error);
    if (result == 0)
        result = db_step(statement, error);
    if (result < 0)
        return result;
    *out = result > 0 ? db_column_integer(statement, 0) : -1;
    return 0;
}

static inline int fixture_count_work(struct db_session *session, void *argument,
                                     struct treadle_error *error)
{
    return fixture_query(session, "SELECT count(*) FROM numbers", argument, error);
}

/* Rows in the table of numbers, or a negative code. */
static inline int64_t fixture_count(struct db *db)
{
    int64_t count = -1;
    int result = db_read(db, fixture_count_work, &count, NULL);
    return result < 0 ? result : count;
}

#endif
