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
    union MHD_ConnectionInfo info;
};

/* ---- Lenient -------------------------------------------------------------------------------- */

const char *MHD_get_version(void)
{
    return "0.9.75";
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *connection,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    (void)type;
    return &connection->info;
}

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

/* The line with those that are folded onto it; `*next` moves behind them. */
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
            connection->info.header_size = (size_t)(next - text);
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

static bool is_end_or_nul(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

/* Whether CRLF is there. In a head with NULs in it those may stand there too: libmicrohttpd writes
 * NULs over line ends, so nobody can tell them from its own. */
static bool is_end(const char *at, bool nuls)
{
    return memcmp(at, "\r\n", 2) == 0 || (nuls && is_end_or_nul(at[0]) && is_end_or_nul(at[1]));
}

/* The next line must be `name`: `value`, with nothing else in it but blanks. The text is terminated
 * by a NUL, so none of this reads beyond it. */
static const char *demand_header(const char *at, const char *end, const struct http_field *field,
                                 bool nuls)
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
    demand(end - at >= 2 && is_end(at, nuls));
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
    bool nuls = memchr(head, '\0', (size_t)(end - head)) != NULL;
    demand((size_t)(end - head) >= first + 2 && !memchr(head, '\0', first) && is_end(at, nuls));
    at += 2;
    for (size_t i = 0; i < request->header_count; i++)
        at = demand_header(at, end, &request->headers[i], nuls);
    demand(end - at >= 2 && is_end(at, nuls));
    size_t lengths = count_of(request, "content-length");
    size_t codings = count_of(request, "transfer-encoding");
    size_t hosts = count_of(request, "host");
    demand(lengths + codings <= 1 && hosts <= 1);
    demand(hosts == 1 || strcmp(seen->version, "HTTP/1.0") == 0);
    for (size_t i = 0; i < request->segment_count; i++)
        demand(text_is_utf8(request->segments[i], strlen(request->segments[i])));
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
    if (size <= LARGEST && parse_leniently(arena, text, size, connection, &seen)) {
        struct http_request request = {.arena = arena};
        struct http_framing framing = {0};
        struct treadle_error error;
        if (!http_head_read(&request, &framing, connection, seen.method, seen.version, seen.url,
                            seen.target, &error))
            demand_strict(copy, copy + size, &request, &seen);
    }
    free(copy);
    free(text);
    free(connection);
    arena_free(arena);
    return 0;
}
