/*
 * Decoding: the bytes of a text file as UTF-8, whatever it was written in.
 */
#ifndef DOCUMENT_DECODE_H
#define DOCUMENT_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "treadle/error.h"

/* Whether the beginning of a file looks like text: a byte order mark, UTF-8 (also cut within a
 * character), UTF-16, or bytes of an older encoding without control characters. */
bool decode_is_text(const char *bytes, size_t length);

/* Appends the text to `out`, whose cap must be at least 4 * length + 4. A byte order mark decides
 * first, then what is well-formed UTF-8, then `named` (what the file says of itself, may be NULL),
 * then what ICU finds most likely. TREADLE_EPARSE for what is no text. */
int decode_text(struct buffer *out, const char *bytes, size_t length, const char *named,
                struct treadle_error *error);

#endif
