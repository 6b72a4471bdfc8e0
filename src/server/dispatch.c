/*
 * Dispatch.
 *
 * What was decided at the head (entry.c) travels as the request's route, so that the handler works
 * with the same decision.
 */
#include "server/dispatch.h"

#include "api/error.h"
#include "api/json.h"
#include "base/error.h"
#include "server/access.h"
#include "server/idempotency.h"
#include "server/identity.h"
#include "server/perform.h"

enum { ARENA_LIMIT = 128 << 20 };

/* ---- Planning -------------------------------------------------------------------------------- */

static void plan_body(const struct route *route, struct http_plan *out)
{
    static const struct endpoint none = {.body = ENDPOINT_NO_BODY};
    const struct endpoint *endpoint =
        route_is_endpoint(route) ? endpoint_get(route->match.id) : &none;
    switch (endpoint->body) {
    case ENDPOINT_JSON:
        out->body = HTTP_BODY_JSON;
        break;
    case ENDPOINT_MULTIPART:
        out->body = HTTP_BODY_MULTIPART;
        break;
    case ENDPOINT_NO_BODY:
        out->body = HTTP_BODY_NONE;
        break;
    }
    out->limit = endpoint->limit ? endpoint->limit : ENDPOINT_BODY_BYTES;
}

/* Until everything is open only probes are answered. */
static int check_started(const struct dispatch *dispatch, const struct route *route,
                         struct treadle_error *error)
{
    if (!route_is_endpoint(route) || probe_phase(&dispatch->probe) != PROBE_STARTING)
        return 0;
    return error_set_wire(error, 503, "server_error", "starting", NULL, "The server is starting.");
}

/* Whether what the request did before is looked for, which waits for the disk. */
static bool is_kept(const struct route *route, const struct http_request *request)
{
    return route_is_endpoint(route) && idempotency_applies(endpoint_get(route->match.id), request);
}

int dispatch_plan(void *context, const struct http_request *request, struct http_plan *out,
                  struct treadle_error *error)
{
    const struct dispatch *dispatch = context;
    struct entry *entry = arena_alloc(request->arena, sizeof *entry);
    if (!entry)
        return error_set_memory(error);
    int rc = entry_check(&dispatch->rules, request, entry, error);
    out->route = entry;
    out->allow = route_allow(&entry->route);
    if (!rc)
        rc = check_started(dispatch, &entry->route, error);
    if (!rc)
        plan_body(&entry->route, out);
    out->known = !rc && entry->caller.project[0];
    /* From time to time the use of a key is stored, which waits for the disk. */
    out->quick = !rc && route_is_quick(&entry->route) && !gate_notes(&entry->caller) &&
                 !is_kept(&entry->route, request);
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

/* Internal errors are for the log; the client learns that the request was not at fault. */
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

/* Whether a request of that kind needs a model and names none. */
static bool lacks_model(const struct treadle_type *type, const json_t *body)
{
    const struct field *field = field_find(type, "model");
    const json_t *model = json_object_get(body, "model");
    return field && field->flags & FIELD_REQUIRED && (!model || json_is_null(model));
}

/* A deployment is a name of a model: it answers where a model is asked directly, whatever the body
 * says, and elsewhere takes the place of a model that must be named. */
static int set_model(enum endpoint_id id, const struct treadle_type *type, const char *deployment,
                     json_t *body, struct treadle_error *error)
{
    bool direct = id == ENDPOINT_CHAT_CREATE || id == ENDPOINT_EMBEDDING_CREATE;
    if (!json_is_object(body) || (!direct && !lacks_model(type, body)))
        return 0;
    return json_object_set_new(body, "model", json_string(deployment)) ? error_set_memory(error)
                                                                       : 0;
}

static int parse_deployed(const struct route *route, struct resource_call *call, const char *text,
                          size_t length, void *out, struct treadle_error *error)
{
    const struct treadle_type *type = call->endpoint->request;
    json_t *body = NULL;
    int rc = json_parse(text, length, &body, error);
    if (!rc)
        rc = set_model(route->match.id, type, route->prefix.deployment, body, error);
    if (!rc)
        rc = field_read(type, body, FIELD_STRICT, call->arena, out, error);
    json_decref(body);
    return rc;
}

static int parse_body(const struct route *route, struct resource_call *call,
                      struct treadle_error *error)
{
    const struct treadle_type *type = call->endpoint->request;
    const char *text = call->request->body ? call->request->body : "{}";
    size_t length = call->request->body ? call->request->body_length : 2;
    if (!type)
        return 0;
    void *body = arena_alloc(call->arena, type->size);
    if (!body)
        return error_set_memory(error);
    int rc = route->prefix.deployment
                 ? parse_deployed(route, call, text, length, body, error)
                 : field_parse(type, text, length, FIELD_STRICT, call->arena, body, error);
    if (!rc)
        call->body = body;
    return rc;
}

/* A reply that comes long after its request needs an arena that outlives the request. A quick one
 * uses the request's own, which is freed by the thread that made it. */
static struct arena *open_arena(const struct entry *entry, const struct http_request *request)
{
    if (!route_is_quick(&entry->route))
        return arena_new(ARENA_LIMIT);
    arena_limit(request->arena, ARENA_LIMIT);
    return request->arena;
}

static void close_arena(struct arena *arena, const struct http_request *request)
{
    if (arena != request->arena)
        arena_free(arena);
}

/* A call and where it ends. */
struct dispatched {
    struct resource_call call;
    struct perform_end end;
    struct dispatch *dispatch;
    struct http_request *request;
};

/* On the database's thread, when the write that ends a call is durable or has failed. */
static void call_ended(void *context, struct resource_call *call, int rc,
                       struct treadle_error *error)
{
    struct dispatched *dispatched = context;
    struct http_request *request = dispatched->request;
    if (rc)
        send_error(dispatched->dispatch, request, error, call->reply);
    close_arena(call->arena, request);
}

static enum perform_outcome run_call(struct resource_call *call, const struct entry *entry,
                                     struct http_request *request, const struct perform_end *end,
                                     int *rc, struct treadle_error *error)
{
    *rc = resource_parse_query(call->endpoint, request, &call->query, error);
    if (!*rc)
        *rc = parse_body(&entry->route, call, error);
    return *rc ? PERFORM_ENDED : perform_call(entry->route.match.id, call, request, end, rc, error);
}

static int call_endpoint(struct dispatch *dispatch, const struct entry *entry,
                         struct http_request *request, struct http_reply *reply,
                         struct treadle_error *error)
{
    const struct endpoint_match *match = &entry->route.match;
    struct arena *arena = open_arena(entry, request);
    struct dispatched *dispatched = arena ? arena_alloc(arena, sizeof *dispatched) : NULL;
    int rc = 0;
    if (!dispatched) {
        close_arena(arena, request);
        return error_set_memory(error);
    }
    *dispatched = (struct dispatched){
        .call = {.services = &dispatch->services,
                 .project = entry->caller.project,
                 .endpoint = endpoint_get(match->id),
                 .arguments = match->arguments,
                 .request = request,
                 .reply = reply,
                 .arena = arena},
        .end = {dispatched, call_ended},
        .dispatch = dispatch,
        .request = request,
    };
    enum perform_outcome outcome =
        run_call(&dispatched->call, entry, request, &dispatched->end, &rc, error);
    reply->elsewhere = outcome == PERFORM_ELSEWHERE;
    if (outcome != PERFORM_ENDED)
        return 0;
    close_arena(arena, request);
    return rc;
}

static int handle(struct dispatch *dispatch, const struct entry *entry,
                  struct http_request *request, struct http_reply *reply,
                  struct treadle_error *error)
{
    if (route_is_endpoint(&entry->route))
        return call_endpoint(dispatch, entry, request, reply, error);
    if (entry->route.operation == ROUTE_TOKEN)
        return identity_answer(&dispatch->rules, request, reply, error);
    if (!entry->preflight)
        return probe_answer(&dispatch->probe, entry->route.operation, request, reply, error);
    reply->status = 204;
    reply->content_type = NULL;
    return 0;
}

void dispatch_handle(void *context, struct http_request *request, struct http_reply *reply)
{
    struct dispatch *dispatch = context;
    struct treadle_error error = {0};
    const struct entry *entry = request->route;
    int rc = handle(dispatch, entry, request, reply, &error);
    if (rc)
        send_error(dispatch, request, &error, reply);
    if (!reply->elsewhere)
        gate_note(dispatch->rules.gate, &entry->caller);
}

void dispatch_decorate(void *context, const struct http_request *request, struct http_reply *reply)
{
    const struct dispatch *dispatch = context;
    entry_decorate(&dispatch->rules, request, reply);
}

void dispatch_finished(void *context, const struct http_request *request,
                       const struct http_outcome *outcome)
{
    struct dispatch *dispatch = context;
    access_note(dispatch->log, dispatch->probe.metrics, request, outcome);
}
