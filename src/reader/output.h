/*
 * Output: frames to standard output, through one block of memory.
 */
#ifndef READER_OUTPUT_H
#define READER_OUTPUT_H

#include <stddef.h>

#include "document/frame.h"

struct output {
    size_t used;
    char bytes[1 << 16];
};

/* Puts a frame of a struct and at most FRAME_LIMIT - size bytes of text. Ends the process when
 * nobody listens any more. */
void output_frame(struct output *output, enum frame_kind kind, const void *body, size_t size,
                  const char *text, size_t length);

void output_flush(struct output *output);

#endif
