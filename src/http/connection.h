/*
 * Connections: which there are, what each one is doing, and its deadline.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/ident.h"
#include "http/framing.h"

/* What a connection is doing. Each phase but WORKING has a deadline. */
enum http_phase {
    HTTP_PHASE_IDLE,     /* waiting for a request line */
    HTTP_PHASE_HEAD,     /* reading headers */
    HTTP_PHASE_BODY,     /* reading a body */
    HTTP_PHASE_WORKING,  /* a worker has it */
    HTTP_PHASE_REPLYING, /* sending */
    HTTP_PHASE_DEAD      /* aborted; nothing may be queued on it any more */
};

struct http_peer;
struct http_server;

struct http_connection {
    struct http_connection *next; /* in its bucket of the registry */
    struct http_server *server;   /* set once an event thread has it */
    int descriptor;
    size_t listener;                    /* which one accepted it */
    struct http_peer *peer;             /* NULL for a Unix socket */
    bool local;                         /* the other end is on this machine */
    bool private;                       /* came through a listener with room of its own */
    bool counted;                       /* the registry's: false once it was to be closed */
    struct http_framing_reader framing; /* its event thread's */
    pthread_mutex_t mutex;              /* guards what follows */
    enum http_phase phase;
    int64_t deadline;  /* by clock_monotonic_us */
    int64_t last_move; /* when the phase was entered last; again with every piece of a body */
    bool known;        /* made a request that was admitted */
    bool linger;       /* the client may still be sending: drain before closing */
    int refused;       /* the status with which intake.c ended it, or 0 */
    char request_id[IDENT_SIZE];
};

enum {
    HTTP_REGISTRY_BUCKETS = 1024,
    HTTP_PRIVATE_ROOM = 256, /* connections of private listeners */
    HTTP_SENT_AWAY = 32      /* at most, at once */
};

struct http_registry {
    pthread_mutex_t mutex;
    struct http_connection *connections[HTTP_REGISTRY_BUCKETS]; /* by descriptor */
    struct http_peer *peers[HTTP_REGISTRY_BUCKETS];             /* by address */
    size_t count, limit, limit_per_address;
    size_t private_count; /* of those with room of their own, which `count` does not include */
};

void http_registry_init(struct http_registry *registry, size_t limit, size_t limit_per_address);
void http_registry_clear(struct http_registry *registry);

/* Admits an accepted descriptor. Where there are too many already, in all or from its address, some
 * of those are closed that wait for a request: the longest idle ones, and first those of which no
 * request was admitted. TREADLE_ELIMIT when there are none; TREADLE_EMEMORY. A private one has room
 * of its own and no limit for its address. */
int http_registry_admit(struct http_registry *registry, int descriptor, size_t listener,
                        bool private, const struct sockaddr *address, int64_t deadline);

/* Whether it is an address of this machine's own: a Unix socket or loopback. */
bool http_is_local(const struct sockaddr *address);

struct http_connection *http_registry_find(struct http_registry *registry, int descriptor);
void http_registry_remove(struct http_registry *registry, int descriptor);

/* Calls `visit` with each connection, under the registry's lock. */
void http_registry_each(struct http_registry *registry,
                        void (*visit)(void *context, struct http_connection *connection),
                        void *context);

/* Enters a phase. False when the connection was aborted in between. */
bool http_connection_enter(struct http_connection *connection, enum http_phase phase,
                           int64_t deadline);

/* Notes that it made a request that was admitted. */
void http_connection_know(struct http_connection *connection);

/* Sets the id of the request that the connection reads, for the reply to one that takes too
 * long. */
void http_connection_name(struct http_connection *connection, const char *request_id);

/* Notes that the connection is ended with this status, and returns the id of the refused request: a
 * new one where none had begun. False when the connection was aborted in between. */
bool http_connection_refuse(struct http_connection *connection, int status,
                            char request_id[IDENT_SIZE], bool *begun);

/* The status of that, 0 without. */
int http_connection_refused(struct http_connection *connection);

/* Marks the connection to be drained when it closes. */
void http_connection_linger(struct http_connection *connection);
bool http_connection_lingers(struct http_connection *connection);

#endif
