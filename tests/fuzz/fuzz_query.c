/*
 * Fuzzing request targets and header parameters: whatever is taken must be valid UTF-8, and every
 * piece must be there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/parameter.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
    if (!text || !text_is_utf8(text, strlen(text)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    const char *text = arena_copy(arena, data, size);
    struct http_uri uri;
    struct treadle_error error;
    if (!http_uri_parse(arena, text, &uri, &error)) {
        for (size_t i = 0; i < uri.segment_count; i++)
            check(uri.segments[i]);
        for (size_t i = 0; i < uri.query_count; i++) {
            check(uri.query[i].name);
            check(uri.query[i].value);
        }
    }
    const char *cursor = text;
    char *name, *value;
    if (!http_parameter_main(arena, &cursor))
        abort();
    while (http_parameter_next(arena, &cursor, &name, &value) == 1)
        if (!name || !value)
            abort();
    arena_free(arena);
    return 0;
}
