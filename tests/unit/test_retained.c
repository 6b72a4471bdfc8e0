/*
 * Retention on a real store: what is old goes where that was asked for, with what belongs to it,
 * and nothing else does.
 */
#include "served_store.h"

/* NOW stands for the present; what was created at 1 is old. More rows than a slice takes. */
static const char filling[] =
    "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 99) SELECT i FROM n;"
    "INSERT INTO threads (id, project, body) SELECT 'old_' || i, 'p', '{\"created_at\":1}' FROM n;"
    "INSERT INTO messages (id, project, thread, body) SELECT 'msg_' || i, 'p', 'old_' || i, "
    "'{\"created_at\":1}' FROM n;"
    "INSERT INTO threads (id, project, active_run, body) VALUES ('waits', 'p', 'run_waits', "
    "'{\"created_at\":1}'), ('used', 'p', NULL, '{\"created_at\":1}');"
    "INSERT INTO messages (id, project, thread, body) SELECT 'msg_used', 'p', 'used', "
    "'{\"created_at\":' || strftime('%s') || '}';"
    "INSERT INTO vector_stores (id, project, thread, body) VALUES ('vs_old', 'p', 'old_7', '{}');"
    "INSERT INTO runs (id, project, thread, status, body) SELECT 'run_' || i, 'p', 'used', "
    "'completed', '{\"created_at\":1}' FROM n;"
    "INSERT INTO runs (id, project, thread, status, expires_at, body) VALUES ('run_waits', 'p', "
    "'waits', 'requires_action', 99999999999, '{\"created_at\":1}');"
    "INSERT INTO run_steps (id, project, thread, run, status, body) SELECT 'step_' || i, 'p', "
    "'used', 'run_' || i, 'completed', '{}' FROM n;"
    "INSERT INTO run_events (run, first, last, body) SELECT 'run_' || i, 1, 1, '' FROM n;"
    "INSERT INTO run_events (run, first, last, body) VALUES ('run_waits', 1, 1, '');"
    "INSERT INTO uploads (id, project, expires_at, file_life, body) SELECT 'upload_' || i, 'p', "
    "NULL, 0, '{\"created_at\":1}' FROM n;"
    "INSERT INTO uploads (id, project, expires_at, file_life, body) VALUES ('upload_waits', 'p', "
    "99999999999, 0, '{\"created_at\":1}');"
    "INSERT INTO threads (id, project, body) SELECT 'new', 'p', '{\"created_at\":' || "
    "strftime('%s') || '}';"
    "INSERT INTO runs (id, project, thread, status, body) SELECT 'run_new', 'p', 'new', "
    "'completed', '{\"created_at\":' || strftime('%s') || '}';"
    "INSERT INTO run_events (run, first, last, body) VALUES ('run_new', 1, 1, '');"
    "INSERT INTO uploads (id, project, file_life, body) SELECT 'upload_new', 'p', 0, "
    "'{\"created_at\":' || strftime('%s') || '}';";

static int setup(void **state)
{
    struct served *scene = served_new();
    served_execute(scene, filling);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    served_free(*state);
    return 0;
}

static int64_t count(struct served *scene, const char *table)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return served_number(scene, sql);
}

static void expect(struct served *scene, int threads, int messages, int runs, int steps, int events,
                   int uploads)
{
    assert_int_equal(count(scene, "threads"), threads);
    assert_int_equal(count(scene, "messages"), messages);
    assert_int_equal(count(scene, "runs"), runs);
    assert_int_equal(count(scene, "run_steps"), steps);
    assert_int_equal(count(scene, "run_events"), events);
    assert_int_equal(count(scene, "uploads"), uploads);
}

/* Everything else but what the days are for is kept. */
static void start(struct served *scene, size_t kind)
{
    scene->options.keep_days[kind] = 1;
    served_start(scene);
}

static void all_is_kept_by_default(void **state)
{
    struct served *scene = *state;
    served_start(scene);
    sleep(2);
    expect(scene, 103, 101, 102, 100, 102, 102);
}

static void old_threads_go_with_all_they_have(void **state)
{
    struct served *scene = *state;
    start(scene, 0);
    served_await(scene, "SELECT count(*) FROM threads", 3);
    served_await(scene, "SELECT count(*) FROM remains", 0);
    expect(scene, 3, 1, 102, 100, 102, 102);
    assert_int_equal(served_number(scene, "SELECT count(*) FROM threads WHERE id IN "
                                          "('waits', 'used', 'new')"),
                     3);
    assert_int_equal(count(scene, "vector_stores"), 0);
}

static void old_runs_go_and_messages_stay(void **state)
{
    struct served *scene = *state;
    start(scene, 1);
    served_await(scene, "SELECT count(*) FROM runs", 2);
    served_await(scene, "SELECT count(*) FROM remains", 0);
    expect(scene, 103, 101, 2, 0, 2, 102);
    assert_int_equal(
        served_number(scene, "SELECT count(*) FROM runs WHERE id IN ('run_waits', 'run_new')"), 2);
}

static void old_events_go_and_runs_stay(void **state)
{
    struct served *scene = *state;
    start(scene, 2);
    served_await(scene, "SELECT count(*) FROM run_events", 2);
    expect(scene, 103, 101, 102, 100, 2, 102);
}

static void old_uploads_go_when_they_have_ended(void **state)
{
    struct served *scene = *state;
    start(scene, 3);
    served_await(scene, "SELECT count(*) FROM uploads", 2);
    expect(scene, 103, 101, 102, 100, 102, 2);
    assert_int_equal(served_number(scene, "SELECT count(*) FROM uploads WHERE id IN "
                                          "('upload_waits', 'upload_new')"),
                     2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_is_kept_by_default),
        TEST(old_threads_go_with_all_they_have),
        TEST(old_runs_go_and_messages_stay),
        TEST(old_events_go_and_runs_stay),
        TEST(old_uploads_go_when_they_have_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
