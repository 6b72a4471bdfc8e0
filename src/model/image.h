/*
 * Images: what they are by their first bytes, and how they are put into a request.
 */
#ifndef MODEL_IMAGE_H
#define MODEL_IMAGE_H

#include <stddef.h>

#include "base/buffer.h"

/* The largest image that is put into a request. */
enum { IMAGE_BYTES = 20 << 20 };

/* "image/png" and the like; NULL for what is no PNG, JPEG, GIF or WebP. */
const char *image_type(const void *bytes, size_t length);

/* Appends data:TYPE;base64,… */
void image_print(struct buffer *out, const char *type, const void *bytes, size_t length);

#endif
