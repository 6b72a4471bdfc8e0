/*
 * Style: how a document's running text is set, and from that which rows are headings.
 */
#ifndef DOCUMENT_STYLE_H
#define DOCUMENT_STYLE_H

#include "document/rows.h"

enum { STYLE_SIZES = 200 /* half points */, STYLE_LEVELS = 6 };

struct style {
    int32_t body;           /* size of the running text, hundredths of a point */
    int32_t pitch;          /* from one row of a paragraph to the next, in percent of the size */
    int ranks[STYLE_SIZES]; /* level of a heading by its size in half points */
};

void style_learn(struct style *style, const struct sheet *sheets, size_t count);

/* The level of row `index` as a heading, 0 when it is none. */
int style_heading(const struct style *style, const struct sheet *sheet, size_t index);

#endif
