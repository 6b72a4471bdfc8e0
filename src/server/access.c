/*
 * Access.
 */
#include "server/access.h"

#include <stdio.h>

#include "server/entry.h"

void access_note(struct log *log, struct metrics *metrics, const struct http_request *request,
                 const struct http_outcome *outcome)
{
    const struct entry *entry = request->route;
    size_t operation = entry ? entry->route.operation : (size_t)ROUTE_NONE;
    metrics_count(metrics, operation, outcome->status, outcome->duration_us);
    if (!log_takes(log, LOG_INFO))
        return;
    char status[16], duration[32], in[24], out[24];
    snprintf(status, sizeof status, "%d", outcome->status);
    snprintf(duration, sizeof duration, "%lld.%03lld", (long long)(outcome->duration_us / 1000),
             (long long)(outcome->duration_us % 1000));
    snprintf(in, sizeof in, "%llu", (unsigned long long)outcome->received);
    snprintf(out, sizeof out, "%llu", (unsigned long long)outcome->sent);
    log_write(log, LOG_INFO, "http.request", "id", request->id, "operation", route_name(operation),
              "status", outcome->status ? status : NULL, "ms", duration, "in", in, "out", out,
              "key", entry ? entry->caller.key_id : NULL, "ended", outcome->whole ? NULL : "early",
              NULL);
}
