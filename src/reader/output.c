/*
 * Output: gathers frames and writes them in large pieces.
 */
#include "reader/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void output_flush(struct output *output)
{
    size_t written = 0;
    while (written < output->used) {
        ssize_t rc = write(STDOUT_FILENO, output->bytes + written, output->used - written);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0)
            _exit(1);
        written += (size_t)rc;
    }
    output->used = 0;
}

static void put(struct output *output, const void *bytes, size_t length)
{
    if (length)
        memcpy(output->bytes + output->used, bytes, length);
    output->used += length;
}

void output_frame(struct output *output, enum frame_kind kind, const void *body, size_t size,
                  const char *text, size_t length)
{
    struct frame frame = {.kind = kind, .length = (uint32_t)(size + length)};
    if (sizeof frame + size + length > sizeof output->bytes - output->used)
        output_flush(output);
    put(output, &frame, sizeof frame);
    put(output, body, size);
    put(output, text, length);
}
