/*
 * Windows: the parts of a file's text that get a vector each. A window is whole sentences and lines
 * of about 110 tokens; the next one begins half a window later. It belongs to the chunks that have
 * most of it.
 */
#ifndef SEARCH_WINDOWS_H
#define SEARCH_WINDOWS_H

#include "base/arena.h"
#include "language/language.h"
#include "search/search.h"

enum { WINDOW_TOKENS = 110 };

/* The place of a chunk's text in the file's text: chunks may overlap. */
struct window_chunk {
    size_t start, end;
};

struct window {
    size_t start, end;    /* in the file's text */
    uint32_t first, last; /* the chunks that it belongs to, by their number */
};

/* Cuts the text, whose chunks are given in order, into windows in the arena. A text without a word
 * has none. */
int window_cut(struct language *language, const char *text, size_t length,
               const struct window_chunk *chunks, size_t chunk_count, struct arena *arena,
               struct window **out, size_t *count, struct treadle_error *error);

#endif
