/*
 * HTTP: a listener that reads complete requests and calls a handler on a worker thread.
 *
 * Event threads (libmicrohttpd, epoll) read requests and send replies and never block; once a
 * request is complete its connection is suspended and a worker runs the handler as straight-line
 * code. JSON bodies are held in memory up to a limit; multipart bodies stream their files to a
 * directory as they come.
 *
 * The room knows nothing of the protocol: the program provides `plan`, which decides what an
 * operation accepts (whether there may be a body, how large), and `render_error`, which prints
 * errors for the wire.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "treadle/error.h"

struct http_server;
struct http_stream;

struct http_field {
    const char *name;
    const char *value;
};

/* A part of a multipart body. A part with a file name is in a file of its own, which is removed
 * after the handler unless the handler renamed it; any other part's value is in memory: valid
 * UTF-8 without NUL, at most 64 KiB. Files in the upload directory are named "upload_…". */
struct http_part {
    const char *name;
    const char *filename; /* NULL for a plain value; data from the client, never a path */
    const char *content_type;
    const char *value; /* plain values, terminated */
    const char *path;  /* of the file's content on disk; NULL for a plain value */
    uint64_t length;
};

struct http_request {
    const char *id; /* "req_" and 32 hexadecimal digits; sent back as x-request-id */
    const char *method;
    const char *path;      /* as it came, without the query */
    const char **segments; /* the path's segments, decoded; valid UTF-8 without NUL. None for "/",
                              an empty last one for a path that ends with a slash */
    size_t segment_count;
    struct http_field *query; /* decoded; repeated names repeat, in order */
    size_t query_count;
    struct http_field *headers;
    size_t header_count;
    const char *body; /* terminated; NULL when there is none or it was multipart */
    size_t body_length;
    struct http_part *parts;
    size_t part_count;
    size_t listener;     /* the number of the address that it came through, from 0 */
    bool at_once;        /* the handler runs on an event thread, which must not be blocked */
    bool local;          /* came over a Unix socket or from a loopback address */
    const void *route;   /* as plan gave it; NULL when no plan was made */
    struct arena *arena; /* dies with the request; at least 16 MiB for the handler, less for plan */
};

/* With HTTP_BODY_NONE a body that comes nevertheless is read and dropped. */
enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_JSON, HTTP_BODY_MULTIPART };

/* What the request may have: decided when the headers are there. */
struct http_plan {
    enum http_body_kind body;
    uint64_t limit; /* bytes of the whole body; 413 above */
    bool quick; /* the handler neither blocks nor takes long: where the body is small it runs where
                   the request was read, which saves two changes of thread. A handler that would
                   take long after all sets http_reply.elsewhere */
    bool known; /* the client is admitted: such connections stay longest when room is needed */
    const void *route; /* what the program made of the head, for handle and finished; set on failure
                          too; static, or in the request's arena */
    const char *allow; /* sent as `Allow` when plan fails with 405, so it may be set on failure too;
                          static, or in the request's arena */
};

/* The reply. A body in `body` (at most 64 MiB), or the content of `file` (a descriptor that the
 * server closes; -1 for none). */
struct http_reply {
    int status;
    const char *content_type;
    struct buffer body;
    int file;
    uint64_t file_start, file_length; /* the part of it that is sent */
    struct http_field headers[24];    /* further ones; the strings live in the request's arena */
    size_t header_count;
    struct http_stream *stream; /* set by http_stream_new: the reply comes later */
    bool elsewhere; /* set by a handler that runs on an event thread and would block it: it is
                       called again, on a worker */
};

/* How a request ended. */
struct http_outcome {
    int status; /* 0: no reply was made, since the client left */
    bool whole; /* the last byte of the reply was sent */
    int64_t duration_us;
    uint64_t received, sent; /* bytes of the bodies */
};

/* The present load. */
struct http_load {
    size_t connections; /* without those of private listeners */
    size_t in_flight;   /* requests from their first line to their last byte sent */
    size_t waiting;     /* of these, those that no worker has begun yet */
};

struct http_options {
    /* "127.0.0.1:8383", "[::1]:0", "unix:/path"; up to 5, ends with NULL. Port 0 picks one. */
    const char *listen[6];
    const char *tls_certificate; /* PEM, followed by its chain of CA certificates; NULL: no TLS.
                                    With both, all addresses but Unix sockets speak TLS alone */
    const char *tls_key;         /* PEM, not encrypted */
    size_t event_threads;        /* 0: 2 */
    size_t workers;              /* 0: 64: most of them wait for commits, which they share */
    size_t queue;                /* 0: 1024; requests that wait for a worker, and as many that
                                    answer later (http_later): 503 above */
    size_t body_memory; /* 0: 1 GiB; the memory of all bodies, each with what is made of it: 8 times
                           its length. 503 above */
    size_t max_connections;       /* 0: 16384; fewer where the process may open fewer files */
    size_t max_per_address;       /* an IPv4 address, a /64 of IPv6; 0: a quarter of those */
    unsigned private_listeners;   /* a bit for each; their connections have room of their own */
    unsigned idle_seconds;        /* 0: 60; a connection on which nothing moves */
    unsigned request_seconds;     /* 0: 60 for headers and a JSON body, in all */
    unsigned upload_seconds;      /* 0: 3600 for a multipart body */
    const char *upload_directory; /* NULL: /tmp */
    void *context;
    /* Called on an event thread, must not block. 0, or a negative code and the error to send. */
    int (*plan)(void *context, const struct http_request *request, struct http_plan *out,
                struct treadle_error *error);
    /* Called on a worker, or for a quick plan on an event thread: fills the reply (its status is
     * 200, its type JSON when it starts). */
    void (*handle)(void *context, struct http_request *request, struct http_reply *reply);
    /* Prints an error as a body; may be called on any thread. error->http_status is set. */
    void (*render_error)(void *context, const struct treadle_error *error,
                         struct http_reply *reply);
    /* Adds headers to a reply that is about to be sent, errors of this room included; may be called
     * on any thread. `request` is NULL where none was read; its headers are not there, and its
     * route is NULL, when its head was refused. May be NULL. */
    void (*decorate)(void *context, const struct http_request *request, struct http_reply *reply);
    /* Called once for each request when it is over, on an event thread; must not block. Its method
     * and path are NULL when its head was refused. May be NULL. */
    void (*finished)(void *context, const struct http_request *request,
                     const struct http_outcome *outcome);
    struct log *log; /* of what does not belong to a single request */
};

/* Binds, listens and serves at once. TREADLE_EBUSY when an address is in use, TREADLE_EINVALID when
 * one is not valid. */
int http_start(struct http_server **out, const struct http_options *options,
               struct treadle_error *error);

/* The addresses as URLs, with the real port: "http://127.0.0.1:8383", "unix:/path". NULL past
 * the last. Valid until http_stop. */
const char *http_address(const struct http_server *server, size_t index);

void http_load(struct http_server *server, struct http_load *out);

/* Accepts no further connections, waits at most `grace_seconds` for requests in flight, closes
 * everything and removes Unix sockets. Accepts NULL. */
void http_stop(struct http_server *server, unsigned grace_seconds);

/* The first header or query value of that name (header names in any case), or NULL. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_query(const struct http_request *request, const char *name);

/* Makes an empty reply of status 200; makes a reply empty again. Handlers get an initialised
 * one. */
void http_reply_init(struct http_reply *reply);
void http_reply_clear(struct http_reply *reply);

/* Adds a header to a reply; beyond 24, or with a control character in it, it is dropped. */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);

/* ---- Replies that come later ----------------------------------------------------------------
 *
 * A handler that waits for something that ends soon and by itself need not keep its thread: it
 * calls http_later, as the last thing that can fail, and returns. `begin` is then called once with
 * `argument`, when the request has been laid aside. When the result is there, any thread fills the
 * reply and returns both with http_answer, which does not block. Until then request and reply stay,
 * even if the client disconnects. Fails with 503 when too many wait, or the server stops. */
int http_later(struct http_request *request, void (*begin)(void *argument), void *argument,
               struct treadle_error *error);

void http_answer(struct http_request *request);

/* A handler that makes a stream answers after it has returned, from any thread and without holding
 * one: with a whole reply (http_stream_reply), or piece by piece (http_stream_open, then writes and
 * http_stream_close). What is written waits in a bounded queue for the client; a client that reads
 * too slowly is dropped, and none of these functions ever blocks on it.
 *
 * A stream lives as long as it has a reference. The context given with it lives until `released`,
 * which is called when the last reference is gone and the connection has released it. */

struct http_stream_options {
    size_t queue_bytes;         /* that may wait for the client; 0: 1 MiB */
    unsigned heartbeat_seconds; /* of silence, after which an event stream gets a comment; 0: 15 */
    bool no_heartbeat;          /* the stream gets no comments */
    void *context;
    /* There is no reader any more: the client disconnected or was dropped, or the server stops.
     * Called at most once, on an event thread, never within a function below; not when the reply
     * was complete before. Must not block. May be NULL. */
    void (*cancelled)(void *context);
    void (*released)(void *context); /* may be NULL; must not block */
};

/* Makes the stream that answers, with one reference; to be called by the handler, as the last thing
 * that can fail. */
int http_stream_new(struct http_stream **out, struct http_reply *reply,
                    const struct http_stream_options *options, struct treadle_error *error);

struct http_stream *http_stream_ref(struct http_stream *stream);

/* A stream whose last reference is released ends, with an error where nothing had been sent.
 * Accepts NULL. */
void http_stream_unref(struct http_stream *stream);

/* Answers with a whole reply, whose content is moved out; its texts live until `released`. Its
 * headers are added to those that the handler set. */
void http_stream_reply(struct http_stream *stream, struct http_reply *reply);

/* Sends the head of a stream: status 200 and this type, a text that lives until `released`. */
void http_stream_open(struct http_stream *stream, const char *content_type);

/* Queues bytes. 0, TREADLE_ESTATE when the stream has ended or the client is gone, TREADLE_ELIMIT
 * when the queue is full (and the client dropped), or TREADLE_EMEMORY (the same). */
int http_stream_write(struct http_stream *stream, const void *bytes, size_t length);

/* Ends the stream after what is queued. */
void http_stream_close(struct http_stream *stream);

#endif
