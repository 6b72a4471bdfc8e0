/*
 * Dispatch.
 *
 * Nobody needs a key on loopback, so a web page that a user happens to visit must not be able to
 * speak to the server through the user's browser: a request whose Host or Origin is not loopback
 * is refused.
 */
#include "server/dispatch.h"

#include <string.h>

#include "api/error.h"
#include "base/error.h"
#include "server/access.h"
#include "server/origin.h"
#include "server/route.h"

enum { JSON_LIMIT = 16 << 20, ARENA_LIMIT = 128 << 20 };
#define UPLOAD_LIMIT                                                                               \
    ((UINT64_C(512) << 20) + (UINT64_C(1) << 20)) /* 512 MB and the form around it */
#define PROJECT "default"

/* ---- Planning -------------------------------------------------------------------------------- */

static int check_origin(const struct http_request *request, struct treadle_error *error)
{
    const char *host = http_header(request, "host");
    const char *origin = http_header(request, "origin");
    if ((!host || origin_is_loopback(host)) && (!origin || origin_is_loopback(origin)))
        return 0;
    return error_set_wire(error, 403, "invalid_request_error", "forbidden_origin", NULL,
                          "This server answers requests from this machine only.");
}

static void plan_body(const struct route *route, struct http_plan *out)
{
    enum endpoint_body body =
        route_is_endpoint(route) ? endpoint_get(route->match.id)->body : ENDPOINT_NO_BODY;
    switch (body) {
    case ENDPOINT_JSON:
        out->body = HTTP_BODY_JSON;
        out->limit = JSON_LIMIT;
        break;
    case ENDPOINT_MULTIPART:
        out->body = HTTP_BODY_MULTIPART;
        out->limit = UPLOAD_LIMIT;
        break;
    case ENDPOINT_NO_BODY:
        out->body = HTTP_BODY_NONE;
        out->limit = JSON_LIMIT;
        break;
    }
}

/* Until everything is open only probes are answered. */
static int check_started(const struct dispatch *dispatch, const struct route *route,
                         struct treadle_error *error)
{
    if (!route_is_endpoint(route) || probe_phase(&dispatch->probe) != PROBE_STARTING)
        return 0;
    return error_set_wire(error, 503, "server_error", "starting", NULL, "The server is starting.");
}

int dispatch_plan(void *context, const struct http_request *request, struct http_plan *out,
                  struct treadle_error *error)
{
    struct route *route = arena_alloc(request->arena, sizeof *route);
    if (!route)
        return error_set_memory(error);
    int rc = route_find(request, route, error);
    out->route = route;
    out->allow = route_allow(route);
    /* Whoever may not speak to the server learns nothing else from it. */
    if (check_origin(request, error))
        return error->code;
    if (!rc)
        rc = check_started(context, route, error);
    if (!rc)
        plan_body(route, out);
    return rc;
}

/* ---- Errors --------------------------------------------------------------------------------- */

void dispatch_render_error(void *context, const struct treadle_error *error,
                           struct http_reply *reply)
{
    (void)context;
    buffer_reset(&reply->body);
    reply->status = error->http_status ? error->http_status : 500;
    reply->content_type = "application/json";
    error_print(error, &reply->body);
}

/* What went wrong inside is for the log; the client learns that it was no fault of the request. */
static void send_error(struct dispatch *dispatch, const struct http_request *request,
                       struct treadle_error *error, struct http_reply *reply)
{
    if (!error->http_status) {
        log_write(dispatch->log, LOG_ERROR, "request_failed", "request", request->id, "error",
                  error->message, NULL);
        error_set_wire(error, error->code == TREADLE_EMEMORY ? 503 : 500, "server_error", NULL,
                       NULL, "The server had an error while processing the request %s.",
                       request->id);
    }
    dispatch_render_error(dispatch, error, reply);
}

/* ---- Handling ------------------------------------------------------------------------------- */

static int parse_body(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_type *type = call->endpoint->request;
    const char *text = call->request->body ? call->request->body : "{}";
    size_t length = call->request->body ? call->request->body_length : 2;
    if (!type)
        return 0;
    void *body = arena_alloc(call->arena, type->size);
    if (!body)
        return error_set_memory(error);
    int rc = field_parse(type, text, length, FIELD_STRICT, call->arena, body, error);
    if (!rc)
        call->body = body;
    return rc;
}

static int call_endpoint(struct dispatch *dispatch, const struct endpoint_match *match,
                         struct http_request *request, struct http_reply *reply,
                         struct treadle_error *error)
{
    struct resource_call call = {
        .services = &dispatch->services,
        .project = PROJECT,
        .endpoint = endpoint_get(match->id),
        .arguments = match->arguments,
        .request = request,
        .reply = reply,
        .arena = arena_new(ARENA_LIMIT),
    };
    int rc = call.arena ? 0 : error_set_memory(error);
    if (!rc)
        rc = resource_parse_query(call.endpoint, request, &call.query, error);
    if (!rc)
        rc = parse_body(&call, error);
    if (!rc)
        rc = resource_find(match->id)(&call, error);
    arena_free(call.arena);
    return rc;
}

void dispatch_handle(void *context, struct http_request *request, struct http_reply *reply)
{
    struct dispatch *dispatch = context;
    struct treadle_error error = {0};
    const struct route *route = request->route;
    int rc = route_is_endpoint(route)
                 ? call_endpoint(dispatch, &route->match, request, reply, &error)
                 : probe_answer(&dispatch->probe, route->operation, request, reply, &error);
    if (rc)
        send_error(dispatch, request, &error, reply);
}

void dispatch_finished(void *context, const struct http_request *request,
                       const struct http_outcome *outcome)
{
    struct dispatch *dispatch = context;
    access_note(dispatch->log, dispatch->probe.metrics, request, outcome);
}
