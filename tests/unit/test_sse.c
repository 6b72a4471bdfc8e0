/*
 * Server-sent events: what is read from them, however they are parted, and within which bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sse.h"
#include "treadle/error.h"

static void note_event(const struct sse *sse, struct buffer *seen)
{
    buffer_append_format(seen, "[%s|%.*s", sse->name, (int)sse->data.length, sse->data.data);
    buffer_append_format(seen, sse->id[0] ? "|%s]" : "]", sse->id);
}

static void expect_events(const char *text, size_t step, const char *expected)
{
    struct buffer seen;
    struct sse sse;
    int rc;
    buffer_init(&seen, 4096);
    sse_init(&sse, 64);
    for (size_t at = 0; at < strlen(text); at += step) {
        size_t left = strlen(text) - at;
        const char *bytes = text + at;
        size_t length = left < step ? left : step;
        while ((rc = sse_read(&sse, &bytes, &length)) > 0)
            note_event(&sse, &seen);
        assert_int_equal(rc, 0);
        assert_int_equal(length, 0);
    }
    rc = sse_finish(&sse);
    assert_true(rc >= 0);
    if (rc)
        note_event(&sse, &seen);
    assert_string_equal(seen.data ? seen.data : "", expected);
    sse_clear(&sse);
    buffer_clear(&seen);
}

static void events_are_read_however_they_are_parted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"data: a\n\ndata:b\r\n\r\ndata:  c\r\r", "[|a][|b][| c]"},
        {"\xef\xbb\xbf"
         "data: a\n\n",
         "[|a]"},
        {": comment\nid: 5\nretry: 9\n\n\n", ""},
        {"event: x\ndata: 1\ndata: 2\n\ndata: 3\n\n", "[x|1\n2][|3]"},
        {"data\n\ndatum: x\n\n", "[|]"},
        {"data: cut off", "[|cut off]"},
        {"id: 12\nevent: x\ndata: 1\n\n: keep-alive\n\nevent: y\ndata: 2\n\n", "[x|1|12][y|2]"},
        {"id:one\n:two\nid: three\ndata: 1\n\n", "[|1|three]"},
        {"id: a text that is longer than what is kept of it\ndata: 1\n\n",
         "[|1|a text that is longer than what]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step < 9; step++)
            expect_events(rows[i].text, step, rows[i].expected);
}

static void events_are_bounded(void **state)
{
    (void)state;
    struct sse sse;
    int rc = 0;
    sse_init(&sse, 64);
    for (int i = 0; !rc && i < 100; i++) {
        const char *bytes = "data: 0123456789\n";
        size_t length = 17;
        rc = sse_read(&sse, &bytes, &length);
    }
    assert_int_equal(rc, TREADLE_ELIMIT);
    sse_clear(&sse);
}

/* What a broken connection left is no part of what follows. */
static void a_reset_forgets_what_was_read(void **state)
{
    (void)state;
    struct sse sse;
    const char *bytes = "id: 4\nevent: old\ndata: half";
    size_t length = strlen(bytes);
    sse_init(&sse, 64);
    assert_int_equal(sse_read(&sse, &bytes, &length), 0);
    sse_reset(&sse);
    bytes = "\xef\xbb\xbf"
            "data: new\n\n";
    length = strlen(bytes);
    assert_int_equal(sse_read(&sse, &bytes, &length), 1);
    assert_string_equal(sse.data.data, "new");
    assert_string_equal(sse.name, "");
    assert_string_equal(sse.id, "");
    sse_clear(&sse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_however_they_are_parted),
        cmocka_unit_test(events_are_bounded),
        cmocka_unit_test(a_reset_forgets_what_was_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
