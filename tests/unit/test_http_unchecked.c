/*
 * A server whose intake does not check what the library reads, as on a system where the library
 * reads sockets in another way: the trial at its start must find that.
 */
#include "http_fixture.h"

#include "http/framing.h"

int __wrap_http_framing_read(struct http_framing_reader *reader, const char *bytes, size_t length,
                             size_t *whole);

/* Takes everything. */
int __wrap_http_framing_read(struct http_framing_reader *reader, const char *bytes, size_t length,
                             size_t *whole)
{
    (void)reader;
    (void)bytes;
    *whole = length;
    return 0;
}

static void test_off_loopback(void **state)
{
    (void)state;
    struct http_options options = options_for("0.0.0.0:0");
    struct http_server *server = NULL;
    struct treadle_error error;
    assert_int_equal(http_start(&server, &options, &error), TREADLE_EUNSUPPORTED);
    assert_non_null(strstr(error.message, "libmicrohttpd"));
    assert_null(server);
}

static void test_on_loopback(void **state)
{
    (void)state;
    char text[4096] = "";
    FILE *file = fmemopen(text, sizeof text, "w");
    struct http_options options = options_for("127.0.0.1:0");
    options.log = log_new(file, LOG_WARNING, LOG_LOGFMT);
    struct http_server *server = start(&options);
    expect(server, "GET /a HTTP/1.1\r\n" H "\r\n", 200, NULL);
    http_stop(server, 5);
    log_free(options.log);
    fclose(file);
    assert_non_null(strstr(text, "http.unchecked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_off_loopback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_on_loopback, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
