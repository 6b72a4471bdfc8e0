/*
 * Tables: rows of cells that stand below each other in columns.
 */
#ifndef DOCUMENT_TABLE_H
#define DOCUMENT_TABLE_H

#include "document/rows.h"

/* Marks the rows of each table, and gives them a dash for each cell that is empty, so that what
 * follows it is not taken for its value. New cells are in the arena. */
int table_fill(struct row *rows, size_t count, struct arena *arena, struct treadle_error *error);

/* Gives the rows of each table the text of its head, once they have texts. */
void table_name(struct row *rows, size_t count);

#endif
