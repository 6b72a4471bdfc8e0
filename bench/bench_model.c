/*
 * A model server that costs next to nothing: chat completions over HTTP/1.1, streamed and whole,
 * and GET /v1/models.
 *
 *   bench_model [TOKENS [RATE [CALLS]]]
 *
 * Prints the port that it listens on and serves until it is killed. An answer has TOKENS tokens
 * (20), RATE of them a second (0: all at once); with CALLS it first calls that many functions and
 * answers once it has their outputs. A message "bench tokens=T rate=R calls=C" says otherwise for
 * its own conversation; the last one counts. What is not streamed comes whole and at once.
 *
 * What a token looks like is said in chat_script.h.
 *
 * One thread, epoll, and a heap of the streams by the time of their next token. A connection
 * carries one exchange at a time; what comes in meanwhile waits in its buffer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "chat_script.h"

enum { LARGEST_REQUEST = 16 << 20, LARGEST_REPLY = 64 << 20, MOST_STREAMS = 20000, EVENTS = 256 };

struct connection {
    int socket;
    bool close;     /* once the reply is out */
    bool continued; /* the client was asked to send the body */
    bool waits;     /* for room to write in */
    struct buffer in, out;
    size_t sent; /* of `out` */
    struct chat_script script;
    int64_t due;  /* when the next token is; while `place` is not 0 */
    size_t place; /* in the heap, from 1; 0: no answer is under way */
};

static struct {
    int epoll;
    struct chat_script usual;
    struct connection *heap[MOST_STREAMS + 1];
    size_t streams;
} server = {.usual = {.tokens = 20}};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- The heap ------------------------------------------------------------------------------- */

static void put(size_t place, struct connection *connection)
{
    server.heap[place] = connection;
    connection->place = place;
}

static void sift(struct connection *connection, size_t place)
{
    while (place > 1 && server.heap[place / 2]->due > connection->due) {
        put(place, server.heap[place / 2]);
        place /= 2;
    }
    for (size_t child; (child = place * 2) <= server.streams; place = child) {
        if (child < server.streams && server.heap[child + 1]->due < server.heap[child]->due)
            child++;
        if (server.heap[child]->due >= connection->due)
            break;
        put(place, server.heap[child]);
    }
    put(place, connection);
}

static void heap_remove(struct connection *connection)
{
    size_t place = connection->place;
    struct connection *last = server.heap[server.streams--];
    connection->place = 0;
    if (last != connection)
        sift(last, place);
}

/* ---- Replies -------------------------------------------------------------------------------- */

static void drop(struct connection *connection)
{
    if (connection->place)
        heap_remove(connection);
    close(connection->socket);
    buffer_clear(&connection->in);
    buffer_clear(&connection->out);
    free(connection);
}

static void watch(struct connection *connection, bool writable)
{
    struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u),
                                .data.ptr = connection};
    if (writable != connection->waits &&
        epoll_ctl(server.epoll, EPOLL_CTL_MOD, connection->socket, &event))
        die("epoll_ctl");
    connection->waits = writable;
}

/* False when the connection is gone. */
static bool flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    while (connection->sent < out->length) {
        ssize_t sent = send(connection->socket, out->data + connection->sent,
                            out->length - connection->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            watch(connection, true);
            return true;
        }
        if (sent < 0 || out->failed) {
            drop(connection);
            return false;
        }
        connection->sent += (size_t)sent;
    }
    buffer_reset(out);
    connection->sent = 0;
    watch(connection, false);
    if (connection->close && !connection->place) {
        drop(connection);
        return false;
    }
    return true;
}

/* Prints all that is due by now, and the end after the last of it. */
static void stream_on(struct connection *connection)
{
    struct chat_script *script = &connection->script;
    int64_t now = clock_monotonic_us();
    bool more;
    while ((more = chat_script_due(script, &connection->due)) && connection->due <= now)
        chat_script_print_next(script, now, &connection->out);
    if (more) {
        sift(connection, connection->place);
        return;
    }
    chat_script_print_end(script, &connection->out);
    heap_remove(connection);
}

static void start_stream(struct connection *connection)
{
    buffer_append_string(&connection->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                           "Transfer-Encoding: chunked\r\n\r\n");
    connection->due = connection->script.start;
    server.streams++;
    sift(connection, server.streams);
    stream_on(connection);
}

static void reply(struct connection *connection, const char *status, const char *body)
{
    buffer_append_format(&connection->out,
                         "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         status, strlen(body), body);
}

static void reply_whole(struct connection *connection)
{
    struct buffer body;
    buffer_init(&body, LARGEST_REPLY);
    chat_script_print_whole(&connection->script, &body);
    reply(connection, "200 OK", body.data);
    buffer_clear(&body);
}

/* ---- Requests ------------------------------------------------------------------------------- */

static void answer_chat(struct connection *connection, const char *body)
{
    connection->script = chat_script_read(body, &server.usual);
    if (!connection->script.streamed)
        reply_whole(connection);
    else if (server.streams < MOST_STREAMS)
        start_stream(connection);
    else
        reply(connection, "429 Too Many Requests", "{\"error\":{\"message\":\"Too many.\"}}");
}

static void answer(struct connection *connection, const char *head, const char *body)
{
    if (strncmp(head, "POST /v1/chat/completions ", 26) == 0)
        answer_chat(connection, body);
    else if (strncmp(head, "GET /v1/models ", 15) == 0)
        reply(connection, "200 OK",
              "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\","
              "\"created\":0,\"owned_by\":\"bench\"}]}");
    else
        reply(connection, "404 Not Found", "{\"error\":{\"message\":\"Not found.\"}}");
}

/* The length of the request at the start of `in`, once it is whole; 0 before. Prints the interim
 * reply that a client may wait for. */
static size_t request_length(struct connection *connection)
{
    struct buffer *in = &connection->in;
    char *end = in->length ? strstr(in->data, "\r\n\r\n") : NULL;
    if (!end)
        return 0;
    end[2] = '\0'; /* so that the head alone is searched */
    const char *length = strcasestr(in->data, "\r\nContent-Length:");
    size_t whole = (size_t)(end - in->data) + 4 + (length ? strtoul(length + 17, NULL, 10) : 0);
    bool expects = strcasestr(in->data, "\r\nExpect: 100-continue") != NULL;
    connection->close = strcasestr(in->data, "\r\nConnection: close") != NULL;
    end[2] = '\r';
    if (in->length < whole && expects && !connection->continued)
        buffer_append_string(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
    connection->continued = in->length < whole && expects;
    return in->length >= whole ? whole : 0;
}

/* Answers what came in, one request after the other. */
static void take_requests(struct connection *connection)
{
    size_t length;
    while (!connection->place && (length = request_length(connection))) {
        struct buffer *in = &connection->in;
        char *end = strstr(in->data, "\r\n\r\n");
        char kept = in->data[length];
        in->data[length] = '\0';
        answer(connection, in->data, end + 4);
        in->data[length] = kept;
        memmove(in->data, in->data + length, in->length - length + 1);
        in->length -= length;
        if (!flush(connection))
            return;
    }
    if (!connection->place)
        flush(connection);
}

static void receive(struct connection *connection)
{
    char bytes[65536];
    ssize_t got = recv(connection->socket, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || buffer_append(&connection->in, bytes, (size_t)got))
        drop(connection);
    else
        take_requests(connection);
}

static void advance(struct connection *connection)
{
    stream_on(connection);
    if (flush(connection))
        take_requests(connection);
}

/* ---- The loop ------------------------------------------------------------------------------- */

static void accept_all(int listener)
{
    const int on = 1;
    int socket;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (!connection)
            die("calloc");
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection->socket = socket;
        buffer_init(&connection->in, LARGEST_REQUEST);
        buffer_init(&connection->out, LARGEST_REPLY);
        if (epoll_ctl(server.epoll, EPOLL_CTL_ADD, socket, &event))
            die("epoll_ctl");
    }
}

static int open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) ||
        listen(listener, SOMAXCONN) || getsockname(listener, (struct sockaddr *)&address, &size) ||
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, listener, &event))
        die("listen");
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* Milliseconds until the next token is due, rounded up; -1: none is awaited. */
static int patience(void)
{
    if (!server.streams)
        return -1;
    int64_t left = server.heap[1]->due - clock_monotonic_us();
    return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* Sending what is due may drop connections, so it comes when no event is left that names one. */
static void serve(int listener)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(server.epoll, events, EVENTS, patience());
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection)
                accept_all(listener);
            else if (!(events[i].events & EPOLLOUT) || flush(connection))
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                    receive(connection);
        }
        int64_t now = clock_monotonic_us();
        while (server.streams && server.heap[1]->due <= now)
            advance(server.heap[1]);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        server.usual.tokens = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        server.usual.rate = strtod(argv[2], NULL);
    if (argc > 3)
        server.usual.calls = (unsigned)strtoul(argv[3], NULL, 10);
    serve(open_listener());
}
