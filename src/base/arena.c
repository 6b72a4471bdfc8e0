/*
 * Arena: a list of blocks, newest first; a request larger than what the newest has left opens
 * another, twice the size of the last within limits.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum { ALIGNMENT = _Alignof(max_align_t), FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks;
    size_t used;
    size_t cap;
    size_t next_size;
};

struct arena *arena_new(size_t cap)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->cap = cap ? cap : (size_t)64 << 20;
    arena->next_size = FIRST_BLOCK;
    return arena;
}

void arena_limit(struct arena *arena, size_t cap)
{
    arena->cap = cap > arena->used ? cap : arena->used;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *block = arena->blocks; block;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

static struct block *block_open(struct arena *arena, size_t need)
{
    size_t size = arena->next_size > need ? arena->next_size : need;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->used = 0;
    block->next = arena->blocks;
    arena->blocks = block;
    if (arena->next_size < LARGEST_BLOCK)
        arena->next_size *= 2;
    return block;
}

/* Memory that is not cleared: only what is allocated is cleared. */
static void *take(struct arena *arena, size_t size)
{
    if (size > arena->cap)
        return NULL;
    size_t need = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (need == 0)
        need = ALIGNMENT;
    if (need > arena->cap - arena->used)
        return NULL;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < need)
        block = block_open(arena, need);
    if (!block)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += need;
    arena->used += need;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory = take(arena, size);
    return memory ? memset(memory, 0, size) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = take(arena, length + 1);
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = number_format_list(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : take(arena, (size_t)length + 1);
    if (text)
        number_format_list(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
