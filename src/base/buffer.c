/*
 * Buffer: doubling growth under a hard cap, with a failure that stays.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

void buffer_init(struct buffer *buffer, size_t cap)
{
    *buffer = (struct buffer){.cap = cap};
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->cap);
}

void buffer_reset(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

static int buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return buffer->failed;
    if (more > buffer->cap - buffer->length)
        return buffer->failed = TREADLE_ELIMIT;
    size_t need = buffer->length + more + 1;
    if (need <= buffer->capacity)
        return 0;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return buffer->failed = TREADLE_EMEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    int rc = buffer_reserve(buffer, length);
    if (rc)
        return rc;
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_append_string(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

int buffer_append_char(struct buffer *buffer, char character)
{
    return buffer_append(buffer, &character, 1);
}

int buffer_append_integer(struct buffer *buffer, int64_t value)
{
    char text[24];
    char *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    return buffer_append(buffer, at, (size_t)(text + sizeof text - at));
}

int buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list args, again;
    size_t room = buffer->capacity - buffer->length;
    va_start(args, format);
    va_copy(again, args);
    /* Mostly the text fits, and need not be formatted twice. */
    int length =
        number_format_list(buffer->data ? buffer->data + buffer->length : NULL, room, format, args);
    va_end(args);
    int rc = length < 0 ? TREADLE_EINVALID : buffer_reserve(buffer, (size_t)length);
    if (!rc && (size_t)length >= room)
        number_format_list(buffer->data + buffer->length, (size_t)length + 1, format, again);
    if (!rc)
        buffer->length += (size_t)length;
    else if (buffer->data)
        buffer->data[buffer->length] = '\0';
    va_end(again);
    return rc;
}

int buffer_error(const struct buffer *buffer, const char *limit, struct treadle_error *error)
{
    return buffer->failed == TREADLE_EMEMORY ? error_set_memory(error)
                                             : error_set(error, TREADLE_ELIMIT, "%s", limit);
}

char *buffer_take(struct buffer *buffer)
{
    if (buffer->failed || buffer_reserve(buffer, 0))
        return NULL;
    buffer->data[buffer->length] = '\0';
    char *data = buffer->data;
    buffer_init(buffer, buffer->cap);
    return data;
}
