/*
 * Entry.
 */
#include "server/entry.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "server/origin.h"

#define VERSION      "2020-10-01"
#define ORGANIZATION "treadle"

/* What a browser may send besides x-stainless-…, which the SDKs send about themselves. */
#define SENT_HEADERS                                                                               \
    "Authorization, Content-Type, OpenAI-Beta, OpenAI-Organization, OpenAI-Project, api-key, "     \
    "Idempotency-Key, Last-Event-ID, Treadle-Event-Ids, x-ms-client-request-id, x-ms-useragent"
#define SHOWN_HEADERS                                                                              \
    "x-request-id, openai-processing-ms, openai-poll-after-ms, openai-project, retry-after, "      \
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests"

/* ---- Browsers ------------------------------------------------------------------------------- */

static bool is_allowed_origin(const struct entry_rules *rules, const char *origin)
{
    for (size_t i = 0; rules->origins[i]; i++)
        if (strcmp(rules->origins[i], "*") == 0 ||
            text_equal_ignoring_case(rules->origins[i], origin))
            return true;
    return false;
}

/* A page of this server itself. */
static bool is_own_origin(const struct http_request *request, const char *origin)
{
    const char *host = http_header(request, "host");
    const char *scheme = strstr(origin, "://");
    return host && scheme && text_equal_ignoring_case(scheme + 3, host);
}

static int check_origin(const struct entry_rules *rules, const struct http_request *request,
                        struct treadle_error *error)
{
    const char *host = http_header(request, "host");
    const char *origin = http_header(request, "origin");
    if (rules->require_keys || rules->sockets >> request->listener & 1)
        return 0;
    if (host && !origin_is_loopback(host))
        return error_set_wire(error, 403, "invalid_request_error", "forbidden_origin", NULL,
                              "This server answers requests from this machine only.");
    if (origin && !is_own_origin(request, origin) && !is_allowed_origin(rules, origin))
        return error_set_wire(error, 403, "invalid_request_error", "forbidden_origin", NULL,
                              "Pages of '%.100s' may not use this server: --allow-origin names "
                              "those that may.",
                              origin);
    return 0;
}

static bool is_preflight(const struct entry_rules *rules, const struct http_request *request)
{
    const char *origin = http_header(request, "origin");
    return strcmp(request->method, "OPTIONS") == 0 && origin &&
           http_header(request, "access-control-request-method") &&
           is_allowed_origin(rules, origin);
}

/* ---- Admission ------------------------------------------------------------------------------ */

/* With a proxy on this machine every connection is local, so a server that requires keys requires
 * one for its metrics too. */
static bool needs_no_caller(const struct entry_rules *rules, const struct http_request *request,
                            const struct entry *entry)
{
    size_t operation = entry->route.operation;
    return operation == ROUTE_HEALTH || operation == ROUTE_READY || operation == ROUTE_TOKEN ||
           (operation == ROUTE_METRICS && request->local && !rules->require_keys);
}

/* The project that the path or the header names. */
static int find_project(const struct http_request *request, const struct route *route,
                        const char **out, struct treadle_error *error)
{
    const char *header = http_header(request, "openai-project");
    const char *path = route->prefix.project;
    if (header && path && strcmp(header, path) != 0)
        return error_set_wire(error, 401, "invalid_request_error", "mismatched_project", NULL,
                              "OpenAI-Project header should match the project of the path.");
    *out = path ? path : header;
    return 0;
}

/* Clients of Azure have a header for the key; its gateway has another, which is looked at last. */
static struct gate_claim make_claim(const struct entry_rules *rules,
                                    const struct http_request *request, const char *project)
{
    struct gate_claim claim = {
        .owner = rules->owner >> request->listener & 1,
        .authorization = http_header(request, "authorization"),
        .api_key = http_header(request, "api-key"),
        .project = project,
    };
    if (!claim.authorization && !claim.api_key)
        claim.api_key = http_header(request, "ocp-apim-subscription-key");
    return claim;
}

static int admit(const struct entry_rules *rules, const struct http_request *request,
                 struct entry *entry, struct treadle_error *error)
{
    const char *project = NULL;
    int rc = find_project(request, &entry->route, &project, error);
    const struct gate_claim claim = make_claim(rules, request, project);
    if (!rc)
        rc = gate_identify(rules->gate, &claim, &entry->caller, error);
    if (!rc)
        rc = gate_admit(rules->gate, &entry->caller, &entry->quota, error);
    if (!rc && route_is_endpoint(&entry->route) && endpoint_get(entry->route.match.id)->owner)
        rc = gate_check_owner(&entry->caller, error);
    return rc;
}

/* Deleting and cancelling still work when the disk is full, and so do requests that write
 * nothing. */
static int check_room(const struct entry_rules *rules, const struct http_request *request,
                      const struct entry *entry, struct treadle_error *error)
{
    if (!rules->disk_full || !atomic_load(rules->disk_full) ||
        strcmp(request->method, "POST") != 0 || !route_is_endpoint(&entry->route))
        return 0;
    const char *path = endpoint_get(entry->route.match.id)->path;
    if (text_ends_with(path, "/cancel") || text_starts_with(path, "/chat/") ||
        strcmp(path, "/embeddings") == 0)
        return 0;
    return error_set_wire(error, 507, "server_error", "disk_full", NULL,
                          "The disk is full. Objects can be read and deleted, but not added.");
}

int entry_check(const struct entry_rules *rules, const struct http_request *request,
                struct entry *out, struct treadle_error *error)
{
    struct entry entry = {.preflight = is_preflight(rules, request)};
    struct treadle_error unfound;
    int missing = entry.preflight ? 0 : route_find(request, &entry.route, &unfound);
    if (entry.preflight)
        entry.route.operation = ROUTE_NONE;
    /* A client that is not admitted learns nothing else. */
    int rc = check_origin(rules, request, error);
    if (!rc && missing) {
        *error = unfound;
        rc = missing;
    }
    if (!rc && !entry.preflight && !needs_no_caller(rules, request, &entry))
        rc = admit(rules, request, &entry, error);
    if (!rc && !entry.preflight)
        rc = check_room(rules, request, &entry, error);
    *out = entry;
    return rc;
}

/* ---- Headers -------------------------------------------------------------------------------- */

/* The headers that a browser asks to send, as far as they may be sent. */
static const char *sent_headers(const struct http_request *request)
{
    const char *wanted = http_header(request, "access-control-request-headers");
    struct buffer list;
    buffer_init(&list, 32 * 1024);
    buffer_append_string(&list, SENT_HEADERS);
    while (wanted && *wanted) {
        size_t length = strcspn(wanted, ", \t");
        if (length > 12 && strncasecmp(wanted, "x-stainless-", 12) == 0) {
            buffer_append_string(&list, ", ");
            buffer_append(&list, wanted, length);
        }
        wanted += length;
        wanted += strspn(wanted, ", \t");
    }
    const char *copy = list.failed ? NULL : arena_copy(request->arena, list.data, list.length);
    buffer_clear(&list);
    return copy ? copy : SENT_HEADERS;
}

static void add_browser_headers(const struct entry_rules *rules, const struct http_request *request,
                                const struct entry *entry, struct http_reply *reply)
{
    const char *origin = http_header(request, "origin");
    bool any = rules->origins[0] && is_allowed_origin(rules, "");
    if (rules->origins[0] && !any)
        http_reply_header(reply, "Vary", "Origin");
    if (!origin || !is_allowed_origin(rules, origin))
        return;
    http_reply_header(reply, "Access-Control-Allow-Origin", any ? "*" : origin);
    if (entry && entry->preflight) {
        http_reply_header(reply, "Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
        http_reply_header(reply, "Access-Control-Allow-Headers", sent_headers(request));
        http_reply_header(reply, "Access-Control-Max-Age", "600");
    } else {
        http_reply_header(reply, "Access-Control-Expose-Headers", SHOWN_HEADERS);
    }
}

/* As "6ms", "1.5s" or "1m30s". */
static const char *print_duration(struct arena *arena, int64_t microseconds)
{
    int64_t ms = (microseconds + 999) / 1000;
    if (ms < 1000)
        return arena_format(arena, ms ? "%lldms" : "%llds", (long long)ms);
    if (ms < 60000)
        return arena_format(arena, "%.3gs", (double)ms / 1000);
    return arena_format(arena, "%lldm%llds", (long long)(ms / 60000),
                        (long long)(ms % 60000 / 1000));
}

/* The service sent the quota where a model answers directly, and nowhere else. */
static bool shows_quota(const struct entry *entry, int status)
{
    if (status == 429)
        return true;
    if (!route_is_endpoint(&entry->route))
        return false;
    const char *path = endpoint_get(entry->route.match.id)->path;
    return text_starts_with(path, "/chat/") || strcmp(path, "/embeddings") == 0;
}

static void add_quota(const struct http_request *request, const struct entry *entry,
                      struct http_reply *reply)
{
    const struct gate_quota *quota = &entry->quota;
    struct arena *arena = request->arena;
    if (!quota->limit || !shows_quota(entry, reply->status))
        return;
    http_reply_header(reply, "x-ratelimit-limit-requests",
                      arena_format(arena, "%lld", (long long)quota->limit));
    http_reply_header(reply, "x-ratelimit-remaining-requests",
                      arena_format(arena, "%lld", (long long)quota->remaining));
    http_reply_header(reply, "x-ratelimit-reset-requests", print_duration(arena, quota->reset));
    if (quota->wait)
        http_reply_header(reply, "Retry-After",
                          arena_format(arena, "%lld", (long long)(quota->wait / 1000000 + 1)));
}

/* What support scripts for Azure print, and what its clients compare. */
static void add_azure_headers(const struct http_request *request, struct http_reply *reply)
{
    const char *sent = http_header(request, "x-ms-client-request-id");
    http_reply_header(reply, "apim-request-id", request->id);
    if (sent)
        http_reply_header(reply, "x-ms-client-request-id", sent);
}

void entry_decorate(const struct entry_rules *rules, const struct http_request *request,
                    struct http_reply *reply)
{
    const struct entry *entry = request ? request->route : NULL;
    http_reply_header(reply, "openai-version", VERSION);
    http_reply_header(reply, "openai-organization", ORGANIZATION);
    if (reply->status == 401)
        http_reply_header(reply, "WWW-Authenticate", "Bearer");
    if (entry && entry->caller.project[0])
        http_reply_header(reply, "openai-project", entry->caller.project);
    if (entry)
        add_quota(request, entry, reply);
    if (entry && entry->route.prefix.foreign)
        add_azure_headers(request, reply);
    if (request)
        add_browser_headers(rules, request, entry, reply);
}
