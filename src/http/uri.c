/*
 * Request targets: split first, then decoded piece by piece, so that an escaped slash or ampersand
 * stays data. What comes out is valid UTF-8 without NUL; anything else is refused, never repaired.
 */
#include "http/uri.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { LONGEST_TARGET = 8192, LONGEST_PATH = 4096, MOST_SEGMENTS = 64, MOST_ARGUMENTS = 128 };

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int http_uri_decode(struct arena *arena, const char *text, size_t length, bool plus, char **out)
{
    char *decoded = arena_copy(arena, text, length);
    if (!decoded)
        return TREADLE_EMEMORY;
    size_t end = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = length - i > 2 ? digit_value(text[i + 1]) : -1;
            int low = length - i > 2 ? digit_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return TREADLE_EPARSE;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (!c)
            return TREADLE_EPARSE;
        decoded[end++] = c;
    }
    decoded[end] = '\0';
    if (!text_is_utf8(decoded, end))
        return TREADLE_EPARSE;
    *out = decoded;
    return 0;
}

static int decode(struct arena *arena, const char *text, size_t length, bool plus, const char **out,
                  struct treadle_error *error)
{
    char *decoded = NULL;
    int rc = http_uri_decode(arena, text, length, plus, &decoded);
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc)
        return error_set_request(error, NULL, NULL,
                                 "The request's URL has a broken escape in it, or its text is not "
                                 "valid UTF-8.");
    *out = decoded;
    return 0;
}

static size_t count_of(const char *text, char wanted)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == wanted;
    return count;
}

static int parse_path(struct arena *arena, const char *path, struct http_uri *out,
                      struct treadle_error *error)
{
    size_t count = count_of(path, '/');
    if (!path[1])
        count = 0;
    if (count > MOST_SEGMENTS)
        return error_set_request(error, NULL, NULL, "The request's path has too many segments.");
    const char **segments = arena_array(arena, count, sizeof *segments);
    if (!segments)
        return error_set_memory(error);
    const char *from = path + 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(from, "/");
        int rc = decode(arena, from, length, false, &segments[i], error);
        if (rc)
            return rc;
        from += length + 1;
    }
    out->segments = segments;
    out->segment_count = count;
    return 0;
}

static int parse_argument(struct arena *arena, const char *from, size_t length,
                          struct http_field *out, struct treadle_error *error)
{
    const char *equals = memchr(from, '=', length);
    size_t name_length = equals ? (size_t)(equals - from) : length;
    int rc = decode(arena, from, name_length, true, &out->name, error);
    if (rc)
        return rc;
    size_t skip = equals ? name_length + 1 : length;
    return decode(arena, from + skip, length - skip, true, &out->value, error);
}

static int parse_query(struct arena *arena, const char *query, struct http_uri *out,
                       struct treadle_error *error)
{
    size_t most = *query ? count_of(query, '&') + 1 : 0;
    if (most > MOST_ARGUMENTS)
        return error_set_request(error, NULL, NULL, "The request's query has too many arguments.");
    out->query = arena_array(arena, most, sizeof *out->query);
    if (!out->query)
        return error_set_memory(error);
    while (*query) {
        size_t length = strcspn(query, "&");
        if (length) {
            int rc = parse_argument(arena, query, length, &out->query[out->query_count], error);
            if (rc)
                return rc;
            out->query_count++;
        }
        query += length;
        query += *query == '&';
    }
    return 0;
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 127 || *text == '#')
            return false;
    return true;
}

/* A proxy's form of a target names the host first; the rest is the target. */
static const char *skip_authority(const char *text)
{
    if (!text_starts_with(text, "http://"))
        return text;
    const char *slash = strchr(text + strlen("http://"), '/');
    return slash ? slash : text;
}

int http_uri_parse(struct arena *arena, const char *text, struct http_uri *out,
                   struct treadle_error *error)
{
    if (strnlen(text, LONGEST_TARGET + 1) > LONGEST_TARGET)
        return error_set_request(error, NULL, NULL, "The request's URL is too long.");
    text = skip_authority(text);
    if (!is_printable(text) || (text[0] != '/' && strcmp(text, "*") != 0))
        return error_set_request(error, NULL, NULL, "The request's URL is not valid.");
    size_t length = strcspn(text, "?");
    if (length > LONGEST_PATH)
        return error_set_request(error, NULL, NULL, "The request's path is too long.");
    struct http_uri uri = {.path = arena_copy(arena, text, length)};
    if (!uri.path)
        return error_set_memory(error);
    int rc = parse_path(arena, uri.path, &uri, error);
    if (!rc)
        rc = parse_query(arena, text[length] ? text + length + 1 : "", &uri, error);
    if (!rc)
        *out = uri;
    return rc;
}
