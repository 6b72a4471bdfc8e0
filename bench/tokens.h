/*
 * Tokens: reads a stream of bench_model's tokens, straight from it or through Treadle, and checks
 * that each is there, once, in order, and what the end says.
 */
#ifndef BENCH_TOKENS_H
#define BENCH_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/sse.h"

struct tokens {
    unsigned expected;
    unsigned next;        /* number of the token to come */
    int64_t first;        /* when that was, on the monotonic clock in microseconds; 0: not yet */
    int64_t latest;       /* largest time from when a token was due until it was here */
    int64_t held;         /* largest time from when a token was sent until it was here */
    unsigned long events; /* all that came */
    bool wrong;           /* a token out of order, or a message that is not what was streamed */
    bool message, run,
        end; /* the message is completed; the run is; the stream was ended in order */
    struct sse sse;
    struct buffer text; /* what came; from `read` on not yet taken apart */
    size_t read;
};

void tokens_init(struct tokens *tokens, unsigned expected);

/* Bytes of a stream of a run, or of chat completions: the names of its events show which. */
void tokens_feed(struct tokens *tokens, const char *bytes, size_t length);

/* Whether everything came that was to come. */
bool tokens_are_whole(const struct tokens *tokens, bool of_run);

void tokens_clear(struct tokens *tokens);

#endif
