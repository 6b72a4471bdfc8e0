/*
 * Rows: joins a page's words into what a person sees as one line of text. Words at one height
 * belong together (a heading and its number, the cells of a table), except over the gap between
 * columns of text. Turned text makes rows of its own, after those of the direction of most of the
 * page.
 */
#ifndef DOCUMENT_ROWS_H
#define DOCUMENT_ROWS_H

#include <stdbool.h>

#include "base/arena.h"
#include "document/document.h"
#include "document/page.h"
#include "treadle/error.h"

/* A segment within a row. */
struct cell {
    int32_t left, right;
    int32_t pitch; /* as a segment's */
    const char *text;
    size_t length;
};

/* Lengths are hundredths of a point in a page that is turned so that the row runs to the right. */
struct row {
    int32_t left, top, right, bottom;
    int32_t size;      /* of most of its text */
    int32_t last_left; /* where its last cell starts */
    int32_t edge;      /* how far to the right the text of its column runs */
    int32_t pitch;     /* the width of each of its characters, 0 when they differ */
    uint16_t rotation; /* quarter turns of its text, 0 to 3 */
    bool bold;         /* all of it is */
    bool fixed;        /* it is set in a typewriter's font */
    bool leader;       /* dots fill a gap, as in a table of contents */
    bool artifact;     /* the file's own marks say that it is no part of the text */
    bool margin;       /* the first occurrence of a running head or foot */
    bool leftward;     /* most of its letters are read from right to left */
    const struct cell *cells;
    size_t cell_count;
    struct document_place place; /* on the page as it is shown */
    uint32_t part;               /* what tags say it is part of, 0 for nothing */
    int tag_level;               /* of the heading that tags say it is, 0 for none */
    bool tagged_text;            /* tags say that it is text and no heading */
    bool tagged_row, head;       /* tags say that it is a table's row, and one that names columns */
    bool table;                  /* one of several rows whose cells are in columns */
    const char *header; /* the text of its table's first row, NULL where that is not a head */
    int level;          /* of the heading, by the outline; 0 for none */
    bool goes_on;       /* and it is not the heading's first row */
    const char *text;   /* folded; indented where it is fixed */
    size_t length;
};

struct sheet {
    int32_t width, height; /* turned as most of its text is */
    struct row *rows;      /* in reading order */
    size_t count;
    uint32_t notices; /* a bit 1 << enum notice_code for each */
};

/* Makes `out`, in the arena, from a page, and leaves its notices alone. */
int rows_make(struct sheet *out, const struct page *page, struct arena *arena,
              struct treadle_error *error);

#endif
