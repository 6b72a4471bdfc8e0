/*
 * Delimited files: finds what parts the cells, then goes through the rows once.
 *
 * Cells may stand in quotation marks, which are then doubled within, and hold delimiters and line
 * ends. A file with a mark that nothing closes is read as if no mark meant anything, from there on.
 */
#include "reader/plain.h"

#include <string.h>

enum { CELL_BYTES = 1 << 16, NAMED_COLUMNS = 2 };

struct reading {
    struct sink *sink;
    const char *at, *end;
    char delimiter;
    bool unquoted; /* quotation marks mean nothing */
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

/* The mark that closes the cell; NULL where the one that opens it is a mark like any other. */
static const char *find_close(struct reading *reading)
{
    const char *at = reading->at + 1;
    while ((at = memchr(at, '"', (size_t)(reading->end - at))) != NULL) {
        if (at - reading->at > CELL_BYTES)
            break;
        if (at + 1 < reading->end && at[1] == '"') {
            at += 2;
            continue;
        }
        const char *next = at + 1;
        while (next < reading->end && (*next == ' ' || *next == '\r'))
            next++;
        return next == reading->end || *next == '\n' || *next == reading->delimiter ? at : NULL;
    }
    reading->unquoted = true;
    return NULL;
}

/* What is between the marks, with double ones as one. */
static void put_quoted(struct reading *reading, const char *close)
{
    const char *start = reading->at + 1;
    for (const char *mark; (mark = memchr(start, '"', (size_t)(close - start))) != NULL;) {
        sink_text(reading->sink, start, (size_t)(mark + 1 - start));
        start = mark + 2;
    }
    sink_text(reading->sink, start, (size_t)(close - start));
    reading->at = close + 1;
}

/* Reads one cell; true while the row continues. */
static bool next_cell(struct reading *reading)
{
    if (!reading->unquoted && *reading->at == '"') {
        const char *close = find_close(reading);
        if (close)
            put_quoted(reading, close);
    }
    const char *start = reading->at;
    while (reading->at < reading->end && *reading->at != reading->delimiter && *reading->at != '\n')
        reading->at++;
    sink_text(reading->sink, start, (size_t)(reading->at - start));
    return reading->at < reading->end && *reading->at++ == reading->delimiter;
}

static void read_rows(struct reading *reading)
{
    struct sink *sink = reading->sink;
    sink_table_begin(sink, NAMED_COLUMNS);
    sink->table.data = true;
    while (reading->at < reading->end && !sink->failure) {
        bool more = true;
        sink_row_begin(sink);
        while (more) {
            sink_cell_begin(sink, false, 1, 1);
            more = reading->at < reading->end && next_cell(reading);
            sink_cell_end(sink);
        }
        sink_row_end(sink, false);
    }
    sink_table_end(sink);
}

void delimited_read(struct sink *sink, const char *bytes, size_t length)
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL)) {
        struct reading reading = {.sink = sink,
                                  .at = text.bytes,
                                  .end = text.bytes + text.length,
                                  .delimiter = find_delimiter(text.bytes, text.length)};
        read_rows(&reading);
    }
    text_close(&text);
}
