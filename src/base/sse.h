/*
 * Server-sent events, read: bytes in as they come, complete events out, one at a time. Follows the
 * standard: lines end with LF, CR or CRLF; the data lines of an event are joined with LF; a blank
 * line ends the event; comments and `retry` are skipped. An event that the stream's end cuts off is
 * returned too when requested, since some servers omit the last blank line.
 */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include "base/buffer.h"

struct sse {
    /* The event, until the next one is asked for: */
    struct buffer data;
    char name[64]; /* "" where the stream gave none */
    char id[32];   /* the start of the event's id; "" where it has none of its own */
    /* The reader's own: */
    struct buffer line;
    bool has_data;
    bool whole;    /* the event was returned */
    bool after_cr; /* a LF that comes next belongs to the line before */
    bool begun;    /* a byte order mark can no longer come */
};

/* Lines and events of at most `cap` bytes. */
void sse_init(struct sse *sse, size_t cap);

/* Reads on, and moves `bytes` and `length` after what was read. 1 with an event; 0 when all bytes
 * were read; TREADLE_ELIMIT or TREADLE_EMEMORY. */
int sse_read(struct sse *sse, const char **bytes, size_t *length);

/* At the stream's end: 1 with an event that was not ended, else 0 or an error as above. */
int sse_finish(struct sse *sse);

/* Drops all that was read, for another stream. */
void sse_reset(struct sse *sse);

void sse_clear(struct sse *sse);

#endif
