/*
 * The server: its threads, and stopping. start.c starts it with its addresses.
 *
 * Threads: the keeper (accepts, reaps), libmicrohttpd's event threads, workers that run handlers,
 * two writers for uploads. All start with every signal blocked, so signals reach the threads of the
 * program alone.
 *
 * Stopping goes from the outside in: no more connections; every reply closes its connection, and
 * requests in flight get the grace time; then handlers that have not started answer 503, the pools
 * run empty, requests that were laid aside are answered and the streams are ended, which resumes
 * every suspended connection, and only then libmicrohttpd stops, because it aborts the program
 * while one is suspended.
 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "http/exchange.h"
#include "http/intake.h"
#include "http/keeper.h"
#include "http/stream.h"
#include "http/tls.h"

enum {
    CONNECTION_MEMORY = 16 * 1024, /* for libmicrohttpd: the head, what is read, reply headers */
    WRITERS = 2,
    OTHER_FILES = 512 + HTTP_PRIVATE_ROOM,
    LAST_REPLIES_MS = 250
};

/* How many connections leave enough descriptors for everything else, including private ones. */
static size_t most_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur > 2 * OTHER_FILES ? limit.rlim_cur - OTHER_FILES : limit.rlim_cur / 2;
}

static void set_defaults(struct http_options *options)
{
    if (!options->event_threads)
        options->event_threads = 2;
    if (!options->workers)
        options->workers = 64;
    if (!options->queue)
        options->queue = 1024;
    if (!options->body_memory)
        options->body_memory = (size_t)1 << 30;
    size_t files = most_files();
    if (!options->max_connections)
        options->max_connections = 16384;
    if (options->max_connections > files)
        options->max_connections = files;
    if (!options->max_per_address)
        options->max_per_address = options->max_connections / 4 + 1;
    if (!options->idle_seconds)
        options->idle_seconds = 60;
    if (!options->request_seconds)
        options->request_seconds = 60;
    if (!options->upload_seconds)
        options->upload_seconds = 3600;
    memset(options->listen, 0, sizeof options->listen);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info)
        return;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        http_intake_watch(server);
        struct http_connection *found = http_registry_find(&server->registry, info->connect_fd);
        if (found)
            found->server = server;
        *place = found;
        return;
    }
    struct http_connection *connection = *place;
    if (connection && http_connection_lingers(connection)) {
        int copy = fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0);
        if (copy >= 0)
            http_keeper_drain(server->keeper, copy);
    }
    http_registry_remove(&server->registry, info->connect_fd);
    *place = NULL;
}

/* Targets are decoded by uri.c, after they were split. */
static size_t leave_escaped(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/* A daemon for the listeners that speak TLS, or for those that do not. */
static struct MHD_Daemon *start_daemon(struct http_server *server, bool secure)
{
    const struct http_options *options = &server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | (secure ? MHD_USE_TLS : 0);
    unsigned threads = options->event_threads > 1 ? (unsigned)options->event_threads : 0;
    /* libmicrohttpd divides the limit among its threads; the keeper's own limit is exact. */
    size_t limit =
        (options->max_connections + HTTP_PRIVATE_ROOM + HTTP_SENT_AWAY) * (threads ? threads : 1);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->tls_certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)HTTP_TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, 0, NULL, NULL, http_exchange_step, server, MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds + 1,
        MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
        http_exchange_end, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_ARRAY, secure ? tls : none,
        MHD_OPTION_END);
}

static int start_daemons(struct http_server *server, struct treadle_error *error)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        bool secure = server->listeners[i].secure;
        struct MHD_Daemon **daemon = secure ? &server->secure : &server->plain;
        if (!*daemon)
            *daemon = start_daemon(server, secure);
        if (!*daemon)
            return error_set(error, TREADLE_EIO, "cannot start the HTTP server");
    }
    return 0;
}

static void stop_daemons(struct http_server *server)
{
    if (server->plain)
        MHD_stop_daemon(server->plain);
    if (server->secure)
        MHD_stop_daemon(server->secure);
}

static int start_threads(struct http_server *server, struct treadle_error *error)
{
    size_t workers = server->options.workers;
    server->workers = pool_new(workers, server->options.queue);
    /* A connection waits for one writer at most, so this queue is never full. */
    server->writers = pool_new(WRITERS, server->options.max_connections);
    if (!server->workers || !server->writers)
        return error_set_memory(error);
    int rc = start_daemons(server, error);
    return rc ? rc : http_keeper_start(server, error);
}

void http_server_free(struct http_server *server)
{
    pool_free(server->workers);
    pool_free(server->writers);
    stop_daemons(server);
    http_keeper_free(server->keeper);
    for (size_t i = 0; i < server->listener_count; i++)
        http_listener_close(&server->listeners[i]);
    http_registry_clear(&server->registry);
    pthread_cond_destroy(&server->settled);
    pthread_mutex_destroy(&server->stream_mutex);
    pthread_mutex_destroy(&server->mutex);
    free(server->upload_directory);
    free(server);
}

struct http_server *http_server_new(const struct http_options *options)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->settled, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_mutex_init(&server->stream_mutex, NULL);
    ident_random(&server->seed, sizeof server->seed);
    server->options = *options;
    set_defaults(&server->options);
    http_registry_init(&server->registry, server->options.max_connections,
                       server->options.max_per_address);
    server->upload_directory =
        strdup(options->upload_directory ? options->upload_directory : "/tmp");
    server->options.upload_directory = server->upload_directory;
    if (!server->upload_directory) {
        http_server_free(server);
        return NULL;
    }
    return server;
}

int http_server_start(struct http_server *server, struct treadle_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int rc = start_threads(server, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int http_start_unheard(struct http_server **out, const struct http_options *options, bool secure,
                       struct treadle_error *error)
{
    struct http_server *server = http_server_new(options);
    if (!server)
        return error_set_memory(error);
    server->listeners[server->listener_count++] =
        (struct http_listener){.descriptor = -1, .secure = secure, .local = true};
    int rc = http_server_start(server, error);
    if (rc)
        http_server_free(server);
    else
        *out = server;
    return rc;
}

const char *http_address(const struct http_server *server, size_t index)
{
    return index < server->listener_count ? server->listeners[index].address : NULL;
}

void http_load(struct http_server *server, struct http_load *out)
{
    pthread_mutex_lock(&server->registry.mutex);
    out->connections = server->registry.count;
    pthread_mutex_unlock(&server->registry.mutex);
    pthread_mutex_lock(&server->mutex);
    out->in_flight = server->in_flight;
    out->waiting = server->workers ? pool_waiting(server->workers) : 0;
    pthread_mutex_unlock(&server->mutex);
}

static void wait_settled(struct http_server *server, int64_t milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&server->mutex);
    int rc = 0;
    while (server->in_flight && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&server->settled, &server->mutex, &until);
    pthread_mutex_unlock(&server->mutex);
}

/* From here on no handler starts and none lays its request aside. */
static void cut(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    atomic_store(&server->cutting, true);
    pthread_mutex_unlock(&server->mutex);
}

static void await_laid_aside(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    while (server->laid_aside)
        pthread_cond_wait(&server->settled, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

static void empty_pools(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    struct pool *workers = server->workers, *writers = server->writers;
    server->workers = NULL;
    server->writers = NULL;
    pthread_mutex_unlock(&server->mutex);
    pool_free(writers);
    pool_free(workers);
}

void http_stop(struct http_server *server, unsigned grace_seconds)
{
    if (!server)
        return;
    http_keeper_stop_accepting(server->keeper);
    atomic_store(&server->draining, true);
    wait_settled(server, (int64_t)grace_seconds * 1000);
    cut(server);
    empty_pools(server);
    await_laid_aside(server);
    http_streams_end(server);
    wait_settled(server, LAST_REPLIES_MS);
    http_server_free(server);
}
