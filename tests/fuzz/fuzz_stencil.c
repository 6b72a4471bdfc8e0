/*
 * Fuzzing the stencil: the first line is an event that is parsed and learned, each further line one
 * that may follow it. What follows it must be JSON, and the same but for its content.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "openai/stencil.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static json_t *content_holder(const json_t *event)
{
    const json_t *choice = json_array_get(json_object_get(event, "choices"), 0);
    json_t *delta = json_object_get(choice, "delta");
    return json_is_string(json_object_get(delta, "content")) ? delta : NULL;
}

static void compare(const struct stencil *stencil, json_t *first, const char *line, size_t length)
{
    const char *text;
    size_t text_length;
    if (!stencil_match(stencil, line, length, &text, &text_length))
        return;
    json_t *event = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
    json_t *content = json_stringn(text, text_length);
    require(event && content);
    json_object_set_new(content_holder(first), "content", content);
    require(json_equal(first, event));
    json_decref(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *line = (const char *)bytes, *end = line + length;
    const char *stop = length ? memchr(line, '\n', length) : NULL;
    json_t *first = stop ? json_loadb(line, (size_t)(stop - line), JSON_ALLOW_NUL, NULL) : NULL;
    struct stencil stencil;
    stencil_init(&stencil);
    if (content_holder(first))
        stencil_learn(&stencil, line, (size_t)(stop - line));
    while (stop) {
        line = stop + 1;
        stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        if (content_holder(first))
            compare(&stencil, first, line, (size_t)((stop ? stop : end) - line));
    }
    stencil_clear(&stencil);
    json_decref(first);
    return 0;
}
