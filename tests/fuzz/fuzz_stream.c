/*
 * Fuzzing the streams of the client: whatever a server sends, events come out whole or not at all,
 * and are the same however the bytes are parted (the first byte of a case says how).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/stream_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { LARGEST = 1 << 16, MEMORY = 16 << 20 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static size_t objects(const struct treadle_event *event)
{
    return (size_t) !!event->thread + !!event->run + !!event->step + !!event->step_delta +
           !!event->message + !!event->message_delta + !!event->error;
}

/* Notes what an event is; 0, or the code that ended the reading. */
static int note(const struct sse *sse, struct buffer *seen)
{
    struct treadle_event event;
    struct treadle_error error = {0};
    struct arena *arena = arena_new(MEMORY);
    require(arena != NULL);
    int rc = event_read(sse, arena, &event, &error);
    if (rc > 0) {
        require(objects(&event) == 1 && event.number >= 0 && event.name);
        require(strcmp(event.name, treadle_event_type_name(event.type)) == 0);
        const char *text = treadle_event_text(&event);
        require(!text || event.message_delta);
        buffer_append_format(seen, "%d %lld %zu %s\n", (int)event.type, (long long)event.number,
                             event.data_length, text ? text : "");
        rc = 0;
    } else if (rc < 0) {
        require(error.message[0] != '\0' && error.code == rc);
    }
    arena_free(arena);
    return rc;
}

static int read_stream(const char *bytes, size_t length, size_t step, struct buffer *seen)
{
    struct sse sse;
    int rc = 0;
    sse_init(&sse, LARGEST);
    buffer_init(seen, (size_t)4 << 20);
    for (size_t at = 0; !rc && at < length; at += step) {
        const char *piece = bytes + at;
        size_t left = length - at < step ? length - at : step;
        while (!rc && (rc = sse_read(&sse, &piece, &left)) > 0)
            rc = event_is_last(&sse) ? TREADLE_ENOTFOUND : note(&sse, seen);
        require(rc || left == 0);
    }
    sse_clear(&sse);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct buffer whole, parted;
    if (length < 2)
        return 0;
    const char *text = (const char *)bytes + 1;
    int first = read_stream(text, length - 1, length, &whole);
    int second = read_stream(text, length - 1, bytes[0] % 13u + 1, &parted);
    require(first == second && whole.length == parted.length);
    require(!whole.length || memcmp(whole.data, parted.data, whole.length) == 0);
    buffer_clear(&whole);
    buffer_clear(&parted);
    return 0;
}
