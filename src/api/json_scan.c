/*
 * Scanning JSON. Strings are stepped over by the library's search for their end, brackets are
 * counted; so a value costs little more than its bytes.
 */
#include "api/json_scan.h"

#include <string.h>

#include "api/json.h"

/* Each gives the place behind what it steps over; NULL where the text ends before. */

static const char *skip_string(const char *at)
{
    at++;
    for (;;) {
        at += strcspn(at, "\"\\");
        if (*at == '"')
            return at + 1;
        if (!at[0] || !at[1])
            return NULL;
        at += 2;
    }
}

static const char *skip_nested(const char *at)
{
    size_t depth = 0;
    do {
        at += strcspn(at, "\"{}[]");
        if (!*at)
            return NULL;
        if (*at == '"') {
            at = skip_string(at);
            if (!at)
                return NULL;
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else
            depth--;
        at++;
    } while (depth);
    return at;
}

static const char *skip_value(const char *at)
{
    if (*at == '"')
        return skip_string(at);
    if (*at == '{' || *at == '[')
        return skip_nested(at);
    size_t length = strcspn(at, ",]} \t\r\n");
    return length ? at + length : NULL;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

struct json_scan json_scan_open(const char *text)
{
    const char *at = skip_space(text);
    return (struct json_scan){at + (*at != '\0'), *at != '{' && *at != '['};
}

static bool fail(struct json_scan *scan)
{
    scan->broken = true;
    return false;
}

/* Moves to the next value or name; false at the end. */
static bool move_on(struct json_scan *scan)
{
    if (scan->broken)
        return false;
    scan->at = skip_space(scan->at);
    if (*scan->at == ',')
        scan->at = skip_space(scan->at + 1);
    if (*scan->at == '}' || *scan->at == ']')
        return false;
    return *scan->at ? true : fail(scan);
}

static bool take(struct json_scan *scan, struct json_span *out)
{
    const char *end = skip_value(scan->at);
    if (!end)
        return fail(scan);
    *out = (struct json_span){scan->at, (size_t)(end - scan->at)};
    scan->at = end;
    return true;
}

bool json_scan_value(struct json_scan *scan, struct json_span *value)
{
    return move_on(scan) && take(scan, value);
}

bool json_scan_member(struct json_scan *scan, struct json_span *name, struct json_span *value)
{
    if (!move_on(scan))
        return false;
    if (*scan->at != '"' || !take(scan, name))
        return fail(scan);
    *name = (struct json_span){name->text + 1, name->length - 2};
    scan->at = skip_space(scan->at);
    if (*scan->at != ':')
        return fail(scan);
    scan->at = skip_space(scan->at + 1);
    return take(scan, value);
}

bool json_span_is(const struct json_span *span, const char *text)
{
    return strlen(text) == span->length && memcmp(span->text, text, span->length) == 0;
}

const char *json_span_string(const struct json_span *span, struct arena *arena)
{
    struct treadle_error ignored;
    json_t *value = NULL;
    if (span->length < 2 || span->text[0] != '"')
        return NULL;
    if (!memchr(span->text, '\\', span->length))
        return arena_copy(arena, span->text + 1, span->length - 2);
    if (json_read(span->text, span->length, JSON_READ_STRICT, &value, &ignored))
        return NULL;
    const char *copy = arena_copy(arena, json_string_value(value), json_string_length(value));
    json_decref(value);
    return copy;
}
