/*
 * Identifiers: 8 digits of time in base 62 (good for 6,900 years) and 16 random ones; for the
 * hexadecimal form 12 digits of time and 20 random ones.
 */
#include "base/ident.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void ident_random(void *out, size_t length)
{
    unsigned char *bytes = out;
    while (length) {
        ssize_t got = getrandom(bytes, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* without random numbers, ids could be guessed */
        bytes += got;
        length -= (size_t)got;
    }
}

static void put_number(char *out, int count, uint64_t value, unsigned base)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = digits[value % base];
        value /= base;
    }
}

static void put_random(char *out, int count, unsigned base)
{
    /* A byte above the largest multiple of the base is dropped, so every digit is as likely. */
    unsigned limit = 256 / base * base;
    unsigned char bytes[32];
    size_t left = 0;
    for (int i = 0; i < count;) {
        if (!left) {
            ident_random(bytes, sizeof bytes);
            left = sizeof bytes;
        }
        unsigned byte = bytes[--left];
        if (byte < limit)
            out[i++] = digits[byte % base];
    }
}

static void make(char *out, const char *prefix, int time_digits, int random_digits, unsigned base)
{
    size_t length = strlen(prefix);
    memcpy(out, prefix, length);
    put_number(out + length, time_digits, (uint64_t)clock_milliseconds(), base);
    put_random(out + length + time_digits, random_digits, base);
    out[length + (size_t)(time_digits + random_digits)] = '\0';
}

void ident_make(char out[IDENT_SIZE], const char *prefix)
{
    make(out, prefix, 8, 16, 62);
}

void ident_make_hex(char out[IDENT_SIZE], const char *prefix)
{
    make(out, prefix, 12, 20, 16);
    for (char *c = out + strlen(prefix); *c; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c - 'A' + 'a');
}
