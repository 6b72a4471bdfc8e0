/*
 * Readers: reads that must not hold their thread up, and what readers keep while the log is moved
 * into the database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "db_fixture.h"

#include "store/db_sqlite.h"

struct scene {
    struct fixture store;
    struct db *db;
    struct treadle_error error;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(fixture_make(&scene->store), 0);
    assert_int_equal(
        db_open_sqlite(&scene->db, scene->store.path, fixture_migrations, &scene->error), 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    assert_int_equal(fixture_remove(&scene->store), 0);
    free(scene);
    return 0;
}

/* ---- Quick reads ---------------------------------------------------------------------------- */

static int look_at_little(struct db_session *session, void *argument, struct treadle_error *error)
{
    return fixture_query(session, "SELECT 7", argument, error);
}

static int look_for_long(struct db_session *session, void *argument, struct treadle_error *error)
{
    return fixture_query(session,
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                         "WHERE i < 100000) SELECT count(*) FROM n",
                         argument, error);
}

static int read_much(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement;
    int64_t *bytes = argument;
    int rc = db_prepare(session, &statement,
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                        "WHERE i < 20) SELECT hex(zeroblob(50000)) FROM n",
                        error);
    while (!rc && (rc = db_step(statement, error)) > 0) {
        size_t length;
        db_column_text(statement, 0, &length);
        *bytes += (int64_t)length;
        rc = 0;
    }
    return rc;
}

static void a_quick_read_gives_up_what_takes_long(void **state)
{
    struct scene *scene = *state;
    int64_t value = 0;
    assert_int_equal(db_read_quick(scene->db, look_at_little, &value, &scene->error), 0);
    assert_int_equal(value, 7);
    assert_int_equal(db_read_quick(scene->db, look_for_long, &value, &scene->error), TREADLE_EBUSY);
    /* The same connection then reads at length. */
    assert_int_equal(db_read(scene->db, look_for_long, &value, &scene->error), 0);
    assert_int_equal(value, 100000);
    assert_int_equal(db_read_quick(scene->db, look_at_little, &value, &scene->error), 0);
    assert_int_equal(value, 7);
}

static void a_quick_read_gives_up_what_is_large(void **state)
{
    struct scene *scene = *state;
    int64_t bytes = 0;
    assert_int_equal(db_read_quick(scene->db, read_much, &bytes, &scene->error), TREADLE_EBUSY);
    assert_in_range(bytes, 1, 1000000);
    bytes = 0;
    assert_int_equal(db_read(scene->db, read_much, &bytes, &scene->error), 0);
    assert_int_equal(bytes, 2000000);
}

struct hold {
    struct db *db;
    sem_t held, let_go;
};

static int hold_reader(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct hold *hold = argument;
    (void)session, (void)error;
    sem_post(&hold->held);
    while (sem_wait(&hold->let_go) != 0)
        continue;
    return 0;
}

static void *hold_on(void *argument)
{
    struct hold *hold = argument;
    db_read(hold->db, hold_reader, hold, NULL);
    return NULL;
}

static void a_quick_read_waits_for_no_other(void **state)
{
    struct scene *scene = *state;
    enum { MORE_THAN_READERS = 16 };
    struct hold hold = {.db = scene->db};
    pthread_t threads[MORE_THAN_READERS];
    int64_t value = 0;
    sem_init(&hold.held, 0, 0);
    sem_init(&hold.let_go, 0, 0);
    for (int i = 0; i < MORE_THAN_READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_on, &hold), 0);
    /* Were it to wait, it would do so for ever: nobody lets go before it returns. */
    int rc = 0;
    for (int tries = 0; rc == 0 && tries < 10000; tries++) {
        rc = db_read_quick(scene->db, look_at_little, &value, &scene->error);
        usleep(1000);
    }
    assert_int_equal(rc, TREADLE_EBUSY);
    for (int i = 0; i < MORE_THAN_READERS; i++)
        sem_post(&hold.let_go);
    for (int i = 0; i < MORE_THAN_READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(db_read_quick(scene->db, look_at_little, &value, &scene->error), 0);
    sem_destroy(&hold.held);
    sem_destroy(&hold.let_go);
}

/* ---- Checkpoints ---------------------------------------------------------------------------- */

struct watched {
    struct db_sqlite_readers *readers;
    sqlite3 *other;
};

/* The database with something in its log, readers of its own, and a connection that looks whether
 * the log is in use. */
static struct watched watch(struct scene *scene)
{
    struct watched watched = {.readers = NULL};
    struct fixture_row row = {1, 100};
    assert_int_equal(db_write(scene->db, fixture_insert, &row, &scene->error), 0);
    assert_int_equal(db_sqlite_readers_new(&watched.readers, scene->store.path, &db_sqlite_backend,
                                           &scene->error),
                     0);
    assert_int_equal(sqlite3_open(scene->store.path, &watched.other), SQLITE_OK);
    /* It knows of the log once it has read. */
    assert_int_equal(sqlite3_exec(watched.other, "PRAGMA user_version", NULL, NULL, NULL),
                     SQLITE_OK);
    return watched;
}

static void unwatch(struct watched *watched)
{
    db_sqlite_readers_free(watched->readers);
    sqlite3_close(watched->other);
}

/* Whether a reader keeps the log from being used from its beginning again; waits for none. */
static bool is_log_held(const struct watched *watched)
{
    int code =
        sqlite3_wal_checkpoint_v2(watched->other, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    assert_true(code == SQLITE_OK || code == SQLITE_BUSY);
    return code == SQLITE_BUSY;
}

static void read_once(struct scene *scene, const struct watched *watched)
{
    int64_t count = 0;
    assert_int_equal(
        db_sqlite_readers_run(watched->readers, fixture_count_work, &count, false, &scene->error),
        0);
    assert_int_equal(count, 1);
}

static void a_transaction_is_kept_between_commits(void **state)
{
    struct watched watched = watch(*state);
    read_once(*state, &watched);
    assert_true(is_log_held(&watched));
    db_sqlite_readers_let_go(watched.readers);
    assert_false(is_log_held(&watched));
    unwatch(&watched);
}

/* A checkpoint that waits for readers would wait for a transaction that nobody uses. */
static void a_read_during_a_checkpoint_keeps_nothing(void **state)
{
    struct watched watched = watch(*state);
    db_sqlite_readers_begin_change(watched.readers);
    read_once(*state, &watched);
    assert_false(is_log_held(&watched));
    db_sqlite_readers_end_change(watched.readers);
    assert_false(is_log_held(&watched));
    unwatch(&watched);
}

/* Within a read: a checkpoint begins. */
static int begin_checkpoint(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t count;
    db_sqlite_readers_begin_change(argument);
    return fixture_count_work(session, &count, error);
}

static void a_read_that_a_checkpoint_meets_keeps_nothing(void **state)
{
    struct scene *scene = *state;
    struct watched watched = watch(scene);
    assert_int_equal(db_sqlite_readers_run(watched.readers, begin_checkpoint, watched.readers,
                                           false, &scene->error),
                     0);
    assert_false(is_log_held(&watched));
    db_sqlite_readers_end_change(watched.readers);
    unwatch(&watched);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_quick_read_gives_up_what_takes_long),
        TEST(a_quick_read_gives_up_what_is_large),
        TEST(a_quick_read_waits_for_no_other),
        TEST(a_transaction_is_kept_between_commits),
        TEST(a_read_during_a_checkpoint_keeps_nothing),
        TEST(a_read_that_a_checkpoint_meets_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
