/*
 * JSON as text: one pass over the bytes, without a tree, so a large file costs no memory. The first
 * pass finds out whether it is JSON, the second writes.
 */
#include "reader/plain.h"

#include <string.h>

#include "base/text.h"

enum {
    DEPTH = 64,
    NAME_BYTES = 1 << 10,
    STRING_BYTES = 1 << 20,
    RECORD_BYTES = 400 /* an object within a record that is longer ends it */
};

struct walk {
    struct sink *sink; /* NULL: looks only */
    const char *at, *end;
    size_t depth;
    struct buffer path;   /* of the current member */
    struct buffer string; /* that was read last */
};

static int value(struct walk *walk);

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end && strchr(" \t\r\n", *walk->at) && *walk->at)
        walk->at++;
}

static bool take(struct walk *walk, char byte)
{
    skip_space(walk);
    if (walk->at == walk->end || *walk->at != byte)
        return false;
    walk->at++;
    return true;
}

static bool take_code_unit(struct walk *walk, uint32_t *out)
{
    *out = 0;
    if (walk->end - walk->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *walk->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* After "\u". A surrogate without its other half becomes the replacement character. */
static bool take_character(struct walk *walk)
{
    uint32_t character, low;
    char bytes[4];
    if (!take_code_unit(walk, &character))
        return false;
    if (character >= 0xD800 && character <= 0xDBFF && walk->end - walk->at >= 6 &&
        walk->at[0] == '\\' && walk->at[1] == 'u') {
        walk->at += 2;
        if (!take_code_unit(walk, &low))
            return false;
        bool pair = low >= 0xDC00 && low <= 0xDFFF;
        character = pair ? 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
    }
    if ((character >= 0xD800 && character <= 0xDFFF) || character == 0)
        character = 0xFFFD;
    buffer_append(&walk->string, bytes, text_put(bytes, character));
    return true;
}

static bool take_escape(struct walk *walk)
{
    static const char escapes[] = "\"\\/bfnrt", bytes[] = "\"\\/     ";
    if (walk->at == walk->end)
        return false;
    char c = *walk->at++;
    if (c == 'u')
        return take_character(walk);
    const char *known = c ? strchr(escapes, c) : NULL;
    if (known)
        buffer_append_char(&walk->string, bytes[known - escapes]);
    return known;
}

/* After the opening quotation mark. A text that is too long is cut. */
static int take_string(struct walk *walk)
{
    buffer_reset(&walk->string);
    while (walk->at < walk->end && *walk->at != '"') {
        char c = *walk->at++;
        if (c == '\\' ? !take_escape(walk) : (unsigned char)c < ' ')
            return TREADLE_EPARSE;
        if (c != '\\')
            buffer_append_char(&walk->string, c);
    }
    if (walk->at == walk->end)
        return TREADLE_EPARSE;
    walk->at++;
    return 0;
}

static void end_record(struct walk *walk)
{
    if (walk->sink)
        sink_begin(walk->sink, FRAME_PARAGRAPH, 0);
}

/* "name: text", after what the record has already. */
static int write_member(struct walk *walk, const char *text, size_t length)
{
    struct sink *sink = walk->sink;
    if (!sink || length == 0)
        return 0;
    if (sink->text.length)
        sink_string(sink, "; ");
    if (walk->path.length) {
        sink_text(sink, walk->path.data, walk->path.length);
        sink_string(sink, ": ");
    }
    sink_text(sink, text, length);
    return 0;
}

static int object(struct walk *walk)
{
    size_t path = walk->path.length;
    if (take(walk, '}'))
        return 0;
    do {
        if (!take(walk, '"'))
            return TREADLE_EPARSE;
        int rc = take_string(walk);
        if (rc)
            return rc;
        if (path && walk->path.length < NAME_BYTES)
            buffer_append_char(&walk->path, '.');
        if (walk->path.length + walk->string.length < NAME_BYTES)
            buffer_append(&walk->path, walk->string.data, walk->string.length);
        rc = take(walk, ':') ? value(walk) : TREADLE_EPARSE;
        walk->path.length = path;
        if (rc)
            return rc;
    } while (take(walk, ','));
    if (!take(walk, '}'))
        return TREADLE_EPARSE;
    if (walk->sink && walk->sink->text.length > RECORD_BYTES)
        end_record(walk);
    return 0;
}

/* An object or a list in a list is a record of its own. */
static int list(struct walk *walk)
{
    size_t path = walk->path.length;
    if (take(walk, ']'))
        return 0;
    do {
        skip_space(walk);
        bool record = walk->at < walk->end && (*walk->at == '{' || *walk->at == '[');
        if (record)
            end_record(walk);
        int rc = value(walk);
        if (!rc && record)
            end_record(walk);
        walk->path.length = path;
        if (rc)
            return rc;
    } while (take(walk, ','));
    return take(walk, ']') ? 0 : TREADLE_EPARSE;
}

/* A number, true, false or null. */
static int word(struct walk *walk)
{
    const char *start = walk->at;
    while (walk->at < walk->end && !strchr(",]} \t\r\n:\"[{", *walk->at))
        walk->at++;
    size_t length = (size_t)(walk->at - start);
    bool name = (length == 4 && (memcmp(start, "true", 4) == 0 || memcmp(start, "null", 4) == 0)) ||
                (length == 5 && memcmp(start, "false", 5) == 0);
    bool number = length > 0 && (*start == '-' || (*start >= '0' && *start <= '9'));
    for (size_t i = 0; number && i < length; i++)
        number = strchr("0123456789+-.eE", start[i]);
    if (!name && !number)
        return TREADLE_EPARSE;
    return *start == 'n' ? 0 : write_member(walk, start, length);
}

static int value(struct walk *walk)
{
    int rc = 0;
    skip_space(walk);
    if (walk->at == walk->end)
        return TREADLE_EPARSE;
    if (*walk->at == '"') {
        walk->at++;
        rc = take_string(walk);
        return rc ? rc : write_member(walk, walk->string.data, walk->string.length);
    }
    if (*walk->at != '{' && *walk->at != '[')
        return word(walk);
    if (++walk->depth > DEPTH)
        return TREADLE_EPARSE;
    rc = *walk->at++ == '{' ? object(walk) : list(walk);
    walk->depth--;
    return rc;
}

static int go(struct walk *walk)
{
    int rc = 0;
    skip_space(walk);
    while (!rc && walk->at < walk->end && !(walk->sink && walk->sink->failure)) {
        rc = value(walk);
        if (!rc)
            end_record(walk);
        skip_space(walk);
    }
    return walk->path.failed || walk->string.failed == TREADLE_EMEMORY ? TREADLE_EMEMORY : rc;
}

static int read_records(struct sink *sink, const struct text *text)
{
    struct walk walk = {.at = text->bytes, .end = text->bytes + text->length};
    buffer_init(&walk.path, NAME_BYTES * 2);
    buffer_init(&walk.string, STRING_BYTES);
    buffer_append(&walk.string, "", 0);
    int rc = go(&walk);
    if (!rc) {
        walk.sink = sink;
        walk.at = text->bytes;
        rc = go(&walk);
    }
    buffer_clear(&walk.path);
    buffer_clear(&walk.string);
    return rc;
}

void json_text_read(struct sink *sink, const char *bytes, size_t length)
{
    struct text text;
    if (text_open(&text, sink, bytes, length, NULL)) {
        int rc = read_records(sink, &text);
        if (rc == TREADLE_EMEMORY)
            sink_fail(sink, FRAME_NO_MEMORY);
        else if (rc)
            plain_put_lines(sink, &text);
    }
    text_close(&text);
}
