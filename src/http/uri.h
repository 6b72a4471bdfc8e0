/*
 * Request targets: a path and a query, split and decoded.
 */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "http/http.h"

struct http_uri {
    const char *path;
    const char **segments;
    size_t segment_count;
    struct http_field *query;
    size_t query_count;
};

/* Everything in `out` lives in the arena. Failures are errors of the protocol, with status 400. */
int http_uri_parse(struct arena *arena, const char *text, struct http_uri *out,
                   struct treadle_error *error);

/* Decodes `length` bytes of percent-encoding (and '+' as a space where `plus`) into the arena.
 * TREADLE_EPARSE when an escape is broken, or when the result is not UTF-8 or has a NUL in it. */
int http_uri_decode(struct arena *arena, const char *text, size_t length, bool plus, char **out);

#endif
