/*
 * Request bodies: received by event threads piece by piece, and made into what a handler reads.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/http.h"
#include "http/multipart.h"

struct http_body {
    enum http_body_kind kind;
    uint64_t limit;
    uint64_t received;
    struct buffer text; /* JSON */
    struct http_multipart *multipart;
    char *stage; /* multipart: bytes that wait for a writer */
    size_t staged;
};

/* Prepares for a body that the request's plan allows. Its content type is checked only where there
 * is a body (`length` is not 0, or not known). */
int http_body_open(struct http_body *body, const struct http_request *request,
                   const struct http_plan *plan, bool comes, const char *directory,
                   struct treadle_error *error);

/* Drops the body as it comes. */
void http_body_drop(struct http_body *body);

/* Accepts up to `length` bytes and returns how many; fewer when the stage is full. Never blocks.
 * Fails with 413 above the limit. */
int http_body_take(struct http_body *body, const char *bytes, size_t length, size_t *taken,
                   struct treadle_error *error);

/* Whether the stage must be written before more can be accepted. */
bool http_body_is_full(const struct http_body *body);

/* Parses and writes what is staged; blocks on the disk. */
int http_body_write(struct http_body *body, struct treadle_error *error);

/* At the end: writes the rest and gives the request its body or parts. Blocks. */
int http_body_finish(struct http_body *body, struct http_request *request,
                     struct treadle_error *error);

/* Aborts a multipart body: removes its files at once. No more is accepted. */
void http_body_abandon(struct http_body *body);

/* Frees everything and removes the files that are still there. */
void http_body_close(struct http_body *body);

#endif
