/*
 * Text: which bytes are UTF-8, walking and cutting at characters, strict integers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "treadle/error.h"

static void every_character_goes_round(void **state)
{
    (void)state;
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        if (character >= 0xD800 && character <= 0xDFFF)
            continue;
        char bytes[4];
        size_t length = text_put(bytes, character), position = 0;
        assert_true(text_is_utf8(bytes, length));
        assert_int_equal(text_next(bytes, length, &position), character);
        assert_int_equal(position, length);
        assert_int_equal(text_characters(bytes, length), 1);
        for (size_t shorter = 1; shorter < length; shorter++)
            assert_false(text_is_utf8(bytes, shorter));
    }
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",             /* a continuation alone */
        "\xC0\xAF",         /* overlong slash */
        "\xC1\xBF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong in three */
        "\xE0\x9F\xBF",     /* the largest of these */
        "\xF0\x80\x80\xAF", /* overlong in four */
        "\xF0\x8F\xBF\xBF", /* the largest of these */
        "\xED\xA0\x80",     /* a surrogate */
        "\xED\xBF\xBF",     /* the last surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF5\x80\x80\x80", /* no such lead */
        "\xFE",             /* never a byte of UTF-8 */
        "\xFF",             /* never a byte of UTF-8 */
        "\xC3",             /* cut short */
        "\xE2\x82",         /* cut short */
        "\xF0\x9F\x98",     /* cut short */
        "\xC3(",            /* a lead before ASCII */
        "a\xE2\x28\xA1z",   /* a broken middle */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(text_is_utf8(wrong[i], strlen(wrong[i])));
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("a\0b", 3));
    assert_true(text_is_utf8("\xF4\x8F\xBF\xBF", 4));
    assert_true(text_is_utf8("\xEF\xBF\xBD\xED\x9F\xBF\xEE\x80\x80", 9));
}

static void walking_passes_over_what_is_malformed(void **state)
{
    (void)state;
    const char text[] = "a\xC3\xA9\xFF\xE2\x82z";
    static const uint32_t expected[] = {'a', 0xE9, 0xFFFD, 0xFFFD, 0xFFFD, 'z'};
    size_t position = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(text_next(text, sizeof text - 1, &position), expected[i]);
    assert_int_equal(position, sizeof text - 1);
}

static void cutting_parts_no_character(void **state)
{
    (void)state;
    const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
    static const size_t cut[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++)
        assert_int_equal(text_cut(text, i), cut[i]);
}

static void comparing(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("a", NULL));
    assert_true(text_equal("ab", "ab"));
    assert_false(text_equal("ab", "aB"));
    assert_true(text_equal_ignoring_case("ab", "aB"));
    assert_true(text_equal_ignoring_case(NULL, NULL));
    assert_false(text_equal_ignoring_case(NULL, "a"));
    assert_true(text_starts_with("thread_1", "thread_"));
    assert_false(text_starts_with("thr", "thread_"));
    assert_true(text_ends_with("a.pdf", ".pdf"));
    assert_false(text_ends_with("pdf", ".pdf"));
    assert_true(text_ends_with("x", ""));
}

static void integers_are_whole_and_in_range(void **state)
{
    (void)state;
    int64_t value = 77;
    static const char *const wrong[] = {"",    " 1",   "1 ",  "+1",  "-",
                                        "0x1", "1.0",  "1e3", "one", "9223372036854775808",
                                        "--1", "\t12", "1,0", "1\n", "-9223372036854775809"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(text_to_integer(wrong[i], INT64_MIN, INT64_MAX, &value), TREADLE_EINVALID);
    assert_int_equal(text_to_integer("101", 1, 100, &value), TREADLE_EINVALID);
    assert_int_equal(text_to_integer("0", 1, 100, &value), TREADLE_EINVALID);
    assert_int_equal(value, 77);
    assert_int_equal(text_to_integer("100", 1, 100, &value), 0);
    assert_int_equal(value, 100);
    assert_int_equal(text_to_integer("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(text_to_integer("007", 0, 10, &value), 0);
    assert_int_equal(value, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_goes_round),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(walking_passes_over_what_is_malformed),
        cmocka_unit_test(cutting_parts_no_character),
        cmocka_unit_test(comparing),
        cmocka_unit_test(integers_are_whole_and_in_range),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
