/*
 * Responses: a reply as libmicrohttpd sends it.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <microhttpd.h>

#include "http/http.h"

/* What every reply has beside its own headers. */
struct http_response_frame {
    const char *request_id;
    int64_t handler_us;
    bool close; /* the connection, after this reply */
};

/* A response that owns the reply's content, which is moved out; that of a stream when the reply has
 * an open one. NULL when memory runs out. */
struct MHD_Response *http_response_build(struct http_reply *reply,
                                         const struct http_response_frame *frame);

#endif
