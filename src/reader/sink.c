/*
 * Sink: one block that is being made, and one row of the outermost table. A row is sent as "name:
 * value; name: value" where the columns have names, so that each row can be understood alone, and
 * as "value; value" where they have none. Layout tables have rows of one cell: its lines are sent
 * as paragraphs.
 */
#include "reader/sink.h"

#include <string.h>

#include "base/text.h"

enum {
    MOST_TEXT = 64 << 20, /* bytes of one block or row before it is sent */
    LONGEST_PIECE = FRAME_LIMIT - (int)sizeof(struct frame_block),
    LONGEST_HEADER = 4096,
    LONGEST_REMARK = 1000,
    MOST_NAMES = 1 << 16,
    MOST_SPANNED = 1 << 20,
    MOST_DEPTH = 64
};

void sink_init(struct sink *sink, struct output *output)
{
    *sink = (struct sink){.output = output};
    buffer_init(&sink->text, MOST_TEXT);
    buffer_init(&sink->table.cells, MOST_TEXT);
    buffer_init(&sink->table.spanned, MOST_SPANNED);
    buffer_init(&sink->table.names, MOST_NAMES);
}

void sink_clear(struct sink *sink)
{
    buffer_clear(&sink->text);
    buffer_clear(&sink->table.cells);
    buffer_clear(&sink->table.spanned);
    buffer_clear(&sink->table.names);
}

void sink_fail(struct sink *sink, enum frame_reason reason)
{
    if (!sink->failure)
        sink->failure = (int)reason;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static size_t trim(const char **text, size_t length, bool keep_indentation)
{
    while (length > 0 && is_space((*text)[length - 1]))
        length--;
    while (!keep_indentation && length > 0 && is_space(**text))
        (*text)++, length--;
    return length;
}

static void check(struct sink *sink, const struct buffer *buffer)
{
    if (buffer->failed)
        sink_fail(sink, buffer->failed == TREADLE_ELIMIT ? FRAME_UNPACKED : FRAME_NO_MEMORY);
}

/* Where a text that is too long for a frame is split: after a line, a word, a character. */
static size_t part(const char *text, size_t length, bool lines)
{
    if (length <= LONGEST_PIECE)
        return length;
    const char *end = memrchr(text, lines ? '\n' : ' ', LONGEST_PIECE);
    return end && end > text ? (size_t)(end - text) : text_cut(text, LONGEST_PIECE);
}

static void send(struct sink *sink, enum frame_block_kind kind, unsigned level, const char *text,
                 size_t length)
{
    struct frame_block block = {.kind = kind, .level = level, .page = sink->page};
    bool code = kind == FRAME_CODE;
    length = trim(&text, length, code);
    while (length > 0 && !sink->failure) {
        size_t piece = part(text, length, code);
        output_frame(sink->output, FRAME_BLOCK, &block, sizeof block, text, piece);
        text += piece;
        length = trim(&text, length - piece, code);
    }
}

void sink_end(struct sink *sink)
{
    if (sink->table.open)
        return;
    if (sink->text.length > 0)
        send(sink, sink->kind, sink->level, sink->text.data, sink->text.length);
    buffer_reset(&sink->text);
    sink->kind = FRAME_PARAGRAPH;
    sink->level = 0;
}

void sink_begin(struct sink *sink, enum frame_block_kind kind, unsigned level)
{
    if (sink->table.open) {
        sink_text(sink, "\n", 1);
        return;
    }
    sink_end(sink);
    sink->kind = kind;
    sink->level = kind == FRAME_HEADING ? level < 1 ? 1 : level > 6 ? 6 : level : 0;
}

/* Removes what no text has, but a reader may have made of numbers: zero bytes separate cells. */
static void append(struct sink *sink, struct buffer *buffer, const char *text, size_t length)
{
    for (const char *zero; (zero = memchr(text, '\0', length)) != NULL;) {
        buffer_append(buffer, text, (size_t)(zero - text));
        length -= (size_t)(zero - text) + 1;
        text = zero + 1;
    }
    buffer_append(buffer, text, length);
    check(sink, buffer);
}

void sink_text(struct sink *sink, const char *text, size_t length)
{
    if (!sink->failure && length > 0)
        append(sink, sink->table.open ? &sink->table.cells : &sink->text, text, length);
}

void sink_string(struct sink *sink, const char *text)
{
    if (text)
        sink_text(sink, text, strlen(text));
}

void sink_remark(struct sink *sink, enum notice_code code, const char *detail)
{
    struct frame_notice said = {.code = code};
    size_t length = strlen(detail);
    bool known = sink->remarks & 1u << code;
    sink->remarks |= 1u << code;
    if (!sink->failure && !known)
        output_frame(sink->output, FRAME_NOTICE, &said, sizeof said, detail,
                     length > LONGEST_REMARK ? text_cut(detail, LONGEST_REMARK) : length);
}

void sink_title(struct sink *sink, const char *title, size_t length)
{
    length = trim(&title, length, false);
    if (sink->titled || sink->failure || length == 0)
        return;
    sink->titled = true;
    length = length > LONGEST_HEADER ? text_cut(title, LONGEST_HEADER) : length;
    output_frame(sink->output, FRAME_TITLE, NULL, 0, title, length);
}

void sink_page(struct sink *sink, unsigned page)
{
    sink_end(sink);
    sink->page = sink->pageless ? 0 : page;
}

/* ---- Tables --------------------------------------------------------------------------------- */

static void forget_names(struct sink *sink)
{
    if (sink->table.name_count > 0 && !sink->failure)
        output_frame(sink->output, FRAME_HEADER, NULL, 0, NULL, 0);
    sink->table.name_count = 0;
    buffer_reset(&sink->table.names);
}

void sink_table_begin(struct sink *sink, size_t guess)
{
    struct sink_table *table = &sink->table;
    if (table->depth == MOST_DEPTH)
        sink_fail(sink, FRAME_NESTED);
    if (sink->failure || table->depth++ > 0)
        return;
    sink_end(sink);
    forget_names(sink);
    table->first = true;
    table->data = false;
    table->guess = guess;
    table->open = false;
    table->columns = 0;
    buffer_reset(&table->spanned);
    memset(table->below, 0, sizeof table->below);
}

void sink_table_end(struct sink *sink)
{
    struct sink_table *table = &sink->table;
    if (table->depth == 0 || --table->depth > 0)
        return;
    if (table->columns > 0) {
        table->depth = 1;
        sink_row_end(sink, false);
        table->depth = 0;
    }
    forget_names(sink);
}

void sink_leave_tables(struct sink *sink)
{
    while (sink->table.depth > 0)
        sink_table_end(sink);
    sink_end(sink);
}

void sink_row_begin(struct sink *sink)
{
    struct sink_table *table = &sink->table;
    if (table->depth > 1)
        sink_text(sink, "\n", 1);
    if (table->depth != 1)
        return;
    if (table->columns > 0)
        sink_row_end(sink, false);
    sink_end(sink);
    buffer_reset(&table->cells);
}

static void add_column(struct sink *sink, bool heading, unsigned rows)
{
    struct sink_table *table = &sink->table;
    if (table->columns == SINK_COLUMNS)
        return;
    table->row[table->columns] = (struct sink_cell){.start = table->cells.length, heading};
    table->below[table->columns++] = rows;
}

static void add_empty(struct sink *sink, unsigned rows)
{
    add_column(sink, false, rows);
    buffer_append_char(&sink->table.cells, '\0');
}

/* A cell that reaches down belongs to each of its rows. */
static void pass_spanned(struct sink *sink)
{
    struct sink_table *table = &sink->table;
    while (table->columns < SINK_COLUMNS && table->below[table->columns] > 0) {
        size_t column = table->columns, text = table->above[column];
        add_column(sink, false, table->below[column] - 1);
        if (text < table->spanned.length)
            buffer_append_string(&table->cells, table->spanned.data + text);
        buffer_append_char(&table->cells, '\0');
        check(sink, &table->cells);
    }
}

/* Keeps the text of the cell that ends for the rows below it. */
static void keep_spanned(struct sink_table *table)
{
    size_t column = table->columns - 1;
    const char *text = table->cells.data + table->row[column].start;
    size_t length = strlen(text) + 1;
    if (table->below[column] == 0)
        return;
    table->above[column] = table->spanned.length;
    if (length > MOST_SPANNED - table->spanned.length)
        table->above[column] = MOST_SPANNED;
    else
        buffer_append(&table->spanned, text, length);
}

void sink_cell_begin(struct sink *sink, bool heading, unsigned columns, unsigned rows)
{
    struct sink_table *table = &sink->table;
    if (table->depth != 1)
        return;
    if (table->open)
        sink_cell_end(sink);
    sink_end(sink);
    pass_spanned(sink);
    size_t more = columns > 1 ? columns - 1 : 0;
    unsigned below = rows > 1 ? rows - 1 : 0;
    /* The columns after the first that it covers are added when it ends. */
    if (table->columns < SINK_COLUMNS) {
        add_column(sink, heading, below);
        table->open = true;
        for (size_t i = 0; i < more && table->columns + i < SINK_COLUMNS; i++) {
            table->below[table->columns + i] = below + 1;
            table->above[table->columns + i] = MOST_SPANNED;
        }
    }
}

void sink_cell_skip(struct sink *sink, size_t column)
{
    struct sink_table *table = &sink->table;
    if (table->depth != 1)
        return;
    sink_cell_end(sink);
    while (table->columns < column && table->columns < SINK_COLUMNS)
        add_empty(sink, 0);
}

void sink_cell_end(struct sink *sink)
{
    struct sink_table *table = &sink->table;
    if (table->depth > 1)
        sink_text(sink, " ", 1);
    if (table->depth != 1 || !table->open)
        return;
    table->open = false;
    buffer_append_char(&table->cells, '\0');
    check(sink, &table->cells);
    if (!sink->failure)
        keep_spanned(table);
    pass_spanned(sink);
}

/* The text of a cell. */
static size_t cell_text(const struct sink_table *table, size_t column, const char **out)
{
    *out = table->cells.data + table->row[column].start;
    return trim(out, strlen(*out), false);
}

static size_t count_filled(const struct sink_table *table, size_t *last)
{
    size_t count = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const char *text;
        if (cell_text(table, i, &text) == 0)
            continue;
        count++;
        *last = i;
    }
    return count;
}

/* Whether the first row names the columns: all its cells say that they do, or, where that may be
 * guessed, none is empty and none begins with a digit, as amounts and dates do. */
static bool is_head(const struct sink_table *table)
{
    bool marked = true, looks = table->guess && table->columns >= table->guess;
    for (size_t i = 0; i < table->columns; i++) {
        const char *text;
        size_t length = cell_text(table, i, &text);
        marked = marked && (table->row[i].heading || length == 0);
        looks = looks && length > 0 && length < 100 && !strchr("0123456789-+", *text);
    }
    return marked || looks;
}

static void keep_names(struct sink *sink)
{
    struct sink_table *table = &sink->table;
    struct buffer *names = &table->names;
    buffer_reset(names);
    buffer_append(names, "", 0);
    for (size_t i = 0; i < table->columns && !names->failed; i++) {
        const char *text;
        size_t length = cell_text(table, i, &text);
        table->starts[i] = names->length;
        for (size_t j = 0; j < length; j++)
            buffer_append_char(names, is_space(text[j]) ? ' ' : text[j]);
        buffer_append_char(names, '\0');
    }
    table->name_count = names->failed ? 0 : table->columns;
    check(sink, names);
}

/* The cells of the row in the text of a block. */
static void join_cells(struct sink *sink, bool named)
{
    struct sink_table *table = &sink->table;
    for (size_t i = 0; i < table->columns; i++) {
        const char *text;
        size_t length = cell_text(table, i, &text);
        if (length == 0)
            continue;
        if (sink->text.length > 0)
            buffer_append_string(&sink->text, "; ");
        const char *name =
            named && i < table->name_count ? table->names.data + table->starts[i] : "";
        buffer_append_format(&sink->text, "%s%s", name, *name ? ": " : "");
        buffer_append(&sink->text, text, length);
        check(sink, &sink->text);
    }
}

/* The only cell of a row, line by line. */
static void send_lines(struct sink *sink, size_t column)
{
    const char *text;
    size_t length = cell_text(&sink->table, column, &text);
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t line = end ? (size_t)(end - text) : length;
        send(sink, FRAME_PARAGRAPH, 0, text, line);
        text += line + (end ? 1 : 0);
        length -= line + (end ? 1 : 0);
    }
}

static void send_row(struct sink *sink, bool head)
{
    struct sink_table *table = &sink->table;
    size_t last = 0, filled = count_filled(table, &last);
    if (filled == 0)
        return;
    table->columns = last + 1;
    if (filled == 1 && last == 0 && !(table->data && table->name_count > 0)) {
        send_lines(sink, last);
        return;
    }
    bool names = table->columns > 1 && table->name_count == 0 &&
                 (head || (table->first && filled > 1 && is_head(table)));
    table->first = false;
    if (names) {
        keep_names(sink);
        join_cells(sink, false);
        size_t length = sink->text.length < LONGEST_HEADER
                            ? sink->text.length
                            : text_cut(sink->text.data, LONGEST_HEADER);
        if (!sink->failure)
            output_frame(sink->output, FRAME_HEADER, NULL, 0, sink->text.data, length);
    } else {
        join_cells(sink, true);
    }
    send(sink, FRAME_ROW, 0, sink->text.data, sink->text.length);
    buffer_reset(&sink->text);
}

void sink_row_end(struct sink *sink, bool head)
{
    struct sink_table *table = &sink->table;
    if (table->depth != 1)
        return;
    sink_cell_end(sink);
    pass_spanned(sink);
    if (!sink->failure && table->columns > 0)
        send_row(sink, head);
    buffer_reset(&table->cells);
    table->columns = 0;
}
