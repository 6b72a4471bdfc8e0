/*
 * Trial.
 *
 * The server is a complete one, started as the real one is, except for its handlers; a pair of
 * sockets replaces each connection. The check must find all that releases of libmicrohttpd are
 * known to let through.
 */
#include "http/trial.h"

#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "http/tls.h"

enum { PATIENCE_SECONDS = 5, LARGEST_REPLY = 4096, LARGEST_TRIED = 1000 };

#define SECOND "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define CHUNKS "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct {
    const char *text;
    const char *status;
} rows[] = {
    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"},
    {"GET / HTTP/1.1\r\nHost: x\r\nX: a\n\n" SECOND, "400"},
    {"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n" SECOND, "400"},
    {"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n" SECOND, "400"},
    {CHUNKS "1\n{\r\n0\r\n\r\n" SECOND, "400"},
    {CHUNKS "1\r\n{\n0\r\n\r\n" SECOND, "400"},
    {CHUNKS "1;a\n{\r\n0\r\n\r\n" SECOND, "400"},
};

/* ---- The server ----------------------------------------------------------------------------- */

static int plan(void *context, const struct http_request *request, struct http_plan *out,
                struct treadle_error *error)
{
    (void)context;
    (void)error;
    bool posts = text_equal(request->method, "POST");
    *out =
        (struct http_plan){.body = posts ? HTTP_BODY_JSON : HTTP_BODY_NONE, .limit = LARGEST_TRIED};
    return 0;
}

static void handle(void *context, struct http_request *request, struct http_reply *reply)
{
    (void)context;
    (void)request;
    (void)reply;
}

static void render(void *context, const struct treadle_error *error, struct http_reply *reply)
{
    (void)context;
    (void)error;
    reply->content_type = "text/plain";
}

/* ---- The client ----------------------------------------------------------------------------- */

struct client {
    int descriptor;
    gnutls_session_t session; /* NULL: plain */
};

static ssize_t put(const struct client *client, const char *text, size_t length)
{
    return client->session ? gnutls_record_send(client->session, text, length)
                           : send(client->descriptor, text, length, MSG_NOSIGNAL);
}

static ssize_t get(const struct client *client, char *out, size_t size)
{
    return client->session ? gnutls_record_recv(client->session, out, size)
                           : recv(client->descriptor, out, size, 0);
}

/* Reads until the connection ends or fails. */
static void get_all(const struct client *client, char out[LARGEST_REPLY])
{
    size_t length = 0;
    ssize_t got;
    while (length < LARGEST_REPLY - 1 &&
           (got = get(client, out + length, LARGEST_REPLY - 1 - length)) > 0)
        length += (size_t)got;
    out[length] = '\0';
}

/* Exactly one reply, with this status. */
static bool is_answer(const char *text, const char *status)
{
    return text_starts_with(text, "HTTP/1.1 ") && strncmp(text + 9, status, 3) == 0 &&
           !strstr(text + 9, "HTTP/1.1 ");
}

/* ---- Both ----------------------------------------------------------------------------------- */

static bool connect_pair(struct http_server *server, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    struct MHD_Daemon *daemon = server->secure ? server->secure : server->plain;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return false;
    int64_t deadline = clock_monotonic_us() + (int64_t)PATIENCE_SECONDS * 1000000;
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    *out = pair[0];
    if (!http_registry_admit(&server->registry, pair[1], 0, false, (struct sockaddr *)&address,
                             deadline) &&
        MHD_add_connection(daemon, pair[1], (struct sockaddr *)&address, sizeof address) == MHD_YES)
        return true;
    close(pair[0]);
    return false;
}

static bool shake_hands(struct client *client, gnutls_certificate_credentials_t credentials)
{
    if (gnutls_init(&client->session, GNUTLS_CLIENT) < 0)
        return false;
    gnutls_transport_set_int(client->session, client->descriptor);
    int code = gnutls_priority_set_direct(client->session, HTTP_TLS_PRIORITIES, NULL);
    if (code >= 0)
        code = gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, credentials);
    do
        code = code < 0 ? code : gnutls_handshake(client->session);
    while (code == GNUTLS_E_INTERRUPTED);
    return code >= 0;
}

/* -1 when there is no connection. */
static int try_row(struct http_server *server, size_t row,
                   gnutls_certificate_credentials_t credentials)
{
    char text[LARGEST_REPLY];
    struct client client = {.session = NULL};
    if (!connect_pair(server, &client.descriptor))
        return -1;
    int found = -1;
    if (!credentials || shake_hands(&client, credentials)) {
        put(&client, rows[row].text, strlen(rows[row].text));
        get_all(&client, text);
        found = is_answer(text, rows[row].status);
    }
    if (client.session)
        gnutls_deinit(client.session);
    close(client.descriptor);
    return found;
}

static int try_all(struct http_server *server, gnutls_certificate_credentials_t credentials,
                   struct treadle_error *error)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int found = try_row(server, i, credentials);
        if (found < 0)
            return error_set(error, TREADLE_EIO, "requests could not be tried on libmicrohttpd %s",
                             MHD_get_version());
        if (!found)
            return error_set(error, TREADLE_EUNSUPPORTED,
                             "libmicrohttpd %s, as it is built here, reads requests that were not "
                             "checked before, so one request could be read as two",
                             MHD_get_version());
    }
    return 0;
}

int http_trial(const struct http_options *options, bool secure, struct treadle_error *error)
{
    const struct http_options tried = {
        .tls_certificate = secure ? options->tls_certificate : NULL,
        .tls_key = secure ? options->tls_key : NULL,
        .event_threads = options->event_threads,
        .workers = 1,
        .idle_seconds = PATIENCE_SECONDS,
        .request_seconds = PATIENCE_SECONDS,
        .plan = plan,
        .handle = handle,
        .render_error = render,
    };
    gnutls_certificate_credentials_t credentials = NULL;
    struct http_server *server = NULL;
    if (secure && gnutls_certificate_allocate_credentials(&credentials) < 0)
        return error_set_memory(error);
    int rc = http_start_unheard(&server, &tried, secure, error);
    if (!rc)
        rc = try_all(server, credentials, error);
    http_stop(server, 0);
    gnutls_certificate_free_credentials(credentials);
    return rc;
}
