/*
 * The keeper: accepting, reaping and draining, in one thread around one poll. Accepting here and
 * not in libmicrohttpd lets several listeners share one set of event threads, and a client for
 * which there is no room gets a 503 instead of waiting in the backlog. Reaping goes by total time:
 * libmicrohttpd's own timeout sees inactivity only, and a client that sends a byte a second would
 * keep a connection for ever. Draining lets a client that is still sending read the reply that
 * refused it: closing with unread bytes resets the connection.
 */
#include "http/keeper.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "http/reply.h"
#include "http/stream.h"

enum {
    TICK_MS = 500,
    MOST_DRAINS = 256,
    DRAIN_US = 2000000,
    ACCEPTS_A_TURN = 64,
    CROWD = 1000,     /* connections whose memory is worth releasing */
    PAUSE_US = 100000 /* after running out of descriptors */
};

struct drain {
    int descriptor;
    int64_t until;
};

struct http_keeper {
    struct http_server *server;
    pthread_t thread;
    int wake;
    atomic_bool ending;
    pthread_mutex_t mutex; /* guards what follows, up to the next comment */
    pthread_cond_t stopped;
    bool stop_accepting, accepting;
    struct drain drains[MOST_DRAINS];
    size_t drain_count;
    /* The thread's own. */
    int64_t next_reap, paused_until;
    size_t refused;
    size_t crowd; /* the most connections since memory was released */
    char scratch[65536];
};

static void wake(struct http_keeper *keeper)
{
    uint64_t one = 1;
    ssize_t written = write(keeper->wake, &one, sizeof one);
    (void)written; /* a full counter wakes as well */
}

void http_keeper_drain(struct http_keeper *keeper, int descriptor)
{
    pthread_mutex_lock(&keeper->mutex);
    bool room = keeper->drain_count < MOST_DRAINS;
    if (room)
        keeper->drains[keeper->drain_count++] =
            (struct drain){descriptor, clock_monotonic_us() + DRAIN_US};
    pthread_mutex_unlock(&keeper->mutex);
    if (room)
        wake(keeper);
    else
        close(descriptor);
}

/* Writes an error to a connection that no event thread is answering. */
static void send_error(const struct http_server *server, int descriptor, const char *request_id,
                       const struct treadle_error *error, const char *retry_after)
{
    struct http_reply reply;
    http_reply_init(&reply);
    http_reply_error(&reply, &server->options, error);
    if (server->options.decorate)
        server->options.decorate(server->options.context, NULL, &reply);
    if (retry_after)
        http_reply_header(&reply, "Retry-After", retry_after);
    http_reply_send(&reply, request_id, descriptor, NULL);
    http_reply_clear(&reply);
}

static void refuse(struct http_keeper *keeper, int descriptor, bool secure)
{
    struct treadle_error error;
    char request_id[IDENT_SIZE];
    keeper->refused++;
    /* Nothing can be sent before the handshake. */
    if (secure) {
        close(descriptor);
        return;
    }
    ident_make_hex(request_id, "req_");
    error_set_wire(&error, 503, "server_error", "too_many_connections", NULL,
                   "The server has too many connections. Try again later.");
    send_error(keeper->server, descriptor, request_id, &error, "1");
    shutdown(descriptor, SHUT_WR);
    http_keeper_drain(keeper, descriptor);
}

static void welcome(struct http_keeper *keeper, int descriptor, size_t listener,
                    const struct sockaddr *address, socklen_t length)
{
    struct http_server *server = keeper->server;
    int64_t patience =
        (int64_t)(server->options.idle_seconds + server->options.request_seconds) * 1000000;
    bool private = server->options.private_listeners >> listener & 1;
    int rc = http_registry_admit(&server->registry, descriptor, listener, private, address,
                                 clock_monotonic_us() + patience);
    if (rc == TREADLE_ELIMIT) {
        refuse(keeper, descriptor, server->listeners[listener].secure);
        return;
    }
    if (rc) {
        close(descriptor);
        return;
    }
    /* On failure it has closed the descriptor. */
    struct MHD_Daemon *daemon = server->listeners[listener].secure ? server->secure : server->plain;
    if (MHD_add_connection(daemon, descriptor, address, length) != MHD_YES)
        http_registry_remove(&server->registry, descriptor);
}

static void accept_from(struct http_keeper *keeper, size_t listener, int socket)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof address;
        int descriptor =
            accept4(socket, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0)
            welcome(keeper, descriptor, listener, (struct sockaddr *)&address, length);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            keeper->paused_until = clock_monotonic_us() + PAUSE_US;
        if (descriptor < 0 && errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

struct reap {
    struct http_server *server;
    int64_t now;
};

static void reap(void *context, struct http_connection *connection)
{
    struct reap *reap = context;
    int64_t idle = (int64_t)reap->server->options.idle_seconds * 1000000;
    pthread_mutex_lock(&connection->mutex);
    enum http_phase phase = connection->phase;
    bool reading = phase == HTTP_PHASE_HEAD || phase == HTTP_PHASE_BODY;
    bool late =
        phase != HTTP_PHASE_WORKING && phase != HTTP_PHASE_DEAD && reap->now > connection->deadline;
    if (phase == HTTP_PHASE_BODY && reap->now > connection->last_move + idle)
        late = true;
    if (late) {
        connection->phase = HTTP_PHASE_DEAD;
        connection->linger = reading;
    }
    pthread_mutex_unlock(&connection->mutex);
    if (!late)
        return;
    struct treadle_error error;
    error_set_wire(&error, 408, "invalid_request_error", "request_timeout", NULL,
                   "The request took too long to arrive.");
    /* A TLS session belongs to the event thread, so such a client only sees its connection end. */
    if (reading && !reap->server->listeners[connection->listener].secure)
        send_error(reap->server, connection->descriptor, connection->request_id, &error, NULL);
    /* The event thread that has it wakes, and closes it. */
    shutdown(connection->descriptor, SHUT_RDWR);
}

/*
 * Connections took memory that nothing else needs; it is released once most of a crowd has
 * disconnected.
 */
static void give_back_memory(struct http_keeper *keeper)
{
    struct http_registry *registry = &keeper->server->registry;
    pthread_mutex_lock(&registry->mutex);
    size_t count = registry->count;
    pthread_mutex_unlock(&registry->mutex);
    if (count > keeper->crowd)
        keeper->crowd = count;
    if (keeper->crowd < CROWD || count >= keeper->crowd / 2)
        return;
    keeper->crowd = count;
    malloc_trim(0);
}

static void tick(struct http_keeper *keeper, int64_t now)
{
    if (now < keeper->next_reap)
        return;
    keeper->next_reap = now + TICK_MS * 1000;
    struct reap context = {keeper->server, now};
    http_registry_each(&keeper->server->registry, reap, &context);
    give_back_memory(keeper);
    http_streams_tend(keeper->server, now);
    if (keeper->refused) {
        char count[24];
        snprintf(count, sizeof count, "%zu", keeper->refused);
        log_write(keeper->server->options.log, LOG_WARNING, "http.refused", "connections", count,
                  NULL);
        keeper->refused = 0;
    }
}

/* Drops received bytes. False when the client is done, or the time is up. */
static bool drain_on(struct http_keeper *keeper, const struct drain *drain, int64_t now)
{
    ssize_t got = recv(drain->descriptor, keeper->scratch, sizeof keeper->scratch, MSG_DONTWAIT);
    bool more = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    return more && now < drain->until;
}

static void drain_all(struct http_keeper *keeper, int64_t now)
{
    pthread_mutex_lock(&keeper->mutex);
    size_t kept = 0;
    for (size_t i = 0; i < keeper->drain_count; i++) {
        if (drain_on(keeper, &keeper->drains[i], now))
            keeper->drains[kept++] = keeper->drains[i];
        else
            close(keeper->drains[i].descriptor);
    }
    keeper->drain_count = kept;
    pthread_mutex_unlock(&keeper->mutex);
}

/* Fills the poll set: the waker, the listeners (from 1 to *listeners), the draining ones. */
static nfds_t gather(struct http_keeper *keeper, struct pollfd *set, size_t *listeners, int64_t now)
{
    struct http_server *server = keeper->server;
    nfds_t count = 0;
    set[count++] = (struct pollfd){.fd = keeper->wake, .events = POLLIN};
    pthread_mutex_lock(&keeper->mutex);
    if (keeper->stop_accepting && keeper->accepting) {
        for (size_t i = 0; i < server->listener_count; i++)
            http_listener_close(&server->listeners[i]);
        keeper->accepting = false;
        pthread_cond_broadcast(&keeper->stopped);
    }
    for (size_t i = 0; keeper->accepting && now >= keeper->paused_until; i++) {
        if (i == server->listener_count)
            break;
        set[count++] = (struct pollfd){.fd = server->listeners[i].descriptor, .events = POLLIN};
    }
    *listeners = count - 1;
    for (size_t i = 0; i < keeper->drain_count; i++)
        set[count++] = (struct pollfd){.fd = keeper->drains[i].descriptor, .events = POLLIN};
    pthread_mutex_unlock(&keeper->mutex);
    return count;
}

static bool is_quiet(struct http_keeper *keeper)
{
    struct http_registry *registry = &keeper->server->registry;
    pthread_mutex_lock(&registry->mutex);
    bool quiet = registry->count == 0;
    pthread_mutex_unlock(&registry->mutex);
    pthread_mutex_lock(&keeper->mutex);
    quiet = quiet && keeper->drain_count == 0;
    pthread_mutex_unlock(&keeper->mutex);
    return quiet && !keeper->refused;
}

static void *keep(void *argument)
{
    struct http_keeper *keeper = argument;
    struct pollfd set[1 + HTTP_MOST_LISTENERS + MOST_DRAINS];
    while (!atomic_load(&keeper->ending)) {
        size_t listeners = 0;
        int64_t now = clock_monotonic_us();
        bool paused = now < keeper->paused_until;
        nfds_t count = gather(keeper, set, &listeners, now);
        int timeout = paused ? PAUSE_US / 1000 : is_quiet(keeper) ? -1 : TICK_MS;
        if (poll(set, count, timeout) < 0)
            continue;
        uint64_t wakes;
        ssize_t got = read(keeper->wake, &wakes, sizeof wakes);
        (void)got; /* nothing to read when a socket woke it */
        for (size_t i = 1; i <= listeners; i++)
            if (set[i].revents)
                accept_from(keeper, i - 1, set[i].fd);
        now = clock_monotonic_us();
        drain_all(keeper, now);
        tick(keeper, now);
    }
    return NULL;
}

int http_keeper_start(struct http_server *server, struct treadle_error *error)
{
    struct http_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return error_set_memory(error);
    keeper->server = server;
    keeper->accepting = true;
    keeper->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper->wake < 0) {
        int saved = errno;
        free(keeper);
        return error_set_errno(error, TREADLE_EIO, saved, "cannot start the HTTP server");
    }
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->stopped, NULL);
    server->keeper = keeper;
    int failed = pthread_create(&keeper->thread, NULL, keep, keeper);
    if (failed) {
        server->keeper = NULL;
        close(keeper->wake);
        free(keeper);
        return error_set_errno(error, TREADLE_EIO, failed, "cannot start the HTTP server");
    }
    return 0;
}

void http_keeper_stop_accepting(struct http_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->stop_accepting = true;
    wake(keeper);
    while (keeper->accepting)
        pthread_cond_wait(&keeper->stopped, &keeper->mutex);
    pthread_mutex_unlock(&keeper->mutex);
}

void http_keeper_free(struct http_keeper *keeper)
{
    if (!keeper)
        return;
    atomic_store(&keeper->ending, true);
    wake(keeper);
    pthread_join(keeper->thread, NULL);
    for (size_t i = 0; i < keeper->drain_count; i++)
        close(keeper->drains[i].descriptor);
    close(keeper->wake);
    pthread_cond_destroy(&keeper->stopped);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}
