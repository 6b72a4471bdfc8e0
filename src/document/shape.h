/*
 * Shape: what sets of a page's segments look like, for the files that find its order.
 */
#ifndef DOCUMENT_SHAPE_H
#define DOCUMENT_SHAPE_H

#include <stdbool.h>

#include "document/order.h"

/* A rectangle around segments. */
struct box {
    int32_t left, top, right, bottom;
};

void shape_widen(struct box *box, const struct segment *segment, bool first);

/* Whether the drawing moves upwards from one segment to the next: by more than a line, or to a line
 * above. Formulas rise by less. */
bool shape_jumps_up(const struct order *order, const struct segment *before,
                    const struct segment *segment);

/* Whether these are lines of running text: long enough, and most of them fill their column. */
bool shape_is_prose(const struct order *order, const size_t *indices, size_t count);

/* Whether two sets of segments side by side are columns of one table and not of text: their lines
 * have the same bases. */
bool shape_is_table(const struct order *order, const size_t *a, size_t a_count, const size_t *b,
                    size_t b_count);

#endif
