/*
 * Decoding: the bytes of a text file, of any encoding, as UTF-8.
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

enum decode_doubt {
    DECODE_SURE,
    DECODE_GUESSED, /* nothing in the file says its encoding */
    DECODE_BROKEN   /* it is UTF-8 but for some bytes, which became U+FFFD */
};

/* Appends the text to `out`, whose cap must be at least 4 * length + 4. A byte order mark decides
 * first, then well-formed UTF-8, then `named` (the encoding that the file names, may be NULL), then
 * UTF-8 with few errors, then what ICU finds most likely. `*doubt` says how sure that is, and
 * `encoding` names what was guessed. TREADLE_EPARSE for what is no text. */
enum { DECODE_NAME = 64 };
int decode_text(struct buffer *out, const char *bytes, size_t length, const char *named,
                enum decode_doubt *doubt, char encoding[DECODE_NAME], struct treadle_error *error);

#endif
