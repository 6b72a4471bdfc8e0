/*
 * Server-sent events, read: bytes as they come in, whole events out.
 *
 * Follows the standard: lines end with LF, CR or CRLF; the data lines of an event are joined with
 * LF; a blank line ends the event; comments, `id` and `retry` are passed over. An event that the
 * stream's end cuts off is handed out too when asked for, since some servers leave the last blank
 * line away.
 */
#ifndef MODEL_SSE_H
#define MODEL_SSE_H

#include "base/buffer.h"
#include "treadle/error.h"

/* An event: `name` is "" where the stream gave none. Anything but 0 ends the reading. */
typedef int (*sse_event)(void *context, const char *name, const char *data, size_t length);

struct sse {
    struct buffer line, data;
    char name[64];
    bool has_data;
    bool after_cr; /* a LF that comes next belongs to the line before */
    bool begun;    /* a byte order mark can come no more */
    sse_event event;
    void *context;
};

/* Lines and events of at most `cap` bytes. */
void sse_init(struct sse *sse, size_t cap, sse_event event, void *context);

/* 0, TREADLE_ELIMIT, TREADLE_EMEMORY, or what `event` returned. */
int sse_feed(struct sse *sse, const char *bytes, size_t length);

/* At the stream's end: hands out what was not ended. */
int sse_finish(struct sse *sse);

void sse_clear(struct sse *sse);

#endif
