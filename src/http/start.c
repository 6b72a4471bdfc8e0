/*
 * Starting: opens the addresses, and makes sure that libmicrohttpd can be trusted with them.
 */
#include "base/error.h"
#include "http/server.h"
#include "http/tls.h"
#include "http/trial.h"

static int check_tls(const struct http_options *options, struct treadle_error *error)
{
    if (!options->tls_certificate && !options->tls_key)
        return 0;
    if (!options->tls_certificate || !options->tls_key)
        return error_set(error, TREADLE_EINVALID, "TLS needs a certificate and a key");
    return http_tls_check(options->tls_certificate, options->tls_key, error);
}

static int open_listeners(struct http_server *server, const char *const *addresses,
                          struct treadle_error *error)
{
    for (size_t i = 0; i < HTTP_MOST_LISTENERS && addresses[i]; i++) {
        int rc = http_listener_open(&server->listeners[i], addresses[i],
                                    server->options.tls_certificate != NULL, error);
        if (rc)
            return rc;
        server->listener_count++;
    }
    return server->listener_count ? 0
                                  : error_set(error, TREADLE_EINVALID, "no address to listen on");
}

/* A server that others can reach needs a library that is known to read requests in one way only. */
static int check_intake(const struct http_server *server, bool secure, struct treadle_error *error)
{
    struct treadle_error problem;
    size_t speaking = 0, exposed = server->listener_count;
    for (size_t i = 0; i < server->listener_count; i++) {
        bool speaks = server->listeners[i].secure == secure;
        speaking += speaks;
        if (speaks && !server->listeners[i].local)
            exposed = i;
    }
    if (!speaking || !http_trial(&server->options, secure, &problem))
        return 0;
    if (exposed < server->listener_count)
        return error_set(error, TREADLE_EUNSUPPORTED, "cannot listen on '%s', off loopback: %s",
                         server->listeners[exposed].address, problem.message);
    log_write(server->options.log, LOG_WARNING, "http.unchecked", "why", problem.message, NULL);
    return 0;
}

int http_start(struct http_server **out, const struct http_options *options,
               struct treadle_error *error)
{
    struct http_server *server = http_server_new(options);
    if (!server)
        return error_set_memory(error);
    int rc = check_tls(options, error);
    if (!rc)
        rc = open_listeners(server, options->listen, error);
    if (!rc)
        rc = check_intake(server, false, error);
    if (!rc)
        rc = check_intake(server, true, error);
    if (!rc)
        rc = http_server_start(server, error);
    server->options.tls_certificate = server->options.tls_key = NULL; /* the caller's */
    if (rc)
        http_server_free(server);
    else
        *out = server;
    return rc;
}
