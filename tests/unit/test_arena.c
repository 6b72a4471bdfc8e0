/*
 * The arena: alignment, zeroes, growth, the cap, and sizes that overflow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *bytes = arena_alloc(arena, size);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xFF, size);
    }
    arena_free(arena);
}

static void allocations_do_not_overlap(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    struct arena *arena = arena_new(0);
    unsigned char *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = arena_alloc(arena, i % 97 + 1);
        memset(blocks[i], (int)(i % 251), i % 97 + 1);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i % 97 + 1; j++)
            assert_int_equal(blocks[i][j], i % 251);
    arena_free(arena);
}

static void a_request_above_the_block_size_works(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    char *large = arena_alloc(arena, (size_t)3 << 20);
    assert_non_null(large);
    large[((size_t)3 << 20) - 1] = 'x';
    assert_non_null(arena_alloc(arena, 1));
    arena_free(arena);
}

static void the_cap_holds(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    assert_null(arena_alloc(arena, 1025));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 8));
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_alloc(arena, 1000));
    assert_null(arena_alloc(arena, 100));
    assert_true(arena_used(arena) <= 1024);
    assert_non_null(arena_alloc(arena, 16));
    assert_null(arena_alloc(arena, 1));
    arena_free(arena);
}

static void arrays_refuse_overflow(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    assert_null(arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(arena_array(arena, SIZE_MAX, SIZE_MAX));
    assert_non_null(arena_array(arena, 0, 8));
    assert_non_null(arena_array(arena, 8, 0));
    assert_null(arena_copy(arena, "", SIZE_MAX));
    arena_free(arena);
}

static void text_is_copied_and_terminated(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    char from[] = "a\0b";
    char *copy = arena_copy(arena, from, 3);
    from[0] = 'z';
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(arena_copy(arena, NULL, 0), "");
    assert_string_equal(arena_string(arena, "text"), "text");
    assert_null(arena_string(arena, NULL));
    assert_string_equal(arena_format(arena, "%s-%d", "n", 7), "n-7");
    char *filler = arena_format(arena, "%5000s", "x");
    assert_int_equal(strlen(filler), 5000);
    arena_free(arena);
}

static void free_takes_null(void **state)
{
    (void)state;
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(a_request_above_the_block_size_works),
        cmocka_unit_test(the_cap_holds),
        cmocka_unit_test(arrays_refuse_overflow),
        cmocka_unit_test(text_is_copied_and_terminated),
        cmocka_unit_test(free_takes_null),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
