/*
 * Routes: which operation a request is for. An operation is a row of the endpoint table or one of
 * the few for operators, outside /v1. Their number is fixed, so counters and log lines can name
 * operations; paths can be invented by clients.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "api/endpoint.h"
#include "http/http.h"
#include "server/prefix.h"

enum {
    /* Below are the values of enum endpoint_id. */
    ROUTE_HEALTH = ENDPOINT_COUNT,
    ROUTE_READY,
    ROUTE_METRICS,
    ROUTE_TOKEN, /* the token of a managed identity, for clients of Azure */
    ROUTE_NONE,  /* nothing was found */
    ROUTE_COUNT
};

struct route {
    size_t operation;
    struct prefix prefix;        /* before the path of an endpoint */
    struct endpoint_match match; /* of an endpoint; `allowed` is set for a wrong method as well */
};

/* Finds the route; an error of the protocol (404, 405) when there is none, with `out` set to
 * ROUTE_NONE. */
int route_find(const struct http_request *request, struct route *out, struct treadle_error *error);

/* The Allow header for a wrong method, or NULL. */
const char *route_allow(const struct route *route);

/* Whether it is answered on an event thread: as in struct endpoint. */
bool route_is_quick(const struct route *route);

const char *route_name(size_t operation);

static inline bool route_is_endpoint(const struct route *route)
{
    return route->operation < ENDPOINT_COUNT;
}

#endif
