/*
 * Probes: what operators ask the server, outside /v1: /health, /ready and /metrics. Healthy is a
 * process that answers; it also reports how documents are read. Ready is a process that accepts
 * requests and whose store accepts writes, which is tried and not guessed. Metrics are for this
 * machine.
 */
#ifndef SERVER_PROBE_H
#define SERVER_PROBE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "http/http.h"
#include "search/ingest.h"
#include "search/search.h"
#include "server/metrics.h"
#include "store/db.h"

enum probe_phase { PROBE_STARTING, PROBE_SERVING, PROBE_STOPPING };

struct probe {
    atomic_int phase; /* of enum probe_phase */
    int64_t started;  /* by clock_monotonic_us */
    struct metrics *metrics;
    struct db *db;
    struct http_server *http; /* set before the phase becomes PROBE_SERVING, as the next two */
    struct search *search;
    const struct ingest *ingest;
    pthread_mutex_t mutex; /* guards what follows */
    bool checking, writable;
    int64_t checked; /* by clock_monotonic_us; 0: never */
};

int probe_init(struct probe *probe, struct treadle_error *error);
void probe_clear(struct probe *probe);

void probe_enter(struct probe *probe, enum probe_phase phase);
enum probe_phase probe_phase(const struct probe *probe);

/* Answers one of the operations of route.h that are not endpoints. */
int probe_answer(struct probe *probe, size_t operation, const struct http_request *request,
                 struct http_reply *reply, struct treadle_error *error);

#endif
