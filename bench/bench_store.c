/*
 * How many rows a second db_write makes durable, against SQLite alone in the same run.
 *
 *   bench_store DIRECTORY [alone|brief]
 *
 * Rows are 1 KB with an index over an id. The measure is SQLite with the same settings and one
 * commit for every 50 rows; db_write is called by 1 and by 64 threads, one row a call. Each is the
 * median of rounds that take turns, because the speed of a disk changes from second to second;
 * read the ratios. With `alone` only SQLite is measured, once; with `brief` each is measured once
 * and with a tenth of the rows, which shows that the program works and no figure.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
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
    ROUNDS = 5,
    BRIEF_PART = 10
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

static double measure_plain(const char *path, int rows)
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
    for (int i = 0; i < rows; i++) {
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
    return rows * 1e6 / (double)taken;
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

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    char path[4096];
    double plain[ROUNDS], one[ROUNDS], crowd[ROUNDS], one_group, crowd_group;
    bool alone = argc == 3 && strcmp(argv[2], "alone") == 0;
    bool brief = argc == 3 && strcmp(argv[2], "brief") == 0;
    if (argc < 2 || argc > 3 || (argc == 3 && !alone && !brief)) {
        fprintf(stderr, "usage: bench_store DIRECTORY [alone|brief]\n");
        return 2;
    }
    int rounds = brief ? 1 : ROUNDS, part = brief ? BRIEF_PART : 1;
    snprintf(path, sizeof path, "%s/bench-%ld.db", argv[1], (long)getpid());
    if (alone) {
        printf("SQLite alone, %d rows a commit: %.0f rows/s\n", BATCH,
               measure_plain(path, PLAIN_ROWS));
        return 0;
    }
    for (int i = 0; i < rounds; i++) {
        plain[i] = measure_plain(path, PLAIN_ROWS / part);
        one[i] = measure_writes(path, 1, ALONE_ROWS / part, &one_group);
        crowd[i] = measure_writes(path, 64, CROWD_ROWS / part, &crowd_group);
    }
    double measure = median(plain, rounds);
    printf("SQLite alone, %d rows a commit: %.0f rows/s\n", BATCH, measure);
    printf("db_write,  1 thread:  %.0f rows/s, ratio %.2f, %.1f rows a commit\n",
           median(one, rounds), median(one, rounds) / measure, one_group);
    printf("db_write, 64 threads: %.0f rows/s, ratio %.2f, %.1f rows a commit\n",
           median(crowd, rounds), median(crowd, rounds) / measure, crowd_group);
    return 0;
}
