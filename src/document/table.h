/*
 * Tables: rows of cells, below each other in columns.
 */
#ifndef DOCUMENT_TABLE_H
#define DOCUMENT_TABLE_H

#include "document/rows.h"

/* Marks the rows of each table, and gives them a dash for each empty cell, so that the next value
 * is not read as that of the empty cell. New cells are in the arena. */
int table_fill(struct row *rows, size_t count, struct arena *arena, struct treadle_error *error);

/* Gives the rows of each table the text of its head, once they have texts. */
void table_name(struct row *rows, size_t count);

#endif
