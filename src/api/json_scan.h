/*
 * Scanning JSON: visits the members of an object, or the values of an array, without making values.
 * For text that Treadle has printed, where a few of many members are needed; it checks only enough
 * to stay within the text. Callers that need a full check use json.h.
 */
#ifndef API_JSON_SCAN_H
#define API_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* A part of the text, which the caller owns: a value as it is printed, or a name without its
 * quotation marks and with its escapes. */
struct json_span {
    const char *text;
    size_t length;
};

struct json_scan {
    const char *at;
    bool broken; /* the text could not be read */
};

/* Begins at an object or array; the text must end with a zero byte. */
struct json_scan json_scan_open(const char *text);

/* Whether another value or name comes. */
bool json_scan_is_more(struct json_scan *scan);

/* The next member of the object, or value of the array. False at the end, and where it is broken.
 */
bool json_scan_member(struct json_scan *scan, struct json_span *name, struct json_span *value);
bool json_scan_value(struct json_scan *scan, struct json_span *value);

/* The same without skipping values: the next name, after which the value is read with one of the
 * others; into the object or array that comes next, and out of it after its last. */
bool json_scan_name(struct json_scan *scan, struct json_span *name);
bool json_scan_enter(struct json_scan *scan, char bracket);
bool json_scan_leave(struct json_scan *scan);

/* The string that comes next, in the arena; NULL as with json_span_string. */
const char *json_scan_string(struct json_scan *scan, struct arena *arena);

/* Whether the part equals this text. */
bool json_span_is(const struct json_span *span, const char *text);

/* The text of a value that is a string, in the arena. NULL when it is not a string, or memory runs
 * out. */
const char *json_span_string(const struct json_span *span, struct arena *arena);

#endif
