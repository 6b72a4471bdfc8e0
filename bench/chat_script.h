/*
 * Scripts of chat answers: what bench_model says to a request, and how it looks on the wire.
 *
 * Each token says of itself "NUMBER@DUE+LATE ", with a space after it: when it was due by the
 * monotonic clock and how much later it was printed, in microseconds, so that who gets it on the
 * same machine knows for how long others held it (tokens.h).
 */
#ifndef BENCH_CHAT_SCRIPT_H
#define BENCH_CHAT_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct chat_script {
    unsigned tokens;
    double rate;    /* tokens a second; 0: all at once */
    unsigned calls; /* of functions; with any there are no tokens */
    bool streamed, wants_usage;
    int64_t start; /* by the monotonic clock, in microseconds */
    unsigned next; /* the token, or the calls (0), to be printed next */
};

/* What to answer to a request, starting now; `usual` says what the request leaves open. */
struct chat_script chat_script_read(const char *body, const struct chat_script *usual);

/* When the next chunk is due; never when all are printed. */
bool chat_script_due(const struct chat_script *script, int64_t *out);

/* Appends the next chunk of a streamed answer, as it is at that time, or what comes after the last
 * one. */
void chat_script_print_next(struct chat_script *script, int64_t now, struct buffer *out);
void chat_script_print_end(const struct chat_script *script, struct buffer *out);

/* Appends the body of an answer that is not streamed. */
void chat_script_print_whole(struct chat_script *script, struct buffer *out);

#endif
