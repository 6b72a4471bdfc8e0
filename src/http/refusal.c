/*
 * Refusals.
 *
 * A header without a colon, a chunk without a size, a version that is none: libmicrohttpd refuses
 * them before any callback, with a page of HTML. It queues that page with its own public function,
 * and what a shared library calls by a public name goes to the program's function of that name,
 * when it has one. So MHD_queue_response is defined here: our replies go to the library's through
 * http_queue, and what comes here is a page of the library's own. Before it is queued, an error of
 * the protocol is written to the socket and the socket shut for writing: the page goes nowhere, and
 * the library closes the connection, as it would have. (To queue another response in its place
 * would not do: release 0.9.75 sends the head of some of its pages twice.) A library that calls
 * itself by other ways would send its pages as they are.
 */
#include "http/refusal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "http/reply.h"
#include "http/server.h"

typedef enum MHD_Result (*queue_function)(struct MHD_Connection *, unsigned, struct MHD_Response *);

static queue_function library_queue; /* found once, then constant */

static void find_library_queue(void)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");
    memcpy(&library_queue, &found, sizeof found);
}

enum MHD_Result http_queue(struct MHD_Connection *mhd, unsigned status,
                           struct MHD_Response *response)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_library_queue);
    return library_queue ? library_queue(mhd, status, response) : MHD_NO;
}

static const char *explain(unsigned status)
{
    switch (status) {
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return "The request's body is too large.";
    case MHD_HTTP_URI_TOO_LONG:
        return "The request's URL is too long.";
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        return "The request's headers are too large.";
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
        return "The request's HTTP version is not supported.";
    default:
        return "The HTTP request is malformed.";
    }
}

static void fill(struct http_reply *reply, const struct http_options *options, unsigned status)
{
    struct treadle_error error;
    if (status == MHD_HTTP_INTERNAL_SERVER_ERROR)
        error_set(&error, TREADLE_EIO, "the library could not go on");
    else
        error_set_wire(&error, (int)status, "invalid_request_error", NULL, NULL, "%s",
                       explain(status));
    http_reply_error(reply, options, &error);
    if (options->decorate)
        options->decorate(options->context, NULL, reply);
}

static void refuse(struct MHD_Connection *mhd, const struct http_connection *connection,
                   const char *request_id, unsigned status)
{
    struct http_reply reply;
    http_reply_init(&reply);
    fill(&reply, &connection->server->options, status);
    http_reply_send(&reply, request_id, connection->descriptor, mhd);
    http_reply_clear(&reply);
    shutdown(connection->descriptor, SHUT_WR);
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *mhd, unsigned status,
                                   struct MHD_Response *page)
{
    struct http_connection *connection = connection_of(mhd);
    char request_id[IDENT_SIZE];
    /* One that the keeper gave up has had its reply. */
    if (connection && http_connection_refuse(connection, (int)status, request_id))
        refuse(mhd, connection, request_id, status);
    return http_queue(mhd, status, page);
}
