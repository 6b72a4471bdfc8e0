/*
 * Probes.
 *
 * Asking for readiness needs no key, so its cost is bounded: the store is written to once a second
 * at most, by one thread at a time, and all other requests get the last result.
 */
#include "server/probe.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "server/entry.h"
#include "store/heartbeat_record.h"
#include "store/run_record.h"
#include "store/vector_store_file_record.h"

enum {
    FRESH_US = 1000000, /* how long a check of the store holds */
    STALE_US = 5000000  /* how long a check may take before it counts as failed */
};

int probe_init(struct probe *probe, struct treadle_error *error)
{
    *probe = (struct probe){.started = clock_monotonic_us(), .metrics = metrics_new()};
    atomic_init(&probe->phase, PROBE_STARTING);
    pthread_mutex_init(&probe->mutex, NULL);
    return probe->metrics ? 0 : error_set_memory(error);
}

void probe_clear(struct probe *probe)
{
    metrics_free(probe->metrics);
    pthread_mutex_destroy(&probe->mutex);
}

void probe_enter(struct probe *probe, enum probe_phase phase)
{
    atomic_store(&probe->phase, (int)phase);
}

enum probe_phase probe_phase(const struct probe *probe)
{
    return (enum probe_phase)atomic_load(&probe->phase);
}

/* ---- Readiness ------------------------------------------------------------------------------ */

static int write_heartbeat(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)argument;
    return heartbeat_record_write(session, clock_seconds(), error);
}

/* Whether the store accepted a write just now. */
static bool is_writable(struct probe *probe)
{
    struct treadle_error ignored;
    pthread_mutex_lock(&probe->mutex);
    int64_t age = clock_monotonic_us() - probe->checked;
    bool known = probe->checked && (probe->checking ? age < STALE_US : age < FRESH_US);
    bool writable = known && probe->writable;
    bool check = !known && !probe->checking;
    probe->checking = probe->checking || check;
    pthread_mutex_unlock(&probe->mutex);
    if (!check)
        return writable;
    writable = db_write(probe->db, write_heartbeat, NULL, &ignored) == 0;
    pthread_mutex_lock(&probe->mutex);
    probe->checking = false;
    probe->writable = writable;
    probe->checked = clock_monotonic_us();
    pthread_mutex_unlock(&probe->mutex);
    return writable;
}

static int not_ready(const char *code, const char *why, struct treadle_error *error)
{
    return error_set_wire(error, 503, "server_error", code, NULL, "%s", why);
}

static int answer_ready(struct probe *probe, struct http_reply *reply, struct treadle_error *error)
{
    switch (probe_phase(probe)) {
    case PROBE_STARTING:
        return not_ready("starting", "The server is starting.", error);
    case PROBE_STOPPING:
        return not_ready("stopping", "The server is stopping.", error);
    case PROBE_SERVING:
        break;
    }
    if (!is_writable(probe))
        return not_ready("store_not_writable", "The store accepts no writes.", error);
    buffer_append_string(&reply->body, "{\"status\":\"ready\"}");
    return 0;
}

/* ---- Metrics -------------------------------------------------------------------------------- */

/* Who may read the metrics: this machine, and clients with a key. */
static bool may_read_metrics(const struct http_request *request)
{
    const struct entry *entry = request->route;
    return request->local || entry->caller.key;
}

struct backlog {
    int64_t queued, active, pending; /* runs that wait, runs that do not, files to be ingested */
};

static int count_backlog(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct backlog *backlog = argument;
    int rc = run_record_count(session, &backlog->queued, &backlog->active, error);
    return rc ? rc : vector_store_file_record_count_pending(session, &backlog->pending, error);
}

static void print_backlog(struct probe *probe, struct buffer *out)
{
    struct backlog backlog = {0};
    struct treadle_error ignored;
    if (db_read(probe->db, count_backlog, &backlog, &ignored))
        return;
    metrics_print_value(out, "treadle_runs_active", "gauge",
                        "Runs in progress, waiting for tool outputs, or being cancelled.",
                        (double)backlog.active);
    metrics_print_value(out, "treadle_runs_queued", "gauge", "Runs that wait for a worker.",
                        (double)backlog.queued);
    metrics_print_value(out, "treadle_ingest_pending", "gauge",
                        "Files of vector stores that are not searchable yet.",
                        (double)backlog.pending);
}

static void print_store(struct probe *probe, struct buffer *out)
{
    int64_t commits = 0, works = 0;
    db_counts(probe->db, &commits, &works);
    metrics_print_value(out, "treadle_store_commits_total", "counter",
                        "Durable transactions of the store.", (double)commits);
    metrics_print_value(out, "treadle_store_works_total", "counter",
                        "Pieces of work within them: several may share a commit.", (double)works);
}

static void print_vectors(struct probe *probe, struct buffer *out)
{
    struct search_progress progress;
    search_progress(probe->search, &progress);
    if (progress.version)
        metrics_print_value(out, "treadle_vectors_pending", "gauge",
                            "Vector stores with files that do not have vectors yet.",
                            (double)progress.stores);
}

static void print_load(struct probe *probe, struct buffer *out)
{
    struct http_load load;
    http_load(probe->http, &load);
    metrics_print_value(out, "treadle_connections", "gauge", "Open connections.",
                        (double)load.connections);
    metrics_print_value(out, "treadle_requests_in_flight", "gauge",
                        "Requests between their first line and the last byte of the reply.",
                        (double)load.in_flight);
    metrics_print_value(out, "treadle_requests_waiting", "gauge",
                        "Requests that no worker has begun yet.", (double)load.waiting);
}

static void print_process(struct probe *probe, struct buffer *out)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    if (pages)
        metrics_print_value(out, "process_resident_memory_bytes", "gauge",
                            "Memory of the process that is in RAM.",
                            (double)pages * (double)sysconf(_SC_PAGESIZE));
    metrics_print_value(out, "treadle_uptime_seconds", "gauge", "Since the start of the server.",
                        (double)((clock_monotonic_us() - probe->started) / 1000) / 1e3);
    buffer_append_format(out,
                         "# HELP treadle_build_info The version, as a label; always 1.\n"
                         "# TYPE treadle_build_info gauge\n"
                         "treadle_build_info{version=\"%s\"} 1\n",
                         TREADLE_VERSION);
}

static int answer_metrics(struct probe *probe, const struct http_request *request,
                          struct http_reply *reply, struct treadle_error *error)
{
    struct buffer *out = &reply->body;
    if (!may_read_metrics(request))
        return error_set_wire(error, 403, "invalid_request_error", "forbidden", NULL,
                              "Metrics are shown to this machine only.");
    if (probe_phase(probe) == PROBE_STARTING)
        return not_ready("starting", "The server is starting.", error);
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_print(probe->metrics, out);
    print_backlog(probe, out);
    print_store(probe, out);
    print_vectors(probe, out);
    print_load(probe, out);
    print_process(probe, out);
    return 0;
}

/* The texts are static and hold no character that JSON escapes. */
/* A healthy server still reports what is missing: without an embedding passages are found by their
 * words alone, and a weaker sandbox comes with advice. */
static void print_health(struct probe *probe, struct buffer *out)
{
    bool serving = probe_phase(probe) == PROBE_SERVING;
    const char *sandbox = serving ? ingest_sandbox(probe->ingest) : NULL;
    const char *advice = sandbox ? document_sandbox_advice(sandbox) : NULL;
    struct search_progress progress = {.version = NULL};
    if (serving)
        search_progress(probe->search, &progress);
    buffer_append_string(out, "{\"status\":\"ok\",\"embedding\":");
    if (progress.version)
        buffer_append_format(out, "\"%s\"", progress.version);
    else
        buffer_append_string(out, "null");
    if (sandbox)
        buffer_append_format(out, ",\"sandbox\":\"%s\"", sandbox);
    if (advice)
        buffer_append_format(out, ",\"advice\":\"%s\"", advice);
    buffer_append_char(out, '}');
}

int probe_answer(struct probe *probe, size_t operation, const struct http_request *request,
                 struct http_reply *reply, struct treadle_error *error)
{
    switch (operation) {
    case ROUTE_READY:
        return answer_ready(probe, reply, error);
    case ROUTE_METRICS:
        return answer_metrics(probe, request, reply, error);
    default:
        print_health(probe, &reply->body);
        return 0;
    }
}
