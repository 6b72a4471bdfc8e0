/*
 * Server-sent events.
 */
#include "model/sse.h"

#include <string.h>

void sse_init(struct sse *sse, size_t cap, sse_event event, void *context)
{
    *sse = (struct sse){.event = event, .context = context};
    buffer_init(&sse->line, cap);
    buffer_init(&sse->data, cap);
}

void sse_clear(struct sse *sse)
{
    buffer_clear(&sse->line);
    buffer_clear(&sse->data);
}

static int dispatch(struct sse *sse)
{
    int rc = 0;
    if (sse->has_data)
        rc = sse->event(sse->context, sse->name, sse->data.data, sse->data.length);
    buffer_reset(&sse->data);
    sse->has_data = false;
    sse->name[0] = '\0';
    return rc;
}

static int add_data(struct sse *sse, const char *value, size_t length)
{
    int rc = sse->has_data ? buffer_append_char(&sse->data, '\n') : 0;
    sse->has_data = true;
    return rc ? rc : buffer_append(&sse->data, value, length);
}

static void set_name(struct sse *sse, const char *value, size_t length)
{
    size_t fits = length < sizeof sse->name ? length : sizeof sse->name - 1;
    memcpy(sse->name, value, fits);
    sse->name[fits] = '\0';
}

/* A line without its end. */
static int take_line(struct sse *sse, const char *line, size_t length)
{
    if (!length)
        return dispatch(sse);
    const char *colon = memchr(line, ':', length);
    size_t field = colon ? (size_t)(colon - line) : length;
    const char *value = colon ? colon + 1 : line + length;
    if (value < line + length && *value == ' ')
        value++;
    size_t rest = (size_t)(line + length - value);
    if (field == 4 && memcmp(line, "data", 4) == 0)
        return add_data(sse, value, rest);
    if (field == 5 && memcmp(line, "event", 5) == 0)
        set_name(sse, value, rest);
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

int sse_feed(struct sse *sse, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    int rc = 0;
    while (!rc && bytes < end) {
        if (sse->after_cr && *bytes == '\n')
            bytes++;
        sse->after_cr = false;
        const char *at = bytes;
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        if (at > bytes)
            rc = buffer_append(&sse->line, bytes, (size_t)(at - bytes));
        if (!rc && at < end) {
            sse->after_cr = *at == '\r';
            rc = end_line(sse);
            at++;
        }
        bytes = at;
    }
    return rc;
}

int sse_finish(struct sse *sse)
{
    int rc = sse->line.length ? end_line(sse) : 0;
    return rc ? rc : dispatch(sse);
}
