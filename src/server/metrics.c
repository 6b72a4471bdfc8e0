/*
 * Metrics.
 *
 * Each operation has its counters in cache lines of its own. A bucket counts the durations that
 * fell between its bound and the one below; the sums that the format wants are made when printing.
 */
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "server/route.h"

static const int statuses[] = {200, 204, 206, 304, 400, 401, 403, 404, 405, 408,
                               411, 413, 415, 416, 429, 431, 499, 500, 503, 507};
static const int64_t bounds_us[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

enum {
    STATUSES = sizeof statuses / sizeof statuses[0],
    BOUNDS = sizeof bounds_us / sizeof bounds_us[0],
    CLIENT_LEFT = 499
};

struct operation_metrics {
    _Alignas(64) atomic_uint_fast64_t by_status[STATUSES + 1]; /* the last: any other */
    atomic_uint_fast64_t by_duration[BOUNDS + 1];              /* the last: longer than all */
    atomic_uint_fast64_t total_us;
};

struct metrics {
    struct operation_metrics operations[ROUTE_COUNT];
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = aligned_alloc(_Alignof(struct metrics), sizeof *metrics);
    if (!metrics)
        return NULL;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct operation_metrics *operation = &metrics->operations[i];
        for (size_t j = 0; j <= STATUSES; j++)
            atomic_init(&operation->by_status[j], 0);
        for (size_t j = 0; j <= BOUNDS; j++)
            atomic_init(&operation->by_duration[j], 0);
        atomic_init(&operation->total_us, 0);
    }
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

static void add(atomic_uint_fast64_t *counter, uint64_t number)
{
    atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

void metrics_count(struct metrics *metrics, size_t operation, int status, int64_t duration_us)
{
    struct operation_metrics *counted = &metrics->operations[operation];
    size_t column = 0, bucket = 0;
    if (!status)
        status = CLIENT_LEFT;
    while (column < STATUSES && statuses[column] != status)
        column++;
    while (bucket < BOUNDS && duration_us > bounds_us[bucket])
        bucket++;
    add(&counted->by_status[column], 1);
    add(&counted->by_duration[bucket], 1);
    add(&counted->total_us, duration_us > 0 ? (uint64_t)duration_us : 0);
}

static unsigned long long load(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void print_statuses(const struct metrics *metrics, struct buffer *out)
{
    buffer_append_string(out, "# HELP treadle_requests_total Requests, by operation and status of "
                              "the reply (499: the client left before).\n"
                              "# TYPE treadle_requests_total counter\n");
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        for (size_t j = 0; j <= STATUSES; j++) {
            unsigned long long count = load(&metrics->operations[i].by_status[j]);
            if (!count)
                continue;
            buffer_append_format(out, "treadle_requests_total{operation=\"%s\",status=\"",
                                 route_name(i));
            if (j < STATUSES)
                buffer_append_format(out, "%d\"} %llu\n", statuses[j], count);
            else
                buffer_append_format(out, "other\"} %llu\n", count);
        }
    }
}

static void print_histogram(const struct operation_metrics *operation, const char *name,
                            struct buffer *out)
{
    unsigned long long count = 0;
    unsigned long long buckets[BOUNDS + 1];
    for (size_t i = 0; i <= BOUNDS; i++)
        count += buckets[i] = load(&operation->by_duration[i]);
    if (!count)
        return;
    unsigned long long below = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        below += buckets[i];
        buffer_append_format(out,
                             "treadle_request_duration_seconds_bucket{operation=\"%s\",le=\"%g\"} "
                             "%llu\n",
                             name, (double)bounds_us[i] / 1e6, below);
    }
    buffer_append_format(out,
                         "treadle_request_duration_seconds_bucket{operation=\"%s\",le=\"+Inf\"} "
                         "%llu\n"
                         "treadle_request_duration_seconds_sum{operation=\"%s\"} %.6f\n"
                         "treadle_request_duration_seconds_count{operation=\"%s\"} %llu\n",
                         name, count, name, (double)load(&operation->total_us) / 1e6, name, count);
}

void metrics_print(const struct metrics *metrics, struct buffer *out)
{
    print_statuses(metrics, out);
    buffer_append_string(out,
                         "# HELP treadle_request_duration_seconds From the first line of a request "
                         "to the last byte of its reply, by operation.\n"
                         "# TYPE treadle_request_duration_seconds histogram\n");
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        print_histogram(&metrics->operations[i], route_name(i), out);
}

void metrics_print_value(struct buffer *out, const char *name, const char *type, const char *help,
                         double value)
{
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type,
                         name, value);
}
