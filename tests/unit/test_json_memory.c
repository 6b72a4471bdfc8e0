/*
 * Memory of requests: of each kind of value as many as are taken, and what they then take.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/types.h"
#include "base/error.h"

enum { LENGTH = 1 << 20 };

static size_t now, peak;

static void *count_in(size_t size)
{
    void *made = malloc(size);
    now += made ? malloc_usable_size(made) + sizeof(size_t) : 0;
    peak = now > peak ? now : peak;
    return made;
}

static void count_out(void *made)
{
    now -= made ? malloc_usable_size(made) + sizeof(size_t) : 0;
    free(made);
}

/* `count` times the piece between the two, and blanks up to the length. */
static char *make(const char *start, const char *piece, const char *end, size_t count)
{
    char *text = malloc(LENGTH + 1);
    size_t length = strlen(piece), at = strlen(start);
    assert_non_null(text);
    memset(text, ' ', LENGTH);
    text[LENGTH] = '\0';
    memcpy(text, start, at);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + at, piece, length);
        at += length;
    }
    at -= count > 0; /* the last comma */
    memcpy(text + at, end, strlen(end));
    return text;
}

/* The status of a parse, 200 for one that worked. */
static int parse(const char *text, const struct treadle_type *type)
{
    union {
        struct treadle_thread_create_request thread;
        char room[4096];
    } object;
    struct treadle_error error = {0};
    struct arena *arena = arena_new((size_t)256 << 20);
    json_t *value = NULL;
    now = peak = 0;
    int rc = type ? field_parse(type, text, LENGTH, FIELD_TOLERANT, arena, &object, &error)
                  : json_parse(text, LENGTH, &value, &error);
    json_decref(value);
    peak += arena_used(arena);
    arena_free(arena);
    assert_true(!rc || error.http_status);
    return rc ? error.http_status : 200;
}

static void measure(const char *start, const char *piece, const char *end,
                    const struct treadle_type *type)
{
    size_t low = 1, high = (LENGTH - strlen(start) - strlen(end)) / strlen(piece);
    while (high - low > high / 64) {
        size_t middle = low + (high - low + 1) / 2;
        char *text = make(start, piece, end, middle);
        bool taken = parse(text, type) == 200;
        assert_true(taken || peak < 65536); /* refused before anything is made */
        low = taken ? middle : low;
        high = taken ? high : middle - 1;
        free(text);
    }
    char *text = make(start, piece, end, low);
    assert_int_equal(parse(text, type), 200);
    free(text);
    print_message("# %-12s %8zu taken, %.2f times the text\n", piece, low, (double)peak / LENGTH);
    /* The text itself may take twice its length. */
    assert_true(peak <= (size_t)LENGTH * (JSON_MOST_MEMORY - 2));
}

static void test_kinds(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{},",        "[],",           "1,",          "1.5,",
                                         "\"\",",      "\"abcdefgh\",", "true,",       "[1],",
                                         "{\"a\":1},", "[[]],",         "\"\\u00e4\","};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        measure("[", pieces[i], "]", NULL);
}

static void test_objects(void **state)
{
    (void)state;
    const struct treadle_type *type = &treadle_thread_create_request_type;
    measure("{\"messages\":[", "{},", "]}", type);
    measure("{\"messages\":[", "{\"role\":\"user\",\"content\":\"\"},", "]}", type);
    measure("{\"messages\":[",
            "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]},", "]}", type);
    measure("{\"messages\":[", "{\"attachments\":[{}]},", "]}", type);
    measure("{\"messages\":[", "{\"metadata\":{\"a\":\"b\"}},", "]}", type);
}

int main(void)
{
    json_set_alloc_funcs(count_in, count_out);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
