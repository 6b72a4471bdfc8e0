/*
 * The headers of one part of a multipart body.
 */
#ifndef HTTP_PART_HEADER_H
#define HTTP_PART_HEADER_H

#include "http/http.h"

/* Reads a header block, terminated, whose every line ends with CRLF. Sets the part's name, filename
 * and content type; they live in the arena. Failures are errors of the protocol. */
int http_part_header_parse(struct arena *arena, const char *block, struct http_part *out,
                           struct treadle_error *error);

#endif
