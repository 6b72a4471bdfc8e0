/*
 * JSON: strict parsing (through jansson) and printing, apart from any table.
 *
 * Parsing refuses duplicate keys, invalid UTF-8, NUL in strings, numbers out of range, text behind
 * the value and nesting beyond a depth. Numbers print in the shortest form that reads back alike.
 */
#ifndef API_JSON_H
#define API_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/buffer.h"
#include "treadle/error.h"

/* A new reference in `out`. Errors are status 400 without param. */
int json_parse(const char *text, size_t length, json_t **out, struct treadle_error *error);

void json_print(const json_t *value, struct buffer *out);
void json_print_string(const char *text, struct buffer *out);
void json_print_number(double value, struct buffer *out);

/* "an object", "a string", …: how an error names the type of a value. */
const char *json_type_name(const json_t *value);

#endif
