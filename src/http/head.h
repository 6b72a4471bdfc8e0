/*
 * Request heads: from libmicrohttpd's form of a request to this room's.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <microhttpd.h>

#include "http/http.h"

/* What a head says about its body. */
struct http_framing {
    bool chunked;
    bool expects_continue;
    uint64_t length; /* of Content-Length; 0 without */
};

/* Fills the request's method, path, segments, query and headers; `target` is the request target as
 * it came. Headers stay valid as long as libmicrohttpd's request. Failures are errors of the
 * protocol, after which nothing more may be read from the connection. */
int http_head_read(struct http_request *request, struct http_framing *framing,
                   struct MHD_Connection *connection, const char *method, const char *target,
                   struct treadle_error *error);

#endif
