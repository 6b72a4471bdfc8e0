/*
 * Heading paths: the headings above a place in a document.
 */
#ifndef SEARCH_HEADING_H
#define SEARCH_HEADING_H

#include "base/buffer.h"
#include "search/unit.h"

enum { HEADING_LEVELS = 8 };

struct heading_path {
    struct search_unit *levels[HEADING_LEVELS]; /* NULL: none of that level */
    size_t done;                                /* units that the path has seen */
};

/* Moves the path to the start of the units [first, last), with the headings at their very start.
 * Calls must be in order. */
void heading_path_advance(struct heading_path *path, const struct search_units *units, size_t first,
                          size_t last);

/* Appends the headings, " > " between them. */
void heading_path_print(const struct heading_path *path, struct buffer *out);

/* Appends their terms. */
int heading_path_terms(const struct heading_path *path, struct language *language,
                       struct buffer *out, struct treadle_error *error);

#endif
