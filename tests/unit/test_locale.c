/*
 * A program in a locale whose numbers have a comma: what libtreadle sends, what the server stores,
 * prints and says, and what both read still has a point.
 *
 * The locale is made by localedef in a private directory; without that program the tests are
 * skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/number.h"
#include "db_fixture.h"
#include "server/metrics.h"
#include "server/server.h"
#include "treadle/treadle.h"

static const char source[] = "LC_CTYPE\ncopy \"POSIX\"\nEND LC_CTYPE\n"
                             "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
                             "grouping 3;3\nEND LC_NUMERIC\n";

static char directory[] = "/tmp/treadle-locale-XXXXXX";
static bool made;

static int make_locale(void **state)
{
    char path[64], command[256], shown[16];
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/comma", directory);
    FILE *file = fopen(path, "w");
    if (!file || fputs(source, file) < 0 || fclose(file))
        return -1;
    /* It warns of every category that is missing, and its status says so. */
    snprintf(command, sizeof command, "localedef -c -i %s %s/comma_XX >/dev/null 2>&1", path,
             directory);
    made = system(command) != -1 && setenv("LOCPATH", directory, 1) == 0 &&
           setlocale(LC_ALL, "comma_XX") != NULL;
    snprintf(shown, sizeof shown, "%g", 1.5);
    return made && strcmp(shown, "1,5") != 0 ? -1 : 0;
}

static int remove_locale(void **state)
{
    char command[64];
    (void)state;
    setlocale(LC_ALL, "C");
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static void need_locale(void)
{
    if (!made)
        skip();
}

static void texts_have_a_point(void **state)
{
    struct buffer out;
    struct treadle_error error;
    char text[16];
    (void)state;
    need_locale();
    struct arena *arena = arena_new(0);
    buffer_init(&out, 1000);
    json_print_number(0.25, &out);
    buffer_append_format(&out, " %.2f", 1.5);
    assert_string_equal(out.data, "0.25 1.50");
    assert_string_equal(arena_format(arena, "%g", 2.5), "2.5");
    error_set(&error, TREADLE_EINVALID, "%g seconds", 3.5);
    assert_string_equal(error.message, "3.5 seconds");
    number_format(text, sizeof text, "%g", 4.5);
    assert_string_equal(text, "4.5");
    buffer_clear(&out);
    arena_free(arena);
}

static void a_point_is_read(void **state)
{
    static const char text[] = "[0.25, -1.5e-3]";
    struct treadle_error error;
    json_t *value = NULL;
    char *end;
    (void)state;
    need_locale();
    assert_int_equal(json_parse(text, strlen(text), &value, &error), 0);
    assert_true(json_real_value(json_array_get(value, 0)) == 0.25);
    assert_true(json_real_value(json_array_get(value, 1)) == -1.5e-3);
    json_decref(value);
    assert_true(number_read("2.5,", &end) == 2.5);
    assert_string_equal(end, ",");
}

static void metrics_have_a_point(void **state)
{
    struct buffer out;
    (void)state;
    need_locale();
    struct metrics *metrics = metrics_new();
    buffer_init(&out, 1 << 20);
    metrics_count(metrics, 0, 200, 1500);
    metrics_print(metrics, &out);
    assert_non_null(strstr(out.data, "le=\"0.005\""));
    assert_null(strstr(out.data, "le=\"0,"));
    assert_non_null(strstr(out.data, " 0.001500\n"));
    buffer_clear(&out);
    metrics_free(metrics);
}

/* Through the library, the server and its store, and back. */
static void a_number_goes_round(void **state)
{
    struct fixture store;
    struct server *server;
    struct treadle_client *client;
    struct treadle_error error;
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_assistant_response *first = NULL, *again = NULL;
    struct treadle_assistant_create_request request = {
        .model = "treadle-extractive",
        .top_p = {TREADLE_SET, 0.25},
        .temperature = {TREADLE_SET, 1.0625},
    };
    (void)state;
    need_locale();
    assert_int_equal(fixture_make(&store), 0);
    const struct server_options serve = {.listen = {"127.0.0.1:0"},
                                         .store = store.directory,
                                         .reader = getenv("TREADLE_TEST_READER")};
    assert_int_equal(server_start(&server, &serve, &error), 0);
    options.base_url = server_address(server, 0);
    assert_int_equal(treadle_client_new(&client, &options, &error), 0);
    if (treadle_assistant_create(&first, client, &request, &error))
        fail_msg("%s", error.message);
    assert_int_equal(treadle_assistant_retrieve(&again, client, first->assistant.id, &error), 0);
    assert_true(again->assistant.top_p.value == 0.25);
    assert_true(again->assistant.temperature.value == 1.0625);
    treadle_assistant_response_free(first);
    treadle_assistant_response_free(again);
    request.top_p.value = 1.5;
    first = NULL;
    assert_int_not_equal(treadle_assistant_create(&first, client, &request, &error), 0);
    assert_non_null(strstr(error.message, "1.5"));
    treadle_assistant_response_free(first);
    treadle_client_free(client);
    server_stop(server, 0);
    assert_int_equal(fixture_remove(&store), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_a_point),
        cmocka_unit_test(a_point_is_read),
        cmocka_unit_test(metrics_have_a_point),
        cmocka_unit_test(a_number_goes_round),
    };
    return cmocka_run_group_tests_name("locale", tests, make_locale, remove_locale);
}
