/*
 * Stencils. An event is taken for the pattern only when it has the bytes "content" with their
 * quotation marks once, followed by a colon, and no escape outside the content: then they can only
 * be the name of the one member of that name.
 */
#include "openai/stencil.h"

#include <string.h>

#include "base/text.h"

enum { LARGEST_EVENT = 4096 };

static const char name[] = "\"content\"";

void stencil_init(struct stencil *stencil)
{
    *stencil = (struct stencil){.start = 0};
    buffer_init(&stencil->event, LARGEST_EVENT);
}

void stencil_clear(struct stencil *stencil)
{
    buffer_clear(&stencil->event);
    stencil_init(stencil);
}

static size_t skip_space(const char *event, size_t length, size_t at)
{
    while (at < length && event[at] == ' ')
        at++;
    return at;
}

/* Where the content starts, after its quotation mark; 0 when that is not known. */
static size_t find_start(const char *event, size_t length)
{
    const size_t size = sizeof name - 1;
    const char *found = memmem(event, length, name, size);
    if (!found)
        return 0;
    size_t at = (size_t)(found - event) + size;
    if (memmem(event + at, length - at, name, size))
        return 0;
    at = skip_space(event, length, at);
    if (at == length || event[at] != ':')
        return 0;
    at = skip_space(event, length, at + 1);
    return at < length && event[at] == '"' ? at + 1 : 0;
}

/* Where a string without escapes ends; `length` when it has one. */
static size_t find_end(const char *event, size_t length, size_t at)
{
    while (at < length && event[at] != '"' && event[at] != '\\')
        at++;
    return at < length && event[at] == '"' ? at : length;
}

void stencil_learn(struct stencil *stencil, const char *event, size_t length)
{
    stencil->start = stencil->end = 0;
    size_t start = find_start(event, length);
    size_t end = start ? find_end(event, length, start) : length;
    if (end == length || memchr(event, '\\', length))
        return;
    buffer_reset(&stencil->event);
    if (buffer_append(&stencil->event, event, length))
        return;
    stencil->start = start;
    stencil->end = end;
}

static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '"' || text[i] == '\\')
            return false;
    return text_is_utf8(text, length);
}

bool stencil_match(const struct stencil *stencil, const char *event, size_t length,
                   const char **text, size_t *text_length)
{
    size_t before = stencil->start, after = stencil->event.length - stencil->end;
    if (!before || length < before + after)
        return false;
    size_t between = length - before - after;
    if (memcmp(event, stencil->event.data, before) != 0 ||
        memcmp(event + length - after, stencil->event.data + stencil->end, after) != 0 ||
        !is_plain(event + before, between))
        return false;
    *text = event + before;
    *text_length = between;
    return true;
}
