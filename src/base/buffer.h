/*
 * Buffer: bytes that grow up to a cap.
 *
 * A failed append (memory, or the cap) leaves the buffer as it was and makes it `failed`; later
 * appends then do nothing, so that a printer may append without checking and check once at the end.
 * The bytes are always followed by a zero byte that `length` does not count.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct buffer {
    char *data; /* never NULL after an append that worked */
    size_t length;
    size_t capacity;
    size_t cap;
    int failed; /* 0, or why: TREADLE_ELIMIT or TREADLE_EMEMORY */
};

/* An empty buffer of at most `cap` bytes; allocates nothing. */
void buffer_init(struct buffer *buffer, size_t cap);

/* Frees the bytes and leaves an empty buffer of the same cap. */
void buffer_clear(struct buffer *buffer);

/* Keeps the memory, drops the bytes and the failure. */
void buffer_reset(struct buffer *buffer);

/* Each returns 0, or TREADLE_ELIMIT or TREADLE_EMEMORY. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t length);
int buffer_append_string(struct buffer *buffer, const char *text);
int buffer_append_char(struct buffer *buffer, char character);
int buffer_append_integer(struct buffer *buffer, int64_t value);
int buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets `error` to why the buffer failed: that memory ran out, or, for one that reached its cap,
 * `limit`. Returns `failed`. */
int buffer_error(const struct buffer *buffer, const char *limit, struct treadle_error *error);

/* Passes the bytes to the caller, who frees them; the buffer is empty then. Never NULL for a buffer
 * that did not fail, unless memory runs out. */
char *buffer_take(struct buffer *buffer);

#endif
