/*
 * MIME: the head of a message or of a part of one, and its body without its transfer encoding.
 */
#ifndef READER_MIME_H
#define READER_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum { MIME_VALUE = 1000 /* bytes of a value that is kept */ };

struct mime {
    const char *head, *body;
    size_t head_length, body_length;
};

/* Parts head from body. */
struct mime mime_open(const char *bytes, size_t length);

/* The first field of that name, unfolded, its encoded words as UTF-8, cut to the size. False where
 * there is none, and `out` is empty then. */
bool mime_field(const struct mime *mime, const char *name, char out[MIME_VALUE]);

/* A parameter of a field's value, as the boundary in "multipart/mixed; boundary=x". */
bool mime_parameter(const char *value, const char *name, char out[MIME_VALUE]);

/* Appends the body. */
void mime_decode(const struct mime *mime, struct buffer *out);

/* The next part of a body with this boundary, from `*position` on. False after the last. */
bool mime_part(const struct mime *mime, const char *boundary, size_t *position, struct mime *out);

#endif
