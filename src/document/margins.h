/*
 * Margins: running heads, feet and page numbers, which are no part of the text. Only what repeats
 * is left out, and its first occurrence stays: a document's number, its date or its owner may be
 * nowhere else. The one number that may differ is the page's own.
 */
#ifndef DOCUMENT_MARGINS_H
#define DOCUMENT_MARGINS_H

#include "document/rows.h"

/* Removes them from the sheets, which are a document's pages in order. A row that is set larger
 * than `body`, the size of the running text, is a title and stays. */
int margins_drop(struct sheet *sheets, size_t count, int32_t body, struct treadle_error *error);

#endif
