/*
 * Cells: the rows of a table whose cells have several lines, put together from their cells.
 */
#ifndef DOCUMENT_CELLS_H
#define DOCUMENT_CELLS_H

#include "document/blocks.h"

/* Joins such cells among the blocks from `first` on, which are those of one page. */
int cells_join(struct blocks *blocks, size_t first, struct treadle_error *error);

#endif
