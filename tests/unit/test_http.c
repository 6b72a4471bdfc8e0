/*
 * The HTTP room from outside: heads and bodies, good and bad.
 */
#include "http_fixture.h"

static void test_plain_requests(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    assert_null(http_address(server, 1));
    expect(server, "GET /a/b%20c?x=1&x=%C3%A4 HTTP/1.1\r\n" H "\r\n", 200,
           "GET <a> <b c> x=1 x=\xc3\xa4");
    expect(server, "GET / HTTP/1.0\r\n\r\n", 200, "GET");
    expect(server, "OPTIONS * HTTP/1.1\r\n" H "\r\n", 200, "OPTIONS");
    expect(server, "GET http://x/a?b=c HTTP/1.1\r\n" H "\r\n", 200, "GET <a> b=c");
    expect(server, "GET /file HTTP/1.1\r\n" H "\r\n", 200, "from a file");
    expect(server, "GET /broken HTTP/1.1\r\n" H "\r\n", 500, NULL);
    struct answer answer = ask_text(server, "GET /a HTTP/1.1\r\n" H "\r\n");
    assert_non_null(strstr(answer.head, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(answer.head, "x-good: yes\r\n"));
    assert_null(strstr(answer.head, "bad"));
    assert_null(strstr(answer.head, "evil"));
    free(answer.body);
    int descriptor = dial(server);
    put_text(descriptor, "HEAD /a HTTP/1.1\r\n" H "\r\n");
    answer = get(descriptor, true);
    assert_int_equal(answer.status, 200);
    assert_int_equal(header_number(answer.head, "\r\nContent-Length:"), strlen("HEAD <a>"));
    free(answer.body);
    /* Pipelined, and parted in the middle. */
    put_text(descriptor, "GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\n" H "\r\nGET /3 HT");
    for (int i = 1; i <= 3; i++) {
        answer = get(descriptor, false);
        char expected[16];
        snprintf(expected, sizeof expected, "GET <%d>", i);
        assert_string_equal(answer.body, expected);
        free(answer.body);
        if (i == 2)
            put_text(descriptor, "TP/1.1\r\n" H "\r\n");
    }
    const char *slow = "GET /slow HTTP/1.1\r\n" H "Accept: a/b \r\nX-Empty:\r\n\r\n";
    for (const char *at = slow; *at; at++) {
        put(descriptor, at, 1);
        usleep(500);
    }
    answer = get(descriptor, false);
    assert_string_equal(answer.body, "GET <slow>");
    free(answer.body);
    close(descriptor);
    http_stop(server, 5);
}

static void test_refused_heads(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    int before = atomic_load(&handled);
    static const char *const heads[] = {
        "POST /json HTTP/1.1\r\n" H "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "POST /json HTTP/1.1\r\n" H "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "POST /json HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n",
        "POST /json HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST /json HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /a HTTP/1.1\r\n" H H "\r\n",
        "GET /a HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.1\n" H "\r\n",
        "GET /a HTTP/1.1\r\nHost: x\n\r\n",
        "GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: x\n\n",
        "GET /a HTTP/1.1\r\n" H "\n",
        "GET /a HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n",
        "GET /a HTTP/1.1\r\n X: a\r\n" H "\r\n",
        "GET /a HTTP/1.1\r\n" H "X : a\r\n\r\n",
        "GET /a HTTP/1.1\r\n" H "X: a\001\r\n\r\n",
        "GET /a HTTP/1.1\r\n" H ": a\r\n\r\n",
        "GET  /a HTTP/1.1\r\n" H "\r\n",
        "GET /a  HTTP/1.1\r\n" H "\r\n",
        "GET /a b HTTP/1.1\r\n" H "\r\n",
        "G@T /a HTTP/1.1\r\n" H "\r\n",
        "GET a HTTP/1.1\r\n" H "\r\n",
        "GET /%zz HTTP/1.1\r\n" H "\r\n",
        "GET /%00 HTTP/1.1\r\n" H "\r\n",
        "GET /a?b=%ff HTTP/1.1\r\n" H "\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        expect(server, heads[i], 400, NULL);
    static const char nul[] = "GET /a HTTP/1.1\r\n" H "X: a\0b\r\n\r\n";
    expect_bytes(server, nul, sizeof nul - 1, 400, NULL);
    static const char nul_target[] = "GET /a\0b HTTP/1.1\r\n" H "\r\n";
    expect_bytes(server, nul_target, sizeof nul_target - 1, 400, NULL);
    struct buffer large;
    buffer_init(&large, 1 << 20);
    buffer_append_string(&large, "GET /a HTTP/1.1\r\n" H);
    for (int i = 0; i < 101; i++)
        buffer_append_format(&large, "X: %d\r\n", i);
    buffer_append_string(&large, "\r\n");
    expect(server, large.data, 431, NULL);
    buffer_reset(&large);
    buffer_append_string(&large, "GET /a HTTP/1.1\r\n" H);
    for (int i = 0; i < 11; i++)
        buffer_append_format(&large, "X: %01000d\r\n", i);
    buffer_append_string(&large, "\r\n");
    expect(server, large.data, 431, NULL);
    buffer_clear(&large);
    assert_int_equal(atomic_load(&handled), before);
    http_stop(server, 5);
}

static void test_plans(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    struct answer answer = ask_text(server, "GET /json HTTP/1.1\r\n" H "\r\n");
    assert_int_equal(answer.status, 405);
    assert_non_null(strstr(answer.head, "Allow: POST\r\n"));
    free(answer.body);
    /* A small body after an error is read, and the connection stays open. */
    int descriptor = dial(server);
    put_text(descriptor, "GET /missing HTTP/1.1\r\n" H "\r\n");
    put_text(descriptor, "POST /missing HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n12345");
    put_text(descriptor, "GET /a HTTP/1.1\r\n" H "\r\n");
    static const int expected[] = {404, 404, 200};
    for (int i = 0; i < 3; i++) {
        answer = get(descriptor, false);
        assert_int_equal(answer.status, expected[i]);
        free(answer.body);
    }
    close(descriptor);
    http_stop(server, 5);
}

static void test_json_bodies(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    expect(server, POST JSON "Content-Length: 2\r\n\r\n{}", 200, "body:{}");
    expect(server, POST "Content-Length: 2\r\n\r\n{}", 200, "body:{}");
    expect(server,
           POST "Content-Type: Application/JSON ; charset=utf-8\r\nContent-Length: 2\r\n"
                "\r\n{}",
           200, "body:{}");
    expect(server, POST "\r\n", 200, "POST <json>");
    expect(server, POST "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n", 200, NULL);
    expect(server, POST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415, NULL);
    expect(server, POST JSON "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", 200,
           "body:{}");
    expect(server, "DELETE /a HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}", 200, "DELETE <a>");
    expect(server, POST JSON "Content-Length: 1001\r\n\r\n", 413, NULL);
    expect(server, POST JSON "Content-Length: 18446744073709551615\r\n\r\n", 413, NULL);
    int descriptor = dial(server);
    put_text(descriptor, POST JSON "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    struct answer answer = get(descriptor, true);
    assert_int_equal(answer.status, 100);
    free(answer.body);
    put_text(descriptor, "[]");
    answer = get(descriptor, false);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "body:[]"));
    free(answer.body);
    put_text(descriptor, POST JSON "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    answer = get(descriptor, false);
    assert_int_equal(answer.status, 413);
    free(answer.body);
    close(descriptor);
    http_stop(server, 5);
}

/* The client still sends, and must be able to read the reply. */
static void test_too_large(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    char *block = malloc(1 << 20);
    memset(block, 'x', 1 << 20);
    static const char *const heads[] = {
        POST JSON "Content-Length: 8000000\r\n\r\n",
        POST JSON "Transfer-Encoding: chunked\r\n\r\n7a1200\r\n",
        "POST /upload HTTP/1.1\r\n" H "Content-Type: multipart/form-data; boundary=B\r\n"
        "Content-Length: 8000000\r\n\r\n",
        "POST /upload HTTP/1.1\r\n" H "Content-Type: multipart/form-data; boundary=B\r\n"
        "Transfer-Encoding: chunked\r\n\r\n7a1200\r\n",
        "POST /missing HTTP/1.1\r\n" H "Content-Length: 8000000\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int descriptor = dial(server);
        put_text(descriptor, heads[i]);
        for (int j = 0; j < 7; j++)
            put(descriptor, block, 1 << 20);
        struct answer answer = get(descriptor, false);
        assert_int_equal(answer.status, i == 4 ? 404 : 413);
        assert_non_null(strcasestr(answer.head, "Connection: close"));
        free(answer.body);
        assert_true(is_closed(descriptor));
        close(descriptor);
    }
    free(block);
    http_stop(server, 5);
    assert_true(is_empty_directory());
}

static char *upload_body(size_t content, size_t *length, unsigned long *sum)
{
    static const char head[] = "--B\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"a.bin\"\r\n\r\n";
    static const char tail[] = "\r\n--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
                               "assistants\r\n--B--\r\n";
    char *body = malloc(sizeof head + content + sizeof tail);
    memcpy(body, head, sizeof head - 1);
    *sum = 0;
    for (size_t i = 0; i < content; i++) {
        body[sizeof head - 1 + i] = (char)("\r\n-B"[i * 7 % 4] + i % 3);
        *sum = *sum * 31 + (unsigned char)body[sizeof head - 1 + i];
    }
    memcpy(body + sizeof head - 1 + content, tail, sizeof tail);
    *length = sizeof head - 1 + content + sizeof tail - 1;
    return body;
}

static void put_chunked(int descriptor, const char *body, size_t length, size_t chunk)
{
    char line[32];
    for (size_t i = 0; i < length; i += chunk) {
        size_t take = length - i < chunk ? length - i : chunk;
        snprintf(line, sizeof line, "%zx\r\n", take);
        put_text(descriptor, line);
        put(descriptor, body + i, take);
        put_text(descriptor, "\r\n");
    }
    put_text(descriptor, "0\r\n\r\n");
}

static void test_uploads(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    size_t length;
    unsigned long sum;
    char *body = upload_body(1000000, &length, &sum), expected[100], head[256];
    snprintf(expected, sizeof expected, "[file|a.bin|1000000|%lx][purpose|assistants|10|0]", sum);
    static const size_t chunks[] = {100, 4096, 30000, 65536, 500000};
    int descriptor = dial(server);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        put_text(descriptor, UPLOAD "Transfer-Encoding: chunked\r\n\r\n");
        put_chunked(descriptor, body, length, chunks[i]);
        struct answer answer = get(descriptor, false);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.body, expected));
        free(answer.body);
    }
    snprintf(head, sizeof head, UPLOAD "Content-Length: %zu\r\n\r\n", length);
    put_text(descriptor, head);
    put(descriptor, body, length);
    struct answer answer = get(descriptor, false);
    assert_non_null(strstr(answer.body, expected));
    free(answer.body);
    /* Malformed at its end, then cut off in the middle, then of the wrong type. */
    put_text(descriptor, head);
    put(descriptor, body, length - 4);
    put_text(descriptor, "xxxx");
    answer = get(descriptor, false);
    assert_int_equal(answer.status, 400);
    free(answer.body);
    put_text(descriptor, head);
    put(descriptor, body, length / 2);
    close(descriptor);
    expect(server, "POST /upload HTTP/1.1\r\n" H JSON "Content-Length: 2\r\n\r\n{}", 415, NULL);
    expect(server, "POST /upload HTTP/1.1\r\n" H "\r\n", 415, NULL);
    expect(server, UPLOAD "Content-Length: 0\r\n\r\n", 400, NULL);
    free(body);
    http_stop(server, 5);
    assert_true(is_empty_directory());
}

/* A writer fails in the middle: the reply comes at once, and nothing is left. */
static void test_upload_fails(void **state)
{
    (void)state;
    struct http_options options = options_for("127.0.0.1:0");
    options.upload_directory = "/nonexistent";
    struct http_server *server = start(&options);
    size_t length;
    unsigned long sum;
    char *body = upload_body(1000000, &length, &sum);
    int descriptor = dial(server);
    put_text(descriptor, UPLOAD "Transfer-Encoding: chunked\r\n\r\n");
    put_chunked(descriptor, body, length, 1000);
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 500);
    free(answer.body);
    close(descriptor);
    free(body);
    http_stop(server, 5);
}

/* An upload that is refused in its middle gives its files back, whether or not more of it comes. */
static void test_refused_upload(void **state)
{
    (void)state;
    enum { STAGES = 2 * 64 * 1024 };
    struct http_options options = options_for("127.0.0.1:0");
    struct http_server *server = start(&options);
    static const char part[] = "--B\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"f\"\r\n\r\n";
    static const char bad[] = "\r\n--B\r\nno header\r\n\r\n";
    char *body = malloc(STAGES);
    memset(body, 'x', STAGES);
    memcpy(body, part, sizeof part - 1);
    int descriptor = dial(server);
    put_text(descriptor, UPLOAD "Content-Length: 900000\r\n\r\n");
    put(descriptor, body, STAGES / 2);
    for (int i = 0; i < 1000 && is_empty_directory(); i++)
        usleep(5000);
    assert_false(is_empty_directory());
    memcpy(body + STAGES / 2 + 1000, bad, sizeof bad - 1);
    put(descriptor, body + STAGES / 2, STAGES / 2);
    for (int i = 0; i < 1000 && !is_empty_directory(); i++)
        usleep(5000);
    assert_true(is_empty_directory());
    put_text(descriptor, "more");
    struct answer answer = get(descriptor, false);
    assert_int_equal(answer.status, 400);
    free(answer.body);
    free(body);
    close(descriptor);
    http_stop(server, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_requests), cmocka_unit_test(test_refused_heads),
        cmocka_unit_test(test_plans),          cmocka_unit_test(test_json_bodies),
        cmocka_unit_test(test_too_large),      cmocka_unit_test(test_uploads),
        cmocka_unit_test(test_upload_fails),   cmocka_unit_test(test_refused_upload),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
