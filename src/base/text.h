/*
 * Text: UTF-8 and small string helpers. Lengths are bytes unless a name says characters
 * (Unicode code points).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates, up to U+10FFFF). */
bool text_is_utf8(const char *bytes, size_t length);

/* Code points in well-formed UTF-8. */
size_t text_characters(const char *text, size_t length);

/* Decodes the character at *position (< length) and moves *position after it; a byte that belongs
 * to no well-formed character gives U+FFFD and moves by one. */
uint32_t text_next(const char *text, size_t length, size_t *position);

/* Writes one character as UTF-8 into `out` (at least 4 bytes) and returns its length. */
size_t text_put(char *out, uint32_t character);

/* The largest length <= `length` that does not split a character. */
size_t text_cut(const char *text, size_t length);

bool text_equal(const char *a, const char *b);               /* NULL equals NULL alone */
bool text_equal_ignoring_case(const char *a, const char *b); /* ASCII case, NULL as above */
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

/* A decimal integer within [min, max]: no spaces, no plus sign, nothing after it. Returns 0 or
 * TREADLE_EINVALID. */
int text_to_integer(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
