/*
 * The buffer: growth, the cap, and a failure that sticks and changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "treadle/error.h"

static void appends_come_one_after_another(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
    assert_int_equal(buffer_append_string(&buffer, "cd"), 0);
    assert_int_equal(buffer_append_char(&buffer, 'e'), 0);
    assert_int_equal(buffer_append_format(&buffer, "%03d", 7), 0);
    assert_int_equal(buffer.length, 9);
    assert_memory_equal(buffer.data, "a\0bcde007", 10);
    buffer_clear(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.cap, 1 << 20);
}

static void integers_are_decimal(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    assert_int_equal(buffer_append_integer(&buffer, 0), 0);
    assert_int_equal(buffer_append_integer(&buffer, -7), 0);
    assert_int_equal(buffer_append_integer(&buffer, INT64_MAX), 0);
    assert_int_equal(buffer_append_integer(&buffer, INT64_MIN), 0);
    assert_string_equal(buffer.data, "0-79223372036854775807-9223372036854775808");
    buffer_clear(&buffer);
}

static void it_grows_to_its_cap_exactly(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer_append_char(&buffer, (char)('a' + i % 26)), 0);
    assert_int_equal(buffer.length, 10000);
    assert_int_equal(buffer_append_char(&buffer, 'x'), TREADLE_ELIMIT);
    assert_int_equal(buffer.length, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    assert_int_equal(buffer.data[10000], '\0');
    buffer_clear(&buffer);
}

static void a_failure_sticks_until_reset(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_append_string(&buffer, "12345"), 0);
    assert_int_equal(buffer_append_string(&buffer, "6789"), TREADLE_ELIMIT);
    assert_true(buffer.failed);
    assert_string_equal(buffer.data, "12345");
    assert_int_equal(buffer_append_char(&buffer, '6'), TREADLE_ELIMIT);
    assert_int_equal(buffer_append_format(&buffer, "%d", 6), TREADLE_ELIMIT);
    assert_int_equal(buffer.length, 5);
    assert_null(buffer_take(&buffer));
    buffer_reset(&buffer);
    assert_false(buffer.failed);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer_append_string(&buffer, "12345678"), 0);
    buffer_clear(&buffer);
}

static void a_huge_length_does_not_wrap(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_append_char(&buffer, 'a'), 0);
    assert_int_equal(buffer_append(&buffer, "", SIZE_MAX), TREADLE_ELIMIT);
    assert_string_equal(buffer.data, "a");
    buffer_clear(&buffer);
}

static void taking_hands_over(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_string(&buffer, "mine");
    char *taken = buffer_take(&buffer);
    assert_string_equal(taken, "mine");
    free(taken);
    assert_int_equal(buffer.length, 0);
    char *empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
    free(empty);
    buffer_clear(&buffer);
}

static void format_longer_than_a_block(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    assert_int_equal(buffer_append_format(&buffer, "%3000s|", "x"), 0);
    assert_int_equal(buffer.length, 3001);
    assert_int_equal(strlen(buffer.data), 3001);
    buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_come_one_after_another),
        cmocka_unit_test(integers_are_decimal),
        cmocka_unit_test(it_grows_to_its_cap_exactly),
        cmocka_unit_test(a_failure_sticks_until_reset),
        cmocka_unit_test(a_huge_length_does_not_wrap),
        cmocka_unit_test(taking_hands_over),
        cmocka_unit_test(format_longer_than_a_block),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
