/*
 * How many rows a second db_write makes durable, against SQLite alone in the same run.
 *
 *   bench_store DIRECTORY [alone]
 *
 * Rows are 1 KB with an index over an id. The measure is SQLite with the same settings and one
 * commit for every 50 rows; db_write is called by 1 and by 64 threads, one row a call. Each is the
 * median of rounds that take turns, because the speed of a disk changes from second to second;
 * read the ratios. With `alone` only SQLite is measured, once.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "store/db.h"

enum {
    PLAIN_ROWS = 20000,
    ALONE_ROWS = 2000,
    CROWD_ROWS = 20000,
    BATCH = 50,
    BODY = 1024,
    ROUNDS = 5
};

#define SCHEMA                                                                                     \
    "CREATE TABLE objects (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL);"   \
    "CREATE UNIQUE INDEX objects_id ON objects (id)"
#define INSERT "INSERT INTO objects (id, body) VALUES (?1, ?2)"

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_store: %s: %s\n", what, why);
    exit(1);
}

static void fill_body(char body[BODY + 1])
{
    memset(body, 'b', BODY);
    body[BODY] = '\0';
}

static void remove_database(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void run_sql(sqlite3 *connection, const char *sql)
{
    if (sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(connection));
}

static double measure_plain(const char *path)
{
    sqlite3 *connection;
    sqlite3_stmt *insert;
    char body[BODY + 1];
    fill_body(body);
    remove_database(path);
    if (sqlite3_open(path, &connection) != SQLITE_OK)
        die(path, sqlite3_errmsg(connection));
    run_sql(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" SCHEMA);
    if (sqlite3_prepare_v2(connection, INSERT, -1, &insert, NULL) != SQLITE_OK)
        die(INSERT, sqlite3_errmsg(connection));
    int64_t start = clock_monotonic_us();
    for (int i = 0; i < PLAIN_ROWS; i++) {
        char id[IDENT_SIZE];
        ident_make(id, "msg_");
        if (i % BATCH == 0)
            run_sql(connection, "BEGIN IMMEDIATE");
        sqlite3_bind_text(insert, 1, id, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(insert, 2, body, BODY, SQLITE_TRANSIENT);
        if (sqlite3_step(insert) != SQLITE_DONE)
            die(INSERT, sqlite3_errmsg(connection));
        sqlite3_reset(insert);
        if (i % BATCH == BATCH - 1)
            run_sql(connection, "COMMIT");
    }
    int64_t taken = clock_monotonic_us() - start;
    sqlite3_finalize(insert);
    sqlite3_close(connection);
    remove_database(path);
    return PLAIN_ROWS * 1e6 / (double)taken;
}

struct crowd {
    struct db *db;
    atomic_int left;
    char body[BODY + 1];
};

static int insert_row(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct crowd *crowd = argument;
    struct db_statement *statement;
    char id[IDENT_SIZE];
    ident_make(id, "msg_");
    int result = db_prepare(session, &statement, INSERT, error);
    if (result < 0)
        return result;
    db_bind_text(statement, 1, id);
    db_bind_text(statement, 2, crowd->body);
    return db_step(statement, error);
}

static void *insert_rows(void *argument)
{
    struct crowd *crowd = argument;
    struct treadle_error error;
    while (atomic_fetch_sub(&crowd->left, 1) > 0)
        if (db_write(crowd->db, insert_row, crowd, &error) < 0)
            die("db_write", error.message);
    return NULL;
}

static double measure_writes(const char *path, int threads, int rows, double *group)
{
    static const char *const migrations[] = {SCHEMA, NULL};
    struct crowd crowd = {.left = rows};
    struct treadle_error error;
    pthread_t handles[64];
    int64_t commits, works;
    fill_body(crowd.body);
    remove_database(path);
    if (db_open_sqlite(&crowd.db, path, migrations, &error) < 0)
        die(path, error.message);
    int64_t start = clock_monotonic_us();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&handles[i], NULL, insert_rows, &crowd) != 0)
            die("threads", "cannot start");
    for (int i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    int64_t taken = clock_monotonic_us() - start;
    db_counts(crowd.db, &commits, &works);
    *group = (double)works / (double)commits;
    db_close(crowd.db);
    remove_database(path);
    return rows * 1e6 / (double)taken;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    char path[4096];
    double plain[ROUNDS], alone[ROUNDS], crowd[ROUNDS], alone_group, crowd_group;
    if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "alone") != 0)) {
        fprintf(stderr, "usage: bench_store DIRECTORY [alone]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench-%ld.db", argv[1], (long)getpid());
    if (argc == 3) {
        printf("SQLite alone, %d rows a commit: %.0f rows/s\n", BATCH, measure_plain(path));
        return 0;
    }
    for (int i = 0; i < ROUNDS; i++) {
        plain[i] = measure_plain(path);
        alone[i] = measure_writes(path, 1, ALONE_ROWS, &alone_group);
        crowd[i] = measure_writes(path, 64, CROWD_ROWS, &crowd_group);
    }
    double measure = median(plain);
    printf("SQLite alone, %d rows a commit: %.0f rows/s\n", BATCH, measure);
    printf("db_write,  1 thread:  %.0f rows/s, ratio %.2f, %.1f rows a commit\n", median(alone),
           median(alone) / measure, alone_group);
    printf("db_write, 64 threads: %.0f rows/s, ratio %.2f, %.1f rows a commit\n", median(crowd),
           median(crowd) / measure, crowd_group);
    return 0;
}
