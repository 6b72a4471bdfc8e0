/*
 * The state of the server, shared by the files of this room.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/pool.h"
#include "http/connection.h"
#include "http/http.h"
#include "http/listener.h"

enum { HTTP_MOST_LISTENERS = 5 };

struct http_server {
    struct http_options options; /* with every default in place; `listen` is not kept */
    char *upload_directory;
    struct http_listener listeners[HTTP_MOST_LISTENERS];
    size_t listener_count;
    struct http_registry registry;
    struct http_keeper *keeper;
    struct MHD_Daemon *plain, *secure; /* NULL where no listener needs it */
    atomic_bool draining;              /* every reply closes its connection */
    atomic_bool cutting;               /* handlers run no more: 503; set under the mutex */
    uint32_t seed;                     /* of the names of requests */
    atomic_uint_fast64_t named;
    atomic_size_t body_memory; /* taken by exchanges */
    pthread_mutex_t mutex;
    pthread_cond_t settled; /* in_flight or laid_aside came down to 0 */
    size_t in_flight;       /* requests from their first line to their last byte sent */
    size_t laid_aside;      /* of these, those that http_answer is to be called for */
    pthread_mutex_t stream_mutex;
    struct http_stream *streams; /* bound to a connection */
    size_t stream_count;
    struct pool *workers; /* run handlers; NULL once detached */
    struct pool *writers; /* parse and write uploads; NULL once detached */
};

/* A server that is not started, with every default in place. NULL when memory runs out. */
struct http_server *http_server_new(const struct http_options *options);
void http_server_free(struct http_server *server);

/* Starts its threads, with all signals blocked: those are for the program's own threads. */
int http_server_start(struct http_server *server, struct treadle_error *error);

/* A server without an address, for connections that are added to it by hand. */
int http_start_unheard(struct http_server **out, const struct http_options *options, bool secure,
                       struct treadle_error *error);

#endif
