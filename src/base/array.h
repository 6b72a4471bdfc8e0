/*
 * Growing arrays: room doubles, so appending costs a constant on average.
 *
 * An array is a pointer, a count and a room (the elements that there is memory for), in whatever
 * struct it belongs to. Before an element is put at `count`:
 *
 *     struct piece *pieces = array_grow(list->pieces, list->count, &list->room, sizeof *pieces);
 *     if (!pieces)
 *         return error_set_memory(error);
 *     list->pieces = pieces;
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

#include "base/arena.h"

/* The array with room for more than `count` elements of that size: where it has that already, as it
 * is. It is freed with free(). NULL when memory runs out; the array stays as it was. */
void *array_grow(void *items, size_t count, size_t *room, size_t size);

/* The same for an array in an arena, of whose elements the first `count` are kept. */
void *array_grow_in(struct arena *arena, void *items, size_t count, size_t *room, size_t size);

#endif
