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

#endif
