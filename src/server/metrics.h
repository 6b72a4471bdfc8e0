/*
 * Metrics: counts requests by operation and status, and measures how long they took. Counting is a
 * few relaxed atomic additions: no lock, no memory. What can be counted is fixed at compile time
 * (operations of route.h, a list of statuses, a list of durations), so no client can make it grow.
 * Printed in the text format of Prometheus.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct metrics;

/* NULL when memory runs out. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* Status 0: the client disconnected before there was a reply. */
void metrics_count(struct metrics *metrics, size_t operation, int status, int64_t duration_us);

/* What a run spends its time on. */
enum metrics_phase {
    METRICS_RUN_QUEUE, /* waiting to be claimed */
    METRICS_RUN_MODEL,
    METRICS_RUN_TOOLS,
    METRICS_RUN_FIRST, /* until the model's first word */
    METRICS_RUN_PHASES
};

/* Counts a run that was executed until it ended or waited for outputs. Phases that did not occur
 * are 0. A status that is not known here counts as "ended". */
void metrics_count_run(struct metrics *metrics, const char *status,
                       const int64_t duration_us[METRICS_RUN_PHASES]);

/* Appends what was counted; operations and statuses that never occurred are left out. */
void metrics_print(const struct metrics *metrics, struct buffer *out);

/* Appends one number without labels, with its HELP and TYPE lines. */
void metrics_print_value(struct buffer *out, const char *name, const char *type, const char *help,
                         double value);

#endif
