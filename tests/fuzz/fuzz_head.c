/*
 * Fuzzing the check of request heads. This file stands in for libmicrohttpd at its most lenient: it
 * parses in place, takes lines that end in a bare LF and joins folded ones. Whatever the check lets
 * through must be a head that a strict reader reads the same way.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "http/framing.h"
#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 20000, MOST = 2000 };

struct line {
    char *name, *value;
    size_t name_size, value_size;
};

struct MHD_Connection {
    struct line lines[MOST];
    size_t count;
    size_t size; /* of the head */
};

/* ---- Lenient -------------------------------------------------------------------------------- */

int MHD_get_connection_values_n(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                MHD_KeyValueIteratorN iterator, void *context)
{
    int count = 0;
    for (size_t i = 0; i < connection->count; i++) {
        const struct line *at = &connection->lines[i];
        count++;
        if (iterator(context, kind, at->name, at->name_size, at->value, at->value_size) != MHD_YES)
            break;
    }
    return count;
}

/* Ends the line at `start` with NUL; what follows it, or NULL where none ends. */
static char *end_line(char *start, char *end)
{
    char *feed = memchr(start, '\n', (size_t)(end - start));
    if (!feed)
        return NULL;
    *feed = '\0';
    if (feed > start && feed[-1] == '\r')
        feed[-1] = '\0';
    return feed + 1;
}

/* The line with those that are folded onto it; `*next` moves after them. */
static char *unfold(struct arena *arena, char *line, char **next, char *end)
{
    while (*next && *next < end && (**next == ' ' || **next == '\t')) {
        char *more = *next;
        char *after = end_line(more, end);
        if (!after)
            break;
        size_t first = strlen(line), second = strlen(more);
        char *joined = arena_alloc(arena, first + second + 1);
        if (!joined)
            abort();
        memcpy(joined, line, first);
        memcpy(joined + first, more, second + 1);
        line = joined;
        *next = after;
    }
    return line;
}

/* False where it is no header. */
static bool take_header(struct MHD_Connection *connection, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon || connection->count == MOST)
        return false;
    *colon = '\0';
    char *value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    connection->lines[connection->count++] =
        (struct line){line, value, strlen(line), strlen(value)};
    return true;
}

struct lenient {
    char *method, *url, *version;
    char *target; /* with its arguments, which `url` is without */
};

/* False where there is no whole head. */
static bool parse_leniently(struct arena *arena, char *text, size_t size,
                            struct MHD_Connection *connection, struct lenient *out)
{
    char *end = text + size;
    char *next = end_line(text, end);
    char *url = strchr(text, ' ');
    char *version = url ? strrchr(url + 1, ' ') : NULL;
    if (!next || !version)
        return false;
    *url++ = '\0';
    *version++ = '\0';
    *out = (struct lenient){text, url, version, arena_string(arena, url)};
    url[strcspn(url, "?")] = '\0';
    while (next < end) {
        char *line = next;
        next = end_line(line, end);
        if (!next)
            return false;
        if (!*line) {
            connection->size = (size_t)(next - text);
            return true;
        }
        if (!take_header(connection, unfold(arena, line, &next, end)))
            return false;
    }
    return false;
}

/* ---- Strict --------------------------------------------------------------------------------- */

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_end(const char *at)
{
    return memcmp(at, "\r\n", 2) == 0;
}

/* The next line must be `name`: `value`, with nothing else in it but blanks. The text is terminated
 * by a NUL, so none of this reads beyond it. */
static const char *demand_header(const char *at, const char *end, const struct http_field *field)
{
    size_t name = strlen(field->name), value = strlen(field->value);
    demand((size_t)(end - at) > name && memcmp(at, field->name, name) == 0 && at[name] == ':');
    at += name + 1;
    while (is_blank(*at))
        at++;
    demand((size_t)(end - at) >= value && memcmp(at, field->value, value) == 0);
    at += value;
    while (is_blank(*at))
        at++;
    demand(end - at >= 2 && is_end(at));
    return at + 2;
}

static size_t count_of(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += strcasecmp(request->headers[i].name, name) == 0;
    return count;
}

static void demand_strict(const char *head, const char *end, const struct http_request *request,
                          const struct lenient *seen)
{
    size_t first = strlen(seen->method) + strlen(seen->target) + strlen(seen->version) + 2;
    const char *at = head + first;
    demand(!memchr(head, '\0', (size_t)(end - head)));
    demand((size_t)(end - head) >= first + 2 && is_end(at));
    at += 2;
    for (size_t i = 0; i < request->header_count; i++)
        at = demand_header(at, end, &request->headers[i]);
    demand(end - at >= 2 && is_end(at));
    size_t lengths = count_of(request, "content-length");
    size_t codings = count_of(request, "transfer-encoding");
    size_t hosts = count_of(request, "host");
    demand(lengths + codings <= 1 && hosts <= 1);
    demand(hosts == 1 || strcmp(seen->version, "HTTP/1.0") == 0);
    for (size_t i = 0; i < request->segment_count; i++)
        demand(text_is_utf8(request->segments[i], strlen(request->segments[i])));
}

/* How many bytes the check takes for the first head; 0 when it refuses it, or the head
 * continues. */
static size_t check(const char *text, size_t size)
{
    struct http_framing_reader reader = {.state = HTTP_FRAMING_START};
    size_t whole;
    for (size_t i = 0; i < size; i++) {
        bool blank = reader.state == HTTP_FRAMING_BLANK_CR;
        if (http_framing_read(&reader, text + i, 1, &whole))
            return 0;
        if (blank)
            return i + 1;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct MHD_Connection *connection = calloc(1, sizeof *connection);
    char *text = malloc(size + 1), *copy = malloc(size + 1);
    struct lenient seen;
    if (!arena || !connection || !text || !copy)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    memcpy(copy, text, size + 1);
    size_t head = size <= LARGEST && size && text[0] != '\r' ? check(copy, size) : 0;
    if (head) {
        struct http_request request = {.arena = arena};
        struct http_framing framing = {0};
        struct treadle_error error;
        demand(parse_leniently(arena, text, size, connection, &seen) && connection->size == head);
        if (!http_head_read(&request, &framing, connection, seen.method, seen.target, &error))
            demand_strict(copy, copy + head, &request, &seen);
    }
    free(copy);
    free(text);
    free(connection);
    arena_free(arena);
    return 0;
}
