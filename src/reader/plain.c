/*
 * Plain text: decoding, then line by line. The lines of a paragraph are gathered and then joined,
 * where they are one text that was wrapped: a line that had room for the next one's first word was
 * ended on purpose, as in an address or an invoice, and a line with gaps is a row of a table.
 */
#include "reader/plain.h"

#include <string.h>

#include "base/text.h"

enum {
    PARAGRAPH_BYTES = 4096, /* a longer one is split at a line's end */
    LINE_BYTES = 1 << 14,   /* a longer one is split at a character */
    PARAGRAPH_LINES = 256,
    NARROW = 66,       /* prose is not wrapped at less */
    WRAPPED_SHARE = 85 /* percent of the longest line that a wrapped line fills at least */
};

struct reading {
    struct sink *sink;
    bool alone;                         /* every line is a block */
    struct line lines[PARAGRAPH_LINES]; /* of the paragraph that is being made */
    size_t count, bytes;
};

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

/* A soft hyphen at its end parts a word. */
static void put_line(struct reading *reading, const struct line *line, bool last)
{
    size_t length = line->length;
    bool parted = !last && length >= 2 && memcmp(line->text + length - 2, "\xC2\xAD", 2) == 0;
    sink_text(reading->sink, line->text, parted ? length - 2 : length);
    if (!last && !parted)
        sink_text(reading->sink, " ", 1);
}

static void end_paragraph(struct reading *reading)
{
    size_t longest = reading->alone ? 0 : NARROW;
    for (size_t i = 0; i < reading->count; i++)
        if (reading->lines[i].length > longest)
            longest = reading->lines[i].length;
    for (size_t i = 0; i < reading->count; i++) {
        const struct line *line = &reading->lines[i];
        bool last = i + 1 == reading->count || ends_here(line, line + 1, longest);
        put_line(reading, line, last);
        if (last)
            sink_begin(reading->sink, FRAME_PARAGRAPH, 0);
    }
    reading->count = reading->bytes = 0;
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

static void read_line(struct reading *reading, const char *line, size_t length)
{
    while (length > 0 && strchr(" \t\r\f", line[length - 1]))
        length--;
    while (length > 0 && strchr(" \t\f", *line))
        line++, length--;
    if (length == 0 || reading->alone || begins_item(line, length) ||
        reading->bytes > PARAGRAPH_BYTES || reading->count == PARAGRAPH_LINES)
        end_paragraph(reading);
    if (length == 0)
        return;
    reading->lines[reading->count++] = (struct line){line, length};
    reading->bytes += length;
}

static void read_lines(struct sink *sink, const struct text *text, bool alone)
{
    struct reading reading = {.sink = sink, .alone = alone};
    struct line line;
    for (size_t position = 0; text_line(text, &position, &line) && !sink->failure;)
        while (line.length > 0 || line.text) {
            size_t part = line.length > LINE_BYTES ? text_cut(line.text, LINE_BYTES) : line.length;
            read_line(&reading, line.text, part);
            line = (struct line){line.length > part ? line.text + part : NULL, line.length - part};
        }
    end_paragraph(&reading);
}

void plain_put_lines(struct sink *sink, const struct text *text)
{
    read_lines(sink, text, true);
}

void plain_put_code(struct sink *sink, const struct text *text)
{
    struct line line;
    for (size_t position = 0; text_line(text, &position, &line) && !sink->failure;) {
        if (sink->text.length == 0 || sink->text.length > PARAGRAPH_BYTES)
            sink_begin(sink, FRAME_CODE, 0);
        sink_text(sink, line.text, line.length);
        sink_text(sink, "\n", 1);
    }
    sink_end(sink);
}

static void read_text(struct sink *sink, const char *bytes, size_t length,
                      void (*put)(struct sink *sink, const struct text *text))
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL))
        put(sink, &text);
    text_close(&text);
}

static void put_prose(struct sink *sink, const struct text *text)
{
    read_lines(sink, text, false);
}

void plain_read_prose(struct sink *sink, const char *bytes, size_t length)
{
    read_text(sink, bytes, length, put_prose);
}

void plain_read_lines(struct sink *sink, const char *bytes, size_t length)
{
    read_text(sink, bytes, length, plain_put_lines);
}

void plain_read_code(struct sink *sink, const char *bytes, size_t length)
{
    read_text(sink, bytes, length, plain_put_code);
}
