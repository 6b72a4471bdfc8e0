/*
 * Growing arrays.
 */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 8 };

/* Above `count`; 0 when there cannot be so many. */
static size_t larger_room(size_t room, size_t count)
{
    size_t larger = room ? room : FIRST_ROOM;
    while (larger <= count && larger <= SIZE_MAX / 2)
        larger *= 2;
    return larger > count ? larger : 0;
}

void *array_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t larger = larger_room(*room, count);
    void *grown = larger ? reallocarray(items, larger, size) : NULL;
    if (grown)
        *room = larger;
    return grown;
}

void *array_grow_in(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t larger = larger_room(*room, count);
    void *grown = larger ? arena_array(arena, larger, size) : NULL;
    if (!grown)
        return NULL;
    if (count)
        memcpy(grown, items, count * size);
    *room = larger;
    return grown;
}
