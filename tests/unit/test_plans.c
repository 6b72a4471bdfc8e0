/*
 * The work of each query: what lists and sweeps ask of the database stays small while it grows.
 *
 * A real server answers every list of the endpoint table, with each filter, order and cursor, on a
 * store where projects, threads and files are spread as in use: a few large, many small. SQLite
 * says how many steps each statement took and how it means to find its rows. A page may take steps
 * in proportion to its rows, and no statement scans a table, sorts, or makes an index of its own.
 */
#include <pthread.h>

#include "api/endpoint.h"
#include "served_store.h"

/* A page of 20 rows takes about 300 steps of SQLite's machine; a look at a list of a thousand rows
 * that is not the one asked for takes more than this. */
enum { MOST_STEPS = 3000, MOST_QUERIES = 512, SQL_SIZE = 1200 };

/* ---- What was asked ------------------------------------------------------------------------- */

struct query {
    char sql[SQL_SIZE];
    int steps, scanned, sorts, indexes; /* of the worst time */
};

static struct {
    pthread_mutex_t mutex;
    struct query queries[MOST_QUERIES];
    size_t count;
} seen = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void take_most(int *most, sqlite3_stmt *statement, int status)
{
    int value = sqlite3_stmt_status(statement, status, 1);
    *most = value > *most ? value : *most;
}

/* Called when a statement has ended. */
static int on_end(unsigned kind, void *context, void *subject, void *time)
{
    (void)kind, (void)context, (void)time;
    sqlite3_stmt *statement = subject;
    const char *file = sqlite3_db_filename(sqlite3_db_handle(statement), "main");
    const char *sql = sqlite3_sql(statement);
    if (!sql || !file || !text_ends_with(file, "/treadle.db"))
        return 0;
    pthread_mutex_lock(&seen.mutex);
    size_t at = 0;
    while (at < seen.count && strcmp(seen.queries[at].sql, sql) != 0)
        at++;
    if (at == seen.count && at < MOST_QUERIES && strlen(sql) < SQL_SIZE)
        strcpy(seen.queries[seen.count++].sql, sql);
    if (at < seen.count) {
        struct query *query = &seen.queries[at];
        take_most(&query->steps, statement, SQLITE_STMTSTATUS_VM_STEP);
        take_most(&query->scanned, statement, SQLITE_STMTSTATUS_FULLSCAN_STEP);
        take_most(&query->sorts, statement, SQLITE_STMTSTATUS_SORT);
        take_most(&query->indexes, statement, SQLITE_STMTSTATUS_AUTOINDEX);
    }
    pthread_mutex_unlock(&seen.mutex);
    return 0;
}

/* SQLite calls it for each connection that is opened in this process. */
static int on_open(sqlite3 *connection, char **error, const struct sqlite3_api_routines *routines)
{
    (void)error, (void)routines;
    return sqlite3_trace_v2(connection, SQLITE_TRACE_PROFILE, on_end, NULL);
}

/* ---- A store as in use ---------------------------------------------------------------------- */

/* Of everything there are thousands, most of them with one owner. The thread "few" has few, amid
 * what others have; so has the project "small". */
static const char filling[] =
    "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 7999) SELECT i FROM n;"
    "INSERT INTO threads (id, project, body) SELECT 'thread_' || i, CASE WHEN i % 50 = 7 THEN "
    "'small' ELSE 'default' END, '{\"id\":\"thread_' || i || "
    "'\",\"object\":\"thread\",\"created_at\":1,\"tool_resources\":{},\"metadata\":{}}' FROM n "
    "WHERE i < "
    "5000;"
    "INSERT INTO threads (id, project, body) VALUES ('few', 'default', "
    "'{\"id\":\"few\",\"object\":\"thread\",\"created_at\":1,\"tool_resources\":{},\"metadata\":{}}"
    "');"
    "INSERT INTO thread_metadata (project, name, value, seq) SELECT 'default', 'kind', "
    "'chat', i + 1 FROM n WHERE i < 5000;"
    "INSERT INTO thread_metadata (project, name, value, seq) VALUES ('default', 'user', 'u1', "
    "5), ('default', 'user', 'u1', 4000), ('default', 'tag', 'rare', 4000);"
    "INSERT INTO runs (id, project, thread, status, body) VALUES ('run_first', 'default', "
    "'few', 'completed', '{}');"
    "INSERT INTO runs (id, project, thread, status, body) SELECT 'run_' || i, 'default', "
    "'thread_' || (CASE WHEN i % 2 THEN 1 ELSE i % 3000 END), CASE WHEN i % 500 = 3 THEN "
    "'failed' ELSE 'completed' END, '{}' FROM n;"
    "INSERT INTO runs (id, project, thread, status, body) VALUES ('run_last', 'default', "
    "'few', 'completed', '{}'), ('run_small', 'small', 'thread_7', 'completed', '{}');"
    "INSERT INTO messages (id, project, thread, run, body) SELECT 'msg_' || i, 'default', "
    "'thread_' || (CASE WHEN i % 2 THEN 1 ELSE i % 3000 END), 'run_' || (i / 2), '{}' FROM n;"
    "INSERT INTO messages (id, project, thread, run, body) VALUES ('msg_few', 'default', "
    "'few', 'run_last', '{}');"
    "INSERT INTO run_steps (id, project, thread, run, status, body) SELECT 'step_' || i, "
    "'default', 'thread_1', 'run_' || (i / 4), 'completed', '{}' FROM n;"
    "INSERT INTO run_steps (id, project, thread, run, status, body) VALUES ('step_few', "
    "'default', 'few', 'run_last', 'completed', '{}');"
    "INSERT INTO run_events (run, first, last, body) SELECT 'run_' || (i / 4), i % 4 + 1, i % "
    "4 + 1, '' FROM n;"
    "INSERT INTO assistants (id, project, body) SELECT 'asst_' || i, CASE WHEN i % 50 = 7 "
    "THEN 'small' ELSE 'default' END, '{}' FROM n;"
    "INSERT INTO files (id, project, purpose, body) SELECT 'file-' || i, 'default', CASE WHEN "
    "i % 1000 = 7 THEN 'batch' ELSE 'assistants' END, '{\"id\":\"file-' || i || "
    "'\",\"object\":\"file\",\"bytes\":1,\"created_at\":1,\"filename\":\"a.txt\",\"purpose\":"
    "\"assistants\",\"status\":\"processed\"}' "
    "FROM n;"
    "INSERT INTO vector_stores (id, project, body) SELECT 'vs_' || i, CASE WHEN i % 50 = 7 "
    "THEN 'small' ELSE 'default' END, '{\"id\":\"vs_' || i || "
    "'\",\"object\":\"vector_store\",\"created_at\":1,\"name\":null,\"usage_bytes\":0,\"file_"
    "counts\":{\"in_progress\":0,\"completed\":1,\"failed\":0,\"cancelled\":0,\"total\":1},"
    "\"status\":\"completed\",\"last_active_at\":1,\"metadata\":{}}' "
    "FROM n;"
    "INSERT INTO vector_store_files (store, file, project, status, batch, body) SELECT "
    "'vs_1', 'file-' || i, 'default', CASE WHEN i % 1000 = 7 THEN 'failed' ELSE 'completed' "
    "END, 'vsfb_' || (i / 300), '{}' FROM n;"
    "INSERT INTO vector_store_files (store, file, project, status, body) SELECT 'vs_' || (i + "
    "2), 'file-1', 'default', 'completed', '{}' FROM n;"
    "INSERT INTO vector_store_batches (id, project, store, created_at, cancelled) SELECT 'vsfb_' "
    "|| i, 'default', CASE WHEN i < 27 THEN 'vs_1' ELSE 'vs_' || i END, 1, 0 FROM n;"
    "INSERT INTO uploads (id, project, expires_at, file_life, body) SELECT 'upload_' || i, "
    "'default', NULL, 0, '{}' FROM n;";

static int setup(void **state)
{
    struct served *scene = served_new();
    served_execute(scene, filling);
    memset(seen.queries, 0, sizeof seen.queries);
    seen.count = 0;
    sqlite3_auto_extension((void (*)(void))on_open);
    served_start(scene);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    served_free(*state);
    sqlite3_reset_auto_extension();
    return 0;
}

/* ---- Judging -------------------------------------------------------------------------------- */

/* These may read all that there is: tables of one row, or of which any row will do; what the server
 * loads as it starts; and the audit, which compares all there is. */
static bool may_scan(const char *sql)
{
    static const char *const known[] = {
        "SELECT id, kind FROM remains LIMIT 1",
        "SELECT name, epoch FROM identity",
        "UPDATE identity SET epoch = epoch + 1",
        "SELECT body, hash FROM keys ORDER BY seq",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT seq, id FROM vector_stores WHERE seq > ? AND expired = 0 ORDER BY seq",
        "SELECT file, COUNT(*) OVER () FROM vector_store_files WHERE store = ? "
        "AND status = 'completed' ORDER BY seq",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(sql, known[i]) == 0)
            return true;
    return false;
}

static bool is_judged(const char *sql)
{
    return text_starts_with(sql, "SELECT") || text_starts_with(sql, "UPDATE") ||
           text_starts_with(sql, "DELETE");
}

static int judge_plan(sqlite3 *connection, const struct query *query)
{
    char sql[SQL_SIZE + 32];
    sqlite3_stmt *plan;
    int wrong = 0;
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", query->sql);
    assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(plan, 3);
        /* A scan of what a subquery found, a few rows, is none of a table. */
        bool scans = text_starts_with(detail, "SCAN ") && !strchr(detail, '(') &&
                     !strstr(detail, "CONSTANT ROW") && !strstr(detail, "USING COVERING INDEX");
        if (scans || strstr(detail, "TEMP B-TREE") || strstr(detail, "AUTOMATIC")) {
            print_error("%s\n    of: %s\n", detail, query->sql);
            wrong++;
        }
    }
    sqlite3_finalize(plan);
    return wrong;
}

static void judge(struct served *scene)
{
    sqlite3 *connection;
    int wrong = 0;
    assert_int_equal(sqlite3_open(scene->database, &connection), SQLITE_OK);
    pthread_mutex_lock(&seen.mutex);
    size_t count = seen.count;
    pthread_mutex_unlock(&seen.mutex);
    assert_in_range(count, 20, MOST_QUERIES - 1);
    for (size_t i = 0; i < count; i++) {
        const struct query *query = &seen.queries[i];
        if (!is_judged(query->sql) || may_scan(query->sql))
            continue;
        if (query->steps > MOST_STEPS || query->scanned > 20 || query->sorts || query->indexes) {
            print_error("%d steps, %d rows scanned, %d sorts, %d indexes made\n    by: %s\n",
                        query->steps, query->scanned, query->sorts, query->indexes, query->sql);
            wrong++;
        }
        wrong += judge_plan(connection, query);
    }
    sqlite3_close(connection);
    assert_int_equal(wrong, 0);
}

/* ---- Lists ---------------------------------------------------------------------------------- */

/* Of each path that a list may have: rows that are few amid many, their first and their last. */
struct place {
    const char *path;
    const char *arguments[ENDPOINT_ARGUMENTS];
    const char *first, *last; /* NULL: nothing is there */
};

static const struct place places[] = {
    {"/assistants", {NULL}, "asst_3", "asst_3900"},
    {"/threads", {NULL}, "thread_3", "thread_3900"},
    {"/threads/{thread_id}/messages", {"few"}, "msg_few", "msg_few"},
    {"/threads/{thread_id}/messages", {"thread_1"}, "msg_1", "msg_7999"},
    {"/threads/{thread_id}/runs", {"few"}, "run_first", "run_last"},
    {"/threads/{thread_id}/runs", {"thread_1"}, "run_1", "run_7999"},
    {"/threads/{thread_id}/runs/{run_id}/steps", {"few", "run_last"}, "step_few", "step_few"},
    {"/runs", {NULL}, "run_1", "run_7999"},
    {"/files", {NULL}, "file-3", "file-3900"},
    {"/vector_stores", {NULL}, "vs_3", "vs_3900"},
    {"/vector_stores/{vector_store_id}/files", {"vs_1"}, "file-3", "file-3900"},
    {"/vector_stores/{vector_store_id}/files", {"vs_20"}, "file-1", "file-1"},
    {"/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
     {"vs_1", "vsfb_1"},
     "file-303",
     "file-590"},
    {"/treadle/keys", {NULL}, NULL, NULL},
};

/* Filters, each for the endpoints that take it; "" is none. */
static const struct filter {
    unsigned kind;
    const char *text;
} filters[] = {
    {ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, ""},
    {ENDPOINT_STATUS, "status=failed"},
    {ENDPOINT_STATUS, "status=expired"},
    {ENDPOINT_PURPOSE, "purpose=batch"},
    {ENDPOINT_PURPOSE, "purpose=vision"},
    {ENDPOINT_FILTER, "filter=failed"},
    {ENDPOINT_FILTER, "filter=cancelled"},
    {ENDPOINT_RUN_ID, "run_id=run_last"},
    {ENDPOINT_RUN_ID, "run_id=run_3"},
    {ENDPOINT_INCLUDE, "include[]=step_details.tool_calls[*].file_search.results[*].content"},
    {ENDPOINT_METADATA, "metadata[user]=u1"},
    {ENDPOINT_METADATA, "metadata[kind]=chat&metadata[user]=u1"},
    {ENDPOINT_METADATA, "metadata[user]=u1&metadata[kind]=chat&metadata[tag]=rare"},
    {ENDPOINT_METADATA, "metadata[kind]=chat&metadata[user]=nobody"},
};

/* Writes the path with its arguments in their places. */
static size_t print_path(char *out, size_t size, const struct place *place)
{
    size_t length = 0, argument = 0;
    for (const char *at = place->path; *at; at++) {
        if (*at == '{') {
            assert_non_null(place->arguments[argument]);
            length +=
                (size_t)snprintf(out + length, size - length, "%s", place->arguments[argument++]);
            at = strchr(at, '}');
        } else {
            out[length++] = *at;
        }
    }
    out[length] = '\0';
    return length;
}

static void ask(struct served *scene, const struct place *place, const char *filter)
{
    static const char *const orders[] = {"asc", "desc"};
    static const char *const cursors[] = {"", "&after=", "&before="};
    char path[768];
    for (size_t order = 0; order < 2; order++) {
        for (size_t cursor = 0; cursor < (place->first ? 3 : 1); cursor++) {
            size_t length = print_path(path, sizeof path, place);
            const char *id = order ? place->last : place->first;
            snprintf(path + length, sizeof path - length, "?limit=20&order=%s%s%s&%s",
                     orders[order], cursors[cursor], cursor ? id : "", filter);
            for (char *c; (c = strpbrk(path, "[]*"));)
                memmove(c + 2, c, strlen(c) + 1), memcpy(c,
                                                         *(c + 2) == '['   ? "%5B"
                                                         : *(c + 2) == ']' ? "%5D"
                                                                           : "%2A",
                                                         3);
            long status = served_request(scene, "GET", path);
            /* A cursor that the filter hides is not found, but is still looked for. */
            if (status != 200 && !(status == 404 && cursor && *filter))
                fail_msg("%ld for %s", status, path);
        }
    }
}

static void every_list_reads_what_it_sends(void **state)
{
    struct served *scene = *state;
    size_t lists = 0;
    for (size_t id = 0; id < ENDPOINT_COUNT; id++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)id);
        bool known = false;
        if (!(endpoint->query & (ENDPOINT_PAGE | ENDPOINT_FILE_PAGE)))
            continue;
        lists++;
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            if (strcmp(places[i].path, endpoint->path) != 0)
                continue;
            known = true;
            for (size_t j = 0; j < sizeof filters / sizeof filters[0]; j++)
                if (filters[j].kind & endpoint->query)
                    ask(scene, &places[i], filters[j].text);
        }
        if (!known)
            fail_msg("the list %s has no place in this test", endpoint->path);
    }
    assert_in_range(lists, 10, 40);
    judge(scene);
}

/* ---- Sweeps --------------------------------------------------------------------------------- */

static void sweeps_read_what_they_remove(void **state)
{
    struct served *scene = *state;
    served_execute(scene, "UPDATE files SET expires_at = 5 WHERE id IN ('file-77', 'file-4077');"
                          "UPDATE vector_stores SET expires_at = 5 WHERE id = 'vs_77';");
    assert_int_equal(served_request(scene, "DELETE", "/threads/thread_1"), 200);
    assert_int_equal(served_request(scene, "DELETE", "/vector_stores/vs_1"), 200);
    assert_int_equal(served_request(scene, "DELETE", "/files/file-1"), 200);
    served_await(scene, "SELECT count(*) FROM remains", 0);
    served_await(scene, "SELECT count(*) FROM files WHERE expires_at IS NOT NULL", 0);
    served_await(scene, "SELECT count(*) FROM vector_stores WHERE expires_at IS NOT NULL", 0);
    judge(scene);
}

/* ---- Statistics ----------------------------------------------------------------------------- */

/* Somebody who looks into the database may leave statistics there, by which SQLite plans. */
static int setup_with_statistics(void **state)
{
    int rc = setup(state);
    struct served *scene = *state;
    served_stop(scene);
    served_execute(scene, "ANALYZE");
    served_start(scene);
    /* Reading the statistics counts as steps of the statements that come first. */
    served_request(scene, "GET", "/assistants?after=asst_3");
    memset(seen.queries, 0, sizeof seen.queries);
    seen.count = 0;
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_list_reads_what_it_sends, setup, teardown),
        cmocka_unit_test_setup_teardown(every_list_reads_what_it_sends, setup_with_statistics,
                                        teardown),
        cmocka_unit_test_setup_teardown(sweeps_read_what_they_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(sweeps_read_what_they_remove, setup_with_statistics,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
