/*
 * Showing data: every character is asked for its width, and one without is escaped.
 */
#include "cli/show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/number.h"
#include "base/text.h"

/* These change the direction of what follows, and so could make one name look like another. */
static bool turns_direction(uint32_t character)
{
    return (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

static int width_of(uint32_t character)
{
    if (character < 0x80)
        return character >= ' ' && character != 0x7F ? 1 : -1;
    return turns_direction(character) ? -1 : wcwidth((wchar_t)character);
}

static void append_escape(struct buffer *out, uint32_t character)
{
    switch (character) {
    case '\n':
        buffer_append_string(out, "\\n");
        break;
    case '\r':
        buffer_append_string(out, "\\r");
        break;
    case '\t':
        buffer_append_string(out, "\\t");
        break;
    default:
        buffer_append_format(out, character < 0x100 ? "\\x%02x" : "\\u{%x}", character);
    }
}

static void show(struct buffer *out, const char *text, const char *kept)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        char bytes[4];
        uint32_t character = text_next(text, length, &at);
        bool plain = character < 0x80 && strchr(kept, (int)character);
        if (plain || width_of(character) >= 0)
            buffer_append(out, bytes, text_put(bytes, character));
        else
            append_escape(out, character);
    }
}

void show_line(struct buffer *out, const char *text)
{
    show(out, text, "");
}

void show_block(struct buffer *out, const char *text)
{
    show(out, text, "\n\t");
}

size_t show_cut(const char *text, size_t width, size_t *taken)
{
    size_t length = strlen(text), at = 0;
    *taken = 0;
    while (at < length) {
        size_t next = at;
        int columns = width_of(text_next(text, length, &next));
        if (columns > 0 && *taken + (size_t)columns > width)
            break;
        *taken += columns > 0 ? (size_t)columns : 0;
        at = next;
    }
    return at;
}

size_t show_width(const char *text)
{
    size_t width;
    show_cut(text, SIZE_MAX, &width);
    return width;
}

static void show_moment(char *out, size_t size, int64_t seconds, const char *format)
{
    time_t moment = (time_t)seconds;
    struct tm local;
    if (seconds <= 0 || !localtime_r(&moment, &local) || !strftime(out, size, format, &local))
        snprintf(out, size, "-");
}

void show_time(char *out, size_t size, int64_t seconds)
{
    show_moment(out, size, seconds, "%Y-%m-%d %H:%M:%S");
}

void show_clock(char *out, size_t size, int64_t seconds)
{
    show_moment(out, size, seconds, "%H:%M:%S");
}

void show_duration(char *out, size_t size, int64_t seconds)
{
    long long s = (long long)seconds;
    if (s < 0)
        snprintf(out, size, "-");
    else if (s < 1)
        snprintf(out, size, "<1 s");
    else if (s < 60)
        snprintf(out, size, "%lld s", s);
    else if (s < 3600)
        snprintf(out, size, "%lld min %lld s", s / 60, s % 60);
    else
        snprintf(out, size, "%lld h %lld min", s / 3600, s / 60 % 60);
}

void show_span(char *out, size_t size, int64_t microseconds)
{
    if (microseconds >= 60000000)
        show_duration(out, size, microseconds / 1000000);
    else if (microseconds >= 1000000)
        number_format(out, size, "%.2f s", (double)(microseconds / 10000) / 100);
    else if (microseconds >= 1000)
        snprintf(out, size, "%d ms", (int)(microseconds / 1000));
    else
        snprintf(out, size, "<1 ms");
}
