/*
 * Replies: from what a handler set to what is sent.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <microhttpd.h>

#include "http/http.h"

/* Turns the reply into this error. */
void http_reply_error(struct http_reply *reply, const struct http_options *options,
                      const struct treadle_error *error);

/* What every reply has beside its own headers. */
struct http_reply_frame {
    const char *request_id;
    int64_t handler_us;
    bool close; /* the connection, after this reply */
};

/* A response that owns the reply's content, which is moved out; that of a stream when the reply has
 * an open one. NULL when memory runs out. */
struct MHD_Response *http_reply_build(struct http_reply *reply,
                                      const struct http_reply_frame *frame);

/* Writes the reply, with its body from memory, straight to a socket on which libmicrohttpd has
 * nothing to send, with the header that closes the connection. What does not fit at once is
 * dropped. `session` is that of http_tls_session, or NULL: then nothing may be encrypted there. */
void http_reply_send(const struct http_reply *reply, const char *request_id, int descriptor,
                     void *session);

#endif
