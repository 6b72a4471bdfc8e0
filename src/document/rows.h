/*
 * Rows: a page's lines put together to what a reader sees as one line of text.
 *
 * What stands at one height belongs together (a heading and its number, the cells of a table),
 * except over the gap between two columns of text.
 */
#ifndef DOCUMENT_ROWS_H
#define DOCUMENT_ROWS_H

#include <stdbool.h>

#include "document/sheaf.h"
#include "treadle/error.h"

enum row_column { ROW_WHOLE, ROW_LEFT, ROW_RIGHT };

struct row {
    int32_t left, top, right, bottom; /* hundredths of a point */
    int32_t size;                     /* of most of its text */
    bool bold, fixed;                 /* all of it is */
    bool leader;                      /* dots led the eye over a gap, as in a table of contents */
    enum row_column column;
    size_t pieces;     /* lines that it was put together from */
    int32_t last_left; /* where the last of them starts */
    const char *text;  /* folded */
    size_t length;
};

struct sheet {
    int32_t height;
    struct row *rows; /* in reading order */
    size_t count;
};

/* Makes `out`, in the arena, from a page. */
int rows_make(struct sheet *out, const struct page *page, struct arena *arena,
              struct treadle_error *error);

#endif
