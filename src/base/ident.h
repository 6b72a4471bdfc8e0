/*
 * Identifiers: a prefix and a time-ordered random tail, safe within a URL path.
 *
 * The tail starts with the time in milliseconds, so ids made later sort later and indexes grow at
 * their end; at least 80 random bits follow, from the kernel, so ids cannot be guessed.
 */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include <stddef.h>

/* Longest id with its terminator. */
enum { IDENT_SIZE = 48 };

/* `prefix` (such as "step_") and 24 letters and digits. */
void ident_make(char out[IDENT_SIZE], const char *prefix);

/* `prefix` (such as "vs_") and 32 hexadecimal digits. */
void ident_make_hex(char out[IDENT_SIZE], const char *prefix);

/* Random bytes from the kernel; cannot fail once the system has booted. */
void ident_random(void *out, size_t length);

#endif
