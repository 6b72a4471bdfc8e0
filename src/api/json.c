/*
 * JSON: jansson reads, a small printer of our own writes, since jansson prints 0.1 with 17 digits.
 */
#include "api/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/field.h"
#include "base/error.h"
#include "base/number.h"

/* The memory of values, at most: jansson's own records and what a table's row makes of them. The
 * text of strings is counted by the total length, twice: once as it is read and once as it is
 * kept. */
enum {
    COST_OBJECT = 384,
    COST_ARRAY = 144,
    COST_MEMBER = 56, /* beside its name, which counts as a string */
    COST_ELEMENT = 24,
    COST_STRING = 72,
    COST_NUMBER = 32
};

static size_t cost_of(char c)
{
    switch (c) {
    case '{':
        return COST_OBJECT;
    case '[':
        return COST_ARRAY + COST_ELEMENT;
    case ',':
        return COST_ELEMENT;
    case ':':
        return COST_MEMBER;
    case '"':
        return COST_STRING;
    default:
        return 0;
    }
}

struct scan {
    int depth;
    bool quoted, in_number;
    size_t cost;
};

/* Counts what is outside of strings. */
static void scan_plain(struct scan *scan, char c)
{
    bool digit = (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
    if (digit && !scan->in_number)
        scan->cost += COST_NUMBER;
    scan->in_number = digit;
    scan->quoted = c == '"';
    scan->cost += cost_of(c);
    scan->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
}

static int refuse_cost(size_t length, struct treadle_error *error)
{
    return error_set_wire(error, 413, "invalid_request_error", "request_too_large", NULL,
                          "The JSON has too many values: those in %zu bytes may take %d times as "
                          "much memory, or %d MiB where that is more.",
                          length, JSON_MOST_MEMORY, JSON_LEAST_MEMORY >> 20);
}

/* Nesting and memory are counted before the text is parsed, so a text that is too large costs
 * nothing. */
static int check_bounds(const char *text, size_t length, struct treadle_error *error)
{
    struct scan scan = {.depth = 0};
    size_t most = length < SIZE_MAX / JSON_MOST_MEMORY ? length * JSON_MOST_MEMORY : SIZE_MAX;
    if (most < JSON_LEAST_MEMORY)
        most = JSON_LEAST_MEMORY;
    scan.cost = length * 2;
    for (size_t i = 0; i < length; i++) {
        if (!scan.quoted)
            scan_plain(&scan, text[i]);
        else if (text[i] == '\\')
            i++;
        else
            scan.quoted = text[i] != '"';
        if (scan.depth > FIELD_DEPTH)
            return error_set_request(error, "invalid_json", NULL,
                                     "The JSON is nested more than %d levels deep.", FIELD_DEPTH);
        if (scan.cost > most)
            return refuse_cost(length, error);
    }
    return 0;
}

int json_parse(const char *text, size_t length, json_t **out, struct treadle_error *error)
{
    struct treadle_error problem;
    int rc = check_bounds(text, length, error);
    if (!rc)
        rc = json_read(text, length, JSON_READ_STRICT, out, &problem);
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc == TREADLE_EPARSE)
        return error_set_request(error, "invalid_json", NULL, "The body is not valid JSON: %s.",
                                 problem.message);
    return rc;
}

/*
 * The letter of a byte's escape, 'u' where it is written as a number, 0 where it needs no escape.
 */
static char escape_of(unsigned char byte)
{
    if (byte >= ' ' && byte != '"' && byte != '\\' && byte != 127)
        return 0;
    if (byte == '"' || byte == '\\')
        return (char)byte;
    return byte == '\n' ? 'n' : byte == '\t' ? 't' : byte == '\r' ? 'r' : 'u';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether any of eight bytes is 0, as the highest bit of its place and perhaps of those above. */
static uint64_t zeros(uint64_t bytes)
{
    return (bytes - EACH(1)) & ~bytes & EACH(128);
}

/* How many bytes from here on need no escape; eight at a time, since most need none. */
static size_t plain_length(const char *text, size_t length)
{
    size_t i = 0;
    for (uint64_t bytes; i + sizeof bytes <= length; i += sizeof bytes) {
        memcpy(&bytes, text + i, sizeof bytes);
        uint64_t below_space = (bytes - EACH(' ')) & ~bytes & EACH(128);
        if (below_space | zeros(bytes ^ EACH('"')) | zeros(bytes ^ EACH('\\')) |
            zeros(bytes ^ EACH(127)))
            break;
    }
    while (i < length && !escape_of((unsigned char)text[i]))
        i++;
    return i;
}

void json_print_string(const char *text, struct buffer *out)
{
    size_t left = strlen(text);
    buffer_append_char(out, '"');
    while (left) {
        size_t plain = plain_length(text, left);
        buffer_append(out, text, plain);
        text += plain;
        left -= plain;
        if (!left)
            break;
        char escape[2] = {'\\', escape_of((unsigned char)*text)};
        if (escape[1] == 'u')
            buffer_append_format(out, "\\u%04x", (unsigned char)*text);
        else
            buffer_append(out, escape, sizeof escape);
        text++;
        left--;
    }
    buffer_append_char(out, '"');
}

void json_print_number(double value, struct buffer *out)
{
    char text[40];
    if (!isfinite(value)) {
        buffer_append_string(out, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        number_format(text, sizeof text, "%.*g", digits, value);
        if (number_read(text, NULL) == value)
            break;
    }
    buffer_append_string(out, text);
    if (!strpbrk(text, ".e"))
        buffer_append_string(out, ".0");
}

static void print_object(const json_t *object, struct buffer *out)
{
    const char *key;
    json_t *value;
    bool first = true;
    buffer_append_char(out, '{');
    /* jansson declares the iteration with a non-const object. */
    json_object_foreach((json_t *)object, key, value)
    {
        if (!first)
            buffer_append_char(out, ',');
        first = false;
        json_print_string(key, out);
        buffer_append_char(out, ':');
        json_print(value, out);
    }
    buffer_append_char(out, '}');
}

void json_print(const json_t *value, struct buffer *out)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        print_object(value, out);
        break;
    case JSON_ARRAY:
        buffer_append_char(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i)
                buffer_append_char(out, ',');
            json_print(json_array_get(value, i), out);
        }
        buffer_append_char(out, ']');
        break;
    case JSON_STRING:
        json_print_string(json_string_value(value), out);
        break;
    case JSON_INTEGER:
        buffer_append_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        json_print_number(json_real_value(value), out);
        break;
    case JSON_TRUE:
        buffer_append_string(out, "true");
        break;
    case JSON_FALSE:
        buffer_append_string(out, "false");
        break;
    case JSON_NULL:
        buffer_append_string(out, "null");
        break;
    }
}

const char *json_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a decimal";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}
