/*
 * Windows.
 */
#include "search/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"

/* A sentence, a line, or a piece of one that is too long for a window. */
struct piece {
    size_t start, end, tokens;
};

struct cutting {
    struct language *language;
    const char *text;
    struct piece *pieces;
    size_t count, room;
};

static int add_piece(struct cutting *cutting, size_t start, size_t end, struct treadle_error *error)
{
    struct piece *pieces =
        array_grow(cutting->pieces, cutting->count, &cutting->room, sizeof *pieces);
    if (!pieces)
        return error_set_memory(error);
    cutting->pieces = pieces;
    cutting->pieces[cutting->count++] =
        (struct piece){start, end, language_tokens(cutting->text + start, end - start)};
    return 0;
}

/* Splits what is longer than a window, at blanks where there are any. */
static int add_long(struct cutting *cutting, size_t start, size_t end, struct treadle_error *error)
{
    size_t tokens = language_tokens(cutting->text + start, end - start);
    size_t parts = tokens / WINDOW_TOKENS + 1, step = (end - start) / parts + 1;
    int rc = 0;
    while (start < end && !rc) {
        size_t length = end - start;
        if (length > step) {
            length = text_cut(cutting->text + start, step);
            size_t blank = length;
            while (blank > length / 2 && cutting->text[start + blank] != ' ')
                blank--;
            if (blank > length / 2)
                length = blank;
        }
        if (!length)
            length = end - start;
        rc = add_piece(cutting, start, start + length, error);
        start += length;
    }
    return rc;
}

static int cut_line(struct cutting *cutting, size_t start, size_t end, struct treadle_error *error)
{
    struct language_span *spans;
    size_t count = 0;
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = language_sentences(cutting->language, cutting->text + start, end - start, arena,
                                &spans, &count, error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_long(cutting, start + spans[i].start, start + spans[i].end, error);
    arena_free(arena);
    return rc;
}

static int cut_lines(struct cutting *cutting, size_t length, struct treadle_error *error)
{
    int rc = 0;
    for (size_t start = 0; start < length && !rc;) {
        const char *stop = memchr(cutting->text + start, '\n', length - start);
        size_t end = stop ? (size_t)(stop - cutting->text) : length;
        if (end > start)
            rc = cut_line(cutting, start, end, error);
        start = end + 1;
    }
    return rc;
}

/* The piece after the window that begins with the piece `first`. */
static size_t window_end(const struct cutting *cutting, size_t first)
{
    size_t end = first + 1, tokens = cutting->pieces[first].tokens;
    while (end < cutting->count && tokens + cutting->pieces[end].tokens <= WINDOW_TOKENS)
        tokens += cutting->pieces[end++].tokens;
    return end;
}

/* Where the next window begins: after half of this one's tokens. */
static size_t window_next(const struct cutting *cutting, size_t first, size_t end)
{
    size_t total = 0, passed = 0, next = first;
    for (size_t i = first; i < end; i++)
        total += cutting->pieces[i].tokens;
    while (next < end && passed * 2 < total)
        passed += cutting->pieces[next++].tokens;
    return end == cutting->count ? end : next;
}

static bool holds_most(const struct window_chunk *chunk, const struct window *window)
{
    size_t start = chunk->start > window->start ? chunk->start : window->start;
    size_t end = chunk->end < window->end ? chunk->end : window->end;
    return end > start && (end - start) * 2 >= window->end - window->start;
}

/* Chunks and windows are both in order, so the first chunk is never before that of the previous
 * window. */
static void find_chunks(const struct window_chunk *chunks, size_t chunk_count, size_t *from,
                        struct window *window)
{
    while (*from + 1 < chunk_count && !holds_most(&chunks[*from], window))
        (*from)++;
    size_t last = *from;
    while (last + 1 < chunk_count && holds_most(&chunks[last + 1], window))
        last++;
    window->first = (uint32_t)*from;
    window->last = (uint32_t)last;
}

static int make_windows(const struct cutting *cutting, const struct window_chunk *chunks,
                        size_t chunk_count, struct arena *arena, struct window **out, size_t *count,
                        struct treadle_error *error)
{
    size_t made = 0, from = 0;
    struct window *windows = arena_array(arena, cutting->count, sizeof *windows);
    if (!windows)
        return error_set_memory(error);
    for (size_t first = 0; first < cutting->count;) {
        size_t end = window_end(cutting, first), before = from;
        struct window *window = &windows[made++];
        window->start = cutting->pieces[first].start;
        window->end = cutting->pieces[end - 1].end;
        find_chunks(chunks, chunk_count, &from, window);
        /* A window that has its larger part in no chunk says nothing about the next windows. */
        if (!holds_most(&chunks[from], window))
            from = before;
        first = window_next(cutting, first, end);
    }
    *out = windows;
    *count = made;
    return 0;
}

int window_cut(struct language *language, const char *text, size_t length,
               const struct window_chunk *chunks, size_t chunk_count, struct arena *arena,
               struct window **out, size_t *count, struct treadle_error *error)
{
    struct cutting cutting = {.language = language, .text = text};
    int rc = cut_lines(&cutting, length, error);
    if (!rc && (!cutting.count || !chunk_count))
        *count = 0;
    else if (!rc)
        rc = make_windows(&cutting, chunks, chunk_count, arena, out, count, error);
    free(cutting.pieces);
    return rc;
}
