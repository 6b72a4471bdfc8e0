/*
 * The client against a scripted server: what it sends, how it reads replies of every kind, when it
 * tries again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client_setting.h"

static const char run_body[] =
    "{\"id\":\"run_1\",\"object\":\"thread.run\",\"created_at\":7,\"thread_id\":\"thread_1\","
    "\"assistant_id\":\"asst_1\",\"status\":\"%s\",\"model\":\"m\",\"unknown\":{\"x\":[1]}}";

static char *run_reply(const char *status, const char *headers)
{
    char body[512];
    snprintf(body, sizeof body, run_body, status);
    return scripted_reply("200 OK", headers, body);
}

/* ---- Requests ------------------------------------------------------------------------------- */

static void sends_method_path_headers_and_body(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    char *text = run_reply("queued", "X-Request-Id: req_9\r\nX-Two:  spaced \r\n");
    start(&setting, (const char *[]){text, NULL}, -1);
    struct treadle_run_create_request request = {.assistant_id = "asst_1",
                                                 .instructions = "say \"hi\"\n"};
    assert_int_equal(treadle_run_create(&reply, setting.client, "thread_1", &request, &error), 0);
    const char *sent = scripted_server_request(setting.server, 0);
    assert_non_null(strstr(sent, "POST /v1/threads/thread_1/runs HTTP/1.1\r\n"));
    assert_non_null(strstr(sent, "Authorization: Bearer sk-secret\r\n"));
    assert_non_null(strstr(sent, "OpenAI-Beta: assistants=v2\r\n"));
    assert_non_null(strstr(sent, "Content-Type: application/json\r\n"));
    assert_non_null(
        strstr(sent, "{\"assistant_id\":\"asst_1\",\"instructions\":\"say \\\"hi\\\"\\n\"}"));
    assert_int_equal(reply->base.http_status, 200);
    assert_true(reply->base.is_successful);
    assert_null(reply->base.error);
    assert_null(reply->base.error_message);
    assert_string_equal(reply->base.reason_phrase, "OK");
    assert_string_equal(reply->base.request_id, "req_9");
    assert_string_equal(treadle_response_header(&reply->base, "x-two"), "spaced");
    assert_null(treadle_response_header(&reply->base, "x-three"));
    assert_string_equal(reply->run.id, "run_1");
    assert_int_equal(reply->run.status, TREADLE_RUN_QUEUED);
    assert_int_equal(reply->run.started_at.state, TREADLE_ABSENT);
    treadle_run_response_free(reply);
    free(text);
    stop(&setting);
}

static void sends_null_members(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    start_with(&setting, "200 OK", "", "{\"id\":\"thread_1\"}");
    struct treadle_thread_modify_request request = {.metadata = NULL};
    assert_int_equal(
        treadle_member_set_null(&treadle_thread_modify_request_type, &request, "metadata", &error),
        0);
    assert_int_equal(treadle_thread_modify(NULL, setting.client, "thread_1", &request, &error), 0);
    assert_non_null(strstr(scripted_server_request(setting.server, 0), "{\"metadata\":null}"));
    stop(&setting);
}

static void builds_queries(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    start_with(&setting, "200 OK", "", "{\"object\":\"list\",\"data\":[],\"has_more\":false}");
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    options.limit = 5;
    options.order = TREADLE_ORDER_ASCENDING;
    options.after = "step_1&x=é";
    options.include_content = true;
    struct treadle_run_step_page_response *page = NULL;
    assert_int_equal(treadle_run_step_list(&page, setting.client, "t", "r", &options, &error), 0);
    assert_int_equal(page->page.data_count, 0);
    assert_non_null(strstr(scripted_server_request(setting.server, 0),
                           "GET /v1/threads/t/runs/r/steps?limit=5&order=asc&after=step_1%26x%3D"
                           "%C3%A9&include[]=step_details.tool_calls%5B%2A%5D.file_search."
                           "results%5B%2A%5D.content HTTP/1.1"));
    treadle_run_step_page_response_free(page);

    struct treadle_list_options wrong = TREADLE_LIST_OPTIONS_INIT;
    wrong.status = TREADLE_RUN_FAILED;
    assert_int_equal(treadle_run_list(NULL, setting.client, "t", &wrong, &error), TREADLE_EINVALID);
    assert_non_null(strstr(error.message, "status"));
    assert_int_equal(treadle_run_list_all(NULL, setting.client, &wrong, &error), 0);
    assert_non_null(
        strstr(scripted_server_request(setting.server, 1), "GET /v1/runs?status=failed "));
    stop(&setting);
}

static void encodes_and_checks_ids(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    start_with(&setting, "200 OK", "", "{\"id\":\"x\"}");
    assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "a/../b?c", &error), 0);
    assert_non_null(
        strstr(scripted_server_request(setting.server, 0), "GET /v1/threads/a%2F..%2Fb%3Fc HTTP"));
    assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "", &error), TREADLE_EINVALID);
    assert_int_equal(treadle_thread_retrieve(NULL, setting.client, NULL, &error), TREADLE_EINVALID);
    assert_int_equal(treadle_thread_delete(NULL, setting.client, "..", &error), TREADLE_EINVALID);
    assert_int_equal(scripted_server_requests(setting.server), 1);
    assert_int_equal(treadle_thread_delete(NULL, setting.client, "x", &error), 0);
    assert_non_null(
        strstr(scripted_server_request(setting.server, 1), "DELETE /v1/threads/x HTTP"));
    stop(&setting);
}

/* ---- Replies that are no success ------------------------------------------------------------ */

static void hands_over_error_replies(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    start_with(&setting, "404 Not Found", "x-request-id: req_1\r\n",
               "{\"error\":{\"message\":\"No run.\",\"type\":\"invalid_request_error\","
               "\"param\":\"run_id\",\"code\":null},\"detail\":{\"why\":1}}");
    assert_int_equal(treadle_run_find(&reply, setting.client, "run_1", &error), TREADLE_EREMOTE);
    assert_int_equal(error.code, TREADLE_EREMOTE);
    assert_int_equal(error.http_status, 404);
    assert_string_equal(error.message, "No run.");
    assert_string_equal(error.param, "run_id");
    assert_string_equal(error.wire_code, "");
    assert_non_null(reply);
    assert_false(reply->base.is_successful);
    assert_int_equal(reply->base.http_status, 404);
    assert_string_equal(reply->base.reason_phrase, "Not Found");
    assert_string_equal(reply->base.error->message, "No run.");
    assert_string_equal(reply->base.error_message, "No run.");
    assert_string_equal(reply->base.detail, "{\"why\":1}");
    assert_string_equal(reply->base.request_id, "req_1");
    assert_null(reply->run.id);
    treadle_run_response_free(reply);
    stop(&setting);
}

static void makes_up_missing_errors(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body, *message;
    } cases[] = {
        {"502 Bad Gateway", "<html>", "the server answered 502 Bad Gateway without saying why"},
        {"400 Bad Request", "{\"detail\":\"Nope\"}", "Nope"},
        {"400 Bad Request", "{\"error\":\"plain\"}", "plain"},
        {"403 ", "", "the server answered 403 without saying why"},
        {"302 Found", "[]", "the server answered 302 Found without saying why"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setting setting;
        struct treadle_thread_response *reply = NULL;
        struct treadle_error error = {0};
        start_with(&setting, cases[i].status, "", cases[i].body);
        assert_int_equal(treadle_thread_retrieve(&reply, setting.client, "t", &error),
                         TREADLE_EREMOTE);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(reply->base.error_message, cases[i].message);
        assert_int_equal(error.http_status, reply->base.http_status);
        treadle_thread_response_free(reply);
        stop(&setting);
    }
}

static void refuses_replies_that_cannot_be_read(void **state)
{
    (void)state;
    static const char *const bodies[] = {"<html>",
                                         "",
                                         "{\"id\":\"run_1\"",
                                         "[]",
                                         "{}",
                                         "{\"id\":null}",
                                         "{\"id\":7,\"status\":\"queued\"}",
                                         "{\"id\":\"\\u0000\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct setting setting;
        struct treadle_run_response *reply = NULL;
        struct treadle_error error = {0};
        start_with(&setting, "200 OK", "", bodies[i]);
        assert_int_equal(treadle_run_find(&reply, setting.client, "r", &error), TREADLE_EPARSE);
        assert_int_equal(error.http_status, 200);
        assert_non_null(strstr(error.message, "the server answered 200"));
        assert_false(reply->base.is_successful);
        assert_non_null(reply->base.error);
        assert_null(reply->run.id);
        assert_string_equal(reply->base.body, bodies[i]);
        treadle_run_response_free(reply);
        stop(&setting);
    }
}

static void refuses_pages_with_nameless_items(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_run_page_response *reply = NULL;
    struct treadle_error error = {0};
    start_with(&setting, "200 OK", "", "{\"object\":\"list\",\"data\":[{\"id\":\"a\"},{}]}");
    assert_int_equal(treadle_run_list_all(&reply, setting.client, NULL, &error), TREADLE_EPARSE);
    assert_null(reply->page.data);
    treadle_run_page_response_free(reply);
    stop(&setting);
}

static void caps_what_it_reads(void **state)
{
    (void)state;
    static const char endless[] = "HTTP/1.1 200 OK\r\nContent-Length: 70000000\r\n\r\n";
    size_t length = 70000000;
    char *reply = malloc(sizeof endless + length);
    memcpy(reply, endless, sizeof endless - 1);
    memset(reply + sizeof endless - 1, ' ', length);
    reply[sizeof endless - 1 + length] = '\0';
    struct setting setting;
    struct treadle_error error = {0};
    start(&setting, (const char *[]){reply, NULL}, -1);
    struct treadle_run_response *none = NULL;
    assert_int_equal(treadle_run_find(&none, setting.client, "r", &error), TREADLE_ELIMIT);
    assert_null(none);
    stop(&setting);

    memset(reply, 'x', 200000);
    memcpy(reply, "HTTP/1.1 200 OK\r\nX: ", 20);
    reply[200000] = '\0';
    start(&setting, (const char *[]){reply, NULL}, -1);
    assert_true(treadle_run_find(&none, setting.client, "r", &error) < 0);
    assert_null(none);
    stop(&setting);
    free(reply);
}

/* ---- Attempts ------------------------------------------------------------------------------- */

static void tries_again(void **state)
{
    (void)state;
    char *busy = scripted_reply("503 Busy", "Retry-After-Ms: 1\r\n", "{}");
    char *limited = scripted_reply("429 Slow", "Retry-After: 0\r\n", "{}");
    char *good = run_reply("queued", "");
    struct setting setting;
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    start(&setting, (const char *[]){busy, "", limited, good, NULL}, 3);
    assert_int_equal(treadle_run_find(&reply, setting.client, "r", &error), 0);
    assert_int_equal(scripted_server_requests(setting.server), 4);
    treadle_run_response_free(reply);
    stop(&setting);

    start(&setting, (const char *[]){busy, NULL}, 2);
    assert_int_equal(treadle_run_find(NULL, setting.client, "r", &error), TREADLE_EREMOTE);
    assert_int_equal(error.http_status, 503);
    assert_int_equal(scripted_server_requests(setting.server), 3);
    stop(&setting);
    free(busy);
    free(limited);
    free(good);
}

static void obeys_should_retry(void **state)
{
    (void)state;
    char *final = scripted_reply("500 No", "x-should-retry: false\r\n", "{}");
    char *again = scripted_reply("400 No", "x-should-retry: true\r\n", "{}");
    char *plain = scripted_reply("400 No", "", "{}");
    struct setting setting;
    struct treadle_error error = {0};
    start(&setting, (const char *[]){final, NULL}, 2);
    assert_int_equal(treadle_run_find(NULL, setting.client, "r", &error), TREADLE_EREMOTE);
    assert_int_equal(scripted_server_requests(setting.server), 1);
    stop(&setting);
    start(&setting, (const char *[]){again, plain, NULL}, 2);
    assert_int_equal(treadle_run_find(NULL, setting.client, "r", &error), TREADLE_EREMOTE);
    assert_int_equal(scripted_server_requests(setting.server), 2);
    stop(&setting);
    free(final);
    free(again);
    free(plain);
}

static void reports_missing_servers(void **state)
{
    (void)state;
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_client *client = NULL;
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    options.base_url = "unix:/nonexistent/treadle.sock";
    options.max_retries = -1;
    assert_int_equal(treadle_client_new(&client, &options, &error), 0);
    assert_int_equal(treadle_run_find(&reply, client, "r", &error), TREADLE_ENETWORK);
    assert_null(reply);
    assert_non_null(strstr(error.message, "unix:/nonexistent/treadle.sock"));
    treadle_client_free(client);
}

static void times_out(void **state)
{
    (void)state;
    struct setting setting = {0};
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_error error = {0};
    char *half = strdup("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    setting.server = scripted_server_start(NULL, (const char *[]){half, NULL});
    options.base_url = scripted_server_url(setting.server);
    options.request_timeout_seconds = 0.2;
    options.max_retries = -1;
    assert_int_equal(treadle_client_new(&setting.client, &options, &error), 0);
    assert_int_equal(treadle_run_find(NULL, setting.client, "r", &error), TREADLE_ETIMEOUT);
    free(half);
    stop(&setting);
}

/* ---- Connections ---------------------------------------------------------------------------- */

static void keeps_connections(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    start_with(&setting, "200 OK", "", "{\"id\":\"t\"}");
    for (int i = 0; i < 5; i++)
        assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "t", &error), 0);
    assert_int_equal(scripted_server_connections(setting.server), 1);
    stop(&setting);
}

static void *call_often(void *context)
{
    struct treadle_error error = {0};
    intptr_t failed = 0;
    for (int i = 0; i < 20; i++) {
        struct treadle_thread_response *reply = NULL;
        if (treadle_thread_retrieve(&reply, context, "t", &error) || strcmp(reply->thread.id, "t"))
            failed++;
        treadle_thread_response_free(reply);
    }
    return (void *)failed;
}

static void serves_many_threads(void **state)
{
    (void)state;
    struct setting setting;
    pthread_t threads[8];
    start_with(&setting, "200 OK", "", "{\"id\":\"t\"}");
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, call_often, setting.client);
    for (int i = 0; i < 8; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(scripted_server_requests(setting.server), 160);
    assert_true(scripted_server_connections(setting.server) <= 8);
    stop(&setting);
}

static void speaks_over_unix_sockets(void **state)
{
    (void)state;
    char directory[] = "/tmp/treadle-client-XXXXXX", path[64];
    struct setting setting = {0};
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_error error = {0};
    char *reply = scripted_reply("200 OK", "", "{\"id\":\"t\"}");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/s", directory);
    setting.server = scripted_server_start(path, (const char *[]){reply, NULL});
    options.base_url = scripted_server_url(setting.server);
    assert_int_equal(treadle_client_new(&setting.client, &options, &error), 0);
    assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "t", &error), 0);
    assert_non_null(
        strstr(scripted_server_request(setting.server, 0), "GET /v1/threads/t HTTP/1.1\r\n"));
    free(reply);
    stop(&setting);
    rmdir(directory);
}

static void ignores_the_environment(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    start_with(&setting, "200 OK", "", "{\"id\":\"t\"}");
    assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "t", &error), 0);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    stop(&setting);
}

static void checks_options(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "127.0.0.1:8383", "ftp://x", "unix:relative", "http://u:p@x/", "http://x/?a=b",
        "http://x/#f",    "",        "http://",       "unix:"};
    struct treadle_client *client = NULL;
    struct treadle_error error = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
        options.base_url = bad[i];
        assert_int_equal(treadle_client_new(&client, &options, &error), TREADLE_EINVALID);
        assert_null(client);
    }
    static const char *const good[] = {"http://x", "https://x/v1", "http://[::1]:8383/v1/",
                                       "https://x/prefix"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
        options.base_url = good[i];
        assert_int_equal(treadle_client_new(&client, &options, &error), 0);
        treadle_client_free(client);
        client = NULL;
    }
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    options.api_key = "key\r\nX-Evil: 1";
    assert_int_equal(treadle_client_new(&client, &options, &error), TREADLE_EINVALID);
    options.api_key = NULL;
    options.version = 99;
    assert_int_equal(treadle_client_new(&client, &options, &error), TREADLE_EINVALID);
    treadle_client_free(NULL);
    treadle_response_free(NULL);
}

static void completes_base_urls(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"", "/", "/v1", "/v1/", "/gate/way"};
    char *text = scripted_reply("200 OK", "", "{\"id\":\"t\"}");
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        struct setting setting = {.server =
                                      scripted_server_start(NULL, (const char *[]){text, NULL})};
        struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
        struct treadle_error error = {0};
        char url[200];
        snprintf(url, sizeof url, "%s%s", scripted_server_url(setting.server), suffixes[i]);
        options.base_url = url;
        assert_int_equal(treadle_client_new(&setting.client, &options, &error), 0);
        assert_int_equal(treadle_thread_retrieve(NULL, setting.client, "t", &error), 0);
        assert_non_null(strstr(scripted_server_request(setting.server, 0),
                               i == 4 ? "GET /gate/way/v1/threads/t H" : "GET /v1/threads/t H"));
        stop(&setting);
    }
    free(text);
}

/* ---- Waiting -------------------------------------------------------------------------------- */

static void waits_for_runs(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_run_response *reply = NULL;
    struct treadle_error error = {0};
    char *queued = run_reply("queued", "openai-poll-after-ms: 2\r\n");
    char *strange = run_reply("pondering", "openai-poll-after-ms: 2\r\n");
    char *done = run_reply("completed", "");
    start(&setting, (const char *[]){queued, strange, done, NULL}, -1);
    assert_int_equal(treadle_run_wait(&reply, setting.client, "t", "r", &error), 0);
    assert_int_equal(reply->run.status, TREADLE_RUN_COMPLETED);
    assert_int_equal(scripted_server_requests(setting.server), 3);
    treadle_run_response_free(reply);
    stop(&setting);

    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    setting.server = scripted_server_start(NULL, (const char *[]){queued, NULL});
    options.base_url = scripted_server_url(setting.server);
    options.polling_timeout_seconds = 0.05;
    reply = NULL;
    assert_int_equal(treadle_client_new(&setting.client, &options, &error), 0);
    assert_int_equal(treadle_run_wait(&reply, setting.client, "t", "r", &error), TREADLE_ETIMEOUT);
    assert_null(reply);
    stop(&setting);
    free(queued);
    free(strange);
    free(done);
}

static void waits_for_vector_store_files(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_vector_store_file_response *reply = NULL;
    struct treadle_error error = {0};
    char *reading = scripted_reply("200 OK", "openai-poll-after-ms: 2\r\n",
                                   "{\"id\":\"f\",\"status\":\"in_progress\"}");
    char *failed = scripted_reply("200 OK", "",
                                  "{\"id\":\"f\",\"status\":\"failed\",\"last_error\":{\"code\":"
                                  "\"invalid_file\",\"message\":\"broken\"}}");
    start(&setting, (const char *[]){reading, failed, NULL}, -1);
    assert_int_equal(treadle_vector_store_file_wait(&reply, setting.client, "v", "f", &error), 0);
    assert_string_equal(reply->vector_store_file.last_error->message, "broken");
    treadle_vector_store_file_response_free(reply);
    stop(&setting);
    free(reading);
    free(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_method_path_headers_and_body),
        cmocka_unit_test(sends_null_members),
        cmocka_unit_test(builds_queries),
        cmocka_unit_test(encodes_and_checks_ids),
        cmocka_unit_test(hands_over_error_replies),
        cmocka_unit_test(makes_up_missing_errors),
        cmocka_unit_test(refuses_replies_that_cannot_be_read),
        cmocka_unit_test(refuses_pages_with_nameless_items),
        cmocka_unit_test(caps_what_it_reads),
        cmocka_unit_test(tries_again),
        cmocka_unit_test(obeys_should_retry),
        cmocka_unit_test(reports_missing_servers),
        cmocka_unit_test(times_out),
        cmocka_unit_test(keeps_connections),
        cmocka_unit_test(serves_many_threads),
        cmocka_unit_test(speaks_over_unix_sockets),
        cmocka_unit_test(ignores_the_environment),
        cmocka_unit_test(checks_options),
        cmocka_unit_test(completes_base_urls),
        cmocka_unit_test(waits_for_runs),
        cmocka_unit_test(waits_for_vector_store_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
