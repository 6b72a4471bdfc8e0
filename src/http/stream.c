/*
 * Streams.
 *
 * A stream is a queue between an owner's threads and the event thread of its connection. While the
 * queue is empty the connection is suspended; a write resumes it, and the event thread reads what
 * there is and suspends it again. `suspended` is changed under the stream's lock only, together
 * with the suspension itself, so no resumption is lost and none happens twice.
 *
 * A suspended connection does not notice that its client disconnected. So the keeper polls the
 * sockets of all streams, and writes comments after a time of silence, which also keeps proxies
 * from closing the connection. A client that reads too slowly is found by its full queue, or by
 * libmicrohttpd's timeout when it does not read at all.
 *
 * References: one for all owners together, one for the exchange, one for libmicrohttpd's response.
 */
#include "http/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum {
    QUEUE_BYTES = 1 << 20,
    KEPT_CAPACITY = 16 * 1024, /* memory that an empty queue may keep */
    HEARTBEAT_SECONDS = 15,
    BLOCK_BYTES = 1024, /* what libmicrohttpd allocates; it reads into its own buffer */
    POLLED_AT_ONCE = 256
};

static const char heartbeat[] = ": keep-alive\n\n";
static const char event_stream[] = "text/event-stream";

struct http_stream {
    struct http_stream_options options;
    atomic_size_t owners, holds;
    pthread_mutex_t mutex; /* guards what follows */
    bool said;             /* a reply or a stream was chosen */
    bool open;             /* it is a stream */
    bool closed;           /* all was written */
    bool gone;             /* nobody reads */
    bool stopped;          /* the server stops */
    bool beats;
    const char *content_type;
    struct http_reply reply;
    char *data; /* the queue: from `start`, `length` bytes */
    size_t start, length, capacity;
    uint64_t sent;
    int64_t last_write;
    /* While it is bound: */
    struct http_server *server;
    struct MHD_Connection *mhd;
    int descriptor;
    bool suspended;
    /* In the server's list, guarded by the server's stream_mutex. */
    struct http_stream *next, *previous;
};

/* ---- Life ----------------------------------------------------------------------------------- */

int http_stream_new(struct http_stream **out, struct http_reply *reply,
                    const struct http_stream_options *options, struct treadle_error *error)
{
    struct http_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return error_set_memory(error);
    stream->options = *options;
    if (!stream->options.queue_bytes)
        stream->options.queue_bytes = QUEUE_BYTES;
    if (!stream->options.heartbeat_seconds)
        stream->options.heartbeat_seconds = HEARTBEAT_SECONDS;
    atomic_init(&stream->owners, 1);
    atomic_init(&stream->holds, 2);
    pthread_mutex_init(&stream->mutex, NULL);
    http_reply_init(&stream->reply);
    stream->descriptor = -1;
    reply->stream = stream;
    *out = stream;
    return 0;
}

static void let_go(struct http_stream *stream)
{
    if (atomic_fetch_sub(&stream->holds, 1) > 1)
        return;
    if (stream->options.released)
        stream->options.released(stream->options.context);
    http_reply_clear(&stream->reply);
    pthread_mutex_destroy(&stream->mutex);
    free(stream->data);
    free(stream);
}

struct http_stream *http_stream_ref(struct http_stream *stream)
{
    atomic_fetch_add(&stream->owners, 1);
    return stream;
}

void http_stream_unref(struct http_stream *stream)
{
    if (!stream || atomic_fetch_sub(&stream->owners, 1) > 1)
        return;
    http_stream_close(stream);
    let_go(stream);
}

/* ---- The owner's side ----------------------------------------------------------------------- */

/* Wakes the event thread. Under the lock. */
static void wake(struct http_stream *stream)
{
    if (!stream->mhd || !stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->mhd);
}

/* Drops the client: what waits is dropped, and the event thread closes. Under the lock. */
static void drop(struct http_stream *stream)
{
    stream->gone = true;
    stream->length = 0;
    if (!stream->mhd)
        return;
    /* A connection that is not suspended waits for a client that does not read. */
    if (!stream->suspended)
        shutdown(stream->descriptor, SHUT_RDWR);
    wake(stream);
}

void http_stream_reply(struct http_stream *stream, struct http_reply *reply)
{
    pthread_mutex_lock(&stream->mutex);
    if (!stream->said) {
        stream->reply = *reply;
        stream->reply.stream = NULL;
        stream->said = stream->closed = true;
        http_reply_init(reply);
        wake(stream);
    }
    pthread_mutex_unlock(&stream->mutex);
    http_reply_clear(reply);
}

void http_stream_open(struct http_stream *stream, const char *content_type)
{
    pthread_mutex_lock(&stream->mutex);
    if (!stream->said) {
        stream->said = stream->open = true;
        stream->beats = text_starts_with(content_type, event_stream);
        stream->content_type = content_type;
        stream->last_write = clock_monotonic_us();
        wake(stream);
    }
    pthread_mutex_unlock(&stream->mutex);
}

/* Makes room for `length` further bytes after what waits. Under the lock. */
static int make_room(struct http_stream *stream, size_t length)
{
    size_t wanted = stream->length + length;
    if (length > stream->options.queue_bytes || wanted > stream->options.queue_bytes)
        return TREADLE_ELIMIT;
    if (stream->start + wanted <= stream->capacity)
        return 0;
    if (stream->start)
        memmove(stream->data, stream->data + stream->start, stream->length);
    stream->start = 0;
    char *data = array_grow(stream->data, wanted - 1, &stream->capacity, 1);
    if (!data)
        return TREADLE_EMEMORY;
    stream->data = data;
    return 0;
}

/* Under the lock. */
static int append(struct http_stream *stream, const void *bytes, size_t length)
{
    if (!stream->open || stream->closed || stream->gone)
        return TREADLE_ESTATE;
    if (!length)
        return 0;
    int rc = make_room(stream, length);
    if (rc) {
        drop(stream);
        return rc;
    }
    memcpy(stream->data + stream->start + stream->length, bytes, length);
    stream->length += length;
    stream->last_write = clock_monotonic_us();
    wake(stream);
    return 0;
}

int http_stream_write(struct http_stream *stream, const void *bytes, size_t length)
{
    pthread_mutex_lock(&stream->mutex);
    int rc = append(stream, bytes, length);
    pthread_mutex_unlock(&stream->mutex);
    return rc;
}

void http_stream_close(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    if (!stream->closed) {
        stream->closed = true;
        wake(stream);
    }
    pthread_mutex_unlock(&stream->mutex);
}

/* ---- The connection's side ------------------------------------------------------------------ */

static void enlist(struct http_stream *stream, struct http_server *server)
{
    pthread_mutex_lock(&server->stream_mutex);
    stream->previous = NULL;
    stream->next = server->streams;
    if (stream->next)
        stream->next->previous = stream;
    server->streams = stream;
    server->stream_count++;
    pthread_mutex_unlock(&server->stream_mutex);
}

static void delist(struct http_stream *stream, struct http_server *server)
{
    pthread_mutex_lock(&server->stream_mutex);
    if (stream->next)
        stream->next->previous = stream->previous;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        server->streams = stream->next;
    server->stream_count--;
    pthread_mutex_unlock(&server->stream_mutex);
}

void http_stream_bind(struct http_stream *stream, struct http_server *server,
                      struct MHD_Connection *mhd, int descriptor)
{
    /* Listed first: once it is bound, an event thread may end it. */
    enlist(stream, server);
    pthread_mutex_lock(&stream->mutex);
    stream->server = server;
    stream->mhd = mhd;
    stream->descriptor = descriptor;
    stream->suspended = true;
    if (stream->said || stream->closed)
        wake(stream);
    pthread_mutex_unlock(&stream->mutex);
}

static void move_reply(struct http_reply *from, struct http_reply *to)
{
    buffer_clear(&to->body);
    to->status = from->status;
    to->content_type = from->content_type;
    to->body = from->body;
    to->file = from->file;
    to->file_start = from->file_start;
    to->file_length = from->file_length;
    for (size_t i = 0; i < from->header_count; i++)
        http_reply_header(to, from->headers[i].name, from->headers[i].value);
    http_reply_init(from);
}

enum http_stream_choice http_stream_take(struct http_stream *stream, struct http_reply *reply)
{
    enum http_stream_choice choice = HTTP_STREAM_GONE;
    pthread_mutex_lock(&stream->mutex);
    if (!stream->said && (stream->closed || stream->stopped)) {
        choice = stream->closed ? HTTP_STREAM_SILENT : HTTP_STREAM_STOPPED;
    } else if (!stream->gone && stream->open) {
        choice = HTTP_STREAM_PIECES;
        reply->content_type = stream->content_type;
        if (stream->beats) {
            http_reply_header(reply, "Cache-Control", "no-cache");
            http_reply_header(reply, "X-Accel-Buffering", "no");
        }
    } else if (!stream->gone) {
        choice = HTTP_STREAM_WHOLE;
        move_reply(&stream->reply, reply);
    }
    pthread_mutex_unlock(&stream->mutex);
    return choice;
}

static ssize_t read_queue(void *context, uint64_t position, char *out, size_t room)
{
    struct http_stream *stream = context;
    ssize_t got = 0;
    (void)position;
    pthread_mutex_lock(&stream->mutex);
    if (stream->gone || !stream->mhd) {
        got = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (stream->length) {
        size_t taken = stream->length < room ? stream->length : room;
        memcpy(out, stream->data + stream->start, taken);
        stream->start += taken;
        stream->length -= taken;
        stream->sent += taken;
        got = (ssize_t)taken;
    } else if (stream->closed) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->start = 0;
        if (stream->capacity > KEPT_CAPACITY) {
            free(stream->data);
            stream->data = NULL;
            stream->capacity = 0;
        }
        stream->suspended = true;
        MHD_suspend_connection(stream->mhd);
    }
    pthread_mutex_unlock(&stream->mutex);
    return got;
}

static void free_reader(void *context)
{
    let_go(context);
}

struct MHD_Response *http_stream_response(struct http_stream *stream)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_queue, stream, free_reader);
    if (response)
        atomic_fetch_add(&stream->holds, 1);
    return response;
}

void http_stream_unbind(struct http_stream *stream)
{
    struct http_server *server = stream->server;
    if (server)
        delist(stream, server);
    pthread_mutex_lock(&stream->mutex);
    bool notifies = !stream->closed && stream->options.cancelled;
    stream->mhd = NULL;
    stream->server = NULL;
    stream->gone = true;
    stream->length = 0;
    pthread_mutex_unlock(&stream->mutex);
    if (notifies)
        stream->options.cancelled(stream->options.context);
    let_go(stream);
}

uint64_t http_stream_sent(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    uint64_t sent = stream->sent;
    pthread_mutex_unlock(&stream->mutex);
    return sent;
}

/* ---- All of them ---------------------------------------------------------------------------- */

/* A stream in the list is bound or about to be; its descriptor stays open while the list is locked,
 * since it leaves the list before its connection is closed. */
static void tend_some(struct http_stream **some, struct pollfd *set, size_t count)
{
    int ready = poll(set, count, 0);
    for (size_t i = 0; ready > 0 && i < count; i++) {
        if (!(set[i].revents & (POLLRDHUP | POLLHUP | POLLERR)))
            continue;
        pthread_mutex_lock(&some[i]->mutex);
        drop(some[i]);
        pthread_mutex_unlock(&some[i]->mutex);
    }
}

static void beat(struct http_stream *stream, int64_t now)
{
    int64_t patience = (int64_t)stream->options.heartbeat_seconds * 1000000;
    if (stream->beats && !stream->options.no_heartbeat && !stream->length &&
        now - stream->last_write >= patience)
        append(stream, heartbeat, sizeof heartbeat - 1);
}

void http_streams_tend(struct http_server *server, int64_t now)
{
    struct http_stream *some[POLLED_AT_ONCE];
    struct pollfd set[POLLED_AT_ONCE];
    size_t count = 0;
    pthread_mutex_lock(&server->stream_mutex);
    for (struct http_stream *at = server->streams; at; at = at->next) {
        pthread_mutex_lock(&at->mutex);
        beat(at, now);
        set[count] = (struct pollfd){.fd = at->mhd ? at->descriptor : -1, .events = POLLRDHUP};
        pthread_mutex_unlock(&at->mutex);
        some[count++] = at;
        if (count == POLLED_AT_ONCE || !at->next) {
            tend_some(some, set, count);
            count = 0;
        }
    }
    pthread_mutex_unlock(&server->stream_mutex);
}

void http_streams_end(struct http_server *server)
{
    pthread_mutex_lock(&server->stream_mutex);
    for (struct http_stream *at = server->streams; at; at = at->next) {
        pthread_mutex_lock(&at->mutex);
        at->stopped = true;
        drop(at);
        pthread_mutex_unlock(&at->mutex);
    }
    pthread_mutex_unlock(&server->stream_mutex);
}
