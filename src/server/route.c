/*
 * Routes: /v1 by the endpoint table, the rest by a table of its own.
 */
#include "server/route.h"

#include <string.h>

#include "base/error.h"

static const char *const own_names[ROUTE_COUNT] = {
    [ROUTE_HEALTH] = "health",
    [ROUTE_READY] = "ready",
    [ROUTE_METRICS] = "metrics",
    [ROUTE_NONE] = "none",
};

const char *route_name(size_t operation)
{
    return operation < ENDPOINT_COUNT ? endpoint_get((enum endpoint_id)operation)->name
                                      : own_names[operation];
}

bool route_is_quick(const struct route *route)
{
    return route_is_endpoint(route) ? endpoint_get(route->match.id)->quick
                                    : route->operation == ROUTE_HEALTH;
}

static int find_own(const struct http_request *request, struct route *out)
{
    for (size_t i = ROUTE_HEALTH; i < ROUTE_NONE; i++) {
        if (strcmp(request->segments[0], own_names[i]) != 0)
            continue;
        bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
        out->match.allowed = ENDPOINT_GET;
        if (reads)
            out->operation = i;
        return reads ? 0 : TREADLE_ESTATE;
    }
    return TREADLE_ENOTFOUND;
}

static int find_endpoint(const struct http_request *request, struct route *out)
{
    int rc = endpoint_find(request->method, request->segments + 1, request->segment_count - 1,
                           &out->match);
    if (!rc)
        out->operation = out->match.id;
    return rc;
}

int route_find(const struct http_request *request, struct route *out, struct treadle_error *error)
{
    int rc = TREADLE_ENOTFOUND;
    *out = (struct route){.operation = ROUTE_NONE};
    if (request->segment_count == 1)
        rc = find_own(request, out);
    else if (request->segment_count > 1 && strcmp(request->segments[0], "v1") == 0)
        rc = find_endpoint(request, out);
    if (rc == TREADLE_ESTATE)
        return error_set_wire(error, 405, "invalid_request_error", "method_not_supported", NULL,
                              "Not allowed to %.16s on %.200s.", request->method, request->path);
    if (rc)
        return error_set_wire(error, 404, "invalid_request_error", "unknown_url", NULL,
                              "Unknown request URL: %.16s %.200s. Paths start with /v1.",
                              request->method, request->path);
    return 0;
}

const char *route_allow(const struct route *route)
{
    static const char *const texts[] = {
        [ENDPOINT_GET] = "GET, HEAD",
        [ENDPOINT_POST] = "POST",
        [ENDPOINT_GET | ENDPOINT_POST] = "GET, HEAD, POST",
        [ENDPOINT_DELETE] = "DELETE",
        [ENDPOINT_GET | ENDPOINT_DELETE] = "GET, HEAD, DELETE",
        [ENDPOINT_POST | ENDPOINT_DELETE] = "POST, DELETE",
        [ENDPOINT_GET | ENDPOINT_POST | ENDPOINT_DELETE] = "GET, HEAD, POST, DELETE",
    };
    unsigned allowed = route->match.allowed;
    return allowed < sizeof texts / sizeof texts[0] ? texts[allowed] : NULL;
}
