/*
 * Notebooks by jansson's tree. A text is a string, or a list of its lines.
 */
#include "reader/notebook.h"

#include <string.h>

#include <jansson.h>

#include "reader/markdown.h"
#include "reader/plain.h"

enum { LARGEST_TEXT = 16 << 20 };

static void join(struct buffer *out, const json_t *text)
{
    size_t index;
    const json_t *line;
    if (json_is_string(text))
        buffer_append(out, json_string_value(text), json_string_length(text));
    json_array_foreach(text, index, line) if (json_is_string(line))
        buffer_append(out, json_string_value(line), json_string_length(line));
}

static void put_code(struct sink *sink, const char *bytes, size_t length)
{
    const struct text text = {.bytes = bytes, .length = length};
    plain_put_code(sink, &text);
}

static void put(struct sink *sink, const json_t *value,
                void (*write)(struct sink *sink, const char *text, size_t length))
{
    struct buffer text;
    buffer_init(&text, LARGEST_TEXT);
    join(&text, value);
    if (text.failed)
        sink_fail(sink, text.failed == TREADLE_EMEMORY ? FRAME_NO_MEMORY : FRAME_UNPACKED);
    else if (text.length > 0)
        write(sink, text.data, text.length);
    sink_end(sink);
    buffer_clear(&text);
}

/* What was printed, and the plain form of what is shown. */
static void read_outputs(struct sink *sink, const json_t *cell)
{
    size_t index;
    const json_t *output;
    json_array_foreach(json_object_get(cell, "outputs"), index, output)
    {
        put(sink, json_object_get(output, "text"), put_code);
        put(sink, json_object_get(json_object_get(output, "data"), "text/plain"), put_code);
    }
}

static void read_cell(struct sink *sink, const json_t *cell)
{
    const char *kind = json_string_value(json_object_get(cell, "cell_type"));
    const json_t *source = json_object_get(cell, "source");
    if (kind && strcmp(kind, "markdown") == 0) {
        put(sink, source, markdown_put);
        return;
    }
    put(sink, source ? source : json_object_get(cell, "input"), put_code);
    read_outputs(sink, cell);
}

/* Notebooks before version 4 have their cells in a worksheet. */
static const json_t *find_cells(const json_t *notebook)
{
    const json_t *cells = json_object_get(notebook, "cells");
    const json_t *sheet = json_array_get(json_object_get(notebook, "worksheets"), 0);
    return cells ? cells : json_object_get(sheet, "cells");
}

void notebook_read(struct sink *sink, const char *bytes, size_t length)
{
    json_error_t error;
    size_t index;
    json_t *cell, *notebook = json_loadb(bytes, length, JSON_ALLOW_NUL, &error);
    if (!notebook)
        sink_fail(sink, json_error_code(&error) == json_error_out_of_memory ? FRAME_NO_MEMORY
                                                                            : FRAME_DAMAGED);
    json_array_foreach(find_cells(notebook), index, cell) read_cell(sink, cell);
    json_decref(notebook);
}
