/*
 * Request heads.
 *
 * libmicrohttpd 0.9.75 takes much that must not be taken, since a proxy in front may read it
 * another way and let a second request slip through: Content-Length beside Transfer-Encoding, two
 * Content-Lengths, several Hosts, blanks before a colon, lines that end in a bare LF, folded lines
 * and NUL bytes. The last three leave no trace in what it hands out but one: it parses in place,
 * so a clean head's pieces lie one behind the other with exactly CRLF between them and end where
 * it says that the head ends. That is what `is_tiled` compares; it follows no pointer before all
 * is known to lie within the head. Only NULs that come where CRLF belongs cannot be told from it,
 * since it writes NULs over line ends. Other releases may lay a head out in another way, so there
 * it is not looked at.
 */
#include "http/head.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "http/uri.h"

enum { MOST_HEADERS = 100, LARGEST_HEAD = 10 * 1024 };

static int refuse(struct treadle_error *error, const char *what)
{
    return error_set_request(error, NULL, NULL, "The HTTP request is malformed: %s.", what);
}

struct collector {
    struct arena *arena;
    struct http_field *fields;
    size_t count;
    bool failed;    /* memory ran out */
    bool malformed; /* a name or a value cannot be */
    bool tiled;
    const char *next; /* where the next header must begin if the head is tiled */
};

static bool is_name(const char *name, size_t length)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < length; i++) {
        char lower = (char)(name[i] | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
            (!name[i] || !strchr(others, name[i])))
            return false;
    }
    return length > 0;
}

static bool is_value(const char *value, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 127)
            return false;
    return true;
}

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
    struct collector *collector = context;
    if (!value)
        value = "";
    if (collector->count == MOST_HEADERS || !is_name(name, name_size) ||
        !is_value(value, value_size)) {
        collector->malformed = true;
        return MHD_NO;
    }
    collector->tiled = collector->tiled && collector->next == name;
    collector->next = value + value_size + strlen("\r\n");
    const char *trimmed = trim_end(collector, value, value_size);
    collector->fields[collector->count++] = (struct http_field){name, trimmed};
    return collector->failed ? MHD_NO : MHD_YES;
}

static size_t head_size(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

static bool is_tiled(const struct collector *collector, const char *method, const char *url,
                     const char *target, const char *version, size_t size)
{
    if (!text_equal(MHD_get_version(), "0.9.75"))
        return true;
    return collector->tiled && method + strlen(method) + 1 == url &&
           url + strlen(target) + 1 == version && collector->next + 2 == method + size &&
           memcmp(collector->next - 1, "\0\0", 3) == 0;
}

static int read_headers(struct http_request *request, struct MHD_Connection *connection,
                        const char *method, const char *version, const char *url,
                        const char *target, struct treadle_error *error)
{
    size_t size = head_size(connection);
    struct collector collector = {
        .arena = request->arena, .tiled = true, .next = version + strlen(version) + 2};
    if (size > LARGEST_HEAD)
        return error_set_wire(error, 431, "invalid_request_error", NULL, NULL,
                              "The request's headers are too large.");
    collector.fields = arena_array(request->arena, MOST_HEADERS, sizeof *collector.fields);
    if (!collector.fields)
        return error_set_memory(error);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect, &collector);
    if (collector.failed)
        return error_set_memory(error);
    if (collector.malformed)
        return refuse(error, "a header is not valid, or there are too many");
    if (!is_tiled(&collector, method, url, target, version, size))
        return refuse(error, "a line does not end in CRLF, is folded, or has a NUL in it");
    request->headers = collector.fields;
    request->header_count = collector.count;
    return 0;
}

static size_t count_header(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += text_equal_ignoring_case(request->headers[i].name, name);
    return count;
}

static int check_framing(const struct http_request *request, bool modern,
                         struct http_framing *framing, struct treadle_error *error)
{
    const char *length = http_header(request, "Content-Length");
    const char *encoding = http_header(request, "Transfer-Encoding");
    int64_t number = 0;
    if (count_header(request, "Content-Length") > 1)
        return refuse(error, "it has more than one Content-Length");
    if (length && encoding)
        return refuse(error, "it has a Content-Length and a Transfer-Encoding");
    if (encoding && (!modern || count_header(request, "Transfer-Encoding") > 1 ||
                     !text_equal_ignoring_case(encoding, "chunked")))
        return refuse(error, "its Transfer-Encoding is not understood");
    if (length && (length[0] == '-' || text_to_integer(length, 0, INT64_MAX, &number)))
        return refuse(error, "its Content-Length is not a number");
    size_t hosts = count_header(request, "Host");
    if (hosts > 1 || (modern && !hosts))
        return refuse(error, "it does not have exactly one Host");
    framing->chunked = encoding != NULL;
    framing->length = (uint64_t)number;
    framing->expects_continue = http_header(request, "Expect") != NULL;
    return 0;
}

int http_head_read(struct http_request *request, struct http_framing *framing,
                   struct MHD_Connection *connection, const char *method, const char *version,
                   const char *url, const char *target, struct treadle_error *error)
{
    struct http_uri uri = {.path = NULL};
    request->method = method;
    if (!is_name(method, strlen(method)))
        return refuse(error, "its method is not valid");
    int rc = read_headers(request, connection, method, version, url, target, error);
    if (!rc)
        rc = check_framing(request, strcmp(version, "HTTP/1.0") != 0, framing, error);
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
