/*
 * Tables: neighbouring rows of several cells, whose columns are what is left when all cells are
 * projected onto the page's width.
 */
#include "document/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
    FEWEST_ROWS = 3,
    FEWEST_COLUMNS = 3, /* of a table whose empty cells are filled */
    MOST_COLUMNS = 64,
    LONGEST_HEAD = 200 /* bytes */
};

static const char dash[] = "\xE2\x80\x93";

struct columns {
    struct {
        int32_t left, right;
    } items[MOST_COLUMNS];
    size_t count;
};

/* Widens the columns by one cell; false when there are too many. */
static bool add_cell(struct columns *columns, const struct cell *cell)
{
    size_t first = 0, end;
    while (first < columns->count && columns->items[first].right <= cell->left)
        first++;
    end = first;
    int32_t left = cell->left, right = cell->right;
    while (end < columns->count && columns->items[end].left < right) {
        left = columns->items[end].left < left ? columns->items[end].left : left;
        right = columns->items[end].right > right ? columns->items[end].right : right;
        end++;
    }
    if (end == first && columns->count == MOST_COLUMNS)
        return false;
    memmove(&columns->items[first + 1], &columns->items[end],
            (columns->count - end) * sizeof *columns->items);
    columns->count += 1 - (end - first);
    columns->items[first].left = left;
    columns->items[first].right = right;
    return true;
}

/* Whether the rows are a table; finds its columns. */
static bool find_columns(struct columns *columns, const struct row *rows, size_t count)
{
    columns->count = 0;
    for (size_t r = 0; r < count; r++)
        for (size_t c = 0; c < rows[r].cell_count; c++)
            if (!add_cell(columns, &rows[r].cells[c]))
                return false;
    return columns->count >= 2;
}

/* Whether enough cells are full, and one row in all, so that an empty one is conspicuous. */
static bool may_fill(const struct columns *columns, const struct row *rows, size_t count)
{
    size_t cells = 0, most = 0;
    for (size_t r = 0; r < count; r++) {
        cells += rows[r].cell_count;
        most = rows[r].cell_count > most ? rows[r].cell_count : most;
    }
    return columns->count >= FEWEST_COLUMNS && most == columns->count &&
           cells * 100 >= count * columns->count * 55;
}

static int fill_row(struct row *row, const struct columns *columns, struct arena *arena,
                    struct treadle_error *error)
{
    if (row->cell_count == columns->count || row->leftward)
        return 0;
    struct cell *cells = arena_array(arena, columns->count, sizeof *cells);
    if (!cells)
        return error_set_memory(error);
    size_t have = 0;
    for (size_t c = 0; c < columns->count; c++) {
        bool full = have < row->cell_count && row->cells[have].left < columns->items[c].right;
        if (full)
            cells[c] = row->cells[have++];
        else
            cells[c] = (struct cell){.left = columns->items[c].left,
                                     .right = columns->items[c].right,
                                     .text = dash,
                                     .length = sizeof dash - 1};
    }
    /* Two of its cells may share a column: then it is no row of this table. */
    if (have < row->cell_count)
        return 0;
    row->cells = cells;
    row->cell_count = columns->count;
    return 0;
}

static bool in_table(const struct row *row)
{
    return row->cell_count > 1 && !row->fixed && !row->leader;
}

int table_fill(struct row *rows, size_t count, struct arena *arena, struct treadle_error *error)
{
    struct columns columns;
    int rc = 0;
    for (size_t start = 0; start < count && !rc;) {
        size_t end = start;
        while (end < count && in_table(&rows[end]) &&
               (end == start || rows[end].bottom > rows[end - 1].bottom))
            end++;
        bool table =
            end - start >= FEWEST_ROWS && find_columns(&columns, rows + start, end - start);
        bool fill = table && may_fill(&columns, rows + start, end - start);
        for (size_t r = start; table && r < end && !rc; r++) {
            rows[r].table = true;
            if (fill)
                rc = fill_row(&rows[r], &columns, arena, error);
        }
        start = end > start ? end : start + 1;
    }
    return rc;
}

/* Whether most of what a cell says is a number: an amount, a date, a share. */
static bool is_number(const struct cell *cell)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < cell->length; i++) {
        unsigned char c = (unsigned char)cell->text[i];
        digits += c >= '0' && c <= '9';
        letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        letters += c >= 0xC0;
    }
    return digits > 0 && digits >= letters;
}

static bool is_empty(const struct cell *cell)
{
    return cell->length == sizeof dash - 1 && memcmp(cell->text, dash, cell->length) == 0;
}

/* Whether the column, which `cell` stands in, holds a word there and numbers in all rows below. */
static bool contrasts(const struct cell *cell, const struct row *rows, size_t count)
{
    size_t numbers = 0, others = 0;
    if (is_empty(cell))
        return false;
    for (size_t r = 1; r < count; r++)
        for (size_t c = 0; c < rows[r].cell_count; c++) {
            const struct cell *below = &rows[r].cells[c];
            if (below->left >= cell->right || cell->left >= below->right)
                continue;
            numbers += is_number(below);
            others += !is_number(below) && !is_empty(below);
        }
    return numbers >= 2 && others * 10 <= numbers;
}

/* Whether the first row stands further from the second than any others from each other, as one
 * does that a rule parts from what it heads. */
static bool is_parted(const struct row *rows, size_t count)
{
    int64_t first = (int64_t)rows[1].bottom - rows[0].bottom, most = 0;
    for (size_t c = 0; c < rows->cell_count; c++)
        if (is_number(&rows->cells[c]))
            return false;
    for (size_t r = 2; r < count; r++) {
        int64_t step = (int64_t)rows[r].bottom - rows[r - 1].bottom;
        most = step > most ? step : most;
    }
    return count > FEWEST_ROWS + 1 && first * 100 >= most * 125 && first <= most * 2;
}

/* Whether the first row names the columns: it alone is bold, it stands apart, the corner is empty,
 * or a column of numbers begins with a word. In a list of labels and values the first value is
 * often the only one that is a word, so two columns need more than that: where it is not sure that
 * there is a head, each row speaks for itself. */
static bool is_head(const struct row *rows, size_t count)
{
    size_t bold = 0, corners = 0, columns = 0;
    if (rows->length > LONGEST_HEAD)
        return false;
    for (size_t r = 1; r < count; r++) {
        bold += rows[r].bold;
        corners += is_empty(&rows[r].cells[0]);
        columns = rows[r].cell_count > columns ? rows[r].cell_count : columns;
    }
    if ((rows->bold && bold * 4 < count) || is_parted(rows, count))
        return true;
    if (is_empty(&rows->cells[0]) && corners * 4 < count)
        return true;
    bool words = rows->cell_count >= columns && columns > 2, found = false;
    for (size_t c = 0; c < rows->cell_count && words; c++) {
        const struct cell *cell = &rows->cells[c];
        words = !is_number(cell) && cell->text[cell->length - 1] != ':';
        found = found || contrasts(cell, rows, count);
    }
    return words && found;
}

/* Names the columns of tables whose tags do so; returns whether there is one. */
static bool name_by_tags(struct row *rows, size_t count)
{
    const char *header = NULL;
    bool found = false;
    for (size_t r = 0; r < count; r++) {
        if (rows[r].head)
            header = rows[r].text;
        else if (rows[r].tagged_row)
            rows[r].header = header;
        else
            header = NULL;
        found = found || rows[r].head;
    }
    return found;
}

void table_name(struct row *rows, size_t count)
{
    for (size_t start = 0; start < count;) {
        size_t end = start;
        while (end < count && rows[end].table &&
               (end == start || rows[end].bottom > rows[end - 1].bottom))
            end++;
        bool head = !name_by_tags(rows + start, end - start) && end - start >= FEWEST_ROWS &&
                    is_head(rows + start, end - start);
        for (size_t r = start + 1; head && r < end; r++)
            rows[r].header = rows[start].text;
        start = end > start ? end : start + 1;
    }
}
