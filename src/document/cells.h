/*
 * Cells: joins the cells of a table whose cells have several lines into its rows.
 */
#ifndef DOCUMENT_CELLS_H
#define DOCUMENT_CELLS_H

#include "document/blocks.h"

/* Joins such cells among the blocks from `first` on, which are those of one page. */
int cells_join(struct blocks *blocks, size_t first, struct treadle_error *error);

#endif
