/*
 * Tables: cells are kept escaped, widths are settled once for the whole table, then every row is
 * laid out by them.
 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "cli/show.h"
#include "treadle/error.h"

enum { COLUMNS = 16, GAP = 2, INDENT = 4, CELL_LIMIT = 1 << 20, TABLE_LIMIT = 64 << 20 };

struct row {
    struct row *next;
    char **cells;
};

struct table {
    const struct table_column *columns;
    size_t count;
    struct arena *arena;
    struct row *first, **end;
    size_t widths[COLUMNS]; /* the widest cell of each */
};

struct layout {
    size_t shown[COLUMNS];  /* the columns that are shown in the line */
    size_t count;           /* of them */
    size_t widths[COLUMNS]; /* by column */
    bool below;             /* the last column has lines of its own */
    size_t screen;          /* 0: no limit */
    bool color;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
    struct table *table = count <= COLUMNS ? calloc(1, sizeof *table) : NULL;
    if (!table)
        return NULL;
    table->arena = arena_new(TABLE_LIMIT);
    if (!table->arena) {
        free(table);
        return NULL;
    }
    table->columns = columns;
    table->count = count;
    table->end = &table->first;
    for (size_t i = 0; i < count; i++)
        table->widths[i] = show_width(columns[i].title);
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    arena_free(table->arena);
    free(table);
}

int table_add(struct table *table, const char *const *cells)
{
    struct row *row = arena_alloc(table->arena, sizeof *row);
    char **copies = arena_array(table->arena, table->count, sizeof *copies);
    if (!row || !copies)
        return TREADLE_EMEMORY;
    for (size_t i = 0; i < table->count; i++) {
        struct buffer shown;
        buffer_init(&shown, CELL_LIMIT);
        show_line(&shown, cells[i] ? cells[i] : "");
        copies[i] = arena_string(table->arena, shown.data ? shown.data : "");
        buffer_clear(&shown);
        if (!copies[i])
            return TREADLE_EMEMORY;
        size_t width = show_width(copies[i]);
        if (width > table->widths[i])
            table->widths[i] = width;
    }
    row->cells = copies;
    *table->end = row;
    table->end = &row->next;
    return 0;
}

/* ---- Layout --------------------------------------------------------------------------------- */

static size_t line_width(const struct layout *layout)
{
    size_t width = layout->count ? GAP * (layout->count - 1) : 0;
    for (size_t i = 0; i < layout->count; i++)
        width += layout->widths[layout->shown[i]];
    return width;
}

/* Starts from full widths and cuts columns from the right until the line fits; false when it
 * cannot. */
static bool shrink(const struct table *table, struct layout *layout)
{
    memcpy(layout->widths, table->widths, sizeof layout->widths);
    for (size_t i = layout->count; i-- > 0 && line_width(layout) > layout->screen;) {
        size_t column = layout->shown[i], least = table->columns[column].least;
        if (!least || layout->widths[column] <= least)
            continue;
        size_t spare = layout->widths[column] - least;
        size_t excess = line_width(layout) - layout->screen;
        layout->widths[column] -= excess < spare ? excess : spare;
    }
    return line_width(layout) <= layout->screen;
}

/* Leaves out the rightmost spare column; false when there is none. */
static bool leave_out(const struct table *table, struct layout *layout)
{
    size_t i = layout->count;
    while (i-- > 0) {
        if (!table->columns[layout->shown[i]].spare)
            continue;
        memmove(&layout->shown[i], &layout->shown[i + 1],
                (layout->count - i - 1) * sizeof layout->shown[0]);
        layout->count--;
        return true;
    }
    return false;
}

static void lay_out(const struct table *table, size_t screen, bool color, struct layout *out)
{
    *out = (struct layout){.count = table->count, .screen = screen, .color = color};
    memcpy(out->widths, table->widths, sizeof out->widths);
    for (size_t i = 0; i < table->count; i++)
        out->shown[i] = i;
    if (!screen || shrink(table, out))
        return;
    if (table->columns[table->count - 1].below) {
        out->below = true;
        out->count--;
    }
    while (!shrink(table, out) && leave_out(table, out))
        continue;
}

/* ---- Printing ------------------------------------------------------------------------------- */

static void put_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

const char *table_status_color(const char *word)
{
    if (strcmp(word, "completed") == 0)
        return "\033[32m";
    if (strcmp(word, "failed") == 0 || strcmp(word, "expired") == 0)
        return "\033[31m";
    return "\033[33m";
}

/* Prints a cell within `width` columns and says how many it took. */
static size_t put_cut(FILE *out, const char *cell, size_t width)
{
    size_t taken, full = show_width(cell);
    size_t length = show_cut(cell, full <= width ? width : width - 1, &taken);
    fwrite(cell, 1, length, out);
    if (full > width)
        fputs("…", out);
    return taken + (full > width);
}

static void put_cell(const struct table *table, const struct layout *layout, FILE *out,
                     size_t column, const char *cell, const char *color)
{
    size_t width = layout->widths[column], full = show_width(cell);
    bool right = table->columns[column].right;
    if (right && full < width)
        put_spaces(out, width - full);
    if (color)
        fputs(color, out);
    size_t used = put_cut(out, cell, width);
    if (color)
        fputs("\033[0m", out);
    if (column != layout->shown[layout->count - 1])
        put_spaces(out, GAP + (right || used > width ? 0 : width - used));
}

static void put_row(const struct table *table, const struct layout *layout, FILE *out,
                    const char *const *cells, bool title)
{
    for (size_t i = 0; i < layout->count; i++) {
        size_t column = layout->shown[i];
        const char *color = title ? "\033[1m" : NULL;
        if (!title && table->columns[column].status)
            color = table_status_color(cells[column]);
        put_cell(table, layout, out, column, cells[column], layout->color ? color : NULL);
    }
    fputc('\n', out);
    const char *last = cells[table->count - 1];
    if (!layout->below || title || !last[0])
        return;
    put_spaces(out, INDENT);
    put_cut(out, last, layout->screen > INDENT ? layout->screen - INDENT : 1);
    fputc('\n', out);
}

void table_print(const struct table *table, FILE *out, size_t width, bool color)
{
    const char *titles[COLUMNS];
    struct layout layout;
    lay_out(table, width, color, &layout);
    for (size_t i = 0; i < table->count; i++)
        titles[i] = table->columns[i].title;
    put_row(table, &layout, out, titles, true);
    for (const struct row *row = table->first; row; row = row->next)
        put_row(table, &layout, out, (const char *const *)row->cells, false);
}
