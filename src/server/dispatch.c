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
#include "server/origin.h"

enum { JSON_LIMIT = 16 << 20, ARENA_LIMIT = 128 << 20 };
#define UPLOAD_LIMIT                                                                               \
    ((UINT64_C(512) << 20) + (UINT64_C(1) << 20)) /* 512 MB and the form around it */
#define PROJECT "default"

/* ---- Finding the endpoint ------------------------------------------------------------------- */

static int find_endpoint(const struct http_request *request, struct endpoint_match *out,
                         struct treadle_error *error)
{
    const char *const *segments = request->segments;
    int rc = TREADLE_ENOTFOUND;
    if (request->segment_count > 1 && strcmp(segments[0], "v1") == 0)
        rc = endpoint_find(request->method, segments + 1, request->segment_count - 1, out);
    if (rc == TREADLE_ESTATE)
        return error_set_wire(error, 405, "invalid_request_error", "method_not_supported", NULL,
                              "Not allowed to %.16s on %.200s.", request->method, request->path);
    if (rc)
        return error_set_wire(error, 404, "invalid_request_error", "unknown_url", NULL,
                              "Unknown request URL: %.16s %.200s. Paths start with /v1.",
                              request->method, request->path);
    return 0;
}

static const char *allow_header(unsigned allowed)
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
    return allowed < sizeof texts / sizeof texts[0] ? texts[allowed] : NULL;
}

static int check_origin(const struct http_request *request, struct treadle_error *error)
{
    const char *host = http_header(request, "host");
    const char *origin = http_header(request, "origin");
    if ((!host || origin_is_loopback(host)) && (!origin || origin_is_loopback(origin)))
        return 0;
    return error_set_wire(error, 403, "invalid_request_error", "forbidden_origin", NULL,
                          "This server answers requests from this machine only.");
}

int dispatch_plan(void *context, const struct http_request *request, struct http_plan *out,
                  struct treadle_error *error)
{
    struct endpoint_match match = {.allowed = 0};
    (void)context;
    int rc = check_origin(request, error);
    if (!rc)
        rc = find_endpoint(request, &match, error);
    out->allow = allow_header(match.allowed);
    if (rc)
        return rc;
    switch (endpoint_get(match.id)->body) {
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
    return 0;
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

void dispatch_handle(void *context, struct http_request *request, struct http_reply *reply)
{
    struct dispatch *dispatch = context;
    struct treadle_error error = {0};
    struct endpoint_match match;
    struct resource_call call = {
        .services = &dispatch->services,
        .project = PROJECT,
        .request = request,
        .reply = reply,
        .arena = arena_new(ARENA_LIMIT),
    };
    int rc = call.arena ? 0 : error_set_memory(&error);
    if (!rc)
        rc = find_endpoint(request, &match, &error);
    if (!rc) {
        call.endpoint = endpoint_get(match.id);
        call.arguments = match.arguments;
        rc = resource_parse_query(call.endpoint, request, &call.query, &error);
    }
    if (!rc)
        rc = parse_body(&call, &error);
    if (!rc)
        rc = resource_find(match.id)(&call, &error);
    if (rc)
        send_error(dispatch, request, &error, reply);
    arena_free(call.arena);
}
