/*
 * A real server in this process, on a store that the test fills and looks into with SQL.
 */
#ifndef TESTS_UNIT_SERVED_STORE_H
#define TESTS_UNIT_SERVED_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "db_fixture.h"
#include "server/server.h"
#include "store/schema.h"

struct served {
    struct fixture store;
    char database[PATH_MAX];
    struct server_options options;
    struct server *server;
    CURL *curl;
    struct buffer reply; /* the last one's body */
    struct treadle_error error;
};

static inline void served_execute(const struct served *served, const char *sql)
{
    sqlite3 *connection;
    char *message = NULL;
    assert_int_equal(sqlite3_open(served->database, &connection), SQLITE_OK);
    sqlite3_busy_timeout(connection, 10000);
    if (sqlite3_exec(connection, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(connection);
}

/* The first column of the first row. */
static inline int64_t served_number(const struct served *served, const char *sql)
{
    sqlite3 *connection;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(served->database, &connection), SQLITE_OK);
    sqlite3_busy_timeout(connection, 10000);
    /* The test's own looks are none of the server's. */
    sqlite3_trace_v2(connection, 0, NULL, NULL);
    assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(connection);
    return number;
}

/* An empty store, which no server serves yet. */
static inline struct served *served_new(void)
{
    struct served *served = calloc(1, sizeof *served);
    struct db *db;
    assert_int_equal(fixture_make(&served->store), 0);
    snprintf(served->database, sizeof served->database, "%s/treadle.db", served->store.directory);
    assert_int_equal(db_open_sqlite(&db, served->database, schema_migrations, &served->error), 0);
    db_close(db);
    served->options = (struct server_options){.listen = {"127.0.0.1:0"},
                                              .store = served->store.directory,
                                              .reader = getenv("TREADLE_TEST_READER")};
    served->curl = curl_easy_init();
    buffer_init(&served->reply, 64 << 20);
    return served;
}

static inline void served_start(struct served *served)
{
    if (server_start(&served->server, &served->options, &served->error))
        fail_msg("%s", served->error.message);
}

static inline void served_stop(struct served *served)
{
    server_stop(served->server, 0);
    served->server = NULL;
}

static inline void served_free(struct served *served)
{
    served_stop(served);
    curl_easy_cleanup(served->curl);
    buffer_clear(&served->reply);
    assert_int_equal(fixture_remove(&served->store), 0);
    free(served);
}

static inline size_t served_take(char *bytes, size_t size, size_t count, void *context)
{
    struct served *served = context;
    buffer_append(&served->reply, bytes, size * count);
    return size * count;
}

/* The status. Paths are below /v1; those of the owner go through the owner's socket. */
static inline long served_request(struct served *served, const char *method, const char *path)
{
    char url[1024], socket[PATH_MAX];
    long status = 0;
    bool owns = text_starts_with(path, "/treadle/");
    snprintf(socket, sizeof socket, "%s/socket", served->store.directory);
    snprintf(url, sizeof url, "%s/v1%s",
             owns ? "http://localhost" : server_address(served->server, 0), path);
    buffer_reset(&served->reply);
    curl_easy_reset(served->curl);
    if (owns)
        curl_easy_setopt(served->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(served->curl, CURLOPT_URL, url);
    curl_easy_setopt(served->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(served->curl, CURLOPT_WRITEFUNCTION, served_take);
    curl_easy_setopt(served->curl, CURLOPT_WRITEDATA, served);
    assert_int_equal(curl_easy_perform(served->curl), CURLE_OK);
    curl_easy_getinfo(served->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Waits until the number that the SQL gives is `wanted`; fails after half a minute. */
static inline void served_await(const struct served *served, const char *sql, int64_t wanted)
{
    int64_t number = -1;
    for (int i = 0; i < 3000 && (number = served_number(served, sql)) != wanted; i++)
        usleep(10000);
    assert_int_equal(number, wanted);
}

#endif
