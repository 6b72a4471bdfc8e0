/*
 * Endpoints: the table, and two searches in it: from a path to its row, from a row to a path.
 */
#include "api/endpoint.h"

#include <string.h>

#include "api/types.h"

static const struct endpoint endpoints[ENDPOINT_COUNT] = {
#define ENDPOINT(id, handler, verb, where, operation, ...)                                         \
    [ENDPOINT_##id] = {.method = #verb, .path = (where), .name = (operation), __VA_ARGS__},
#include "api/endpoint_rows.h"
#undef ENDPOINT
};

const struct endpoint *endpoint_get(enum endpoint_id id)
{
    return &endpoints[id];
}

/* Whether the segments fit the path; parameters go to `arguments`. */
static bool path_fits(const struct endpoint *endpoint, const char *const *segments, size_t count,
                      const char **arguments)
{
    size_t used = 0, argument = 0;
    for (const char *at = endpoint->path; *at == '/'; used++) {
        at++;
        if (used == count || !segments[used][0])
            return false;
        if (*at == '{') {
            arguments[argument++] = segments[used];
            while (*at && *at != '/')
                at++;
            continue;
        }
        const char *segment = segments[used];
        while (*segment && *segment == *at) {
            segment++;
            at++;
        }
        if (*segment || (*at && *at != '/'))
            return false;
    }
    return endpoint->rest ? used <= count : used == count;
}

static enum endpoint_method method_bit(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return ENDPOINT_GET;
    if (strcmp(method, "POST") == 0)
        return ENDPOINT_POST;
    return strcmp(method, "DELETE") == 0 ? ENDPOINT_DELETE : 0;
}

static size_t parameter_count(const char *path)
{
    size_t count = 0;
    for (const char *c = path; *c; c++)
        count += *c == '{';
    return count;
}

/* The methods that the path takes. */
static unsigned find_allowed(const char *const *segments, size_t count)
{
    const char *arguments[ENDPOINT_ARGUMENTS];
    unsigned allowed = 0;
    for (int i = 0; i < ENDPOINT_COUNT; i++)
        if (path_fits(&endpoints[i], segments, count, arguments))
            allowed |= method_bit(endpoints[i].method);
    return allowed;
}

/* First letters distinguish most rows without a call. */
static bool may_fit(const struct endpoint *endpoint, const char *method, const char *segment)
{
    char letter = method[0] == 'H' ? 'G' : method[0];
    return endpoint->method[0] == letter && endpoint->path[1] == segment[0];
}

int endpoint_find(const char *method, const char *const *segments, size_t count,
                  struct endpoint_match *out)
{
    struct endpoint_match best = {.allowed = 0}, match = best;
    enum endpoint_method wanted = method_bit(method);
    size_t fewest = SIZE_MAX;
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        if (!count || !may_fit(&endpoints[i], method, segments[0]) ||
            method_bit(endpoints[i].method) != wanted ||
            !path_fits(&endpoints[i], segments, count, match.arguments))
            continue;
        /* A word in the path wins over a parameter: in POST /threads/runs, "runs" is not a thread's
         * id. */
        size_t parameters = parameter_count(endpoints[i].path);
        if (parameters < fewest) {
            best = match;
            best.id = (enum endpoint_id)i;
            fewest = parameters;
        }
    }
    if (fewest == SIZE_MAX)
        best.allowed = find_allowed(segments, count);
    *out = best;
    if (fewest != SIZE_MAX)
        return 0;
    return best.allowed ? TREADLE_ESTATE : TREADLE_ENOTFOUND;
}

static void append_encoded(const char *text, struct buffer *out)
{
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || strchr("-_.~", *c);
        if (plain)
            buffer_append_char(out, *c);
        else
            buffer_append_format(out, "%%%02X", (unsigned char)*c);
    }
}

int endpoint_path(enum endpoint_id id, const char *const *arguments, struct buffer *out)
{
    for (const char *at = endpoints[id].path; *at;) {
        if (*at != '{') {
            buffer_append_char(out, *at++);
            continue;
        }
        /* Proxies would resolve "." and ".." as parts of the path. */
        const char *argument = *arguments++;
        if (!argument || !argument[0] || strcmp(argument, ".") == 0 || strcmp(argument, "..") == 0)
            return TREADLE_EINVALID;
        append_encoded(argument, out);
        at += strcspn(at, "}") + 1;
    }
    return out->failed ? TREADLE_ELIMIT : 0;
}
