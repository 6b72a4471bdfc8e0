/*
 * Units: the pieces that chunks are made of, none of which is split again: a block, or for a longer
 * block its sentences, or for a very long sentence a group of its words.
 */
#ifndef SEARCH_UNIT_H
#define SEARCH_UNIT_H

#include "language/language.h"
#include "search/search.h"

struct search_unit {
    const char *text; /* within the document */
    size_t length;
    size_t tokens;
    int page;
    const char *label; /* of the page, within the document; NULL: its number */
    int level;         /* of a heading; 0: no heading */
    bool goes_on;      /* belongs to the block of the previous unit */
    bool clutter;
    char *terms; /* set when needed; without stopwords, a space after each */
    size_t terms_length, term_count;
};

struct search_units {
    struct search_unit *items;
    size_t count, room;
    size_t tokens;
    const char *const *labels; /* of the document's pages, may be NULL */
};

/* Splits a document into units of at most `limit` tokens. TREADLE_ELIMIT above 5,000,000 tokens. */
int search_units_make(struct search_units *units, const struct document *document,
                      struct language *language, size_t limit, struct treadle_error *error);
void search_units_clear(struct search_units *units);

int search_unit_terms(struct search_unit *unit, struct language *language,
                      struct treadle_error *error);

#endif
