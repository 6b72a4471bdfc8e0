/*
 * Tables for people: columns that fit the screen.
 *
 * Cells are data and are shown as one line each. A table without a width limit is printed as wide
 * as it is. Within a limit the columns that may shrink are cut, rightmost first, with an ellipsis;
 * where that is not enough, a last column marked `below` moves to lines of its own, and then
 * columns marked `spare` are left out.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

struct table_column {
    const char *title;
    bool right;   /* aligned to the right: numbers */
    size_t least; /* columns to which it may be cut, 0: never */
    bool below;   /* the last one alone: may move below the others */
    bool spare;   /* may be left out */
    bool status;  /* a status word: coloured */
};

/* An empty table; `columns` must outlive it. NULL when memory runs out. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* Adds a row of as many cells as there are columns; NULL is an empty one. Returns 0 or a negative
 * code. */
int table_add(struct table *table, const char *const *cells);

/* Prints the titles and the rows. `width` 0: no limit. */
void table_print(const struct table *table, FILE *out, size_t width, bool color);

/* The escape sequence with which a status word begins; "\033[0m" ends it. */
const char *table_status_color(const char *word);

#endif
