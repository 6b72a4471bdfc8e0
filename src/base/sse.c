/*
 * Server-sent events.
 */
#include "base/sse.h"

#include <string.h>

void sse_init(struct sse *sse, size_t cap)
{
    memset(sse, 0, sizeof *sse);
    buffer_init(&sse->line, cap);
    buffer_init(&sse->data, cap);
}

void sse_clear(struct sse *sse)
{
    buffer_clear(&sse->line);
    buffer_clear(&sse->data);
}

static void forget_event(struct sse *sse)
{
    buffer_reset(&sse->data);
    sse->has_data = sse->whole = false;
    sse->name[0] = sse->id[0] = '\0';
}

void sse_reset(struct sse *sse)
{
    forget_event(sse);
    buffer_reset(&sse->line);
    sse->after_cr = sse->begun = false;
}

static int add_data(struct sse *sse, const char *value, size_t length)
{
    int rc = sse->has_data ? buffer_append_char(&sse->data, '\n') : 0;
    sse->has_data = true;
    return rc ? rc : buffer_append(&sse->data, value, length);
}

static void set_text(char *to, size_t size, const char *value, size_t length)
{
    size_t fits = length < size ? length : size - 1;
    memcpy(to, value, fits);
    to[fits] = '\0';
}

/* A blank line: 1 when it ends an event. */
static int end_event(struct sse *sse)
{
    sse->whole = sse->has_data;
    if (!sse->whole)
        forget_event(sse);
    return sse->whole;
}

/* A line without its end. */
static int take_line(struct sse *sse, const char *line, size_t length)
{
    if (!length)
        return end_event(sse);
    const char *colon = memchr(line, ':', length);
    size_t field = colon ? (size_t)(colon - line) : length;
    const char *value = colon ? colon + 1 : line + length;
    if (value < line + length && *value == ' ')
        value++;
    size_t rest = (size_t)(line + length - value);
    if (field == 4 && memcmp(line, "data", 4) == 0)
        return add_data(sse, value, rest);
    if (field == 5 && memcmp(line, "event", 5) == 0)
        set_text(sse->name, sizeof sse->name, value, rest);
    else if (field == 2 && memcmp(line, "id", 2) == 0)
        set_text(sse->id, sizeof sse->id, value, rest);
    return 0;
}

static int end_line(struct sse *sse)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *line = sse->line.data;
    size_t length = sse->line.length;
    if (!sse->begun && length >= 3 && memcmp(line, mark, 3) == 0) {
        line += 3;
        length -= 3;
    }
    sse->begun = true;
    int rc = take_line(sse, length ? line : "", length);
    buffer_reset(&sse->line);
    return rc;
}

int sse_read(struct sse *sse, const char **bytes, size_t *length)
{
    const char *at = *bytes, *end = *bytes + *length;
    int rc = 0;
    if (sse->whole)
        forget_event(sse);
    while (!rc && at < end) {
        if (sse->after_cr && *at == '\n')
            at++;
        sse->after_cr = false;
        const char *start = at;
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        if (at > start)
            rc = buffer_append(&sse->line, start, (size_t)(at - start));
        if (!rc && at < end) {
            sse->after_cr = *at++ == '\r';
            rc = end_line(sse);
        }
    }
    *bytes = at;
    *length = (size_t)(end - at);
    return rc;
}

int sse_finish(struct sse *sse)
{
    if (sse->whole)
        forget_event(sse);
    int rc = sse->line.length ? end_line(sse) : 0;
    return rc ? rc : end_event(sse);
}
