/*
 * Streams, as the rest of this room sees them: bound to a connection for a while.
 *
 * Between http_stream_bind and http_stream_unbind the stream is in the server's list and may resume
 * the connection; outside of that it is a queue without a reader.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include <microhttpd.h>

#include "http/server.h"

/* Gives the stream the connection, which is suspended: it is resumed once there is something to
 * send. The caller must not touch the exchange any more. */
void http_stream_bind(struct http_stream *stream, struct http_server *server,
                      struct MHD_Connection *mhd, int descriptor);

enum http_stream_choice {
    HTTP_STREAM_GONE,    /* nobody reads */
    HTTP_STREAM_SILENT,  /* its owners released it without a reply */
    HTTP_STREAM_STOPPED, /* the server stops before there was a reply */
    HTTP_STREAM_WHOLE,
    HTTP_STREAM_PIECES
};

/* The owner's reply: a whole one is moved into `reply`, to the headers that are there; for a stream
 * its type is set and reply->stream stays. */
enum http_stream_choice http_stream_take(struct http_stream *stream, struct http_reply *reply);

/* A response that reads the queue; holds the stream as long as it lives. */
struct MHD_Response *http_stream_response(struct http_stream *stream);

/* Takes the connection away: it ends, or has its whole reply. Notifies the owner when the stream
 * was not complete. Releases the connection's reference to the stream. */
void http_stream_unbind(struct http_stream *stream);

/* How many bytes were sent to the client. */
uint64_t http_stream_sent(struct http_stream *stream);

/* For the keeper: sends heartbeats, and drops streams whose clients disconnected. */
void http_streams_tend(struct http_server *server, int64_t now);

/* For stopping: ends them all. */
void http_streams_end(struct http_server *server);

#endif
