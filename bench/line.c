/*
 * Line: the reply is read by a machine that looks at what is in the buffer and takes a piece off
 * its start, repeatedly until too little is there.
 */
#include "line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST = 64 << 20, EVENTS = 256 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void end(struct line *line, int status)
{
    line->busy = false;
    line->state = LINE_HEAD;
    line->handler->done(line, status);
}

static void break_off(struct line *line)
{
    bool busy = line->busy;
    line_close(line);
    if (busy)
        end(line, 0);
}

/* True when the buffer holds a line; then `*length` is its length with its end. */
static bool has_text(const char *text, size_t size, size_t *length)
{
    const char *feed = memchr(text, '\n', size);
    *length = feed ? (size_t)(feed - text) + 1 : 0;
    return feed != NULL;
}

static const char *find_header(const char *head, const char *name)
{
    const char *found = strcasestr(head, name);
    return found ? found + strlen(name) : NULL;
}

/* The length of the head, 0 when it is not complete. */
static size_t read_head(struct line *line, char *text)
{
    char *blank = strstr(text, "\r\n\r\n");
    if (!blank)
        return 0;
    blank[2] = '\0';
    const char *length = find_header(text, "\r\nContent-Length:");
    const char *pause = find_header(text, "\r\nopenai-poll-after-ms:");
    bool chunked = find_header(text, "\r\nTransfer-Encoding: chunked") != NULL;
    line->status = (int)strtol(text + strcspn(text, " "), NULL, 10);
    line->poll_after = pause ? (int)strtol(pause, NULL, 10) : -1;
    line->left = length ? strtoul(length, NULL, 10) : 0;
    line->state = chunked ? LINE_CHUNK_SIZE : LINE_BODY;
    blank[2] = '\r';
    return (size_t)(blank - text) + 4;
}

static size_t read_piece(struct line *line, const char *text, size_t size)
{
    size_t length = size < line->left ? size : line->left;
    line->left -= length;
    if (length)
        line->handler->body(line, text, length);
    return length;
}

/* Takes a piece off the start of `text`, which a NUL ends; 0 when more must come first. Sets
 * `*over` at the end of the reply. */
static size_t read_some(struct line *line, char *text, size_t size, bool *over)
{
    size_t length = 0;
    switch (line->state) {
    case LINE_HEAD:
        length = read_head(line, text);
        *over = length && line->state == LINE_BODY && !line->left;
        return length;
    case LINE_BODY:
        length = read_piece(line, text, size);
        *over = !line->left;
        return length;
    case LINE_CHUNK_SIZE:
        if (has_text(text, size, &length)) {
            line->left = strtoul(text, NULL, 16);
            line->state = line->left ? LINE_CHUNK : LINE_TRAILER;
        }
        return length;
    case LINE_CHUNK:
        length = read_piece(line, text, size);
        if (!line->left)
            line->state = LINE_CHUNK_END;
        return length;
    case LINE_CHUNK_END:
        if (has_text(text, size, &length))
            line->state = LINE_CHUNK_SIZE;
        return length;
    default:
        *over = has_text(text, size, &length) && length <= 2;
        return length;
    }
}

static void read_replies(struct line *line)
{
    struct buffer *in = &line->in;
    size_t at = 0, taken = 1;
    bool over = false;
    while (!over && taken && at < in->length) {
        taken = read_some(line, in->data + at, in->length - at, &over);
        at += taken;
    }
    memmove(in->data, in->data + at, in->length - at + 1);
    in->length -= at;
    if (over)
        end(line, line->status);
}

static void receive(struct line *line)
{
    char bytes[65536];
    ssize_t got = recv(line->socket, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || !line->busy || buffer_append(&line->in, bytes, (size_t)got))
        break_off(line);
    else
        read_replies(line);
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void watch(const struct line_loop *loop, struct line *line, bool writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u), .data.ptr = line};
    if (writable != line->waits && epoll_ctl(loop->epoll, EPOLL_CTL_MOD, line->socket, &event))
        die("epoll_ctl");
    line->waits = writable;
}

static void flush(const struct line_loop *loop, struct line *line)
{
    while (line->sent < line->out.length) {
        ssize_t sent = send(line->socket, line->out.data + line->sent,
                            line->out.length - line->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            watch(loop, line, errno == EAGAIN);
            return; /* what else is wrong shows when it is read from */
        }
        line->sent += (size_t)sent;
    }
    watch(loop, line, false);
}

void line_request(struct line *line, const struct line_loop *loop, const char *method,
                  const char *path, const char *body)
{
    buffer_reset(&line->out);
    line->sent = 0;
    line->busy = true;
    buffer_append_format(&line->out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, path);
    if (body)
        buffer_append_format(&line->out,
                             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                             strlen(body), body);
    else
        buffer_append_string(&line->out, "\r\n");
    flush(loop, line);
}

/* ---- Connections ---------------------------------------------------------------------------- */

void line_open(struct line *line, const struct line_loop *loop, const char *url,
               const struct line_handler *handler, void *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    const int on = 1;
    char host[64];
    unsigned port;
    if (sscanf(url, "http://%63[0-9.]:%u", host, &port) != 2 ||
        inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "%s: not http://ADDRESS:PORT\n", url);
        exit(2);
    }
    address.sin_port = htons((uint16_t)port);
    *line = (struct line){.handler = handler, .context = context};
    line->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (line->socket < 0 || connect(line->socket, (struct sockaddr *)&address, sizeof address))
        die(url);
    setsockopt(line->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(line->socket, F_SETFL, O_NONBLOCK);
    buffer_init(&line->in, LARGEST);
    buffer_init(&line->out, LARGEST);
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, line->socket, &event))
        die("epoll_ctl");
}

void line_close(struct line *line)
{
    if (line->socket >= 0)
        close(line->socket);
    line->socket = -1;
    buffer_clear(&line->in);
    buffer_clear(&line->out);
}

void line_loop_init(struct line_loop *loop)
{
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        die("epoll_create1");
}

void line_loop_turn(const struct line_loop *loop, int milliseconds)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(loop->epoll, events, EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        struct line *line = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            flush(loop, line);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            receive(line);
    }
}
