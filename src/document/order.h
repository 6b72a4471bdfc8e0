/*
 * Order: in which order a page's segments are read. Most pages are drawn in a sensible order, and
 * it is kept wherever the places of what is drawn do not contradict it; only elsewhere is the page
 * cut by its white space.
 */
#ifndef DOCUMENT_ORDER_H
#define DOCUMENT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "document/segment.h"
#include "treadle/error.h"

/* The segments of a page, all of which run to the right, in the order of drawing. */
struct order {
    const struct segment *segments;
    size_t count;
    int32_t em;       /* the commonest size, by letters */
    bool leftward;    /* most letters are read from right to left */
    size_t *sequence; /* out: indices of `segments`, in the order of reading */
    struct arena *arena;
};

int order_find(struct order *order, struct treadle_error *error);

/* A rectangle around segments. */
struct box {
    int32_t left, top, right, bottom;
};

void order_widen(struct box *box, const struct segment *segment, bool first);

/* Whether the drawing moves upwards from one segment to the next: by more than a line, or to a line
 * above. Formulas rise by less. */
bool order_jumps_up(const struct order *order, const struct segment *before,
                    const struct segment *segment);

/* Whether these are lines of running text: long enough, and most of them fill their column. */
bool order_is_prose(const struct order *order, const size_t *indices, size_t count);

/* Whether two sets of segments side by side are columns of one table and not of text: their lines
 * have the same bases. */
bool order_is_table(const struct order *order, const size_t *a, size_t a_count, const size_t *b,
                    size_t b_count);

#endif
