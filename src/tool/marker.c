/*
 * Markers.
 */
#include "tool/marker.h"

#include <string.h>

#define OPEN   "【"
#define CLOSE  "】"
#define DAGGER "†"

enum { LARGEST_MARKER = 1024 };

/* Brackets around a marker: those that it is given with, and what models make of them. */
struct brackets {
    const char *open, *close;
};
static const struct brackets brackets[] = {{OPEN, CLOSE}, {"[", "]"}};

/* Skips the given text where it is there; a text that ends within it may still become it. */
static enum marker_shape expect(const char **at, const char *end, const char *text)
{
    size_t length = strlen(text), there = (size_t)(end - *at);
    if (there < length)
        return memcmp(*at, text, there) == 0 ? MARKER_TOO_SHORT : NO_MARKER;
    if (memcmp(*at, text, length) != 0)
        return NO_MARKER;
    *at += length;
    return MARKER;
}

static void skip_blanks(const char **at, const char *end)
{
    while (*at < end && **at == ' ')
        (*at)++;
}

static enum marker_shape expect_number(const char **at, const char *end, unsigned long *number)
{
    skip_blanks(at, end);
    const char *start = *at;
    for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++)
        *number = *number < 1000000 ? *number * 10 + (unsigned long)(**at - '0') : *number;
    enum marker_shape shape = *at > start ? MARKER : NO_MARKER;
    skip_blanks(at, end);
    return *at == end ? MARKER_TOO_SHORT : shape;
}

/* Looks at no more than a marker may have, so a text that never closes one is not searched again
 * with each piece, and is not held back for ever. */
static enum marker_shape read_begun(const char *text, size_t length, const struct brackets *around,
                                    struct marker *out)
{
    const char *at = text, *end = text + length;
    enum marker_shape shape = expect(&at, end, around->open);
    if (shape == MARKER)
        shape = expect_number(&at, end, &out->turn);
    if (shape == MARKER)
        shape = expect(&at, end, ":");
    if (shape == MARKER)
        shape = expect_number(&at, end, &out->index);
    if (shape == MARKER)
        shape = expect(&at, end, DAGGER);
    if (shape != MARKER)
        return shape;
    const char *close = memmem(at, (size_t)(end - at), around->close, strlen(around->close));
    if (!close)
        return MARKER_TOO_SHORT;
    out->length = (size_t)(close - text) + strlen(around->close);
    return MARKER;
}

static const struct brackets *brackets_at(const char *text)
{
    return *text == '[' ? &brackets[1] : &brackets[0];
}

enum marker_shape marker_read(const char *text, size_t length, struct marker *out)
{
    struct marker marker = {.length = 0};
    size_t looked_at = length < LARGEST_MARKER ? length : LARGEST_MARKER;
    enum marker_shape shape = read_begun(text, looked_at, brackets_at(text), &marker);
    if (shape == MARKER)
        *out = marker;
    return shape == MARKER_TOO_SHORT && length >= LARGEST_MARKER ? NO_MARKER : shape;
}

size_t marker_open_length(const char *text)
{
    return strlen(brackets_at(text)->open);
}

size_t marker_begun(const char *text, size_t length)
{
    for (size_t begun = strlen(OPEN) - 1; begun > 0; begun--)
        if (length >= begun && memcmp(text + length - begun, OPEN, begun) == 0)
            return begun;
    return 0;
}

const char *marker_find_open(const char *text, size_t length)
{
    const char *square = memchr(text, '[', length);
    const char *open = memmem(text, square ? (size_t)(square - text) : length, OPEN, strlen(OPEN));
    return open ? open : square;
}
