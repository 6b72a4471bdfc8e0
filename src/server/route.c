/*
 * Routes: /v1 by the endpoint table, the rest by a table of its own.
 */
#include "server/route.h"

#include <string.h>

#include "base/error.h"

static const struct {
    const char *name;
    const char *segments[2]; /* of its path */
    size_t count;
} own[ROUTE_COUNT] = {
    [ROUTE_HEALTH] = {"health", {"health"}, 1},
    [ROUTE_READY] = {"ready", {"ready"}, 1},
    [ROUTE_METRICS] = {"metrics", {"metrics"}, 1},
    [ROUTE_TOKEN] = {"token", {"msi", "token"}, 2},
    [ROUTE_NONE] = {"none", {NULL}, 0},
};

const char *route_name(size_t operation)
{
    return operation < ENDPOINT_COUNT ? endpoint_get((enum endpoint_id)operation)->name
                                      : own[operation].name;
}

bool route_is_quick(const struct route *route)
{
    return route_is_endpoint(route) ? endpoint_get(route->match.id)->quick
                                    : route->operation == ROUTE_HEALTH;
}

static bool is_own(const struct http_request *request, size_t operation)
{
    if (request->segment_count != own[operation].count)
        return false;
    for (size_t i = 0; i < own[operation].count; i++)
        if (strcmp(request->segments[i], own[operation].segments[i]) != 0)
            return false;
    return true;
}

static int find_own(const struct http_request *request, struct route *out)
{
    for (size_t i = ROUTE_HEALTH; i < ROUTE_NONE; i++) {
        if (!is_own(request, i))
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
    struct prefix prefix = prefix_find(request->segments, request->segment_count);
    struct endpoint_match match = {.allowed = 0};
    if (!prefix.length)
        return TREADLE_ENOTFOUND;
    int rc = endpoint_find(request->method, request->segments + prefix.length,
                           request->segment_count - prefix.length, &match);
    if (!rc && prefix.foreign && endpoint_get(match.id)->own && !endpoint_get(match.id)->shared)
        return TREADLE_ENOTFOUND;
    out->match = match;
    out->prefix = prefix;
    if (!rc)
        out->operation = match.id;
    return rc;
}

int route_find(const struct http_request *request, struct route *out, struct treadle_error *error)
{
    *out = (struct route){.operation = ROUTE_NONE};
    int rc = find_own(request, out);
    if (rc == TREADLE_ENOTFOUND)
        rc = find_endpoint(request, out);
    if (rc == TREADLE_ESTATE)
        return error_set_wire(error, 405, "invalid_request_error", "method_not_supported", NULL,
                              "Not allowed to %.16s on %.200s.", request->method, request->path);
    if (rc)
        return error_set_wire(error, 404, "invalid_request_error", "unknown_url", NULL,
                              "Unknown request URL: %.16s %.200s. Paths start with /v1, or with "
                              "/openai, /openai/v1, /openai/deployments/NAME or "
                              "/api/projects/NAME for clients of Azure.",
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
