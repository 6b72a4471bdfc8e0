/*
 * Sessions. A thread of its own waits for signals while a server runs inside this process: it
 * removes the private directory, stops the server and lets the signal end the process. The lock
 * makes sure that this thread and the ordinary end do not both stop the server.
 */
#include "cli/session.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/place.h"
#include "search/search.h"
#include "server/server.h"

/* The longest path of a Unix socket, with its "unix:". */
enum {
    ADDRESS_SIZE = 128,
    STOP_SECONDS = 10,
    START_ATTEMPTS = 100,
    START_PAUSE_US = 50000,
    VECTOR_PAUSE_US = 10000
};

struct session {
    struct treadle_client *client;
    struct server *server; /* NULL when the server is elsewhere; guarded by the lock */
    pthread_mutex_t lock;
    pthread_t watcher;
    bool watched;
    atomic_bool stopped; /* by a signal */
    bool found;          /* the server is in another process, which serves the store */
    bool settled, lost;
    sigset_t signals, blocked_before;
    char directory[ADDRESS_SIZE];
    char address[PATH_MAX];
};

struct treadle_client *session_client(const struct session *session)
{
    return session->client;
}

bool session_embedded(const struct session *session)
{
    return session->server;
}

bool session_lost(const struct session *session)
{
    return session->lost;
}

void session_settle(struct session *session)
{
    session->settled = true;
}

void session_complain(struct session *session, const char *doing, const struct treadle_error *error)
{
    if (atomic_load(&session->stopped))
        return;
    session->lost = session->found && !session->settled && error->code == TREADLE_ENETWORK;
    if (session->lost)
        return;
    if (error->http_status)
        cli_complain("%s: %s (status %d)", doing, error->message, error->http_status);
    else
        cli_complain("%s: %s", doing, error->message);
}

/* ---- Vectors -------------------------------------------------------------------------------- */

/* False where they are made, or cannot be. */
static bool read_progress(struct session *session, struct search_progress *out)
{
    *out = (struct search_progress){.version = NULL};
    pthread_mutex_lock(&session->lock);
    if (session->server)
        server_progress(session->server, out);
    pthread_mutex_unlock(&session->lock);
    return out->version && out->stores && !out->problem[0];
}

void session_wait_for_vectors(struct session *session)
{
    struct search_progress progress;
    bool terminal = isatty(STDERR_FILENO), shown = false;
    while (read_progress(session, &progress)) {
        if (terminal && progress.windows) {
            fprintf(stderr, "\r\033[KUnderstanding: %zu %%",
                    progress.windows_done * 100 / progress.windows);
            shown = true;
        }
        usleep(VECTOR_PAUSE_US);
    }
    if (shown)
        fputs("\r\033[K", stderr);
}

void session_advise(const struct session *session)
{
    const char *sandbox, *advice;
    if (session->server && isatty(STDERR_FILENO) &&
        server_sandbox_is_weak(session->server, &sandbox, &advice))
        cli_complain("documents are read in the weaker sandbox (%s): %s", sandbox, advice);
}

/* ---- The private directory ------------------------------------------------------------------ */

static bool make_directory(struct session *session, const char *parent)
{
    if (!parent || parent[0] != '/')
        return false;
    int length =
        snprintf(session->directory, sizeof session->directory, "%s/treadle-XXXXXX", parent);
    /* Room must be left for the socket's name within 107 bytes. */
    if (length < 0 || length > 90 || !mkdtemp(session->directory)) {
        session->directory[0] = '\0';
        return false;
    }
    return true;
}

static void socket_path(const struct session *session, char *out, size_t size)
{
    snprintf(out, size, "%s/socket", session->directory);
}

static void remove_directory(struct session *session)
{
    char path[ADDRESS_SIZE + 16];
    if (!session->directory[0])
        return;
    socket_path(session, path, sizeof path);
    unlink(path);
    rmdir(session->directory);
}

/* ---- Signals -------------------------------------------------------------------------------- */

static void stop_server(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    server_stop(session->server, STOP_SECONDS);
    session->server = NULL;
    remove_directory(session);
    session->directory[0] = '\0';
    pthread_mutex_unlock(&session->lock);
}

/* Ends when the session wakes it with SIGUSR1; any other signal ends the process. */
static void *watch_signals(void *context)
{
    struct session *session = context;
    sigset_t waited = session->signals;
    int received;
    sigaddset(&waited, SIGUSR1);
    sigwait(&waited, &received);
    if (received == SIGUSR1)
        return NULL;
    atomic_store(&session->stopped, true);
    /* A second signal need not wait for the server. */
    pthread_sigmask(SIG_UNBLOCK, &session->signals, NULL);
    stop_server(session);
    raise(received);
    return NULL;
}

static void block_signals(struct session *session)
{
    sigset_t blocked;
    sigemptyset(&session->signals);
    sigaddset(&session->signals, SIGINT);
    sigaddset(&session->signals, SIGTERM);
    sigaddset(&session->signals, SIGHUP);
    blocked = session->signals;
    sigaddset(&blocked, SIGUSR1);
    /* Before any thread starts, so that the watcher alone gets the signals. */
    pthread_sigmask(SIG_BLOCK, &blocked, &session->blocked_before);
}

/* ---- Servers -------------------------------------------------------------------------------- */

static int start_server(struct session *session, const char *store,
                        const struct models_options *models, struct treadle_error *error)
{
    char path[ADDRESS_SIZE + 16];
    struct server_options options = {
        .store = store, .weights = getenv("TREADLE_EMBEDDING_WEIGHTS"), .owner_only = true};
    if (models)
        options.models = *models;
    /* First, so that the directory of the socket is the owner's too. */
    int rc = server_own(store, error);
    if (rc)
        return rc;
    if (!make_directory(session, getenv("XDG_RUNTIME_DIR")) && !make_directory(session, "/tmp")) {
        *error = (struct treadle_error){.code = TREADLE_EIO,
                                        .message = "no private directory can be made in /tmp"};
        return error->code;
    }
    memcpy(path, "unix:", 5);
    socket_path(session, path + 5, sizeof path - 5);
    options.listen[0] = path;
    block_signals(session);
    rc = server_start(&session->server, &options, error);
    if (!rc && pthread_create(&session->watcher, NULL, watch_signals, session) == 0)
        session->watched = true;
    if (!session->watched)
        pthread_sigmask(SIG_SETMASK, &session->blocked_before, NULL);
    if (rc) {
        remove_directory(session);
        session->directory[0] = '\0';
        return rc;
    }
    snprintf(session->address, sizeof session->address, "%s", server_address(session->server, 0));
    return 0;
}

/* Another process may be about to serve the store: it has the lock, but does not listen yet. */
static int find_or_start(struct session *session, const char *store,
                         const struct models_options *models, struct treadle_error *error)
{
    for (int attempt = 1;; attempt++) {
        if (server_find(store, session->address, sizeof session->address, NULL) == 0) {
            session->found = true;
            return 0;
        }
        int rc = start_server(session, store, models, error);
        if (rc != TREADLE_EBUSY || attempt == START_ATTEMPTS)
            return rc;
        usleep(START_PAUSE_US);
    }
}

static int choose_server(struct session *session, const struct session_options *options)
{
    struct treadle_error error = {0};
    struct buffer store;
    if (options->server) {
        int length = snprintf(session->address, sizeof session->address, "%s", options->server);
        if (length > 0 && length < (int)sizeof session->address)
            return 0;
        cli_complain("the server's URL is empty or too long");
        return TREADLE_EINVALID;
    }
    buffer_init(&store, PATH_MAX);
    int rc = place_store(options->store, &store);
    if (!rc) {
        rc = find_or_start(session, store.data, options->models, &error);
        if (rc)
            cli_complain("the store %s cannot be used: %s", store.data, error.message);
    }
    buffer_clear(&store);
    return rc;
}

int session_open(struct session **out, const struct session_options *options)
{
    struct treadle_client_options client = TREADLE_CLIENT_OPTIONS_INIT;
    struct treadle_error error = {0};
    struct session *session = calloc(1, sizeof *session);
    if (!session) {
        cli_complain("out of memory");
        return TREADLE_EMEMORY;
    }
    pthread_mutex_init(&session->lock, NULL);
    int rc = choose_server(session, options);
    if (rc)
        goto done;
    client.base_url = session->address;
    client.api_key = options->api_key;
    client.ca_file = options->ca;
    client.project = options->project;
    if (options->patience > 0)
        client.request_timeout_seconds = options->patience;
    /* A server on this machine can be polled often; others say how often. */
    if (!options->server)
        client.polling_interval_seconds = 0.02;
    client.polling_timeout_seconds = -1;
    rc = treadle_client_new(&session->client, &client, &error);
    if (rc) {
        cli_complain("%s", error.message);
        goto done;
    }
    *out = session;
    session = NULL;
done:
    session_close(session);
    return rc;
}

void session_close(struct session *session)
{
    if (!session)
        return;
    treadle_client_free(session->client);
    stop_server(session);
    if (session->watched) {
        pthread_kill(session->watcher, SIGUSR1);
        pthread_join(session->watcher, NULL);
        pthread_sigmask(SIG_SETMASK, &session->blocked_before, NULL);
    }
    pthread_mutex_destroy(&session->lock);
    free(session);
}
