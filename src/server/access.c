/*
 * Access.
 */
#include "server/access.h"

#include "server/entry.h"

enum { NUMBER_SIZE = 24 };

/* There is a line for each request, and snprintf would be most of its cost. */
static const char *print_number(char out[NUMBER_SIZE], uint64_t number)
{
    char *at = out + NUMBER_SIZE - 1;
    *at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    return at;
}

static const char *print_milliseconds(char out[NUMBER_SIZE + 4], int64_t microseconds)
{
    const char *whole = print_number(out, (uint64_t)microseconds / 1000);
    char *point = out + NUMBER_SIZE - 1;
    int rest = (int)(microseconds % 1000);
    point[0] = '.';
    point[1] = (char)('0' + rest / 100);
    point[2] = (char)('0' + rest / 10 % 10);
    point[3] = (char)('0' + rest % 10);
    point[4] = '\0';
    return whole;
}

void access_note(struct log *log, struct metrics *metrics, const struct http_request *request,
                 const struct http_outcome *outcome)
{
    const struct entry *entry = request->route;
    size_t operation = entry ? entry->route.operation : (size_t)ROUTE_NONE;
    metrics_count(metrics, operation, outcome->status, outcome->duration_us);
    if (!log_takes(log, LOG_INFO))
        return;
    char status[NUMBER_SIZE], duration[NUMBER_SIZE + 4], in[NUMBER_SIZE], out[NUMBER_SIZE];
    log_write(log, LOG_INFO, "http.request", "id", request->id, "operation", route_name(operation),
              "status", outcome->status ? print_number(status, (uint64_t)outcome->status) : NULL,
              "ms", print_milliseconds(duration, outcome->duration_us), "in",
              print_number(in, outcome->received), "out", print_number(out, outcome->sent), "key",
              entry && entry->caller.key_id[0] ? entry->caller.key_id : NULL, "ended",
              outcome->whole ? NULL : "early", NULL);
}
