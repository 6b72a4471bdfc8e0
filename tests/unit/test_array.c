/*
 * Growing arrays: what was in them stays, and what cannot be is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"

enum { MANY = 1000 };

static void elements_stay_while_it_grows(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    size_t *own = NULL, *of_arena = NULL, own_room = 0, arena_room = 0, moves = 0;
    for (size_t i = 0; i < MANY; i++) {
        size_t room = own_room;
        own = array_grow(own, i, &own_room, sizeof *own);
        of_arena = array_grow_in(arena, of_arena, i, &arena_room, sizeof *of_arena);
        assert_non_null(own);
        assert_non_null(of_arena);
        assert_true(i < own_room && i < arena_room);
        moves += own_room != room;
        own[i] = of_arena[i] = i;
    }
    for (size_t i = 0; i < MANY; i++)
        assert_true(own[i] == i && of_arena[i] == i);
    assert_true(moves < 12);
    free(own);
    arena_free(arena);
}

static void it_reaches_a_count_in_one_step(void **state)
{
    (void)state;
    size_t room = 0;
    char *items = array_grow(NULL, MANY, &room, 1);
    assert_non_null(items);
    assert_true(room > MANY);
    assert_ptr_equal(array_grow(items, room - 1, &room, 1), items);
    free(items);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    size_t room = 0;
    assert_null(array_grow(NULL, SIZE_MAX, &room, 1));
    assert_null(array_grow(NULL, SIZE_MAX / 4, &room, 16));
    assert_null(array_grow_in(arena, NULL, 4096, &room, 1));
    assert_int_equal(room, 0);
    size_t *items = array_grow_in(arena, NULL, 0, &room, sizeof *items);
    size_t before = room;
    assert_non_null(items);
    assert_null(array_grow_in(arena, items, SIZE_MAX / 2, &room, sizeof *items));
    assert_int_equal(room, before);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(elements_stay_while_it_grows),
                                       cmocka_unit_test(it_reaches_a_count_in_one_step),
                                       cmocka_unit_test(what_cannot_be_is_refused)};
    return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
