/*
 * Reading JSON: one pass over the text makes the values, which are jansson's.
 *
 * jansson 2.14's own reader is not used, because it does not handle failed allocations: where it
 * has no room for the next byte of a string it drops that byte, and where that byte is the closing
 * quote it writes past the end of its memory. The functions that build jansson's values do report
 * failed allocations, so only the reader is replaced. tests/fuzz/fuzz_json.c compares both readers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

/* Nesting that needs no more than a part of the smallest stack. */
enum { DEEPEST = 256 };

struct reader {
    const char *text;
    size_t length, at;
    unsigned flags;
    int depth;
    struct buffer scratch; /* a string without its escapes, or the text of a number */
    struct treadle_error *error;
    int rc; /* the first error */
};

static json_t *read_value(struct reader *reader);

/* ---- Errors --------------------------------------------------------------------------------- */

static json_t *lack_memory(struct reader *reader)
{
    if (!reader->rc)
        reader->rc = error_set_memory(reader->error);
    return NULL;
}

/* A new value, or NULL when there was no memory for it. */
static json_t *made(struct reader *reader, json_t *value)
{
    return value ? value : lack_memory(reader);
}

/* Adds the place: lines and columns from 1, columns in characters. */
static json_t *refuse_at(struct reader *reader, size_t at, const char *what)
{
    size_t line = 1, start = 0;
    if (reader->rc)
        return NULL;
    for (size_t i = 0; i < at; i++) {
        if (reader->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    reader->rc = error_set(reader->error, TREADLE_EPARSE, "%s (line %zu, column %zu)", what, line,
                           text_characters(reader->text + start, at - start) + 1);
    return NULL;
}

static json_t *refuse(struct reader *reader, const char *what)
{
    return refuse_at(reader, reader->at, what);
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

/* The next byte; '\0' at the end. A zero byte in the text is refused like any other byte that fits
 * nowhere. */
static char peek(const struct reader *reader)
{
    return reader->at < reader->length ? reader->text[reader->at] : '\0';
}

static char skip_space(struct reader *reader)
{
    char byte;
    while ((byte = peek(reader)) == ' ' || byte == '\n' || byte == '\t' || byte == '\r')
        reader->at++;
    return byte;
}

static json_t *unexpected(struct reader *reader, const char *wanted)
{
    char what[80];
    bool over = reader->at == reader->length;
    snprintf(what, sizeof what, "%s %s", wanted, over ? "is missing at the end" : "was expected");
    return refuse(reader, what);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* ---- Strings -------------------------------------------------------------------------------- */

/* The four digits of an escape; -1 when they are none. */
static long read_unit(struct reader *reader)
{
    long unit = 0;
    if (reader->length - reader->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char byte = reader->text[reader->at++];
        if (is_digit(byte))
            unit = unit * 16 + (byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            unit = unit * 16 + ((byte | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* The character of an escape that begins with \u; the reader is at its digits. */
static bool read_character(struct reader *reader, size_t start)
{
    char bytes[4];
    long unit = read_unit(reader);
    if (unit >= 0xD800 && unit < 0xDC00 && reader->length - reader->at >= 6 &&
        memcmp(reader->text + reader->at, "\\u", 2) == 0) {
        reader->at += 2;
        long low = read_unit(reader);
        unit =
            low >= 0xDC00 && low < 0xE000 ? 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00) : -1;
    }
    if (unit < 0 || (unit >= 0xD800 && unit < 0xE000)) {
        refuse_at(reader, start, "an escape names no character");
        return false;
    }
    if (unit == 0 && !(reader->flags & JSON_READ_ZERO)) {
        refuse_at(reader, start, "a string must not hold \\u0000");
        return false;
    }
    return buffer_append(&reader->scratch, bytes, text_put(bytes, (uint32_t)unit)) == 0;
}

static bool read_escape(struct reader *reader)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    size_t start = reader->at++;
    char name = peek(reader);
    const char *found = name ? strchr(names, name) : NULL;
    if (!found && name != 'u') {
        refuse_at(reader, start, "an escape is unknown");
        return false;
    }
    reader->at++;
    return found ? buffer_append_char(&reader->scratch, bytes[found - names]) == 0
                 : read_character(reader, start);
}

/* Skips bytes that need no escape. */
static bool skip_plain(struct reader *reader)
{
    while (reader->at < reader->length) {
        unsigned char byte = (unsigned char)reader->text[reader->at];
        if (byte == '"' || byte == '\\')
            return true;
        if (byte < ' ') {
            refuse(reader, "a control character is in a string");
            return false;
        }
        size_t start = reader->at++;
        if (byte < 0x80)
            continue;
        reader->at = start;
        text_next(reader->text, reader->length, &reader->at);
        if (reader->at - start < 2) {
            refuse_at(reader, start, "a string is not UTF-8");
            return false;
        }
    }
    return true;
}

/* Skips a string; the reader is at its opening quote. Its value is in the text, or, where it has
 * escapes or `kept` asks for it, in the scratch buffer. */
static bool scan_string(struct reader *reader, bool kept, const char **out, size_t *length)
{
    size_t opening = reader->at++, start = reader->at;
    buffer_reset(&reader->scratch);
    while (skip_plain(reader)) {
        bool closes = peek(reader) == '"';
        if (reader->at == reader->length) {
            refuse_at(reader, opening, "a string has no end");
            return false;
        }
        kept = kept || !closes;
        if (kept && buffer_append(&reader->scratch, reader->text + start, reader->at - start))
            break;
        if (closes) {
            *out = kept ? reader->scratch.data : reader->text + start;
            *length = kept ? reader->scratch.length : reader->at - start;
            reader->at++;
            return true;
        }
        if (!read_escape(reader))
            break;
        start = reader->at;
    }
    lack_memory(reader);
    return false;
}

static json_t *read_string(struct reader *reader)
{
    const char *text;
    size_t length;
    if (!scan_string(reader, false, &text, &length))
        return NULL;
    return made(reader, json_stringn_nocheck(text, length));
}

/* ---- Numbers and words ---------------------------------------------------------------------- */

static bool skip_digits(struct reader *reader)
{
    size_t start = reader->at;
    while (is_digit(peek(reader)))
        reader->at++;
    return reader->at > start;
}

static json_t *read_integer(struct reader *reader, size_t start)
{
    bool negative = reader->text[start] == '-';
    json_int_t value = 0;
    /* Built as a negative number, of which there is one more. */
    for (size_t i = start + negative; i < reader->at; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, reader->text[i] - '0', &value))
            return refuse_at(reader, start, "an integer is too large");
    if (!negative && __builtin_sub_overflow((json_int_t)0, value, &value))
        return refuse_at(reader, start, "an integer is too large");
    return made(reader, json_integer(value));
}

static json_t *read_real(struct reader *reader, size_t start)
{
    buffer_reset(&reader->scratch);
    if (buffer_append(&reader->scratch, reader->text + start, reader->at - start))
        return lack_memory(reader);
    double value = number_read(reader->scratch.data, NULL);
    if (!isfinite(value))
        return refuse_at(reader, start, "a number is too large");
    return made(reader, json_real(value));
}

static json_t *read_number(struct reader *reader)
{
    size_t start = reader->at;
    bool whole = true;
    reader->at += peek(reader) == '-';
    if (peek(reader) == '0')
        reader->at++;
    else if (!skip_digits(reader))
        return unexpected(reader, "a digit");
    if (peek(reader) == '.') {
        whole = false;
        reader->at++;
        if (!skip_digits(reader))
            return unexpected(reader, "a digit");
    }
    if ((peek(reader) | 0x20) == 'e') {
        whole = false;
        reader->at++;
        reader->at += peek(reader) == '+' || peek(reader) == '-';
        if (!skip_digits(reader))
            return unexpected(reader, "a digit");
    }
    return whole ? read_integer(reader, start) : read_real(reader, start);
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if (reader->length - reader->at < length || memcmp(reader->text + reader->at, word, length))
        return false;
    reader->at += length;
    return true;
}

/* ---- Containers ----------------------------------------------------------------------------- */

/* After an element: whether another follows. Moves over the comma or the closing bracket. */
static bool goes_on(struct reader *reader, char closing)
{
    char byte = skip_space(reader);
    if (byte == ',' || byte == closing) {
        reader->at++;
        return byte == ',';
    }
    unexpected(reader, closing == ']' ? "',' or ']'" : "',' or '}'");
    return false;
}

/* Moves over the opening bracket; true when an element follows. */
static bool opens(struct reader *reader, char closing)
{
    reader->at++;
    if (skip_space(reader) != closing)
        return true;
    reader->at++;
    return false;
}

static json_t *read_array(struct reader *reader)
{
    json_t *array = made(reader, json_array());
    bool more = array && opens(reader, ']');
    while (more && !reader->rc) {
        json_t *element = read_value(reader);
        if (element && json_array_append_new(array, element))
            lack_memory(reader);
        more = !reader->rc && goes_on(reader, ']');
    }
    return array;
}

static void read_member(struct reader *reader, json_t *object)
{
    const char *text;
    size_t length, start = reader->at;
    if (skip_space(reader) != '"') {
        unexpected(reader, "a name in quotes");
        return;
    }
    if (!scan_string(reader, true, &text, &length))
        return;
    /* The scratch buffer is used again for the value. */
    char *name = buffer_take(&reader->scratch);
    if (!name)
        lack_memory(reader);
    else if (strlen(name) != length)
        refuse_at(reader, start, "a name must not hold \\u0000");
    else if (!(reader->flags & JSON_READ_REPEATED) && json_object_get(object, name))
        refuse_at(reader, start, "a name is twice in one object");
    else if (skip_space(reader) != ':')
        unexpected(reader, "':'");
    if (!reader->rc) {
        reader->at++;
        json_t *value = read_value(reader);
        if (value && json_object_set_new_nocheck(object, name, value))
            lack_memory(reader);
    }
    free(name);
}

static json_t *read_object(struct reader *reader)
{
    json_t *object = made(reader, json_object());
    bool more = object && opens(reader, '}');
    while (more && !reader->rc) {
        skip_space(reader);
        read_member(reader, object);
        more = !reader->rc && goes_on(reader, '}');
    }
    return object;
}

/* The value is valid only while there is no error; the caller owns it in any case. */
static json_t *read_value(struct reader *reader)
{
    char byte = skip_space(reader);
    if (byte == '"')
        return read_string(reader);
    if (byte == '-' || is_digit(byte))
        return read_number(reader);
    if (byte == '{' || byte == '[') {
        if (reader->depth == DEEPEST)
            return refuse(reader, "it is nested too deeply");
        reader->depth++;
        json_t *value = byte == '{' ? read_object(reader) : read_array(reader);
        reader->depth--;
        return value;
    }
    if (take_word(reader, "null"))
        return json_null();
    if (take_word(reader, "true"))
        return json_true();
    if (take_word(reader, "false"))
        return json_false();
    return unexpected(reader, "a value");
}

int json_read(const char *text, size_t length, unsigned flags, json_t **out,
              struct treadle_error *error)
{
    struct reader reader = {
        .text = text ? text : "", .length = length, .flags = flags, .error = error};
    buffer_init(&reader.scratch, length + 1);
    json_t *value = read_value(&reader);
    skip_space(&reader);
    if (!reader.rc && reader.at < length)
        refuse(&reader, "nothing may follow the value");
    buffer_clear(&reader.scratch);
    if (reader.rc)
        json_decref(value);
    else
        *out = value;
    return reader.rc;
}
