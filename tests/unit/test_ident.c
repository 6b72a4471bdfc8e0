/*
 * Identifiers: their form, their order, and that none comes twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/ident.h"

static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void the_form_is_that_of_the_protocol(void **state)
{
    (void)state;
    char id[IDENT_SIZE];
    ident_make(id, "step_");
    assert_memory_equal(id, "step_", 5);
    assert_int_equal(strspn(id + 5, letters), 24);
    assert_int_equal(strlen(id), 29);
    ident_make_hex(id, "vs_");
    assert_memory_equal(id, "vs_", 3);
    assert_int_equal(strspn(id + 3, "0123456789abcdef"), 32);
    assert_int_equal(strlen(id), 35);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void none_comes_twice(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    char(*ids)[IDENT_SIZE] = malloc(sizeof(char[IDENT_SIZE]) * COUNT);
    for (size_t i = 0; i < COUNT; i++)
        ident_make(ids[i], "run_");
    qsort(ids, COUNT, sizeof ids[0], by_text);
    for (size_t i = 1; i < COUNT; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
    free(ids);
}

static void later_ones_sort_later(void **state)
{
    (void)state;
    void (*const makers[])(char *, const char *) = {ident_make, ident_make_hex};
    for (size_t i = 0; i < 2; i++) {
        char earlier[IDENT_SIZE], later[IDENT_SIZE];
        for (int j = 0; j < 20; j++) {
            makers[i](earlier, "msg_");
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            makers[i](later, "msg_");
            assert_true(strcmp(earlier, later) < 0);
        }
    }
}

static void every_random_digit_is_used_alike(void **state)
{
    (void)state;
    enum { COUNT = 20000, RANDOM = 16 };
    unsigned seen[256] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        char id[IDENT_SIZE];
        ident_make(id, "");
        for (size_t j = strlen(id) - RANDOM; id[j]; j++)
            seen[(unsigned char)id[j]]++;
    }
    /* 20,000 × 16 / 62 is 5,161; a fair source strays from it by far less than 600. */
    for (size_t i = 0; i < 62; i++)
        assert_in_range(seen[(unsigned char)letters[i]], 4561, 5761);
}

static void random_fills_all_bytes(void **state)
{
    (void)state;
    unsigned char bytes[1000] = {0}, sum[1000] = {0};
    for (int i = 0; i < 20; i++) {
        ident_random(bytes, sizeof bytes);
        for (size_t j = 0; j < sizeof bytes; j++)
            sum[j] |= bytes[j];
    }
    for (size_t j = 0; j < sizeof sum; j++)
        assert_int_not_equal(sum[j], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_that_of_the_protocol),
        cmocka_unit_test(none_comes_twice),
        cmocka_unit_test(later_ones_sort_later),
        cmocka_unit_test(every_random_digit_is_used_alike),
        cmocka_unit_test(random_fills_all_bytes),
    };
    return cmocka_run_group_tests_name("ident", tests, NULL, NULL);
}
