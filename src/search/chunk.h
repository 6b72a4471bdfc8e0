/*
 * Chunks: what a document is cut into for searching. A chunk is a window of whole sentences and
 * blocks of at most so many tokens; the next one starts early enough to repeat the end of it. Each
 * block starts a line of its own.
 *
 * Passages are what is ranked: short runs of units under one heading. Each belongs to one chunk,
 * which has text before and after it where it can, and no two have the same text.
 */
#ifndef SEARCH_CHUNK_H
#define SEARCH_CHUNK_H

#include "language/language.h"
#include "search/search.h"

struct search_passage {
    size_t start, end;   /* in the chunk's text */
    const char *heading; /* the headings above it; NULL for none */
    double weight;       /* 1; as low as 0.25 for tables of contents and indexes */
    const char *body;    /* terms of the text, without stopwords, a space after each */
    const char *above;   /* terms of the headings above and within */
};

struct search_chunk {
    int64_t number;
    const char *heading; /* the headings above it; NULL for none */
    const char *text;
    size_t length;
    size_t overlap; /* bytes at its start that the previous chunk has too */
    const struct search_page *pages;
    size_t page_count;
    const struct search_passage *passages;
    size_t passage_count;
};

/* Returns 0 to continue. The chunk is valid during the call. */
typedef int (*search_chunk_visitor)(void *context, const struct search_chunk *chunk,
                                    struct treadle_error *error);

int search_chunk_each(const struct search_file *file, const struct document *document,
                      struct language *language, search_chunk_visitor visit, void *context,
                      struct treadle_error *error);

/* Whether a block is one or several entries of a table of contents or of an index. */
bool search_is_clutter(const char *text, size_t length);

#endif
