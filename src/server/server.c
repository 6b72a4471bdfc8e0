/*
 * Server: opens everything in order, closes it in the reverse.
 */
#include "server/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "http/http.h"
#include "server/dispatch.h"
#include "server/embedding.h"
#include "server/embedding_server.h"
#include "server/housekeeping.h"
#include "server/metrics.h"
#include "server/opening.h"
#include "server/origin.h"
#include "server/pem.h"
#include "server/presence.h"
#include "server/reserve.h"
#include "store/tree.h"

struct server {
    char directory[PATH_MAX]; /* of the store */
    int presence;
    struct reserve reserve;
    struct housekeeping *housekeeping;
    struct log *log;
    struct dispatch dispatch;
    struct http_server *http;
    struct models *models;
    /* One of them, or none: then search goes by words alone. */
    struct encoder *encoder;
    struct embedding_server *embedding;
    size_t address_count; /* that were given; the owner's may come after them */
    size_t owner_index;
    char owner_path[128];
};

enum { MOST_ADDRESSES = 4, SECONDS_A_DAY = 86400 };

/* What is requested of an embedding server where no --embedding-model is given: the model that
 * vector stores of the service use. */
#define EMBEDDING_MODEL "text-embedding-3-large"

/* ---- The store ------------------------------------------------------------------------------ */

static int open_store(struct server *server, const char *store, struct treadle_error *error)
{
    struct resource_services *services = &server->dispatch.services;
    struct opening opening = {.presence = -1};
    char path[PATH_MAX];
    int rc = opening_own(store, error);
    if (rc)
        return rc;
    reserve_init(&server->reserve, store, server->log);
    reserve_look(&server->reserve);
    server->dispatch.rules.disk_full = &server->reserve.spent;
    rc = opening_open(&opening, store, error);
    if (!rc)
        rc = opening_check(&opening, store, server->log, error);
    if (!rc)
        rc = opening_settle(&opening, server->log, error);
    server->presence = opening.presence;
    services->db = opening.db;
    services->blobs = opening.blobs;
    services->search = opening.search;
    if (!rc && !realpath(store, server->directory))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", store);
    if (!rc)
        rc = path_join(path, server->directory, "backups", error);
    /* Backups that were not removed. */
    if (!rc)
        rc = tree_remove(path, error);
    services->directory = server->directory;
    return rc;
}

/* ---- Workers -------------------------------------------------------------------------------- */

static void count_run(void *context, const char *status, const struct run_times *times)
{
    struct server *server = context;
    const int64_t durations[METRICS_RUN_PHASES] = {
        [METRICS_RUN_QUEUE] = times->queue,
        [METRICS_RUN_MODEL] = times->model,
        [METRICS_RUN_TOOLS] = times->tools,
        [METRICS_RUN_FIRST] = times->first,
    };
    metrics_count_run(server->dispatch.probe.metrics, status, durations);
}

static const char *languages_of(const struct server_options *options)
{
    const char *languages = options->languages ? options->languages : "eng";
    return strcmp(languages, "off") == 0 ? NULL : languages;
}

/* A server that makes embeddings is named on purpose, so it goes before the built-in one. */
static int start_embedding(struct server *server, const struct server_options *options,
                           struct treadle_error *error)
{
    const struct resource_services *services = &server->dispatch.services;
    const struct openai_options *embedding = &options->models.embedding;
    if (!embedding->url)
        return embedding_open(&server->encoder, options->weights, services->search, options->log,
                              error);
    return embedding_server_open(&server->embedding, services->model,
                                 embedding->model ? embedding->model : EMBEDDING_MODEL,
                                 services->search, options->log, error);
}

static int start_workers(struct server *server, const struct server_options *options,
                         struct treadle_error *error)
{
    struct resource_services *services = &server->dispatch.services;
    const struct ingest_options ingest = {
        .db = services->db,
        .blobs = services->blobs,
        .search = services->search,
        .document = {.reader = options->reader,
                     .seconds = options->document_seconds,
                     .page_seconds = options->page_seconds,
                     .languages = languages_of(options),
                     .memory = options->reader_memory},
        .threads = options->readers,
        .log = options->log,
    };
    int rc = models_open(&server->models, &options->models, options->log, error);
    if (!rc) {
        services->model = models_model(server->models);
        rc = start_embedding(server, options, error);
    }
    if (!rc)
        rc = ingest_open(&services->ingest, &ingest, error);
    if (rc)
        return rc;
    const struct engine_options engine = {
        .db = services->db,
        .tools = {.search = services->search},
        .blobs = services->blobs,
        .model = services->model,
        .stand_in = models_stand_in(),
        .project_limit = options->runs_per_project,
        .run_seconds = options->run_seconds,
        .executed = count_run,
        .context = server,
        .log = options->log,
    };
    rc = engine_open(&services->engine, &engine, error);
    if (rc)
        return rc;
    struct housekeeping_options housekeeping = {
        .db = services->db,
        .blobs = services->blobs,
        .search = services->search,
        .ingest = services->ingest,
        .engine = services->engine,
        .reserve = &server->reserve,
        .log = options->log,
    };
    for (size_t i = 0; i < RETENTION_KINDS; i++)
        housekeeping.keep[i] = options->keep_days[i] * SECONDS_A_DAY;
    return housekeeping_open(&server->housekeeping, &housekeeping, error);
}

/* ---- Who is admitted ------------------------------------------------------------------------ */

static bool is_socket(const char *address)
{
    return text_starts_with(address, "unix:");
}

/* The first address that other machines can reach, or NULL. */
static const char *find_exposed(const struct server_options *options)
{
    for (size_t i = 0; i < MOST_ADDRESSES && options->listen[i]; i++)
        if (!is_socket(options->listen[i]) && !origin_is_loopback(options->listen[i]))
            return options->listen[i];
    return NULL;
}

static int refuse_exposed(const char *address, const char *store, struct treadle_error *error)
{
    return error_set(error, TREADLE_EINVALID,
                     "%s is not a loopback address, and a server that others can reach needs "
                     "--require-keys and a key: make one with 'treadle key create --project NAME "
                     "--store %s'",
                     address, store);
}

static int check_options(const struct server_options *options, struct treadle_error *error)
{
    const char *exposed = find_exposed(options);
    if (!options->listen[0])
        return error_set(error, TREADLE_EINVALID, "no address to listen on was given");
    if (options->requests_per_minute && !options->require_keys)
        return error_set(error, TREADLE_EINVALID,
                         "--requests-per-minute limits keys, so it needs --require-keys");
    return exposed && !options->require_keys ? refuse_exposed(exposed, options->store, error) : 0;
}

/* As browsers send it: a scheme and a host, with nothing after them. */
static bool is_origin(const char *text)
{
    const char *scheme = strstr(text, "://");
    return strcmp(text, "*") == 0 || strcmp(text, "null") == 0 ||
           (scheme && scheme > text && scheme[3] && !strpbrk(scheme + 3, "/?#@ "));
}

static int set_origins(struct entry_rules *rules, const struct server_options *options,
                       struct treadle_error *error)
{
    for (size_t i = 0; options->origins && options->origins[i]; i++) {
        if (i == ENTRY_MOST_ORIGINS)
            return error_set(error, TREADLE_EINVALID, "more than %d origins were given",
                             ENTRY_MOST_ORIGINS);
        if (!is_origin(options->origins[i]))
            return error_set(error, TREADLE_EINVALID,
                             "'%s' is no origin: expected one as https://app.example, without a "
                             "path, or '*'",
                             options->origins[i]);
        rules->origins[i] = options->origins[i];
    }
    return 0;
}

static int open_gate(struct server *server, const struct server_options *options,
                     struct treadle_error *error)
{
    struct dispatch *dispatch = &server->dispatch;
    const char *exposed = find_exposed(options);
    const struct gate_options gate = {
        .db = dispatch->services.db,
        .require_keys = options->require_keys,
        .requests_per_minute = options->requests_per_minute,
    };
    int rc = gate_open(&dispatch->services.gate, &gate, error);
    if (!rc)
        rc = set_origins(&dispatch->rules, options, error);
    if (rc)
        return rc;
    dispatch->rules.gate = dispatch->services.gate;
    dispatch->rules.require_keys = options->require_keys;
    if (exposed && !options->tls_certificate)
        log_write(options->log, LOG_WARNING, "no_tls", "address", exposed, NULL);
    if (!options->require_keys || gate_has_keys(dispatch->services.gate))
        return 0;
    if (exposed)
        return refuse_exposed(exposed, options->store, error);
    log_write(options->log, LOG_WARNING, "no_keys", "store", options->store, NULL);
    return 0;
}

/* ---- The listener --------------------------------------------------------------------------- */

/* The socket in the store, for its owner. False when the store's path is too long for one. */
static bool owner_address(const char *store, char *out, size_t size)
{
    struct sockaddr_un address;
    char path[PATH_MAX];
    if (!realpath(store, path))
        return false;
    int length = snprintf(out, size, "unix:%s/socket", path);
    return length > 0 && (size_t)length < size &&
           (size_t)length < sizeof address.sun_path + strlen("unix:");
}

static void set_addresses(struct server *server, const struct server_options *options,
                          struct http_options *http)
{
    struct entry_rules *rules = &server->dispatch.rules;
    size_t count = 0;
    for (; count < MOST_ADDRESSES && options->listen[count]; count++) {
        http->listen[count] = options->listen[count];
        rules->sockets |= (unsigned)is_socket(options->listen[count]) << count;
    }
    server->address_count = count;
    if (options->owner_only) {
        rules->owner = 1;
        server->owner_index = 0;
        return;
    }
    if (!owner_address(options->store, server->owner_path, sizeof server->owner_path)) {
        log_write(options->log, LOG_WARNING, "no_owner_socket", "store", options->store, NULL);
        return;
    }
    http->listen[count] = server->owner_path;
    rules->sockets |= 1U << count;
    rules->owner |= 1U << count;
    server->owner_index = count;
}

static int read_tls(const struct server_options *options, char **certificate, char **key,
                    struct treadle_error *error)
{
    if (!options->tls_certificate && !options->tls_key)
        return 0;
    if (!options->tls_certificate || !options->tls_key)
        return error_set(error, TREADLE_EINVALID, "--tls-cert and --tls-key need each other");
    int rc = pem_read(certificate, "certificate", options->tls_certificate, error);
    return rc ? rc : pem_read(key, "key", options->tls_key, error);
}

static int start_listener(struct server *server, const struct server_options *options,
                          struct treadle_error *error)
{
    char *certificate = NULL, *key = NULL;
    int rc = read_tls(options, &certificate, &key, error);
    if (rc)
        goto done;
    struct http_options http = {
        .upload_directory = blob_temporary_directory(server->dispatch.services.blobs),
        .tls_certificate = certificate,
        .tls_key = key,
        .max_connections = options->max_connections,
        .max_per_address = options->connections_per_address,
        .context = &server->dispatch,
        .plan = dispatch_plan,
        .handle = dispatch_handle,
        .render_error = dispatch_render_error,
        .decorate = dispatch_decorate,
        .finished = dispatch_finished,
        .log = options->log,
    };
    set_addresses(server, options, &http);
    server->dispatch.rules.tls = certificate != NULL;
    http.private_listeners = server->dispatch.rules.owner;
    rc = http_start(&server->http, &http, error);
done:
    pem_forget(certificate);
    pem_forget(key);
    return rc;
}

/* Everything is open: answers requests and publishes the address. */
static int open_doors(struct server *server, struct treadle_error *error)
{
    struct probe *probe = &server->dispatch.probe;
    probe->db = server->dispatch.services.db;
    probe->http = server->http;
    probe->search = server->dispatch.services.search;
    probe->ingest = server->dispatch.services.ingest;
    probe_enter(probe, PROBE_SERVING);
    return presence_announce(server->presence, http_address(server->http, 0),
                             http_address(server->http, server->owner_index), error);
}

int server_start(struct server **out, const struct server_options *options,
                 struct treadle_error *error)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server)
        return error_set_memory(error);
    server->presence = -1;
    server->log = options->log;
    server->dispatch.log = options->log;
    int rc = probe_init(&server->dispatch.probe, error);
    if (!rc)
        rc = check_options(options, error);
    if (!rc)
        rc = open_store(server, options->store, error);
    if (!rc)
        rc = open_gate(server, options, error);
    /* Listens first, so that /ready can report that the rest is not open yet. */
    if (!rc)
        rc = start_listener(server, options, error);
    if (!rc)
        rc = start_workers(server, options, error);
    if (!rc)
        rc = open_doors(server, error);
    if (rc) {
        server_stop(server, 0);
        return rc;
    }
    log_write(options->log, LOG_INFO, "start", "version", TREADLE_VERSION, "store", options->store,
              "address", http_address(server->http, 0), NULL);
    *out = server;
    return 0;
}

const char *server_address(const struct server *server, size_t index)
{
    return index < server->address_count ? http_address(server->http, index) : NULL;
}

bool server_sandbox_is_weak(const struct server *server, const char **sandbox, const char **advice)
{
    *sandbox = ingest_sandbox(server->dispatch.services.ingest);
    *advice = *sandbox ? document_sandbox_advice(*sandbox) : NULL;
    return *advice != NULL;
}

static unsigned seconds_until(int64_t moment)
{
    int64_t left = moment - clock_monotonic_us();
    return left > 0 ? (unsigned)((left + 999999) / 1000000) : 0;
}

void server_stop(struct server *server, unsigned grace_seconds)
{
    if (!server)
        return;
    struct resource_services *services = &server->dispatch.services;
    int64_t until = clock_monotonic_us() + (int64_t)grace_seconds * 1000000;
    probe_enter(&server->dispatch.probe, PROBE_STOPPING);
    /* Runs continue while requests end, and get the rest of the time after them. */
    engine_drain(services->engine);
    http_stop(server->http, grace_seconds);
    housekeeping_close(server->housekeeping);
    engine_close(services->engine, seconds_until(until));
    ingest_close(services->ingest);
    embedding_server_stop(server->embedding);
    models_close(server->models);
    search_close(services->search);
    embedding_server_free(server->embedding);
    encoder_close(server->encoder);
    blob_close(services->blobs);
    gate_close(services->gate);
    db_close(services->db);
    if (server->presence >= 0)
        close(server->presence);
    probe_clear(&server->dispatch.probe);
    log_write(server->log, LOG_INFO, "stop", NULL);
    free(server);
}

void server_progress(const struct server *server, struct search_progress *out)
{
    search_progress(server->dispatch.services.search, out);
}

int server_own(const char *store, struct treadle_error *error)
{
    return opening_own(store, error);
}

int server_find(const char *store, char *out, size_t size, struct treadle_error *error)
{
    return presence_find(store, out, size, error);
}
