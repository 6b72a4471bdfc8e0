/*
 * Output: frames to standard output, through one block of memory.
 */
#ifndef READER_OUTPUT_H
#define READER_OUTPUT_H

#include <stddef.h>

#include "document/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

struct output {
    size_t used;
    char bytes[1 << 16];
};

/* From now on the process ends when its output cannot be read any more, at once and at any point:
 * also when that was so from the start. */
void output_watch(void);

/* Puts a frame of a struct and at most FRAME_LIMIT - size bytes of text. Ends the process when its
 * output cannot be read any more. */
void output_frame(struct output *output, enum frame_kind kind, const void *body, size_t size,
                  const char *text, size_t length);

void output_flush(struct output *output);

#ifdef __cplusplus
}
#endif

#endif
