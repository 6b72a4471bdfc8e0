/*
 * Multipart form bodies (RFC 7578), read as they come.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "http/http.h"

enum {
    HTTP_MULTIPART_MOST_PARTS = 64,
    HTTP_MULTIPART_LARGEST_VALUE = 64 * 1024,
    HTTP_MULTIPART_LARGEST_HEADER = 8 * 1024
};

struct http_multipart;

/* A reader for a body with this Content-Type. Parts live in the arena, which must outlive the
 * reader; files go to `directory`, which is kept by reference. */
int http_multipart_new(struct http_multipart **out, struct arena *arena, const char *content_type,
                       const char *directory, struct treadle_error *error);

/* Reads the next bytes, which may be split anywhere, and writes to disk. Failures are errors of the
 * protocol (400, 413, 507, 500); after one the reader accepts nothing more. */
int http_multipart_feed(struct http_multipart *multipart, const char *bytes, size_t length,
                        struct treadle_error *error);

/* At the body's end: the parts in order; the reader still owns their files. */
int http_multipart_finish(struct http_multipart *multipart, struct http_part **parts, size_t *count,
                          struct treadle_error *error);

/* Removes every file that is still where it was written. Accepts NULL. */
void http_multipart_free(struct http_multipart *multipart);

#endif
