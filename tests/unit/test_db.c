/*
 * The database contract over SQLite: values, transactions, group commit, readers, opening.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db_fixture.h"
#include "store/db.h"

struct state {
    struct fixture fixture;
    struct db *db;
};

static int setup(void **out)
{
    struct state *state = calloc(1, sizeof *state);
    struct treadle_error error;
    *out = state;
    if (!state || fixture_make(&state->fixture) != 0)
        return -1;
    return db_open_sqlite(&state->db, state->fixture.path, fixture_migrations, &error);
}

static int teardown(void **out)
{
    struct state *state = *out;
    db_close(state->db);
    int result = fixture_remove(&state->fixture);
    free(state);
    return result;
}

static int run_sql(struct db_session *session, void *argument, struct treadle_error *error)
{
    return db_execute(session, argument, error);
}

static int write_sql(struct db *db, const char *sql, struct treadle_error *error)
{
    return db_write(db, run_sql, (void *)(uintptr_t)sql, error);
}

static int insert_number(struct db *db, int64_t number)
{
    struct fixture_row row = {.number = number};
    struct treadle_error error;
    return db_write(db, fixture_insert, &row, &error);
}

static int round_trip(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement;
    size_t length = 99;
    (void)argument;
    assert_int_equal(
        db_prepare(session, &statement, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8", error), 0);
    db_bind_text(statement, 1, "text");
    db_bind_text(statement, 2, NULL);
    db_bind_text(statement, 3, "");
    db_bind_blob(statement, 4, "a\0b", 3);
    db_bind_blob(statement, 5, NULL, 0);
    db_bind_integer(statement, 6, INT64_MIN);
    db_bind_integer(statement, 7, INT64_MAX);
    db_bind_null(statement, 8);
    assert_int_equal(db_step(statement, error), 1);
    assert_string_equal(db_column_text(statement, 0, &length), "text");
    assert_int_equal(length, 4);
    assert_null(db_column_text(statement, 1, &length));
    assert_int_equal(length, 0);
    assert_string_equal(db_column_text(statement, 2, NULL), "");
    assert_memory_equal(db_column_blob(statement, 3, &length), "a\0b", 3);
    assert_int_equal(length, 3);
    assert_non_null(db_column_blob(statement, 4, &length));
    assert_int_equal(length, 0);
    assert_non_null(db_column_text(statement, 4, &length));
    assert_false(db_column_is_null(statement, 4));
    assert_true(db_column_integer(statement, 5) == INT64_MIN);
    assert_true(db_column_integer(statement, 6) == INT64_MAX);
    assert_true(db_column_is_null(statement, 7));
    assert_null(db_column_blob(statement, 7, &length));
    assert_int_equal(db_step(statement, error), 0);
    assert_int_equal(db_step(statement, error), TREADLE_ESTATE);

    assert_int_equal(db_prepare(session, &statement, "SELECT CAST(x'610062' AS TEXT)", error), 0);
    assert_int_equal(db_step(statement, error), 1);
    assert_memory_equal(db_column_text(statement, 0, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    return 0;
}

static void test_values(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    assert_int_equal(db_write(state->db, round_trip, NULL, &error), 0);
    assert_int_equal(db_read(state->db, round_trip, NULL, &error), 0);
}

static int bind_wrongly(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct db_statement *statement, *again, *untouched = NULL;
    size_t large = ((size_t)64 << 20) + 1;
    char *bytes = argument;
    assert_int_equal(db_prepare(session, &statement, "SELECT ?1", error), 0);
    db_bind_blob(statement, 1, bytes, large);
    assert_int_equal(db_step(statement, error), TREADLE_ELIMIT);
    assert_int_equal(db_prepare(session, &again, "SELECT ?1", error), 0);
    assert_ptr_equal(again, statement);
    db_bind_integer(statement, 2, 1);
    assert_int_equal(db_step(statement, error), TREADLE_EINVALID);
    assert_int_equal(db_prepare(session, &statement, "SELECT ?1", error), 0);
    assert_int_equal(db_step(statement, error), 1);
    assert_true(db_column_is_null(statement, 0));

    assert_int_equal(db_prepare(session, &untouched, "SELEC 1", error), TREADLE_EINVALID);
    assert_int_equal(db_prepare(session, &untouched, "SELECT 1; SELECT 2", error),
                     TREADLE_EINVALID);
    assert_int_equal(db_prepare(session, &untouched, "", error), TREADLE_EINVALID);
    assert_int_equal(db_prepare(session, &untouched, "COMMIT", error), TREADLE_EINVALID);
    assert_int_equal(db_prepare(session, &untouched, "SELECT \"nothing\"", error),
                     TREADLE_EINVALID);
    assert_null(untouched);
    assert_int_equal(db_prepare(session, &statement, "SELECT 1 ; ", error), 0);
    assert_int_equal(db_execute(session, "SELECT 1", error), TREADLE_EINVALID);
    assert_int_equal(db_execute(session, "DELETE FROM numbers WHERE number = ?1", error),
                     TREADLE_EINVALID);
    return 0;
}

static void test_misuse(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char *bytes = calloc(1, ((size_t)64 << 20) + 1);
    assert_non_null(bytes);
    assert_int_equal(db_write(state->db, bind_wrongly, bytes, &error), 0);
    free(bytes);
    assert_int_equal(write_sql(state->db, "COMMIT", &error), TREADLE_EINVALID);
    assert_int_equal(insert_number(state->db, 1), 0);
}

/* Many texts go through the cache, more than it holds at once and over several works. */
static int prepare_many(struct db_session *session, void *argument, struct treadle_error *error)
{
    const int *range = argument;
    struct db_statement *first = NULL, *statement;
    for (int i = range[0]; i < range[1]; i++) {
        char sql[32];
        snprintf(sql, sizeof sql, "SELECT %d", i);
        int result = db_prepare(session, &statement, sql, error);
        if (result == 0)
            result = db_step(statement, error);
        if (result < 0)
            return result;
        assert_int_equal(db_column_integer(statement, 0), i);
        if (!first)
            first = statement;
    }
    assert_int_equal(db_column_integer(first, 0), range[0]);
    return 0;
}

static void test_statement_cache(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    for (int start = 0; start < 300; start += 30)
        assert_int_equal(db_read(state->db, prepare_many, (int[]){start, start + 60}, &error), 0);
    assert_int_equal(db_read(state->db, prepare_many, (int[]){0, 200}, &error), TREADLE_ELIMIT);
    assert_int_equal(db_read(state->db, prepare_many, (int[]){0, 50}, &error), 0);
}

static int update_all(struct db_session *session, void *argument, struct treadle_error *error)
{
    int result = db_execute(session, "UPDATE numbers SET filling = NULL", error);
    *(int64_t *)argument = db_changes(session);
    return result;
}

static void test_constraints_and_changes(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    int64_t changes = 0;
    for (int i = 1; i <= 3; i++)
        assert_int_equal(insert_number(state->db, i), 0);
    assert_int_equal(insert_number(state->db, 2), TREADLE_EBUSY);
    assert_int_equal(write_sql(state->db, "INSERT INTO names VALUES ('a', 1)", &error), 0);
    assert_int_equal(write_sql(state->db, "INSERT INTO names VALUES ('a', 2)", &error),
                     TREADLE_EBUSY);
    assert_int_equal(error.code, TREADLE_EBUSY);
    assert_non_null(strstr(error.message, "names.name"));
    assert_int_equal(db_write(state->db, update_all, &changes, &error), 0);
    assert_int_equal(changes, 3);
    assert_int_equal(db_write(state->db, fixture_insert, &(struct fixture_row){.number = 2}, NULL),
                     TREADLE_EBUSY);
}

static int insert_then_fail(struct db_session *session, void *argument, struct treadle_error *error)
{
    int result = fixture_insert(session, argument, error);
    return result < 0 ? result : TREADLE_ENOTFOUND;
}

static int nest_write(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)session;
    return db_write(argument, run_sql, NULL, error);
}

static int nest_read(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t count;
    (void)session;
    return db_read(argument, fixture_count_work, &count, error);
}

static void test_failing_work_is_undone(void **out)
{
    struct state *state = *out;
    struct fixture_row row = {.number = 7};
    struct treadle_error error;
    int64_t commits, works;
    assert_int_equal(db_write(state->db, insert_then_fail, &row, &error), TREADLE_ENOTFOUND);
    assert_int_equal(fixture_count(state->db), 0);
    db_counts(state->db, &commits, &works);
    assert_int_equal(commits, 0);
    assert_int_equal(insert_number(state->db, 7), 0);
    assert_int_equal(fixture_count(state->db), 1);
    assert_true(db_read(state->db, fixture_insert, &row, &error) < 0);
    assert_int_equal(fixture_count(state->db), 1);

    assert_int_equal(db_write(state->db, nest_write, state->db, &error), TREADLE_ESTATE);
    assert_int_equal(db_write(state->db, nest_read, state->db, &error), TREADLE_ESTATE);
    assert_int_equal(db_read(state->db, nest_read, state->db, &error), TREADLE_ESTATE);
}

/* A task that records how it ended, and starts the next one. */
struct started {
    struct db_task task;
    struct db *db;
    struct fixture_row row;
    struct started *following;
    atomic_int *ended;
    atomic_int place; /* 0 until it has ended */
};

static void note_end(struct db_task *task)
{
    struct started *started = (struct started *)task;
    started->place = atomic_fetch_add(started->ended, 1) + 1;
    if (started->following)
        db_write_start(started->db, &started->following->task);
}

static void note_nothing(struct db_task *task)
{
    (void)task;
}

static void test_tasks_end_in_order_and_alone(void **out)
{
    struct state *state = *out;
    atomic_int ended = 0;
    struct started tasks[4];
    for (int i = 0; i < 4; i++) {
        tasks[i] = (struct started){.db = state->db, .row = {.number = i}, .ended = &ended};
        tasks[i].task = (struct db_task){.work = i == 1 ? insert_then_fail : fixture_insert,
                                         .argument = &tasks[i].row,
                                         .done = note_end};
    }
    tasks[2].following = &tasks[3];
    for (int i = 0; i < 3; i++)
        db_write_start(state->db, &tasks[i].task);
    for (int i = 0; i < 10000 && !atomic_load(&tasks[3].place); i++)
        usleep(1000);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tasks[i].place, i + 1);
        assert_int_equal(tasks[i].task.result, i == 1 ? TREADLE_ENOTFOUND : 0);
    }
    assert_int_equal(fixture_count(state->db), 3);
}

struct hold {
    struct db_task task;
    atomic_bool closed, open;
};

/* Keeps the writer within its transaction until it is opened. */
static int hold_writer(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct hold *hold = argument;
    (void)session, (void)error;
    atomic_store(&hold->closed, true);
    while (!atomic_load(&hold->open))
        usleep(1000);
    return 0;
}

static int fail_at_once(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)session, (void)argument;
    *error = (struct treadle_error){.code = TREADLE_ENOTFOUND};
    return TREADLE_ENOTFOUND;
}

/* Commits numbers 0 to 3 and `failing`, which checks first, at once. */
static void commit_with(struct state *state, db_work failing, struct started tasks[4],
                        atomic_int *ended)
{
    struct hold hold = {.task = {.work = hold_writer, .argument = &hold, .done = note_nothing}};
    db_write_start(state->db, &hold.task);
    while (!atomic_load(&hold.closed))
        usleep(1000);
    for (int i = 0; i < 4; i++) {
        tasks[i] = (struct started){.db = state->db, .row = {.number = i}, .ended = ended};
        tasks[i].task = (struct db_task){.work = i == 2 ? failing : fixture_insert,
                                         .argument = &tasks[i].row,
                                         .done = note_end,
                                         .checks_first = i > 0};
        db_write_start(state->db, &tasks[i].task);
    }
    atomic_store(&hold.open, true);
    for (int i = 0; i < 10000 && !atomic_load(&tasks[3].place); i++)
        usleep(1000);
}

static void test_work_that_checks_first(void **out)
{
    struct state *state = *out;
    atomic_int ended = 0;
    struct started tasks[4];
    commit_with(state, fail_at_once, tasks, &ended);
    for (int i = 0; i < 4; i++)
        assert_int_equal(tasks[i].task.result, i == 2 ? TREADLE_ENOTFOUND : 0);
    assert_int_equal(fixture_count(state->db), 3);
}

/* Its changes cannot be undone alone, so no work of the commit is reported as done. */
static void test_work_that_fails_after_a_change(void **out)
{
    struct state *state = *out;
    atomic_int ended = 0;
    struct started tasks[4];
    commit_with(state, insert_then_fail, tasks, &ended);
    assert_int_equal(tasks[0].task.result, TREADLE_EIO);
    assert_int_equal(tasks[1].task.result, TREADLE_EIO);
    assert_int_equal(tasks[2].task.result, TREADLE_ENOTFOUND);
    /* The last came too late for that transaction. */
    assert_int_equal(tasks[3].task.result, 0);
    assert_int_equal(fixture_count(state->db), 1);
}

/* A write that holds the writer until `others` callers stand in its queue or are about to, and
 * `refusals` of them were sent away. */
struct gate {
    atomic_bool closed;
    atomic_int arrived, refused;
    int others, refusals;
};

static int wait_for_others(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct gate *gate = argument;
    (void)session, (void)error;
    atomic_store(&gate->closed, true);
    for (int i = 0; i < 10000; i++) {
        if (atomic_load(&gate->arrived) >= gate->others &&
            atomic_load(&gate->refused) >= gate->refusals)
            break;
        usleep(1000);
    }
    usleep(30000);
    return 0;
}

struct caller {
    struct db *db;
    struct gate *gate;
    db_work work;
    struct fixture_row row;
    const char *sql;
    int result;
    struct treadle_error error;
    pthread_t thread;
};

static void *call(void *argument)
{
    struct caller *caller = argument;
    void *given = caller->sql ? (void *)(uintptr_t)caller->sql : &caller->row;
    atomic_fetch_add(&caller->gate->arrived, 1);
    caller->result = db_write(caller->db, caller->work, given, &caller->error);
    if (caller->result == TREADLE_ELIMIT)
        atomic_fetch_add(&caller->gate->refused, 1);
    return NULL;
}

static void *call_gate(void *argument)
{
    struct caller *caller = argument;
    caller->result = db_write(caller->db, wait_for_others, caller->gate, &caller->error);
    return NULL;
}

/* Runs all callers' works after a gate, so that they are in the queue together, the gate's own
 * first. Returns its result. */
static int call_together(struct db *db, struct caller *callers, int count, int refusals)
{
    struct gate gate = {.others = count, .refusals = refusals};
    struct caller first = {.db = db, .gate = &gate};
    pthread_attr_t small;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 256 << 10), 0);
    assert_int_equal(pthread_create(&first.thread, &small, call_gate, &first), 0);
    while (!atomic_load(&gate.closed))
        usleep(1000);
    for (int i = 0; i < count; i++) {
        callers[i].db = db;
        callers[i].gate = &gate;
        assert_int_equal(pthread_create(&callers[i].thread, &small, call, &callers[i]), 0);
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    assert_int_equal(pthread_join(first.thread, NULL), 0);
    pthread_attr_destroy(&small);
    return first.result;
}

static void test_group_commit(void **out)
{
    struct state *state = *out;
    enum { CALLERS = 200 };
    struct caller *callers = calloc(CALLERS, sizeof *callers);
    int64_t commits, works;
    assert_non_null(callers);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].row.number = i;
        callers[i].work = i % 10 == 3 ? insert_then_fail : fixture_insert;
    }
    assert_int_equal(call_together(state->db, callers, CALLERS, 0), 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(callers[i].result, i % 10 == 3 ? TREADLE_ENOTFOUND : 0);
    assert_int_equal(fixture_count(state->db), CALLERS * 9 / 10);
    db_counts(state->db, &commits, &works);
    assert_int_equal(works, CALLERS * 9 / 10 + 1);
    /* A batch is bounded at 64; most callers shared a commit. */
    assert_in_range(commits, 4, CALLERS / 2);
    free(callers);
}

static void test_queue_is_bounded(void **out)
{
    struct state *state = *out;
    enum { CALLERS = 560, QUEUE = 512 };
    struct caller *callers = calloc(CALLERS, sizeof *callers);
    int refused = 0, written = 0;
    assert_non_null(callers);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].row.number = i;
        callers[i].work = fixture_insert;
    }
    assert_int_equal(call_together(state->db, callers, CALLERS, CALLERS - QUEUE), 0);
    for (int i = 0; i < CALLERS; i++) {
        refused += callers[i].result == TREADLE_ELIMIT && callers[i].error.http_status == 503;
        written += callers[i].result == 0;
    }
    assert_int_equal(refused, CALLERS - QUEUE);
    assert_int_equal(written, QUEUE);
    assert_int_equal(fixture_count(state->db), written);
    free(callers);
}

/* INSERT OR ROLLBACK makes SQLite give up the whole transaction, as a full disk may. The work
 * ignores that and continues, which must not write anything either. */
static int lose_transaction(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)argument;
    db_execute(session, "INSERT OR ROLLBACK INTO names VALUES ('a', 2)", error);
    assert_true(db_execute(session, "INSERT INTO numbers VALUES (-1, NULL)", error) < 0);
    return 0;
}

static void test_lost_transaction_is_never_acknowledged(void **out)
{
    struct state *state = *out;
    enum { CALLERS = 40 };
    struct caller callers[CALLERS] = {0};
    struct treadle_error error;
    int written = 0;
    assert_int_equal(write_sql(state->db, "INSERT INTO names VALUES ('a', 1)", &error), 0);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].row.number = i;
        callers[i].work = i == CALLERS / 2 ? lose_transaction : fixture_insert;
    }
    /* The gate's work changed nothing, but shares the fate of its batch. */
    int first = call_together(state->db, callers, CALLERS, 0);
    assert_true(first == 0 || first == TREADLE_EBUSY);
    for (int i = 0; i < CALLERS; i++) {
        assert_true(callers[i].result == 0 || callers[i].error.code == callers[i].result);
        written += callers[i].result == 0;
    }
    assert_true(callers[CALLERS / 2].result < 0);
    assert_int_equal(fixture_count(state->db), written);
    assert_int_equal(insert_number(state->db, 1000), 0);
}

static void test_broken_key_fails_alone(void **out)
{
    struct state *state = *out;
    enum { CALLERS = 20 };
    struct caller callers[CALLERS] = {0};
    struct treadle_error error;
    assert_int_equal(write_sql(state->db,
                               "CREATE TABLE children (parent REFERENCES numbers (number) "
                               "DEFERRABLE INITIALLY DEFERRED)",
                               &error),
                     0);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].row.number = i;
        callers[i].work = i == 10 ? run_sql : fixture_insert;
        callers[i].sql = i == 10 ? "INSERT INTO children VALUES (77)" : NULL;
    }
    assert_int_equal(call_together(state->db, callers, CALLERS, 0), 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(callers[i].result, i == 10 ? TREADLE_EINVALID : 0);
    assert_int_equal(fixture_count(state->db), CALLERS - 1);
}

struct view {
    struct db *db;
    int64_t before, after;
};

static int look_twice(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct view *view = argument;
    const char *count = "SELECT count(*) FROM numbers";
    int result = fixture_query(session, count, &view->before, error);
    if (result == 0)
        result = insert_number(view->db, 2);
    return result < 0 ? result : fixture_query(session, count, &view->after, error);
}

static void test_read_sees_one_moment(void **out)
{
    struct state *state = *out;
    struct view view = {.db = state->db};
    struct treadle_error error;
    assert_int_equal(insert_number(state->db, 1), 0);
    assert_int_equal(db_read(state->db, look_twice, &view, &error), 0);
    assert_int_equal(view.before, 1);
    assert_int_equal(view.after, 1);
    assert_int_equal(fixture_count(state->db), 2);
}

/* Writers insert pairs (n, -n); a reader that sees one without the other saw half a work. */
struct crowd {
    struct db *db;
    atomic_int next;
    atomic_bool done;
    atomic_int failures;
};

static int insert_pair(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t number = *(const int *)argument;
    int result = fixture_insert(session, &(struct fixture_row){number, 500}, error);
    return result < 0 ? result
                      : fixture_insert(session, &(struct fixture_row){-number, 500}, error);
}

static void *write_pairs(void *argument)
{
    struct crowd *crowd = argument;
    for (int i = 0; i < 100; i++) {
        int number = atomic_fetch_add(&crowd->next, 1);
        if (db_write(crowd->db, insert_pair, &number, NULL) != 0)
            atomic_fetch_add(&crowd->failures, 1);
    }
    return NULL;
}

static int sum_numbers(struct db_session *session, void *argument, struct treadle_error *error)
{
    return fixture_query(session, "SELECT ifnull(sum(number), 0) FROM numbers", argument, error);
}

static void *read_sums(void *argument)
{
    struct crowd *crowd = argument;
    do {
        int64_t sum = -1;
        if (db_read(crowd->db, sum_numbers, &sum, NULL) != 0 || sum != 0)
            atomic_fetch_add(&crowd->failures, 1);
    } while (!atomic_load(&crowd->done));
    return NULL;
}

static void test_crowd(void **out)
{
    struct state *state = *out;
    enum { WRITERS = 8, READERS = 12 };
    struct crowd crowd = {.db = state->db, .next = 1};
    pthread_t writers[WRITERS], readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_sums, &crowd), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_pairs, &crowd), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    atomic_store(&crowd.done, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&crowd.failures), 0);
    assert_int_equal(fixture_count(state->db), WRITERS * 100 * 2);
}

/* Rows are only ever added: nobody may read fewer than were acknowledged or read before. */
struct tally {
    struct db *db;
    atomic_int next;
    atomic_int_fast64_t least; /* that a read which begins now must see */
    atomic_bool done;
    atomic_int failures;
};

static void raise_least(struct tally *tally, int64_t count)
{
    int_fast64_t least = atomic_load(&tally->least);
    while (least < count && !atomic_compare_exchange_weak(&tally->least, &least, count))
        continue;
}

static int insert_and_count(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t *number = argument;
    int result = fixture_insert(session, &(struct fixture_row){*number, 10}, error);
    return result < 0 ? result : fixture_count_work(session, number, error);
}

static void *add_rows(void *argument)
{
    struct tally *tally = argument;
    for (int i = 0; i < 200; i++) {
        int64_t number = atomic_fetch_add(&tally->next, 1);
        if (db_write(tally->db, insert_and_count, &number, NULL) != 0)
            atomic_fetch_add(&tally->failures, 1);
        raise_least(tally, number);
    }
    return NULL;
}

static void *count_rows(void *argument)
{
    struct tally *tally = argument;
    do {
        int64_t least = atomic_load(&tally->least), count = fixture_count(tally->db);
        if (count < least)
            atomic_fetch_add(&tally->failures, 1);
        raise_least(tally, count);
    } while (!atomic_load(&tally->done));
    return NULL;
}

static void test_reads_never_go_back(void **out)
{
    struct state *state = *out;
    enum { WRITERS = 4, READERS = 8 };
    struct tally tally = {.db = state->db};
    pthread_t writers[WRITERS], readers[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, count_rows, &tally), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, add_rows, &tally), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    atomic_store(&tally.done, true);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&tally.failures), 0);
    assert_int_equal(fixture_count(state->db), WRITERS * 200);
}

static int read_settings(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t value;
    (void)argument;
    assert_int_equal(fixture_query(session, "PRAGMA synchronous", &value, error), 0);
    assert_int_equal(value, 2);
    assert_int_equal(fixture_query(session, "PRAGMA foreign_keys", &value, error), 0);
    assert_int_equal(value, 1);
    assert_int_equal(fixture_query(session, "PRAGMA user_version", &value, error), 0);
    assert_int_equal(value, 1);
    return 0;
}

static void test_durable_and_private(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    struct stat status;
    assert_int_equal(db_write(state->db, read_settings, NULL, &error), 0);
    assert_int_equal(stat(state->fixture.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_log_is_bounded(void **out)
{
    struct state *state = *out;
    struct treadle_error error;
    char log[PATH_MAX + 8];
    struct stat status;
    snprintf(log, sizeof log, "%s-wal", state->fixture.path);
    for (int64_t i = 0; i < 80; i++) {
        struct fixture_row row = {i, 1 << 20};
        assert_int_equal(db_write(state->db, fixture_insert, &row, &error), 0);
        /* What a reader keeps must not hold the log. */
        assert_int_equal(fixture_count(state->db), i + 1);
    }
    assert_int_equal(stat(log, &status), 0);
    assert_true(status.st_size < 40 << 20);
    db_close(state->db);
    state->db = NULL;
    assert_int_not_equal(stat(log, &status), 0);
}

static void test_second_open_is_refused(void **out)
{
    struct state *state = *out;
    struct db *second = NULL;
    struct treadle_error error;
    char other[PATH_MAX + 8], link[PATH_MAX + 8];
    snprintf(other, sizeof other, "%s/./store.db", state->fixture.directory);
    snprintf(link, sizeof link, "%s/link.db", state->fixture.directory);
    assert_int_equal(symlink(state->fixture.path, link), 0);
    const char *paths[] = {state->fixture.path, other, link};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(db_open_sqlite(&second, paths[i], fixture_migrations, &error),
                         TREADLE_EBUSY);
        assert_non_null(strstr(error.message, "in use by another server"));
        assert_null(second);
    }
    assert_int_equal(insert_number(state->db, 1), 0);
    db_close(state->db);
    state->db = NULL;
    assert_int_equal(db_open_sqlite(&state->db, link, fixture_migrations, &error), 0);
    assert_int_equal(fixture_count(state->db), 1);
}

static void test_migrations(void **out)
{
    struct state *state = *out;
    const char *const more[] = {fixture_migrations[0],
                                "CREATE TABLE later (a); INSERT INTO later VALUES (5)", NULL};
    const char *const broken[] = {more[0], more[1], "CREATE TABLE last (a); nonsense", NULL};
    struct treadle_error error;
    assert_int_equal(insert_number(state->db, 1), 0);
    db_close(state->db);
    state->db = NULL;
    const char *path = state->fixture.path;
    assert_int_equal(db_open_sqlite(&state->db, path, more, &error), 0);
    assert_int_equal(fixture_count(state->db), 1);
    assert_int_equal(write_sql(state->db, "UPDATE later SET a = 6", &error), 0);
    db_close(state->db);
    state->db = NULL;
    assert_int_equal(db_open_sqlite(&state->db, path, fixture_migrations, &error),
                     TREADLE_EUNSUPPORTED);
    assert_non_null(strstr(error.message, "newer version"));
    assert_int_equal(db_open_sqlite(&state->db, path, broken, &error), TREADLE_EINVALID);
    assert_null(state->db);
    assert_int_equal(db_open_sqlite(&state->db, path, more, &error), 0);
    assert_int_equal(write_sql(state->db, "CREATE TABLE last (a)", &error), 0);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void test_bad_paths(void **out)
{
    struct state *state = *out;
    struct db *db = NULL;
    struct treadle_error error;
    char path[PATH_MAX], long_path[PATH_MAX + 100];
    snprintf(path, sizeof path, "%s/missing/store.db", state->fixture.directory);
    assert_int_equal(db_open_sqlite(&db, path, fixture_migrations, &error), TREADLE_EIO);
    snprintf(path, sizeof path, "%s/folder", state->fixture.directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(db_open_sqlite(&db, path, fixture_migrations, &error), TREADLE_EIO);
    assert_true(db_open_sqlite(&db, "", fixture_migrations, &error) < 0);
    memset(long_path, 'a', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    assert_true(db_open_sqlite(&db, long_path, fixture_migrations, &error) < 0);

    snprintf(path, sizeof path, "%s/text", state->fixture.directory);
    char text[4096];
    memset(text, 'x', sizeof text);
    write_file(path, text, sizeof text);
    assert_int_equal(db_open_sqlite(&db, path, fixture_migrations, &error), TREADLE_EIO);
    assert_non_null(strstr(error.message, "damaged"));
    assert_null(db);
    db_close(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_values),
        TEST(test_misuse),
        TEST(test_statement_cache),
        TEST(test_constraints_and_changes),
        TEST(test_failing_work_is_undone),
        TEST(test_tasks_end_in_order_and_alone),
        TEST(test_work_that_checks_first),
        TEST(test_work_that_fails_after_a_change),
        TEST(test_group_commit),
        TEST(test_queue_is_bounded),
        TEST(test_lost_transaction_is_never_acknowledged),
        TEST(test_broken_key_fails_alone),
        TEST(test_read_sees_one_moment),
        TEST(test_crowd),
        TEST(test_reads_never_go_back),
        TEST(test_durable_and_private),
        TEST(test_log_is_bounded),
        TEST(test_second_open_is_refused),
        TEST(test_migrations),
        TEST(test_bad_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
