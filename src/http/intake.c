/*
 * Intake.
 *
 * The library reads sockets with the C library's recv, and TLS with GnuTLS's gnutls_record_recv.
 * Both are defined here as well, and calls of these names by any library reach the program's
 * functions. So every byte that an event thread reads passes through framing.c first, whatever the
 * release of the library does with it. Other threads, and other descriptors, are not touched.
 *
 * A request that is refused is answered here, and the library sees its connection fail; it gets no
 * further byte of it. Complete requests before it in the same read are passed on and answered
 * first: the socket is shut for reading, so the library reads once more when it is done with them,
 * and only then the refusal is sent.
 *
 * This is tested and not assumed: trial.c tries it whenever a server starts.
 */
#include "http/intake.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "http/reply.h"

static _Thread_local struct http_server *watched; /* of this event thread */

void http_intake_watch(struct http_server *server)
{
    watched = server;
}

/* ---- Refusing ------------------------------------------------------------------------------- */

static void explain(struct treadle_error *error, const struct http_framing_reader *reader)
{
    static const char type[] = "invalid_request_error";
    switch (reader->status) {
    case 413:
        error_set_wire(error, 413, type, NULL, NULL, "The request's body is too large.");
        return;
    case 414:
        error_set_wire(error, 414, type, NULL, NULL, "The request's URL is too long.");
        return;
    case 431:
        error_set_wire(error, 431, type, NULL, NULL,
                       "The request's headers are too many or too large: at most %d headers and "
                       "%d bytes are taken.",
                       HTTP_MOST_HEADERS, HTTP_LARGEST_HEAD);
        return;
    case 505:
        error_set_wire(error, 505, type, NULL, NULL,
                       "The request's HTTP version is not supported.");
        return;
    default:
        error_set_request(error, NULL, NULL, "The HTTP request is malformed: %s.", reader->why);
    }
}

/* A request that the library does not know is over here; any other when the library sees the
 * connection fail. */
static void report(const struct http_connection *connection, const char *request_id,
                   const struct http_reply *reply)
{
    const struct http_options *options = &connection->server->options;
    const struct http_request request = {
        .id = request_id, .listener = connection->listener, .local = connection->local};
    const struct http_outcome outcome = {
        .status = reply->status, .whole = true, .sent = reply->body.length};
    if (options->finished)
        options->finished(options->context, &request, &outcome);
}

static void refuse(struct http_connection *connection, void *session)
{
    const struct http_options *options = &connection->server->options;
    struct http_reply reply;
    struct treadle_error error;
    char request_id[IDENT_SIZE];
    bool begun = false;
    /* One that the keeper aborted has had its reply. */
    if (!http_connection_refuse(connection, connection->framing.status, request_id, &begun))
        return;
    explain(&error, &connection->framing);
    http_reply_init(&reply);
    http_reply_error(&reply, options, &error);
    if (options->decorate)
        options->decorate(options->context, NULL, &reply);
    http_reply_send(&reply, request_id, connection->descriptor, session);
    if (!begun)
        report(connection, request_id, &reply);
    http_reply_clear(&reply);
    shutdown(connection->descriptor, SHUT_WR);
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* The connection that reads there in that way, where this is an event thread. With TLS, GnuTLS
 * itself reads the socket, and those bytes are not checked. */
static struct http_connection *find(int descriptor, bool secure)
{
    struct http_connection *found =
        watched ? http_registry_find(&watched->registry, descriptor) : NULL;
    return found && watched->listeners[found->listener].secure == secure ? found : NULL;
}

/* How many of the bytes the library may have. 0: none, and the connection has failed. */
static size_t pass(struct http_connection *connection, const char *bytes, size_t length,
                   void *session)
{
    size_t whole;
    if (!http_framing_read(&connection->framing, bytes, length, &whole))
        return length;
    if (whole)
        shutdown(connection->descriptor, SHUT_RD);
    else
        refuse(connection, session);
    return whole;
}

/* True when a refusal was waiting for the requests before it. */
static bool has_failed(struct http_connection *connection, void *session)
{
    if (!connection || connection->framing.state != HTTP_FRAMING_REFUSED)
        return false;
    refuse(connection, session);
    return true;
}

/* These names are for the linker only: headers may have inline functions of the same names. */
ssize_t http_intake_recv(int descriptor, void *out, size_t size, int flags) __asm__("recv");

ssize_t http_intake_recv(int descriptor, void *out, size_t size, int flags)
{
    struct http_connection *connection = flags & MSG_PEEK ? NULL : find(descriptor, false);
    if (has_failed(connection, NULL)) {
        errno = ECONNRESET;
        return -1;
    }
    /* Does what recv does, under another name. */
    ssize_t got = recvfrom(descriptor, out, size, flags, NULL, NULL);
    if (got <= 0 || !connection)
        return got;
    size_t passed = pass(connection, out, (size_t)got, NULL);
    errno = ECONNRESET;
    return passed ? (ssize_t)passed : -1;
}

/* The library takes a bounded number of events at once, and when it has got as many it asks for
 * more before it works on them: with none to come it would wait for as long as connections may
 * idle. So the wait after a full one does not wait. */
int http_intake_epoll_wait(int epoll, struct epoll_event *events, int most,
                           int timeout) __asm__("epoll_wait");

int http_intake_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    static _Thread_local bool full;
    /* Does what epoll_wait does, under another name. */
    int count = epoll_pwait(epoll, events, most, watched && full ? 0 : timeout, NULL);
    full = count == most;
    return count;
}

ssize_t http_intake_record_recv(gnutls_session_t session, void *out,
                                size_t size) __asm__("gnutls_record_recv");

ssize_t http_intake_record_recv(gnutls_session_t session, void *out, size_t size)
{
    struct http_connection *connection =
        watched ? find(gnutls_transport_get_int(session), true) : NULL;
    unsigned char sequence[8];
    if (has_failed(connection, session))
        return GNUTLS_E_PREMATURE_TERMINATION;
    ssize_t got = gnutls_record_recv_seq(session, out, size, sequence);
    if (got <= 0 || !connection)
        return got;
    size_t passed = pass(connection, out, (size_t)got, session);
    return passed ? (ssize_t)passed : GNUTLS_E_PREMATURE_TERMINATION;
}
