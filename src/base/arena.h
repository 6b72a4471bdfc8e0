/*
 * Arena: memory for things that are freed together (one request, one reply, one run step).
 * Allocation moves a pointer within blocks that grow geometrically; nothing is freed alone. All
 * memory comes zeroed and aligned for any type. An arena has a cap: an allocation beyond it returns
 * NULL, exactly as when memory runs out. An arena serves one thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new arena of at most `cap` bytes in all (0: 64 MiB). NULL when memory runs out. */
struct arena *arena_new(size_t cap);

/* Sets another limit, for an arena whose purpose is known only later. */
void arena_limit(struct arena *arena, size_t cap);

/* Frees the arena and all that was allocated from it. Accepts NULL. */
void arena_free(struct arena *arena);

/* `size` zeroed bytes, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* An array of `count` zeroed elements, or NULL, also when the product overflows. A count of 0
 * gives a valid pointer that must not be read. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A terminated copy of `length` bytes, of a string (NULL gives NULL), of formatted text. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);
char *arena_string(struct arena *arena, const char *text);
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes allocated so far. */
size_t arena_used(const struct arena *arena);

#endif
