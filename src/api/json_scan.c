/*
 * Scanning JSON. Strings are skipped by the library's search for their end, brackets are counted;
 * so a value costs little more than its bytes.
 */
#include "api/json_scan.h"

#include <string.h>

#include "api/json.h"

/* Each returns the place after what it skips; NULL where the text ends before. */

static const char *skip_string(const char *at)
{
    const char *start = at + 1, *quote = at;
    size_t escapes;
    do {
        quote = strchr(quote + 1, '"');
        if (!quote)
            return NULL;
        for (escapes = 0; quote - escapes > start && quote[-1 - (ptrdiff_t)escapes] == '\\';)
            escapes++;
    } while (escapes % 2);
    return quote + 1;
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

bool json_scan_is_more(struct json_scan *scan)
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
    return json_scan_is_more(scan) && take(scan, value);
}

bool json_scan_name(struct json_scan *scan, struct json_span *name)
{
    if (!json_scan_is_more(scan))
        return false;
    if (*scan->at != '"' || !take(scan, name))
        return fail(scan);
    *name = (struct json_span){name->text + 1, name->length - 2};
    scan->at = skip_space(scan->at);
    if (*scan->at != ':')
        return fail(scan);
    scan->at = skip_space(scan->at + 1);
    return true;
}

bool json_scan_member(struct json_scan *scan, struct json_span *name, struct json_span *value)
{
    return json_scan_name(scan, name) && take(scan, value);
}

bool json_scan_enter(struct json_scan *scan, char bracket)
{
    if (scan->broken || !json_scan_is_more(scan) || *scan->at != bracket)
        return fail(scan);
    scan->at++;
    return true;
}

bool json_scan_leave(struct json_scan *scan)
{
    if (scan->broken || (*scan->at != '}' && *scan->at != ']'))
        return fail(scan);
    scan->at++;
    return true;
}

const char *json_scan_string(struct json_scan *scan, struct arena *arena)
{
    struct json_span value;
    return !scan->broken && take(scan, &value) ? json_span_string(&value, arena) : NULL;
}

bool json_span_is(const struct json_span *span, const char *text)
{
    return strlen(text) == span->length && memcmp(span->text, text, span->length) == 0;
}

/* The character of an escape; 0 where that is a number. */
static char unescaped(char letter)
{
    switch (letter) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'u':
        return '\0';
    default:
        return letter;
    }
}

/* Replaces the escapes; false where one names a character by its number. */
static bool unescape(const char *text, size_t length, char *out)
{
    const char *end = text + length;
    for (const char *escape; text < end; text = escape + 2) {
        escape = memchr(text, '\\', (size_t)(end - text));
        size_t plain = (size_t)((escape ? escape : end) - text);
        memcpy(out, text, plain);
        out += plain;
        if (!escape)
            break;
        char byte = unescaped(escape[1]);
        if (!byte)
            return false;
        *out++ = byte;
    }
    *out = '\0';
    return true;
}

const char *json_span_string(const struct json_span *span, struct arena *arena)
{
    struct treadle_error ignored;
    json_t *value = NULL;
    if (span->length < 2 || span->text[0] != '"')
        return NULL;
    if (!memchr(span->text, '\\', span->length))
        return arena_copy(arena, span->text + 1, span->length - 2);
    char *plain = arena_alloc(arena, span->length);
    if (!plain)
        return NULL;
    if (unescape(span->text + 1, span->length - 2, plain))
        return plain;
    if (json_read(span->text, span->length, JSON_READ_STRICT, &value, &ignored))
        return NULL;
    const char *copy = arena_copy(arena, json_string_value(value), json_string_length(value));
    json_decref(value);
    return copy;
}
