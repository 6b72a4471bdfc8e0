/*
 * Cut: the order of reading of a page by the white space between its parts, for pages that are not
 * drawn in a sensible order.
 */
#ifndef DOCUMENT_CUT_H
#define DOCUMENT_CUT_H

#include "document/order.h"

/* Fills the order's sequence. With `whole`, what was drawn together stays together. */
int cut_page(struct order *order, bool whole, struct treadle_error *error);

#endif
