/*
 * Plain text: decoding, then line by line. The lines of a paragraph are gathered and then joined,
 * where they are one text that was wrapped: a line that had room for the next one's first word was
 * ended on purpose, as in an address or an invoice, and a line with gaps is a row of a table.
 */
#include "document/plain.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "document/decode.h"
#include "document/delimited.h"
#include "document/fold.h"
#include "document/json_text.h"

enum {
    PARAGRAPH_BYTES = 4096, /* a longer one is split at a line's end */
    LINE_BYTES = 1 << 16,   /* a longer one is split at a character */
    PARAGRAPH_LINES = 256,
    NARROW = 66,       /* prose is not wrapped at less */
    WRAPPED_SHARE = 85 /* percent of the longest line that a wrapped line fills at least */
};

struct line {
    const char *text;
    size_t length;
};

struct reading {
    struct blocks *blocks;
    enum plain_kind kind;
    bool fenced;                        /* within a block of code in Markdown */
    struct line lines[PARAGRAPH_LINES]; /* of the paragraph that is being made */
    size_t count, bytes;
};

static bool has_mark(const char *bytes, size_t length, const char *mark)
{
    return length >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0;
}

/* The level of an ATX heading (1 to 6), 0 for any other line; `start` is where its text is. */
static int heading_level(const char *line, size_t length, size_t *start)
{
    size_t marks = 0;
    while (marks < length && line[marks] == '#')
        marks++;
    if (marks == 0 || marks > 6 || marks == length || line[marks] != ' ')
        return 0;
    *start = marks + 1;
    return (int)marks;
}

/* Bytes of the first word; of a script without spaces, of its first character. */
static size_t first_word(const struct line *line)
{
    size_t length = 0;
    if ((unsigned char)line->text[0] >= 0xE3)
        return 3;
    while (length < line->length && line->text[length] != ' ')
        length++;
    return length;
}

/* Columns are set apart by two gaps of two spaces and more, or by tabs. */
static bool is_row(const struct line *line)
{
    size_t gaps = 0;
    for (size_t i = 1; i < line->length; i++)
        gaps += line->text[i] == '\t' || (line->text[i] == ' ' && line->text[i - 1] == ' ' &&
                                          (i + 1 == line->length || line->text[i + 1] != ' '));
    return gaps >= 2;
}

static bool ends_here(const struct line *line, const struct line *next, size_t longest)
{
    bool goes_on = next->text[0] >= 'a' && next->text[0] <= 'z';
    return is_row(line) || is_row(next) ||
           (!goes_on && (line->length + 1 + first_word(next)) * 100 < longest * WRAPPED_SHARE);
}

static int put_line(struct reading *reading, const struct line *line, struct treadle_error *error)
{
    struct buffer *text = &reading->blocks->text;
    if (text->length > 0)
        buffer_append_char(text, ' ');
    int rc = fold_line(text, line->text, line->length, error);
    if (!rc && text->length >= 2 && memcmp(text->data + text->length - 2, "\xC2\xAD", 2) == 0)
        text->length -= 2;
    return rc;
}

static int end_paragraph(struct reading *reading, struct treadle_error *error)
{
    size_t longest = reading->kind == PLAIN_PROSE ? NARROW : 0;
    int rc = 0;
    for (size_t i = 0; i < reading->count; i++)
        if (reading->lines[i].length > longest)
            longest = reading->lines[i].length;
    for (size_t i = 0; i < reading->count && !rc; i++) {
        const struct line *line = &reading->lines[i];
        rc = put_line(reading, line, error);
        if (!rc && (i + 1 == reading->count || ends_here(line, line + 1, longest)))
            rc = blocks_add(reading->blocks, DOCUMENT_PARAGRAPH, 0, 0, error);
    }
    reading->count = reading->bytes = 0;
    return rc;
}

static int add_heading(struct reading *reading, int level, const char *text, size_t length,
                       struct treadle_error *error)
{
    int rc = end_paragraph(reading, error);
    while (length > 0 && (text[length - 1] == '#' || text[length - 1] == ' '))
        length--;
    if (!rc)
        rc = fold_line(&reading->blocks->text, text, length, error);
    return rc ? rc : blocks_add(reading->blocks, DOCUMENT_HEADING, level, 0, error);
}

/* Where a line of prose begins a paragraph of its own: items of lists, tables, quotes. */
static bool begins_item(const char *line, size_t length)
{
    size_t i = 0;
    if (length >= 2 && strchr("-*+|>", line[0]) && line[0])
        return line[1] == ' ' || line[0] == '|';
    while (i < length && i < 3 && line[i] >= '0' && line[i] <= '9')
        i++;
    return i > 0 && i + 1 < length && (line[i] == '.' || line[i] == ')') && line[i + 1] == ' ';
}

static int add_text(struct reading *reading, const char *line, size_t length, bool alone,
                    struct treadle_error *error)
{
    int rc = 0;
    if (alone || begins_item(line, length) || reading->bytes > PARAGRAPH_BYTES ||
        reading->count == PARAGRAPH_LINES)
        rc = end_paragraph(reading, error);
    reading->lines[reading->count++] = (struct line){line, length};
    reading->bytes += length;
    return rc;
}

static int read_line(struct reading *reading, const char *line, size_t length,
                     struct treadle_error *error)
{
    while (length > 0 && strchr(" \t\r\f", line[length - 1]))
        length--;
    while (length > 0 && strchr(" \t\f", *line))
        line++, length--;
    if (length == 0)
        return end_paragraph(reading, error);
    if (reading->kind == PLAIN_MARKDOWN) {
        size_t start = 0;
        if (has_mark(line, length, "```") || has_mark(line, length, "~~~")) {
            reading->fenced = !reading->fenced;
            return end_paragraph(reading, error);
        }
        int level = reading->fenced ? 0 : heading_level(line, length, &start);
        if (level)
            return add_heading(reading, level, line + start, length - start, error);
    }
    return add_text(reading, line, length, reading->kind == PLAIN_LINES || reading->fenced, error);
}

static int read_lines(struct reading *reading, const char *text, size_t length,
                      struct treadle_error *error)
{
    int rc = 0;
    for (size_t start = 0; start < length && !rc;) {
        const char *end = memchr(text + start, '\n', length - start);
        size_t line = end ? (size_t)(end - text) - start : length - start;
        size_t part = line > LINE_BYTES ? text_cut(text + start, LINE_BYTES) : line;
        rc = read_line(reading, text + start, part, error);
        start += part + (part == line && end);
    }
    return rc ? rc : end_paragraph(reading, error);
}

static int read_text(struct reading *reading, const char *text, size_t length,
                     struct treadle_error *error)
{
    if (reading->kind == PLAIN_DELIMITED)
        return delimited_read(reading->blocks, text, length, error);
    if (reading->kind == PLAIN_JSON) {
        struct treadle_error problem;
        int rc = json_text_read(reading->blocks, text, length, &problem);
        if (rc && rc != TREADLE_EPARSE)
            *error = problem;
        if (rc != TREADLE_EPARSE)
            return rc;
        reading->kind = PLAIN_LINES;
    }
    return read_lines(reading, text, length, error);
}

int plain_read(struct blocks *blocks, enum plain_kind kind, const char *bytes, size_t length,
               struct treadle_error *error)
{
    struct reading reading = {.blocks = blocks, .kind = kind};
    struct buffer decoded;
    buffer_init(&decoded, length * 4 + 4);
    int rc = 0;
    size_t mark = has_mark(bytes, length, "\xEF\xBB\xBF") ? 3 : 0;
    if (text_is_utf8(bytes, length) && !memchr(bytes, '\0', length))
        rc = read_text(&reading, bytes + mark, length - mark, error);
    else if ((rc = decode_text(&decoded, bytes, length, NULL, error)) == 0 && decoded.length > 0)
        rc = read_text(&reading, decoded.data, decoded.length, error);
    buffer_clear(&decoded);
    return rc;
}
