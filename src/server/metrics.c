/*
 * Metrics.
 *
 * Each operation has its counters in cache lines of its own. A bucket counts the durations that
 * fell between its bound and the one below; the sums that the format wants are made when printing.
 */
#include "server/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/route.h"

static const int statuses[] = {200, 204, 206, 304, 400, 401, 403, 404, 405, 408, 411, 413,
                               414, 415, 416, 417, 429, 431, 499, 500, 503, 505, 507};
static const int64_t bounds_us[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

enum {
    STATUSES = sizeof statuses / sizeof statuses[0],
    BOUNDS = sizeof bounds_us / sizeof bounds_us[0],
    CLIENT_LEFT = 499
};

struct durations {
    atomic_uint_fast64_t count[BOUNDS + 1]; /* the last: longer than all bounds */
    atomic_uint_fast64_t total_us;
};

struct operation_metrics {
    _Alignas(64) atomic_uint_fast64_t by_status[STATUSES + 1]; /* the last: any other */
    struct durations durations;
};

static const char *const run_statuses[] = {"completed", "incomplete", "failed", "requires_action"};
static const char *const run_phases[] = {[METRICS_RUN_QUEUE] = "queue",
                                         [METRICS_RUN_MODEL] = "model",
                                         [METRICS_RUN_TOOLS] = "tools",
                                         [METRICS_RUN_FIRST] = "first_word"};

enum { RUN_STATUSES = sizeof run_statuses / sizeof run_statuses[0] };

struct metrics {
    struct operation_metrics operations[ROUTE_COUNT];
    _Alignas(64) atomic_uint_fast64_t runs[RUN_STATUSES + 1]; /* the last: ended by others */
    struct durations run_phases[METRICS_RUN_PHASES];
};

static void init_durations(struct durations *durations)
{
    for (size_t i = 0; i <= BOUNDS; i++)
        atomic_init(&durations->count[i], 0);
    atomic_init(&durations->total_us, 0);
}

struct metrics *metrics_new(void)
{
    struct metrics *metrics = aligned_alloc(_Alignof(struct metrics), sizeof *metrics);
    if (!metrics)
        return NULL;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        struct operation_metrics *operation = &metrics->operations[i];
        for (size_t j = 0; j <= STATUSES; j++)
            atomic_init(&operation->by_status[j], 0);
        init_durations(&operation->durations);
    }
    for (size_t i = 0; i <= RUN_STATUSES; i++)
        atomic_init(&metrics->runs[i], 0);
    for (size_t i = 0; i < METRICS_RUN_PHASES; i++)
        init_durations(&metrics->run_phases[i]);
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

static void add_duration(struct durations *durations, int64_t us)
{
    size_t bucket = 0;
    while (bucket < BOUNDS && us > bounds_us[bucket])
        bucket++;
    add(&durations->count[bucket], 1);
    add(&durations->total_us, us > 0 ? (uint64_t)us : 0);
}

void metrics_count(struct metrics *metrics, size_t operation, int status, int64_t duration_us)
{
    struct operation_metrics *counted = &metrics->operations[operation];
    size_t column = 0;
    if (!status)
        status = CLIENT_LEFT;
    while (column < STATUSES && statuses[column] != status)
        column++;
    add(&counted->by_status[column], 1);
    add_duration(&counted->durations, duration_us);
}

void metrics_count_run(struct metrics *metrics, const char *status,
                       const int64_t duration_us[METRICS_RUN_PHASES])
{
    size_t column = 0;
    while (column < RUN_STATUSES && strcmp(run_statuses[column], status) != 0)
        column++;
    add(&metrics->runs[column], 1);
    for (size_t i = 0; i < METRICS_RUN_PHASES; i++)
        if (duration_us[i])
            add_duration(&metrics->run_phases[i], duration_us[i]);
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

/* `label` is as operation="getRun". */
static void print_histogram(const struct durations *durations, const char *name, const char *label,
                            struct buffer *out)
{
    unsigned long long count = 0;
    unsigned long long buckets[BOUNDS + 1];
    for (size_t i = 0; i <= BOUNDS; i++)
        count += buckets[i] = load(&durations->count[i]);
    if (!count)
        return;
    unsigned long long below = 0;
    for (size_t i = 0; i < BOUNDS; i++) {
        below += buckets[i];
        buffer_append_format(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, label,
                             (double)bounds_us[i] / 1e6, below);
    }
    buffer_append_format(
        out, "%s_bucket{%s,le=\"+Inf\"} %llu\n%s_sum{%s} %.6f\n%s_count{%s} %llu\n", name, label,
        count, name, label, (double)load(&durations->total_us) / 1e6, name, label, count);
}

static void print_runs(const struct metrics *metrics, struct buffer *out)
{
    char label[48];
    buffer_append_string(out, "# HELP treadle_runs_executed_total Runs that were executed until "
                              "they ended or waited for outputs, by their status (ended: by "
                              "others).\n# TYPE treadle_runs_executed_total counter\n");
    for (size_t i = 0; i <= RUN_STATUSES; i++) {
        unsigned long long count = load(&metrics->runs[i]);
        const char *status = i < RUN_STATUSES ? run_statuses[i] : "ended";
        if (count)
            buffer_append_format(out, "treadle_runs_executed_total{status=\"%s\"} %llu\n", status,
                                 count);
    }
    buffer_append_string(out, "# HELP treadle_run_phase_seconds What runs spent their time on, for "
                              "each time that they were executed.\n"
                              "# TYPE treadle_run_phase_seconds histogram\n");
    for (size_t i = 0; i < METRICS_RUN_PHASES; i++) {
        snprintf(label, sizeof label, "phase=\"%s\"", run_phases[i]);
        print_histogram(&metrics->run_phases[i], "treadle_run_phase_seconds", label, out);
    }
}

void metrics_print(const struct metrics *metrics, struct buffer *out)
{
    char label[128];
    print_statuses(metrics, out);
    buffer_append_string(out,
                         "# HELP treadle_request_duration_seconds From the first line of a request "
                         "to the last byte of its reply, by operation.\n"
                         "# TYPE treadle_request_duration_seconds histogram\n");
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        snprintf(label, sizeof label, "operation=\"%s\"", route_name(i));
        print_histogram(&metrics->operations[i].durations, "treadle_request_duration_seconds",
                        label, out);
    }
    print_runs(metrics, out);
}

void metrics_print_value(struct buffer *out, const char *name, const char *type, const char *help,
                         double value)
{
    buffer_append_format(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type,
                         name, value);
}
