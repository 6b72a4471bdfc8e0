/*
 * HTTP: a listener that reads whole requests and calls a handler on a worker thread.
 *
 * Event threads (libmicrohttpd, epoll) read requests and send replies and never block; once a
 * request is complete its connection is suspended and a worker runs the handler as straight-line
 * code. JSON bodies are held in memory up to a limit; multipart bodies stream their files to a
 * directory as they come. The room knows nothing of the protocol: what it must know of an
 * operation (may there be a body, how large) the program tells it in `plan`, and how an error
 * looks on the wire in `render_error`.
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
    struct arena *arena; /* dies with the request; at least 16 MiB for the handler, less for plan */
};

/* With HTTP_BODY_NONE a body that comes all the same is read and dropped. */
enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_JSON, HTTP_BODY_MULTIPART };

/* What may come: decided when the headers are there. */
struct http_plan {
    enum http_body_kind body;
    uint64_t limit;    /* bytes of the whole body; 413 above */
    const char *allow; /* sent as `Allow` when plan fails with 405, so it may be set on failure too;
                          static, or in the request's arena */
};

/* What goes back. A body in `body` (at most 64 MiB), or the content of `file` (a descriptor that
 * the server closes; -1 for none). */
struct http_reply {
    int status;
    const char *content_type;
    struct buffer body;
    int file;
    uint64_t file_length;
    struct http_field headers[16]; /* further ones; the strings live in the request's arena */
    size_t header_count;
};

struct http_options {
    /* "127.0.0.1:8383", "[::1]:0", "unix:/path"; up to 4, ends with NULL. Port 0 picks one. */
    const char *listen[5];
    size_t event_threads;         /* 0: 2 */
    size_t workers;               /* 0: 8 */
    size_t max_connections;       /* 0: 4096 */
    size_t max_per_address;       /* 0: no limit */
    unsigned idle_seconds;        /* 0: 60; a connection on which nothing moves */
    unsigned request_seconds;     /* 0: 60 for headers and a JSON body, whatever moves */
    unsigned upload_seconds;      /* 0: 3600 for a multipart body */
    const char *upload_directory; /* NULL: /tmp */
    void *context;
    /* Called on an event thread, must not block. 0, or a negative code and the error to send. */
    int (*plan)(void *context, const struct http_request *request, struct http_plan *out,
                struct treadle_error *error);
    /* Called on a worker: fills the reply (its status is 200, its type JSON when it starts). */
    void (*handle)(void *context, struct http_request *request, struct http_reply *reply);
    /* Prints an error as a body; may be called on any thread. error->http_status is set. */
    void (*render_error)(void *context, const struct treadle_error *error,
                         struct http_reply *reply);
    struct log *log; /* one line a request */
};

/* Binds, listens and serves at once. TREADLE_EBUSY when an address is taken, TREADLE_EINVALID
 * when one cannot be understood. */
int http_start(struct http_server **out, const struct http_options *options,
               struct treadle_error *error);

/* The addresses as URLs, with the real port: "http://127.0.0.1:8383", "unix:/path". NULL past
 * the last. Valid until http_stop. */
const char *http_address(const struct http_server *server, size_t index);

/* Takes no further connections, lets requests in flight end for at most `grace_seconds`, closes
 * everything and removes Unix sockets. Accepts NULL. */
void http_stop(struct http_server *server, unsigned grace_seconds);

/* The first header or query value of that name (header names in any case), or NULL. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_query(const struct http_request *request, const char *name);

/* Adds a header to a reply; beyond 16, or with a control character in it, it is dropped. */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);

#endif
