/*
 * Sink: the readers of all formats but PDF put what they find into it, and it makes frames of that.
 * A reader calls it where blocks begin, with the text in them, and where tables, rows and cells
 * begin and end, in the order of the document. The sink cuts, joins and sends. It never fails at
 * once: the first failure is kept, and nothing is sent after it, so a reader checks for it in its
 * loops.
 */
#ifndef READER_SINK_H
#define READER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "reader/output.h"

enum { SINK_COLUMNS = 512 };

struct sink_cell {
    size_t start; /* in `cells` */
    bool heading;
};

struct sink_table {
    size_t depth;        /* tables within each other; only the outermost has rows */
    struct buffer cells; /* texts of the row, each with a zero byte after it */
    struct sink_cell row[SINK_COLUMNS];
    unsigned below[SINK_COLUMNS]; /* rows that a cell still reaches down into */
    size_t above[SINK_COLUMNS];   /* its text in `spanned` */
    struct buffer spanned;        /* texts of such cells, each with a zero byte after it */
    size_t columns;               /* of the current row */
    bool open;                    /* a cell is */
    bool data;           /* a row of one cell is a row, and not what layout tables are made of */
    bool first;          /* no row was sent yet */
    size_t guess;        /* columns from which on the first row may look like a head; 0: never */
    struct buffer names; /* of the columns, each with a zero byte after it */
    size_t starts[SINK_COLUMNS];
    size_t name_count;
};

struct sink {
    struct output *output;
    int failure; /* enum frame_reason, 0 for none */
    struct buffer text;
    enum frame_block_kind kind;
    unsigned level;
    unsigned page;
    bool pageless; /* pages are those of an attached document, and mean nothing here */
    bool titled;
    uint32_t remarks; /* a bit for each code that was reported */
    struct sink_table table;
    /* Reads what is attached to the document, as the format of that word; set by kinds_read. */
    void (*read)(struct sink *sink, const char *bytes, size_t length, const char *format);
};

void sink_init(struct sink *sink, struct output *output);
void sink_clear(struct sink *sink);

/* Keeps the first failure. */
void sink_fail(struct sink *sink, enum frame_reason reason);

/* Reports something about the file as a whole, in words that follow those of the notice; each code
 * once. */
void sink_remark(struct sink *sink, enum notice_code code, const char *detail);

void sink_title(struct sink *sink, const char *title, size_t length);
/* The page, or slide, of all that follows. */
void sink_page(struct sink *sink, unsigned page);

/* Ends the current block and begins the next. Within a cell of a table it begins a line. */
void sink_begin(struct sink *sink, enum frame_block_kind kind, unsigned level);
void sink_text(struct sink *sink, const char *text, size_t length);
void sink_string(struct sink *sink, const char *text);
void sink_end(struct sink *sink);

/* `guess`: the first row names the columns when it has so many and looks so; 0: never. */
void sink_table_begin(struct sink *sink, size_t guess);
void sink_table_end(struct sink *sink);
/* Ends the tables and the block that an attached document has left open. */
void sink_leave_tables(struct sink *sink);
void sink_row_begin(struct sink *sink);
/* `head`: its cells name the columns. */
void sink_row_end(struct sink *sink, bool head);
/* In the next column that is free, of so many columns and rows. */
void sink_cell_begin(struct sink *sink, bool heading, unsigned columns, unsigned rows);
/* Leaves columns empty up to this one, from 0. */
void sink_cell_skip(struct sink *sink, size_t column);
void sink_cell_end(struct sink *sink);

#endif
