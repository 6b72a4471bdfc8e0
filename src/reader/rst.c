/*
 * reStructuredText, line by line, with one line of the future.
 *
 * A line under or around a title makes it a heading, whose level is that of its kind of line in
 * order of their appearance. A directive is known by whether its body is text, code or nothing that
 * a reader sees. Marks within lines (emphasis, roles, addresses of links) are taken off.
 */
#include "reader/rst.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "reader/text.h"

enum { MOST_STYLES = 16, MOST_COLUMNS = 64, LONGEST_BLOCK = 4096 };

struct reading {
    struct sink *sink;
    const struct text *text;
    size_t position; /* after `line` */
    struct line line;
    bool more;    /* there is a line */
    bool literal; /* the paragraph announced a literal block */
    char
        styles[MOST_STYLES]; /* of headings, by level; those with a line above have their top bit */
    size_t style_count;
};

/* The columns of a table: characters of its lines. */
struct columns {
    size_t starts[MOST_COLUMNS], ends[MOST_COLUMNS], count;
};

static void next(struct reading *reading)
{
    reading->more = text_line(reading->text, &reading->position, &reading->line);
    while (reading->more && reading->line.length > 0 &&
           strchr(" \t\f", reading->line.text[reading->line.length - 1]))
        reading->line.length--;
}

static struct line peek(const struct reading *reading)
{
    struct line line = {"", 0};
    size_t position = reading->position;
    text_line(reading->text, &position, &line);
    while (line.length > 0 && strchr(" \t\f", line.text[line.length - 1]))
        line.length--;
    return line;
}

static size_t indentation(const struct line *line)
{
    size_t count = 0;
    while (count < line->length && strchr(" \t", line->text[count]))
        count++;
    return count;
}

/* The character that the whole line is made of, 0 for none. */
static char ruler_of(const struct line *line)
{
    static const char marks[] = "=-`:.'\"~^_*+#<>!$%&(),/;?@[]{}|\\";
    if (line->length < 2 || !strchr(marks, line->text[0]))
        return '\0';
    for (size_t i = 1; i < line->length; i++)
        if (line->text[i] != line->text[0])
            return '\0';
    return line->text[0];
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* What is between marks: of `text <address>`_ the text. */
static void put_marked(struct sink *sink, const char *text, size_t length, bool link)
{
    const char *address = link ? memmem(text, length, " <", 2) : NULL;
    sink_text(sink, text, address && address > text ? (size_t)(address - text) : length);
}

/* Bytes of a mark of inline text at the position, and the text that it encloses. */
static size_t take_mark(const char *text, size_t length, size_t at, struct line *inside, bool *link)
{
    static const char *const marks[] = {"``", "**", "*", "`", "|"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t size = strlen(marks[i]), start = at + size;
        bool opens = start < length && memcmp(text + at, marks[i], size) == 0 &&
                     !strchr(" \t", text[start]) && (at == 0 || !strchr("\\", text[at - 1]));
        const char *close = opens ? memmem(text + start, length - start, marks[i], size) : NULL;
        if (!close || close == text + start || strchr(" \t", close[-1]))
            continue;
        size_t end = (size_t)(close - text) + size;
        *inside = (struct line){text + start, (size_t)(close - text) - start};
        *link = marks[i][0] == '`' && size == 1;
        while (end < length && text[end] == '_')
            end++;
        return end - at;
    }
    return 0;
}

/* Bytes of ":role:" before a backquote. */
static size_t take_role(const char *text, size_t length, size_t at)
{
    size_t end = at + 1;
    while (end < length && text[end] != ':' && strchr("abcdefghijklmnopqrstuvwxyz-+.", text[end]))
        end++;
    while (end < length && text[end] == ':' && end + 1 < length && text[end + 1] != '`') {
        end++;
        while (end < length && strchr("abcdefghijklmnopqrstuvwxyz-+.", text[end]))
            end++;
    }
    return end + 1 < length && end > at + 1 && text[end] == ':' && text[end + 1] == '`'
               ? end + 1 - at
               : 0;
}

static void put_inline(struct sink *sink, const char *text, size_t length)
{
    size_t start = 0;
    for (size_t at = 0; at < length;) {
        struct line inside;
        bool link = false;
        size_t role = text[at] == ':' ? take_role(text, length, at) : 0;
        size_t mark = role ? role : take_mark(text, length, at, &inside, &link);
        bool escape = text[at] == '\\' && at + 1 < length;
        if (!mark && !escape) {
            at++;
            continue;
        }
        sink_text(sink, text + start, at - start);
        if (!escape && !role)
            put_marked(sink, inside.text, inside.length, link);
        at += escape ? 1 : mark;
        start = at;
        at += escape;
    }
    sink_text(sink, text + start, length - start);
}

static bool begins_item(const struct line *line, size_t indent)
{
    const char *text = line->text + indent;
    size_t length = line->length - indent, digits = 0;
    if (length >= 2 && strchr("-*+", text[0]) && text[1] == ' ')
        return true;
    while (digits < length && (text[digits] == '#' || (text[digits] >= '0' && text[digits] <= '9')))
        digits++;
    return digits > 0 && digits < 4 && digits + 1 < length && strchr(".)", text[digits]) &&
           text[digits + 1] == ' ';
}

/* Lines up to an empty one. Two colons at the end announce a literal block. */
static void read_paragraph(struct reading *reading)
{
    struct sink *sink = reading->sink;
    sink_begin(sink, FRAME_PARAGRAPH, 0);
    while (reading->more && reading->line.length > 0) {
        size_t indent = indentation(&reading->line);
        if (sink->text.length > 0 &&
            (begins_item(&reading->line, indent) || sink->text.length > LONGEST_BLOCK))
            sink_begin(sink, FRAME_PARAGRAPH, 0);
        else if (sink->text.length > 0)
            sink_text(sink, " ", 1);
        size_t length = reading->line.length - indent;
        const char *text = reading->line.text + indent;
        reading->literal = length >= 2 && memcmp(text + length - 2, "::", 2) == 0;
        if (reading->literal)
            length -= length == 2 || text[length - 3] == ' ' ? 2 : 1;
        put_inline(sink, text, length);
        next(reading);
    }
    sink_end(sink);
}

/* ---- Indented blocks ------------------------------------------------------------------------ */

/* Whether the line belongs to a block within a line that is indented by so much. */
static bool is_within(const struct reading *reading, size_t indent)
{
    return reading->more && (reading->line.length == 0 || indentation(&reading->line) > indent);
}

static void skip_block(struct reading *reading, size_t indent)
{
    while (is_within(reading, indent))
        next(reading);
}

static void read_code(struct reading *reading, size_t indent)
{
    struct sink *sink = reading->sink;
    size_t least = 0;
    sink_begin(sink, FRAME_CODE, 0);
    for (; is_within(reading, indent); next(reading)) {
        size_t have = indentation(&reading->line);
        if (reading->line.length > 0 && least == 0)
            least = have;
        if (sink->text.length > LONGEST_BLOCK)
            sink_begin(sink, FRAME_CODE, 0);
        size_t cut = have < least ? have : least;
        sink_text(sink, reading->line.text + cut, reading->line.length - cut);
        sink_text(sink, "\n", 1);
    }
    sink_end(sink);
}

static bool is_one_of(const char *name, size_t length, const char *const *names)
{
    for (; *names; names++)
        if (strlen(*names) == length && strncasecmp(name, *names, length) == 0)
            return true;
    return false;
}

/* Lines with options of a directive. */
static void skip_options(struct reading *reading, size_t indent)
{
    while (is_within(reading, indent) && reading->line.length > 0 &&
           reading->line.text[indentation(&reading->line)] == ':')
        next(reading);
}

/* ".. name:: argument", a comment, a footnote or the target of a link. */
static void read_explicit(struct reading *reading, size_t indent)
{
    static const char *const code[] = {
        "code",           "code-block", "sourcecode", "parsed-literal",
        "literalinclude", "doctest",    "math",       NULL};
    static const char *const hidden[] = {"toctree", "contents",     "raw",       "index",
                                         "include", "image",        "highlight", "meta",
                                         "role",    "default-role", NULL};
    const char *text = reading->line.text + indent + 2,
               *end = reading->line.text + reading->line.length;
    while (text < end && *text == ' ')
        text++;
    const char *colons = memmem(text, (size_t)(end - text), "::", 2);
    size_t name = colons ? (size_t)(colons - text) : 0;
    bool directive = name > 0 && !memchr(text, ' ', name);
    bool note = text < end && *text == '[';
    struct line rest = {NULL, 0};
    if (directive)
        rest = (struct line){colons + 2, (size_t)(end - colons) - 2};
    else if (note)
        rest = (struct line){text, (size_t)(end - text)};
    bool is_code = directive && is_one_of(text, name, code);
    bool shown = (directive || note) && !is_code && !is_one_of(text, name, hidden);
    next(reading);
    if (shown && rest.length > 0) {
        sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
        put_inline(reading->sink, rest.text, rest.length);
        sink_text(reading->sink, " ", 1);
        /* The rest of its first paragraph. */
        for (; is_within(reading, indent) && reading->line.length > 0 &&
               reading->line.text[indentation(&reading->line)] != ':';
             next(reading)) {
            put_inline(reading->sink, reading->line.text, reading->line.length);
            sink_text(reading->sink, " ", 1);
        }
        sink_end(reading->sink);
    }
    skip_options(reading, indent);
    if (is_code)
        read_code(reading, indent);
    else if (!shown)
        skip_block(reading, indent);
}

/* ---- Tables --------------------------------------------------------------------------------- */

static bool is_border(const struct line *line, size_t indent, const char *marks)
{
    if (line->length < indent + 3)
        return false;
    for (size_t i = indent; i < line->length; i++)
        if (!strchr(marks, line->text[i]))
            return false;
    return true;
}

/* Columns are where the border has no gap. */
static void find_columns(struct columns *out, const struct line *border, char gap)
{
    *out = (struct columns){.count = 0};
    for (size_t i = 0; i < border->length && out->count < MOST_COLUMNS;) {
        while (i < border->length && (border->text[i] == gap || border->text[i] == ' '))
            i++;
        if (i == border->length)
            break;
        out->starts[out->count] = i;
        while (i < border->length && border->text[i] != gap)
            i++;
        out->ends[out->count++] = i;
    }
}

/* Lines of one row come together, cell by cell. */
struct row {
    struct buffer cells[MOST_COLUMNS];
    bool used;
};

static void end_row(struct sink *sink, struct row *row, const struct columns *columns, bool head)
{
    if (row->used) {
        sink_row_begin(sink);
        for (size_t i = 0; i < columns->count; i++) {
            sink_cell_begin(sink, false, 1, 1);
            put_inline(sink, row->cells[i].data ? row->cells[i].data : "", row->cells[i].length);
            sink_cell_end(sink);
        }
        sink_row_end(sink, head);
    }
    for (size_t i = 0; i < columns->count; i++)
        buffer_reset(&row->cells[i]);
    row->used = false;
}

/* Where the column, counted in characters, begins in the line. */
static size_t byte_of(const struct line *line, size_t column)
{
    size_t position = 0;
    while (column-- > 0 && position < line->length)
        text_next(line->text, line->length, &position);
    return position;
}

static void add_line(struct row *row, const struct line *line, const struct columns *columns,
                     bool grid)
{
    for (size_t i = 0; i < columns->count; i++) {
        size_t start = byte_of(line, columns->starts[i]);
        size_t end =
            i + 1 == columns->count && !grid ? line->length : byte_of(line, columns->ends[i]);
        while (start < end && strchr(" |", line->text[start]))
            start++;
        while (end > start && strchr(" |", line->text[end - 1]))
            end--;
        if (start == end)
            continue;
        if (row->cells[i].length)
            buffer_append_char(&row->cells[i], ' ');
        buffer_append(&row->cells[i], line->text + start, end - start);
        row->used = true;
    }
}

/* A table of either kind: one whose cells are drawn, and one whose columns are underlined. */
static void read_table(struct reading *reading, bool grid)
{
    struct sink *sink = reading->sink;
    struct columns columns;
    struct row row = {.used = false};
    size_t borders = 1;
    find_columns(&columns, &reading->line, grid ? '+' : ' ');
    for (size_t i = 0; i < columns.count; i++)
        buffer_init(&row.cells[i], 1 << 16);
    sink_table_begin(sink, 0);
    sink->table.data = true;
    for (next(reading); reading->more && (grid ? reading->line.length > 0 : borders < 3);
         next(reading)) {
        const struct line *line = &reading->line;
        bool ruled = is_border(line, 0, grid ? "+-=" : "= ");
        bool heads = ruled && (!grid || memchr(line->text, '=', line->length));
        struct line after = peek(reading);
        bool last = !grid && ruled && after.length == 0;
        if (ruled) {
            end_row(sink, &row, &columns, heads && !last && borders == 1);
            borders += last ? 2 : !grid || heads;
            continue;
        }
        if (grid && line->text[0] != '|' && line->text[0] != '+')
            break;
        if (!grid && (line->length == 0 || line->text[0] != ' '))
            end_row(sink, &row, &columns, false);
        if (!grid && is_border(line, 0, "- "))
            continue;
        add_line(&row, line, &columns, grid);
    }
    end_row(sink, &row, &columns, false);
    sink_table_end(sink);
    for (size_t i = 0; i < columns.count; i++)
        buffer_clear(&row.cells[i]);
}

/* ---- Headings ------------------------------------------------------------------------------- */

static unsigned level_of(struct reading *reading, char ruler, bool above)
{
    char style = (char)(above ? ruler | 0x80 : ruler);
    char *known = memchr(reading->styles, style, reading->style_count);
    if (known)
        return (unsigned)(known - reading->styles) + 1;
    if (reading->style_count < MOST_STYLES)
        reading->styles[reading->style_count++] = style;
    return (unsigned)reading->style_count;
}

static bool read_heading(struct reading *reading)
{
    struct sink *sink = reading->sink;
    struct line after = peek(reading);
    char ruler = ruler_of(&reading->line);
    bool above = ruler && after.length > 0 && !ruler_of(&after);
    if (above)
        next(reading);
    struct line title = reading->line, under = peek(reading);
    char below = ruler_of(&under);
    if ((above ? below != ruler : !below || indentation(&title) > 0) || under.length < 3)
        return above;
    sink_begin(sink, FRAME_HEADING, level_of(reading, below, above));
    put_inline(sink, title.text, title.length);
    sink_end(sink);
    next(reading);
    next(reading);
    return true;
}

static void read_next(struct reading *reading)
{
    size_t indent = indentation(&reading->line);
    const char *text = reading->line.text + indent;
    size_t length = reading->line.length - indent;
    if (length == 0 || (ruler_of(&reading->line) && peek(reading).length == 0)) {
        next(reading);
    } else if (reading->literal && indent > 0) {
        reading->literal = false;
        read_code(reading, 0);
    } else if (length >= 2 && memcmp(text, "..", 2) == 0 && (length == 2 || text[2] == ' ')) {
        read_explicit(reading, indent);
    } else if (indent == 0 && length > 3 && memcmp(text, "+-", 2) == 0) {
        read_table(reading, true);
    } else if (indent == 0 && memchr(text, ' ', length) && is_border(&reading->line, 0, "= ")) {
        read_table(reading, false);
    } else {
        reading->literal = false;
        if (!read_heading(reading))
            read_paragraph(reading);
    }
}

void rst_read(struct sink *sink, const char *bytes, size_t length)
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL)) {
        struct reading reading = {.sink = sink, .text = &text};
        next(&reading);
        while (reading.more && !sink->failure)
            read_next(&reading);
        sink_end(sink);
    }
    text_close(&text);
}
