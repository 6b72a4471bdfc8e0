/*
 * Delimited files: finds the delimiter, then reads the rows once. Cells may be in quotation marks,
 * which are then doubled within, and hold delimiters and line ends. The first row names the columns
 * when it has more than one cell, none that is empty and none with a digit at its start, as amounts
 * and dates have. In rows of more cells than names the other cells have no name.
 */
#include "document/delimited.h"

#include <string.h>

#include "base/error.h"
#include "document/fold.h"

enum { COLUMNS = 256, CELL_BYTES = 1 << 16, NAMES_BYTES = 1 << 16 };

struct reading {
    struct blocks *blocks;
    const char *at, *end;
    char delimiter;
    struct buffer cell;
    struct buffer names; /* of the columns, a zero byte after each */
    size_t starts[COLUMNS];
    size_t columns;
};

/* The character that splits the first line into most pieces; a comma where none does. */
static char find_delimiter(const char *text, size_t length)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t counts[sizeof candidates] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < length && (quoted || text[i] != '\n'); i++) {
        quoted ^= text[i] == '"';
        for (size_t j = 0; !quoted && j < sizeof candidates; j++)
            counts[j] += text[i] == candidates[j];
    }
    for (size_t j = 1; j < sizeof candidates; j++)
        if (counts[j] > counts[best])
            best = j;
    return candidates[best];
}

static void put(struct reading *reading, char byte)
{
    if (reading->cell.length < CELL_BYTES)
        buffer_append_char(&reading->cell, byte == '\n' || byte == '\r' ? ' ' : byte);
}

/* Reads one cell; true while the row continues after it. */
static bool next_cell(struct reading *reading)
{
    bool quoted = false;
    buffer_reset(&reading->cell);
    for (; reading->at < reading->end; reading->at++) {
        char byte = *reading->at;
        if (byte == '"' && quoted && reading->at + 1 < reading->end && reading->at[1] == '"')
            put(reading, *reading->at++);
        else if (byte == '"' && (quoted || reading->cell.length == 0))
            quoted = !quoted;
        else if (!quoted && byte == reading->delimiter)
            return reading->at++, true;
        else if (!quoted && byte == '\n')
            return reading->at++, false;
        else
            put(reading, byte);
    }
    return false;
}

/* Adds the folded cell to the row, its name before it. */
static int add_cell(struct reading *reading, size_t column, struct treadle_error *error)
{
    struct buffer *row = &reading->blocks->text;
    size_t before = row->length, name;
    if (before)
        buffer_append_string(row, "; ");
    if (column < reading->columns)
        buffer_append_format(row, "%s: ", reading->names.data + reading->starts[column]);
    name = row->length;
    int rc =
        reading->cell.length ? fold_line(row, reading->cell.data, reading->cell.length, error) : 0;
    if (!rc && row->length == name)
        row->length = before;
    return rc;
}

static int read_row(struct reading *reading, struct treadle_error *error)
{
    bool more = true;
    int rc = 0;
    for (size_t column = 0; !rc && more; column++) {
        more = next_cell(reading);
        rc = add_cell(reading, column, error);
    }
    if (!rc && (reading->cell.failed || reading->blocks->text.failed))
        rc = error_set_memory(error);
    return rc ? rc : blocks_add(reading->blocks, DOCUMENT_PARAGRAPH, 0, 0, error);
}

/* Takes the first row as names when it looks like names; else goes back to its start. */
static int read_names(struct reading *reading, struct treadle_error *error)
{
    const char *start = reading->at;
    bool more = true, names = true;
    int rc = 0;
    while (!rc && more && names && reading->columns < COLUMNS) {
        more = next_cell(reading);
        reading->starts[reading->columns++] = reading->names.length;
        size_t before = reading->names.length;
        if (reading->cell.length)
            rc = fold_line(&reading->names, reading->cell.data, reading->cell.length, error);
        const char *name = reading->names.data + before;
        names = reading->names.length > before && !strchr("0123456789-+", *name);
        buffer_append_char(&reading->names, '\0');
    }
    if (!rc && reading->names.failed)
        rc = reading->names.failed == TREADLE_EMEMORY ? error_set_memory(error) : 0;
    if (!names || more || reading->columns < 2 || reading->names.failed) {
        reading->columns = 0;
        reading->at = start;
    }
    return rc;
}

int delimited_read(struct blocks *blocks, const char *text, size_t length,
                   struct treadle_error *error)
{
    struct reading reading = {.blocks = blocks,
                              .at = text,
                              .end = text + length,
                              .delimiter = find_delimiter(text, length)};
    buffer_init(&reading.cell, CELL_BYTES + 64);
    buffer_init(&reading.names, NAMES_BYTES);
    buffer_append(&reading.names, "", 0);
    int rc = read_names(&reading, error);
    while (!rc && reading.at < reading.end)
        rc = read_row(&reading, error);
    buffer_clear(&reading.cell);
    buffer_clear(&reading.names);
    return rc;
}
