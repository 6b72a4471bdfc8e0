/*
 * Deleting what has much: it is gone at once, whichever way one looks, and what it had goes little
 * by little, also when the server was killed meanwhile.
 */
#include "served_store.h"

#define IN_THREAD                                                                                  \
    "SELECT (SELECT count(*) FROM messages WHERE thread = 'large') +"                              \
    " (SELECT count(*) FROM runs WHERE thread = 'large') +"                                        \
    " (SELECT count(*) FROM run_steps WHERE thread = 'large') +"                                   \
    " (SELECT count(*) FROM run_events WHERE run LIKE 'run_%')"
#define REMAINS "SELECT count(*) FROM remains"

/* Large enough that no slice removes it all. */
static const char filling[] =
    "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 5999) SELECT i FROM n;"
    "INSERT INTO threads (id, project, body) VALUES ('large', 'default', '{\"id\":\"large\","
    "\"object\":\"thread\",\"created_at\":1,\"tool_resources\":{},\"metadata\":{}}'), "
    "('small', 'default', '{\"id\":\"small\",\"object\":\"thread\",\"created_at\":1,"
    "\"tool_resources\":{},\"metadata\":{}}');"
    "INSERT INTO messages (id, project, thread, body) SELECT 'msg_' || i, 'default', 'large', "
    "'{\"text\":\"' || hex(zeroblob(500)) || '\"}' FROM n;"
    "INSERT INTO messages (id, project, thread, body) VALUES ('msg_small', 'default', 'small', "
    "'{}');"
    "INSERT INTO runs (id, project, thread, status, body) SELECT 'run_' || i, 'default', 'large', "
    "'completed', '{\"id\":\"run_' || i || '\"}' FROM n WHERE i < 1000;"
    "INSERT INTO runs (id, project, thread, status, body) VALUES ('other', 'default', 'small', "
    "'completed', '{\"id\":\"other\"}');"
    "INSERT INTO run_steps (id, project, thread, run, status, body) SELECT 'step_' || i, "
    "'default', 'large', 'run_' || i, 'completed', '{}' FROM n WHERE i < 1000;"
    "INSERT INTO run_steps (id, project, thread, run, status, body) VALUES ('step_small', "
    "'default', 'small', 'other', 'completed', '{}');"
    "INSERT INTO run_events (run, first, last, body) SELECT 'run_' || (i / 3), i % 3 + 1, "
    "i % 3 + 1, '' FROM n WHERE i < 3000;"
    "INSERT INTO vector_stores (id, project, body) SELECT 'vs_' || i, 'default', '{\"id\":\"vs_' "
    "|| i || '\",\"object\":\"vector_store\",\"created_at\":1,\"usage_bytes\":0,"
    "\"file_counts\":{\"in_progress\":0,\"completed\":1,\"failed\":0,\"cancelled\":0,"
    "\"total\":1},\"status\":\"completed\",\"last_active_at\":1,\"metadata\":{}}' FROM n "
    "WHERE i < 200;"
    "INSERT INTO files (id, project, purpose, body) SELECT 'file-' || i, 'default', 'assistants', "
    "'{\"id\":\"file-' || i || '\",\"object\":\"file\",\"bytes\":1,\"created_at\":1,"
    "\"filename\":\"a.txt\",\"purpose\":\"assistants\",\"status\":\"processed\"}' FROM n "
    "WHERE i < 1500;"
    "INSERT INTO vector_store_files (store, file, project, status, body) SELECT 'vs_0', 'file-' || "
    "i, 'default', 'completed', '{\"id\":\"file-' || i || '\",\"status\":\"completed\","
    "\"vector_store_id\":\"vs_0\",\"usage_bytes\":0,\"created_at\":1}' FROM n WHERE i < 1500;"
    "INSERT INTO vector_store_files (store, file, project, status, body) SELECT 'vs_' || i, "
    "'file-0', 'default', 'completed', '{\"id\":\"file-0\",\"status\":\"completed\","
    "\"vector_store_id\":\"vs_0\",\"usage_bytes\":0,\"created_at\":1}' FROM n "
    "WHERE i > 0 AND i < 200;";

static int setup(void **state)
{
    struct served *scene = served_new();
    served_execute(scene, filling);
    served_start(scene);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    served_free(*state);
    return 0;
}

#define EXPECT(status, method, path) assert_int_equal(served_request(scene, method, path), status)

static void expect_no_thread(struct served *scene)
{
    EXPECT(404, "GET", "/threads/large");
    EXPECT(404, "GET", "/threads/large/messages");
    EXPECT(404, "GET", "/threads/large/messages/msg_5999");
    EXPECT(404, "POST", "/threads/large/messages/msg_5999");
    EXPECT(404, "DELETE", "/threads/large/messages/msg_5999");
    EXPECT(404, "GET", "/threads/large/runs");
    EXPECT(404, "GET", "/threads/large/runs/run_999");
    EXPECT(404, "POST", "/threads/large/runs/run_999/cancel");
    EXPECT(404, "GET", "/threads/large/runs/run_999/events");
    EXPECT(404, "GET", "/threads/large/runs/run_999/steps");
    EXPECT(404, "GET", "/threads/large/runs/run_999/steps/step_999");
    EXPECT(404, "GET", "/threads/large/usage");
    EXPECT(404, "GET", "/runs/run_999");
    EXPECT(404, "GET", "/runs/run_999/times");
    EXPECT(200, "GET", "/runs?limit=100");
    assert_null(
        strstr(served_request(scene, "GET", "/runs") == 200 ? scene->reply.data : "", "run_999"));
    EXPECT(200, "GET", "/runs?status=completed");
    assert_null(strstr(scene->reply.data, "run_1"));
    assert_non_null(strstr(scene->reply.data, "other"));
    /* Others are seen as before. */
    EXPECT(200, "GET", "/threads/small/messages/msg_small");
    EXPECT(200, "GET", "/threads/small/runs/other/steps/step_small");
    EXPECT(200, "GET", "/runs/other");
}

static void a_large_thread_is_gone_at_once(void **state)
{
    struct served *scene = *state;
    EXPECT(200, "GET", "/threads/large/messages/msg_5999");
    EXPECT(200, "GET", "/runs/run_999");
    EXPECT(200, "DELETE", "/threads/large");
    /* Else this test shows nothing of what is half gone. */
    assert_true(served_number(scene, IN_THREAD) > 0);
    expect_no_thread(scene);
    EXPECT(404, "DELETE", "/threads/large");
    served_await(scene, REMAINS, 0);
    assert_int_equal(served_number(scene, IN_THREAD), 0);
    assert_int_equal(served_number(scene, "SELECT count(*) FROM messages"), 1);
    assert_int_equal(served_number(scene, "SELECT count(*) FROM runs"), 1);
    expect_no_thread(scene);
}

static void what_is_half_gone_goes_after_a_restart(void **state)
{
    struct served *scene = *state;
    EXPECT(200, "DELETE", "/threads/large");
    served_stop(scene);
    assert_int_equal(served_number(scene, REMAINS), 1);
    assert_true(served_number(scene, IN_THREAD) > 0);
    served_start(scene);
    expect_no_thread(scene);
    served_await(scene, REMAINS, 0);
    assert_int_equal(served_number(scene, IN_THREAD), 0);
}

static void a_vector_store_goes_with_its_files_rows(void **state)
{
    struct served *scene = *state;
    EXPECT(200, "DELETE", "/vector_stores/vs_0");
    EXPECT(404, "GET", "/vector_stores/vs_0/files");
    EXPECT(404, "GET", "/vector_stores/vs_0/files/file-1499");
    /* A file that was in it, and one that was in another store too, can be deleted meanwhile. */
    EXPECT(200, "DELETE", "/files/file-1498");
    served_await(scene, REMAINS, 0);
    assert_int_equal(
        served_number(scene, "SELECT count(*) FROM vector_store_files WHERE store = 'vs_0'"), 0);
    EXPECT(200, "GET", "/files/file-1499");
    EXPECT(200, "GET", "/vector_stores/vs_1/files/file-0");
}

/* A search must not find it any more when the reply says that it is gone. */
static void a_file_is_in_no_store_when_the_reply_comes(void **state)
{
    struct served *scene = *state;
    EXPECT(200, "DELETE", "/files/file-0");
    assert_int_equal(
        served_number(scene, "SELECT count(*) FROM vector_store_files WHERE file = 'file-0'"), 0);
    assert_int_equal(served_number(scene, REMAINS), 0);
    EXPECT(404, "GET", "/files/file-0");
    EXPECT(404, "GET", "/vector_stores/vs_150/files/file-0");
    EXPECT(200, "GET", "/vector_stores/vs_150");
    assert_non_null(strstr(scene->reply.data, "\"completed\":0"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_large_thread_is_gone_at_once),
        TEST(what_is_half_gone_goes_after_a_restart),
        TEST(a_vector_store_goes_with_its_files_rows),
        TEST(a_file_is_in_no_store_when_the_reply_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
