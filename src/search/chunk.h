/*
 * Chunks: what a document is cut into for searching.
 *
 * A chunk is a window of whole sentences and blocks of at most so many tokens; the next one
 * starts early enough to repeat the end of it. Blocks stand on lines of their own. What is ranked
 * is passages: short runs of units under one heading. Each lies in one chunk, which has text before
 * and behind it where it can, and no two have the same text.
 */
#ifndef SEARCH_CHUNK_H
#define SEARCH_CHUNK_H

#include "language/language.h"
#include "search/search.h"

struct search_passage {
    size_t start, end;   /* in the chunk's text */
    const char *heading; /* the headings it stands under; NULL for none */
    double weight;       /* 1, down to a quarter for contents and indexes */
    const char *body;    /* terms of the text, without stopwords, a space behind each */
    const char *above;   /* terms of the headings above and within */
};

struct search_chunk {
    int64_t number;
    const char *heading; /* the headings it stands under; NULL for none */
    const char *text;
    size_t length;
    size_t overlap; /* bytes at its start that the chunk before has too */
    const struct search_page *pages;
    size_t page_count;
    const struct search_passage *passages;
    size_t passage_count;
};

/* Returns 0 to go on. The chunk dies with the call. */
typedef int (*search_chunk_visitor)(void *context, const struct search_chunk *chunk,
                                    struct treadle_error *error);

int search_chunk_each(const struct search_file *file, const struct document *document,
                      struct language *language, search_chunk_visitor visit, void *context,
                      struct treadle_error *error);

/* Whether a block is an entry of a table of contents or of an index, or a bunch of them. */
bool search_is_clutter(const char *text, size_t length);

#endif
