/*
 * JSON: reading and printing, independent of any table. The values are jansson's.
 *
 * Reading refuses invalid UTF-8, numbers out of range, text after the value and nesting beyond a
 * depth, and, unless the flags allow it, names that repeat and zero characters in strings. Numbers
 * are printed in the shortest form that reads back as the same number.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/buffer.h"
#include "treadle/error.h"

enum json_read_flags {
    JSON_READ_STRICT = 0,
    JSON_READ_REPEATED = 1, /* a name may be twice in an object; the last one counts */
    JSON_READ_ZERO = 2,     /* a string may hold \u0000; a name may not */
};

/* Any value, as a new reference in `out`. TREADLE_EPARSE with a message that says what is wrong and
 * where, or TREADLE_EMEMORY. */
int json_read(const char *text, size_t length, unsigned flags, json_t **out,
              struct treadle_error *error);

/* The memory that the values of a request, and what is made of them, may take at most: this many
 * times the text's length, or this much where that is more. What they really take, the text itself
 * included, stays below that (test_json_memory.c). */
enum { JSON_MOST_MEMORY = 8, JSON_LEAST_MEMORY = 4 << 20 };

/* The same for the text of a request, strictly, no deeper than FIELD_DEPTH and with no more values
 * than fit into that memory, which is checked before any is made. Errors are status 400 or 413
 * without param, or TREADLE_EMEMORY. */
int json_parse(const char *text, size_t length, json_t **out, struct treadle_error *error);

void json_print(const json_t *value, struct buffer *out);
void json_print_string(const char *text, struct buffer *out);
void json_print_number(double value, struct buffer *out);

/* "an object", "a string", …: how an error names the type of a value. */
const char *json_type_name(const json_t *value);

#endif
