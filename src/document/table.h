/*
 * Tables: rows of cells that stand below each other in columns.
 */
#ifndef DOCUMENT_TABLE_H
#define DOCUMENT_TABLE_H

#include "document/rows.h"

/* Gives the rows of each table a dash for each cell that is empty, so that what follows it is not
 * taken for its value. New cells are in the arena. */
int table_fill(struct row *rows, size_t count, struct arena *arena, struct treadle_error *error);

#endif
