/*
 * Server: opens everything in order, closes it in the reverse.
 */
#include "server/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "http/http.h"
#include "server/dispatch.h"
#include "server/origin.h"
#include "server/presence.h"
#include "server/sweep.h"
#include "store/schema.h"

enum { GRACE_SECONDS = 10 };

struct server {
    int presence;
    struct log *log;
    struct model *model;
    struct dispatch dispatch;
    struct sweep *sweep;
    struct http_server *http;
};

/* ---- The store's directory ------------------------------------------------------------------ */

/* Makes the directory and those above it, for the owner alone. */
static int make_directories(const char *path, struct treadle_error *error)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part || !part[0])
        return error_set(error, TREADLE_EINVALID, "the store's path is empty or too long");
    for (char *c = part + 1;; c++) {
        if (*c && *c != '/')
            continue;
        char separator = *c;
        *c = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", part);
        if (!separator)
            return 0;
        *c = separator;
    }
}

static const char *inside(char *path, const char *store, const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", store, name);
    return path;
}

static int open_store(struct server *server, const char *store, struct treadle_error *error)
{
    struct resource_services *services = &server->dispatch.services;
    char path[PATH_MAX];
    int rc = make_directories(store, error);
    if (!rc)
        rc = presence_take(store, &server->presence, error);
    if (!rc)
        rc = db_open_sqlite(&services->db, inside(path, store, "treadle.db"), schema_migrations,
                            error);
    if (!rc)
        rc = blob_open(&services->blobs, inside(path, store, "files"), error);
    if (!rc)
        rc = search_open(&services->search, inside(path, store, "indexes"), error);
    return rc;
}

/* ---- Workers -------------------------------------------------------------------------------- */

static int start_workers(struct server *server, const struct server_options *options,
                         struct treadle_error *error)
{
    struct resource_services *services = &server->dispatch.services;
    const struct ingest_options ingest = {
        .db = services->db,
        .blobs = services->blobs,
        .search = services->search,
        .document = {.reader = options->reader},
        .log = options->log,
    };
    int rc = model_extractive_new(&server->model, error);
    if (!rc)
        rc = sweep_start(&server->sweep, services->db, services->blobs, options->log, error);
    if (!rc)
        rc = ingest_open(&services->ingest, &ingest, error);
    if (rc)
        return rc;
    const struct engine_options engine = {
        .db = services->db,
        .search = services->search,
        .model = server->model,
        .log = options->log,
    };
    return engine_open(&services->engine, &engine, error);
}

/* ---- The listener --------------------------------------------------------------------------- */

static int check_addresses(const struct server_options *options, struct treadle_error *error)
{
    if (!options->listen[0])
        return error_set(error, TREADLE_EINVALID, "no address to listen on was given");
    for (size_t i = 0; i < 5 && options->listen[i]; i++) {
        const char *address = options->listen[i];
        if (!text_starts_with(address, "unix:") && !origin_is_loopback(address))
            return error_set(error, TREADLE_EINVALID,
                             "'%s' is no address on loopback (as 127.0.0.1:8383, [::1]:8383 or "
                             "unix:/path), and a server that others can reach needs keys, which "
                             "this version does not have",
                             address);
    }
    return 0;
}

static int start_listener(struct server *server, const struct server_options *options,
                          struct treadle_error *error)
{
    struct http_options http = {
        .upload_directory = blob_temporary_directory(server->dispatch.services.blobs),
        .context = &server->dispatch,
        .plan = dispatch_plan,
        .handle = dispatch_handle,
        .render_error = dispatch_render_error,
        .log = options->log,
    };
    for (size_t i = 0; i < 5; i++)
        http.listen[i] = options->listen[i];
    int rc = http_start(&server->http, &http, error);
    return rc ? rc : presence_announce(server->presence, http_address(server->http, 0), error);
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
    int rc = check_addresses(options, error);
    if (!rc)
        rc = open_store(server, options->store, error);
    if (!rc)
        rc = start_workers(server, options, error);
    if (!rc)
        rc = start_listener(server, options, error);
    if (rc) {
        server_stop(server);
        return rc;
    }
    log_write(options->log, LOG_INFO, "start", "version", TREADLE_VERSION, "store", options->store,
              "address", http_address(server->http, 0), NULL);
    *out = server;
    return 0;
}

const char *server_address(const struct server *server, size_t index)
{
    return http_address(server->http, index);
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    struct resource_services *services = &server->dispatch.services;
    http_stop(server->http, GRACE_SECONDS);
    sweep_stop(server->sweep);
    engine_close(services->engine);
    ingest_close(services->ingest);
    model_free(server->model);
    search_close(services->search);
    blob_close(services->blobs);
    db_close(services->db);
    if (server->presence >= 0)
        close(server->presence);
    log_write(server->log, LOG_INFO, "stop", NULL);
    free(server);
}

int server_find(const char *store, char *out, size_t size, struct treadle_error *error)
{
    return presence_find(store, out, size, error);
}
