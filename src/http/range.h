/*
 * Ranges: the part of a content that a request asks for (RFC 9110, section 14).
 */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

#include "http/http.h"

enum http_range_outcome {
    HTTP_RANGE_WHOLE, /* nothing else was asked for, or in a form that a server may ignore */
    HTTP_RANGE_PART,
    HTTP_RANGE_OUTSIDE /* there is no such part: 416 */
};

/* Looks at the request's Range and If-Range; `tag` is the content's strong entity tag, and `*start`
 * and `*count` become the part, in bytes. Several ranges at once are ignored, so that the whole is
 * sent. */
enum http_range_outcome http_range_find(const struct http_request *request, const char *tag,
                                        uint64_t length, uint64_t *start, uint64_t *count);

#endif
