/*
 * Line: a kept-alive connection to an HTTP server, for clients that carry thousands of them on one
 * thread and must cost little themselves.
 *
 * A line carries one request at a time. Its handler gets the reply's body in pieces as they come
 * (chunked transfers decoded) and then `done`, within which the next request may be made. A line
 * that breaks is `done` with status 0 and carries nothing any more.
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct line;

struct line_handler {
    void (*body)(struct line *line, const char *bytes, size_t length);
    void (*done)(struct line *line, int status);
};

enum line_state { LINE_HEAD, LINE_BODY, LINE_CHUNK_SIZE, LINE_CHUNK, LINE_CHUNK_END, LINE_TRAILER };

struct line {
    const struct line_handler *handler;
    void *context; /* the handler's */
    /* The rest is the line's own. */
    int socket;
    bool busy, waits;
    struct buffer in, out;
    size_t sent;
    enum line_state state;
    size_t left; /* of the body or the chunk */
    int status;
    int poll_after; /* ms, as the reply's head says; -1: it does not */
};

struct line_loop {
    int epoll;
};

void line_loop_init(struct line_loop *loop);

/* Looks at what happened, for at most that long unless something happens. */
void line_loop_turn(const struct line_loop *loop, int milliseconds);

/* Connects to `url` (http://ADDRESS:PORT…). Ends the program when that fails. */
void line_open(struct line *line, const struct line_loop *loop, const char *url,
               const struct line_handler *handler, void *context);

/* `body` may be NULL. The line must be open and idle. */
void line_request(struct line *line, const struct line_loop *loop, const char *method,
                  const char *path, const char *body);

void line_close(struct line *line);

#endif
