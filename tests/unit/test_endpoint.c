/*
 * Endpoints: from a path to its row and back, whatever stands in the path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/endpoint.h"

enum { SEGMENTS = 12 };

/* Finds by a path; `copy` is written to and must outlive the match. */
static int find(const char *method, char *copy, struct endpoint_match *match)
{
    const char *segments[SEGMENTS];
    size_t count = 0;
    char *rest = copy + 1;
    for (char *part; (part = strsep(&rest, "/"));)
        segments[count++] = part;
    return endpoint_find(method, segments, count, match);
}

static void every_row_is_found_by_its_own_path(void **state)
{
    (void)state;
    static const char *const arguments[] = {"one", "two", "three"};
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        struct endpoint_match match;
        struct buffer path;
        buffer_init(&path, 1000);
        assert_int_equal(endpoint_path((enum endpoint_id)i, arguments, &path), 0);
        assert_int_equal(find(endpoint->method, path.data, &match), 0);
        assert_int_equal(match.id, i);
        size_t count = 0;
        for (const char *c = endpoint->path; *c; c++)
            if (*c == '{') {
                assert_string_equal(match.arguments[count], arguments[count]);
                count++;
            }
        buffer_clear(&path);
    }
}

static void rows_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        assert_non_null(endpoint->method);
        assert_int_equal(endpoint->path[0], '/');
        assert_non_null(endpoint->doc);
        assert_int_equal(endpoint->request != NULL, endpoint->body == ENDPOINT_JSON);
    }
}

static void every_row_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        const char *name = endpoint_get((enum endpoint_id)i)->name;
        assert_non_null(name);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(name, endpoint_get((enum endpoint_id)j)->name);
    }
}

static void a_wrong_method_says_which_are_right(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        unsigned allowed;
    } cases[] = {
        {"PUT", "/assistants", ENDPOINT_GET | ENDPOINT_POST},
        {"DELETE", "/threads", ENDPOINT_GET | ENDPOINT_POST},
        {"PATCH", "/threads/thread_1", ENDPOINT_GET | ENDPOINT_POST | ENDPOINT_DELETE},
        {"DELETE", "/threads/thread_1/runs/run_1/steps", ENDPOINT_GET},
        {"POST", "/files/file-1/content", ENDPOINT_GET},
        {"get", "/assistants", ENDPOINT_GET | ENDPOINT_POST},
        {"", "/files", ENDPOINT_GET | ENDPOINT_POST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint_match match;
        char path[100];
        strcpy(path, cases[i].path);
        assert_int_equal(find(cases[i].method, path, &match), TREADLE_ESTATE);
        assert_int_equal(match.allowed, cases[i].allowed);
    }
}

static void unknown_paths_are_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",
                                        "/nothing",
                                        "/assistants/",
                                        "/assistants//",
                                        "/assistants/a/b",
                                        "//assistants",
                                        "/threads//messages",
                                        "/threads/t/runs/r/steps/s/x",
                                        "/Assistants",
                                        "/{assistant_id}",
                                        "/threads/t/messages/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct endpoint_match match;
        char path[100];
        strcpy(path, paths[i]);
        if (find("GET", path, &match) != TREADLE_ENOTFOUND)
            fail_msg("%s was found", paths[i]);
        assert_int_equal(match.allowed, 0);
    }
}

static void a_word_wins_over_a_parameter(void **state)
{
    (void)state;
    struct endpoint_match match;
    char path[] = "/threads/runs";
    assert_int_equal(find("POST", path, &match), 0);
    assert_int_equal(match.id, ENDPOINT_THREAD_RUN_CREATE);
}

static void head_is_allowed_where_get_is(void **state)
{
    (void)state;
    struct endpoint_match match;
    char path[] = "/assistants/asst_1";
    assert_int_equal(find("HEAD", path, &match), 0);
    assert_int_equal(match.id, ENDPOINT_ASSISTANT_RETRIEVE);
    assert_string_equal(match.arguments[0], "asst_1");
}

static void arguments_are_encoded(void **state)
{
    (void)state;
    static const char *const odd[] = {"a/b?c#d%", "\xC3\xA9 .~-_"};
    struct buffer path;
    buffer_init(&path, 1000);
    assert_int_equal(endpoint_path(ENDPOINT_MESSAGE_RETRIEVE, odd, &path), 0);
    assert_string_equal(path.data, "/threads/a%2Fb%3Fc%23d%25/messages/%C3%A9%20.~-_");
    buffer_clear(&path);
}

static void missing_arguments_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {NULL, "", ".", ".."};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *arguments[] = {wrong[i], "x", "y"};
        struct buffer path;
        buffer_init(&path, 1000);
        assert_int_equal(endpoint_path(ENDPOINT_THREAD_RETRIEVE, arguments, &path),
                         TREADLE_EINVALID);
        buffer_clear(&path);
    }
    struct buffer small;
    const char *const id[] = {"thread_abcdef"};
    buffer_init(&small, 10);
    assert_int_equal(endpoint_path(ENDPOINT_THREAD_RETRIEVE, id, &small), TREADLE_ELIMIT);
    buffer_clear(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_own_path),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(every_row_has_a_name_of_its_own),
        cmocka_unit_test(a_wrong_method_says_which_are_right),
        cmocka_unit_test(unknown_paths_are_not_found),
        cmocka_unit_test(a_word_wins_over_a_parameter),
        cmocka_unit_test(head_is_allowed_where_get_is),
        cmocka_unit_test(arguments_are_encoded),
        cmocka_unit_test(missing_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
