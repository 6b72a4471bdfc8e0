/*
 * Request bodies.
 *
 * A JSON body grows in memory up to its limit. A multipart body passes through a buffer of 64 KiB
 * (the stage): event threads only copy into it, and when it is full the connection is suspended
 * while a writer thread parses it and writes to disk. So a slow disk delays only the upload that
 * needs it, TCP slows the client down, and an upload of any size takes 64 KiB.
 */
#include "http/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "http/parameter.h"

enum { STAGE_SIZE = 64 * 1024, LEAST_DROPPED = 64 * 1024 };

static int wrong_type(struct treadle_error *error, const char *expected)
{
    return error_set_wire(error, 415, "invalid_request_error", "unsupported_content_type", NULL,
                          "The request's Content-Type is not supported: expected %s.", expected);
}

static int open_multipart(struct http_body *body, const struct http_request *request,
                          const char *type, const char *directory, struct treadle_error *error)
{
    if (!type || !http_parameter_is(type, "multipart/form-data"))
        return wrong_type(error, "multipart/form-data");
    int rc = http_multipart_new(&body->multipart, request->arena, type, directory, error);
    if (rc)
        return rc;
    body->stage = malloc(STAGE_SIZE);
    return body->stage ? 0 : error_set_memory(error);
}

int http_body_open(struct http_body *body, const struct http_request *request,
                   const struct http_plan *plan, bool comes, const char *directory,
                   struct treadle_error *error)
{
    const char *type = http_header(request, "Content-Type");
    body->kind = plan->body;
    body->limit = plan->limit;
    if (plan->body == HTTP_BODY_NONE && body->limit < LEAST_DROPPED)
        body->limit = LEAST_DROPPED;
    if (plan->body == HTTP_BODY_MULTIPART)
        return open_multipart(body, request, type, directory, error);
    buffer_init(&body->text, body->limit < SIZE_MAX / 4 ? (size_t)body->limit : SIZE_MAX / 4);
    if (plan->body == HTTP_BODY_JSON && comes && type &&
        !http_parameter_is(type, "application/json"))
        return wrong_type(error, "application/json");
    return 0;
}

void http_body_drop(struct http_body *body)
{
    body->kind = HTTP_BODY_NONE;
    body->limit = body->received + LEAST_DROPPED;
}

int http_body_take(struct http_body *body, const char *bytes, size_t length, size_t *taken,
                   struct treadle_error *error)
{
    if (length > body->limit - body->received)
        return error_set_wire(error, 413, "invalid_request_error", "request_too_large", NULL,
                              "The request's body is larger than %llu bytes.",
                              (unsigned long long)body->limit);
    if (body->kind == HTTP_BODY_MULTIPART) {
        size_t room = STAGE_SIZE - body->staged;
        length = length < room ? length : room;
        memcpy(body->stage + body->staged, bytes, length);
        body->staged += length;
    } else if (body->kind == HTTP_BODY_JSON && buffer_append(&body->text, bytes, length)) {
        return error_set_memory(error);
    }
    body->received += length;
    *taken = length;
    return 0;
}

bool http_body_is_full(const struct http_body *body)
{
    return body->kind == HTTP_BODY_MULTIPART && body->staged == STAGE_SIZE;
}

int http_body_write(struct http_body *body, struct treadle_error *error)
{
    size_t staged = body->staged;
    body->staged = 0;
    return http_multipart_feed(body->multipart, body->stage, staged, error);
}

int http_body_finish(struct http_body *body, struct http_request *request,
                     struct treadle_error *error)
{
    if (body->kind == HTTP_BODY_MULTIPART) {
        int rc = http_body_write(body, error);
        if (rc)
            return rc;
        return http_multipart_finish(body->multipart, &request->parts, &request->part_count, error);
    }
    if (body->kind == HTTP_BODY_JSON && body->text.length) {
        request->body = body->text.data;
        request->body_length = body->text.length;
    }
    return 0;
}

void http_body_abandon(struct http_body *body)
{
    http_multipart_free(body->multipart);
    free(body->stage);
    body->multipart = NULL;
    body->stage = NULL;
}

void http_body_close(struct http_body *body)
{
    http_body_abandon(body);
    buffer_clear(&body->text);
    *body = (struct http_body){.kind = HTTP_BODY_NONE};
}
