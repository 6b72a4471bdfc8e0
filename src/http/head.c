/*
 * Request heads. framing.c has refused all that could be read in two ways before the library saw
 * it; the rest is read here: what the request expects, and its target.
 */
#include "http/head.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "http/framing.h"
#include "http/uri.h"

static int refuse(struct treadle_error *error, const char *what)
{
    return error_set_request(error, NULL, NULL, "The HTTP request is malformed: %s.", what);
}

struct collector {
    struct arena *arena;
    struct http_field *fields;
    size_t count;
    bool failed; /* memory ran out */
};

static const char *trim_end(struct collector *collector, const char *value, size_t length)
{
    size_t end = length;
    while (end && (value[end - 1] == ' ' || value[end - 1] == '\t'))
        end--;
    if (end == length)
        return value;
    const char *copy = arena_copy(collector->arena, value, end);
    collector->failed = collector->failed || !copy;
    return copy;
}

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name,
                               size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    (void)name_size;
    struct collector *collector = context;
    const char *trimmed = value ? trim_end(collector, value, value_size) : "";
    if (collector->failed || collector->count == HTTP_MOST_HEADERS)
        return MHD_NO;
    collector->fields[collector->count++] = (struct http_field){name, trimmed};
    return MHD_YES;
}

static int read_headers(struct http_request *request, struct MHD_Connection *connection,
                        struct treadle_error *error)
{
    struct collector collector = {.arena = request->arena};
    collector.fields = arena_array(request->arena, HTTP_MOST_HEADERS, sizeof *collector.fields);
    if (!collector.fields)
        return error_set_memory(error);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect, &collector);
    if (collector.failed)
        return error_set_memory(error);
    request->headers = collector.fields;
    request->header_count = collector.count;
    return 0;
}

static int read_framing(const struct http_request *request, struct http_framing *framing,
                        struct treadle_error *error)
{
    const char *length = http_header(request, "Content-Length");
    int64_t number = 0;
    if (length && text_to_integer(length, 0, INT64_MAX, &number))
        return refuse(error, "its Content-Length is not a number");
    framing->chunked = http_header(request, "Transfer-Encoding") != NULL;
    framing->length = (uint64_t)number;
    framing->expects_continue = http_header(request, "Expect") != NULL;
    return 0;
}

static int check_expectation(const struct http_request *request, struct treadle_error *error)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (text_equal_ignoring_case(request->headers[i].name, "Expect") &&
            !text_equal_ignoring_case(request->headers[i].value, "100-continue"))
            return error_set_wire(error, 417, "invalid_request_error", NULL, NULL,
                                  "The request's expectation is not understood: expected "
                                  "'100-continue'.");
    return 0;
}

int http_head_read(struct http_request *request, struct http_framing *framing,
                   struct MHD_Connection *connection, const char *method, const char *target,
                   struct treadle_error *error)
{
    struct http_uri uri = {.path = NULL};
    request->method = method;
    int rc = read_headers(request, connection, error);
    if (!rc)
        rc = read_framing(request, framing, error);
    if (!rc)
        rc = check_expectation(request, error);
    if (!rc)
        rc = http_uri_parse(request->arena, target, &uri, error);
    if (rc)
        return rc;
    request->path = uri.path;
    request->segments = uri.segments;
    request->segment_count = uri.segment_count;
    request->query = uri.query;
    request->query_count = uri.query_count;
    return 0;
}
