/*
 * Exchanges.
 *
 * libmicrohttpd calls http_exchange_step on an event thread: once when the head is there, with
 * every piece of the body, and at the end. A reply can be queued only at the head or at the end. So
 * an error at the head is answered at once, and the connection closed, when a large body follows; a
 * small body is read and dropped first, which keeps the connection. An error within a body is
 * written straight to the socket and the connection closed.
 *
 * To hand work over, the connection is suspended: from then until MHD_resume_connection the
 * exchange belongs to the worker alone, and event threads leave it untouched. libmicrohttpd may
 * still call once with a further chunk in the same turn: such a call is recognised because the
 * connection is suspended, which changes on the event thread only. A request that was laid aside is
 * suspended in the same way, and belongs to the thread that answers it.
 */
#include "http/exchange.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/text.h"
#include "http/body.h"
#include "http/head.h"
#include "http/keeper.h"
#include "http/reply.h"
#include "http/response.h"
#include "http/stream.h"
#include "http/tls.h"

enum {
    HEAD_MEMORY = 512 * 1024,
    WORK_MEMORY = 16 << 20,
    SMALL_BODY = 64 * 1024,
    QUICK_BODY = 16 * 1024,
    MEMORY_OF_A_BYTE = 8 /* of a body: itself and what is made of it */
};

enum stage {
    AT_HEAD,
    IN_BODY,
    AT_WORK, /* a worker has it, or it was laid aside; or the reply after that is ready */
    ANSWERED
};

struct http_exchange {
    struct http_server *server;
    struct http_connection *connection;
    struct MHD_Connection *mhd;
    enum stage stage;
    struct arena *memory; /* holds the exchange itself, the head, and what the handler makes */
    const char *target;
    struct http_request request;
    struct http_framing framing;
    struct http_body body;
    struct http_reply reply;
    struct http_stream *stream;    /* answers later */
    void (*begin)(void *argument); /* set when it is laid aside */
    void *begin_argument;
    struct MHD_Response *response;
    bool quick;   /* the handler runs on the event thread */
    bool failed;  /* the reply is an error; no handler runs */
    bool close;   /* the connection, after the reply */
    int status;   /* 0 until there is a reply */
    size_t taken; /* of the server's memory for bodies */
    uint64_t sent;
    int64_t started, handled, handler_us, body_deadline;
    char id[IDENT_SIZE];
};

static int64_t seconds(unsigned count)
{
    return (int64_t)count * 1000000;
}

static void count_in(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->in_flight++;
    pthread_mutex_unlock(&server->mutex);
}

static void count_out(struct http_server *server)
{
    pthread_mutex_lock(&server->mutex);
    if (--server->in_flight == 0)
        pthread_cond_broadcast(&server->settled);
    pthread_mutex_unlock(&server->mutex);
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static bool is_suspended(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return info && info->suspended == MHD_YES;
}

/* As ident_make_hex does, but without asking the kernel for random numbers each time: what follows
 * the time is the server's own random number and a count. */
static void name_request(struct http_server *server, char out[IDENT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t parts[] = {(uint64_t)clock_milliseconds(), server->seed,
                        atomic_fetch_add_explicit(&server->named, 1, memory_order_relaxed)};
    static const int lengths[] = {12, 8, 12};
    char *at = memcpy(out, "req_", 5);
    at += 4;
    for (size_t i = 0; i < 3; at += lengths[i], i++)
        for (int j = lengths[i] - 1; j >= 0; j--, parts[i] >>= 4)
            at[j] = digits[parts[i] & 15];
    *at = '\0';
}

/* libmicrohttpd 0.9.75 makes a record of each argument after a '?'. When its memory is not enough,
 * it drops the request: there is no reply, the connection stays, and http_exchange_end is never
 * called. It reads the arguments after this call, so they are cut off here, in its buffer; ours are
 * made from a copy of the target. */
static void hide_arguments(const char *target)
{
    char *mark = strchr((char *)(uintptr_t)target, '?');
    if (mark)
        mark[1] = '\0';
}

void *http_exchange_begin(void *server, const char *target, struct MHD_Connection *mhd)
{
    struct arena *memory = arena_new(HEAD_MEMORY);
    struct http_exchange *exchange = memory ? arena_alloc(memory, sizeof *exchange) : NULL;
    struct http_connection *connection = connection_of(mhd);
    const char *copy = exchange ? arena_string(memory, target ? target : "") : NULL;
    if (target)
        hide_arguments(target);
    if (!copy || !connection) {
        arena_free(memory);
        return NULL;
    }
    exchange->server = server;
    exchange->connection = connection;
    exchange->mhd = mhd;
    exchange->memory = memory;
    exchange->target = copy;
    exchange->started = clock_monotonic_us();
    name_request(exchange->server, exchange->id);
    exchange->request = (struct http_request){.id = exchange->id,
                                              .listener = connection->listener,
                                              .local = connection->local,
                                              .arena = memory};
    http_reply_init(&exchange->reply);
    http_connection_name(connection, exchange->id);
    http_connection_enter(connection, HTTP_PHASE_HEAD,
                          exchange->started + seconds(exchange->server->options.request_seconds));
    count_in(server);
    return exchange;
}

static void fail(struct http_exchange *exchange, const struct treadle_error *error)
{
    http_reply_error(&exchange->reply, &exchange->server->options, error);
    exchange->failed = true;
}

static void decorate(struct http_exchange *exchange)
{
    const struct http_options *options = &exchange->server->options;
    if (options->decorate)
        options->decorate(options->context, &exchange->request, &exchange->reply);
}

/* The response for the reply; for an error when a handler left it unusable or memory ran out; NULL
 * when even that fails. */
static struct MHD_Response *build(struct http_exchange *exchange)
{
    struct http_response_frame frame = {.request_id = exchange->id,
                                        .handler_us = exchange->handler_us,
                                        .close = exchange->close ||
                                                 atomic_load(&exchange->server->draining)};
    struct http_reply *reply = &exchange->reply;
    bool broken = reply->body.failed || reply->status < 200 || reply->status > 599;
    for (int attempt = 0; attempt < 2; attempt++) {
        decorate(exchange);
        exchange->status = reply->status;
        exchange->sent = reply->file >= 0 ? reply->file_length : reply->body.length;
        struct MHD_Response *response = broken ? NULL : http_response_build(reply, &frame);
        if (response) {
            if (text_equal(exchange->request.method, "HEAD"))
                exchange->sent = 0;
            return response;
        }
        struct treadle_error error;
        error_set_memory(&error);
        fail(exchange, &error);
        broken = reply->body.failed;
    }
    return NULL;
}

static struct http_exchange *exchange_of(struct http_request *request)
{
    return (struct http_exchange *)(void *)((char *)request -
                                            offsetof(struct http_exchange, request));
}

static int set_overloaded(struct treadle_error *error)
{
    return error_set_wire(error, 503, "server_error", "overloaded", NULL,
                          "The server is overloaded or shutting down. Try again later.");
}

static void fail_overloaded(struct http_exchange *exchange)
{
    struct treadle_error error;
    set_overloaded(&error);
    fail(exchange, &error);
    http_reply_header(&exchange->reply, "Retry-After", "1");
}

static void fail_silent(struct http_exchange *exchange)
{
    struct treadle_error error;
    error_set(&error, TREADLE_EIO, "nobody answered");
    fail(exchange, &error);
}

/* Builds the reply that the stream's owner chose. A whole reply needs the stream no longer. */
static void build_from_stream(struct http_exchange *exchange)
{
    enum http_stream_choice choice = http_stream_take(exchange->stream, &exchange->reply);
    if (choice == HTTP_STREAM_GONE)
        return;
    if (choice == HTTP_STREAM_STOPPED)
        fail_overloaded(exchange);
    if (choice == HTTP_STREAM_SILENT)
        fail_silent(exchange);
    if (choice == HTTP_STREAM_PIECES)
        exchange->reply.stream = exchange->stream;
    exchange->response = build(exchange);
    if (choice == HTTP_STREAM_PIECES)
        return;
    http_stream_unbind(exchange->stream);
    exchange->stream = NULL;
}

/* Enters the phase of sending. A stream has no deadline. */
static bool begin_sending(struct http_exchange *exchange)
{
    const struct http_options *options = &exchange->server->options;
    bool large = exchange->sent > SMALL_BODY;
    int64_t patience = seconds(large ? options->upload_seconds : options->request_seconds);
    if (exchange->stream)
        return http_connection_enter(exchange->connection, HTTP_PHASE_WORKING, 0);
    return http_connection_enter(exchange->connection, HTTP_PHASE_REPLYING,
                                 clock_monotonic_us() + patience);
}

/* Queues the reply: at the head or at the end. */
static enum MHD_Result answer(struct http_exchange *exchange)
{
    if (!exchange->response && exchange->stream)
        build_from_stream(exchange);
    else if (!exchange->response)
        exchange->response = build(exchange);
    if (!exchange->response || !begin_sending(exchange))
        return MHD_NO;
    exchange->stage = ANSWERED;
    enum MHD_Result queued =
        MHD_queue_response(exchange->mhd, (unsigned)exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return queued;
}

/* Answers within a body, where nothing can be queued, and has the connection closed. */
static enum MHD_Result abort_body(struct http_exchange *exchange)
{
    if (!http_connection_enter(exchange->connection, HTTP_PHASE_DEAD, 0))
        return MHD_NO;
    exchange->status = exchange->reply.status;
    exchange->sent = exchange->reply.body.length;
    decorate(exchange);
    http_connection_linger(exchange->connection);
    http_reply_send(&exchange->reply, exchange->id, exchange->connection->descriptor,
                    http_tls_session(exchange->mhd));
    exchange->stage = ANSWERED;
    return MHD_NO;
}

static void run_handler(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    struct treadle_error error;
    if (atomic_load(&server->cutting)) {
        fail_overloaded(exchange);
        return;
    }
    if (http_body_finish(&exchange->body, &exchange->request, &error)) {
        fail(exchange, &error);
        http_body_abandon(&exchange->body);
        return;
    }
    exchange->handled = clock_monotonic_us();
    server->options.handle(server->options.context, &exchange->request, &exchange->reply);
    exchange->handler_us = clock_monotonic_us() - exchange->handled;
}

int http_later(struct http_request *request, void (*begin)(void *argument), void *argument,
               struct treadle_error *error)
{
    struct http_exchange *exchange = exchange_of(request);
    struct http_server *server = exchange->server;
    pthread_mutex_lock(&server->mutex);
    bool room = !atomic_load(&server->cutting) && server->laid_aside < server->options.queue;
    server->laid_aside += room;
    pthread_mutex_unlock(&server->mutex);
    if (!room)
        return set_overloaded(error);
    exchange->begin = begin;
    exchange->begin_argument = argument;
    return 0;
}

/* Leaves the connection to the stream that answers. False where there is none. */
static bool begin_stream(struct http_exchange *exchange)
{
    exchange->stream = exchange->reply.stream;
    exchange->reply.stream = NULL;
    if (!exchange->stream)
        return false;
    http_stream_bind(exchange->stream, exchange->server, exchange->mhd,
                     exchange->connection->descriptor);
    return true;
}

void http_answer(struct http_request *request)
{
    struct http_exchange *exchange = exchange_of(request);
    struct http_server *server = exchange->server;
    exchange->handler_us = clock_monotonic_us() - exchange->handled;
    if (!begin_stream(exchange))
        MHD_resume_connection(exchange->mhd);
    /* Only now may the server stop; after unlocking it may be gone. */
    pthread_mutex_lock(&server->mutex);
    if (--server->laid_aside == 0)
        pthread_cond_broadcast(&server->settled);
    pthread_mutex_unlock(&server->mutex);
}

static void work(void *argument)
{
    struct http_exchange *exchange = argument;
    run_handler(exchange);
    if (exchange->begin) {
        exchange->begin(exchange->begin_argument);
        return;
    }
    if (begin_stream(exchange))
        return;
    exchange->response = build(exchange);
    MHD_resume_connection(exchange->mhd);
}

static void write_stage(void *argument)
{
    struct http_exchange *exchange = argument;
    struct treadle_error error;
    if (http_body_write(&exchange->body, &error)) {
        fail(exchange, &error);
        /* The client's time to send more begins; it can be answered only after that. */
        http_body_abandon(&exchange->body);
    }
    /* The client's time runs again, whether or not anything more comes. */
    http_connection_enter(exchange->connection, HTTP_PHASE_BODY, exchange->body_deadline);
    MHD_resume_connection(exchange->mhd);
}

/* Suspends the connection and hands the exchange over. The pools are looked up under the lock:
 * stopping detaches them. */
static enum MHD_Result hand_over(struct http_exchange *exchange, bool to_writer)
{
    struct http_server *server = exchange->server;
    if (!http_connection_enter(exchange->connection, HTTP_PHASE_WORKING, 0))
        return MHD_NO;
    MHD_suspend_connection(exchange->mhd);
    pthread_mutex_lock(&server->mutex);
    struct pool *pool = to_writer ? server->writers : server->workers;
    bool taken = pool && pool_submit(pool, to_writer ? write_stage : work, exchange);
    pthread_mutex_unlock(&server->mutex);
    if (!taken) {
        fail_overloaded(exchange);
        MHD_resume_connection(exchange->mhd);
    }
    return MHD_YES;
}

/* Runs the handler on the event thread. */
static enum MHD_Result handle_at_once(struct http_exchange *exchange)
{
    exchange->request.at_once = true;
    run_handler(exchange);
    exchange->request.at_once = false;
    if (exchange->reply.elsewhere) {
        http_reply_clear(&exchange->reply);
        return hand_over(exchange, false);
    }
    if (!exchange->begin)
        return answer(exchange);
    /* Also when the keeper aborted the connection in between: `begin` must be called. */
    http_connection_enter(exchange->connection, HTTP_PHASE_WORKING, 0);
    MHD_suspend_connection(exchange->mhd);
    exchange->begin(exchange->begin_argument);
    return MHD_YES;
}

static bool body_comes(const struct http_exchange *exchange)
{
    return exchange->framing.chunked || exchange->framing.length > 0;
}

/* After an error at the head: whether to read the body first, or answer and close. */
static enum MHD_Result refuse_at_head(struct http_exchange *exchange)
{
    const struct http_framing *framing = &exchange->framing;
    bool small = !framing->chunked && !framing->expects_continue && framing->length <= SMALL_BODY;
    if (small && !exchange->close) {
        http_body_drop(&exchange->body);
        return MHD_YES;
    }
    exchange->close = true;
    http_connection_linger(exchange->connection);
    return answer(exchange);
}

static int make_plan(struct http_exchange *exchange, struct treadle_error *error)
{
    const struct http_options *options = &exchange->server->options;
    struct http_plan plan = {.body = HTTP_BODY_NONE};
    int rc = options->plan(options->context, &exchange->request, &plan, error);
    exchange->request.route = plan.route;
    if (rc) {
        fail(exchange, error);
        if (exchange->reply.status == 405 && plan.allow)
            http_reply_header(&exchange->reply, "Allow", plan.allow);
        return rc;
    }
    exchange->quick = plan.quick;
    if (plan.known)
        http_connection_know(exchange->connection);
    bool in_memory = plan.body == HTTP_BODY_JSON && plan.limit < SIZE_MAX / 16;
    arena_limit(exchange->memory, WORK_MEMORY + (in_memory ? (size_t)plan.limit * 8 : 0));
    rc = http_body_open(&exchange->body, &exchange->request, &plan, body_comes(exchange),
                        exchange->server->upload_directory, error);
    if (!rc && exchange->framing.length > exchange->body.limit) {
        exchange->close = true;
        rc = error_set_wire(error, 413, "invalid_request_error", "request_too_large", NULL,
                            "The request's body is larger than %llu bytes.",
                            (unsigned long long)exchange->body.limit);
    }
    if (rc)
        fail(exchange, error);
    unsigned patience =
        plan.body == HTTP_BODY_MULTIPART ? options->upload_seconds : options->request_seconds;
    exchange->body_deadline = exchange->started + seconds(patience);
    return rc;
}

static enum MHD_Result at_head(struct http_exchange *exchange, const char *method)
{
    struct treadle_error error;
    exchange->stage = IN_BODY;
    exchange->body_deadline =
        exchange->started + seconds(exchange->server->options.request_seconds);
    if (http_head_read(&exchange->request, &exchange->framing, exchange->mhd, method,
                       exchange->target, &error)) {
        fail(exchange, &error);
        exchange->close = true;
    } else if (!make_plan(exchange, &error)) {
        return http_connection_enter(exchange->connection, HTTP_PHASE_BODY, exchange->body_deadline)
                   ? MHD_YES
                   : MHD_NO;
    }
    return refuse_at_head(exchange);
}

/* Reserves memory for further bytes of a body. False when all bodies together have too much. */
static bool take_memory(struct http_exchange *exchange, size_t bytes)
{
    struct http_server *server = exchange->server;
    if (exchange->body.kind != HTTP_BODY_JSON)
        return true;
    size_t more = bytes * MEMORY_OF_A_BYTE;
    exchange->taken += more;
    return atomic_fetch_add(&server->body_memory, more) + more <= server->options.body_memory;
}

static enum MHD_Result in_body(struct http_exchange *exchange, const char *data, size_t *size)
{
    struct treadle_error error;
    size_t taken = 0;
    /* A writer failed, or there was none left. */
    if (exchange->failed && exchange->body.kind == HTTP_BODY_MULTIPART)
        return abort_body(exchange);
    if (!http_connection_enter(exchange->connection, HTTP_PHASE_BODY, exchange->body_deadline))
        return MHD_NO;
    if (!take_memory(exchange, *size)) {
        fail_overloaded(exchange);
        return abort_body(exchange);
    }
    if (http_body_take(&exchange->body, data, *size, &taken, &error)) {
        fail(exchange, &error);
        return abort_body(exchange);
    }
    *size -= taken;
    return http_body_is_full(&exchange->body) ? hand_over(exchange, true) : MHD_YES;
}

enum MHD_Result http_exchange_step(void *server, struct MHD_Connection *mhd, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **context)
{
    (void)server;
    (void)url; /* without its arguments, and version: the target is the exchange's already */
    (void)version;
    struct http_exchange *exchange = *context;
    if (!exchange)
        return MHD_NO;
    if (is_suspended(mhd))
        return MHD_YES;
    switch (exchange->stage) {
    case AT_HEAD:
        return at_head(exchange, method);
    case IN_BODY:
        if (*size)
            return in_body(exchange, data, size);
        if (exchange->failed)
            return answer(exchange);
        exchange->stage = AT_WORK;
        if (exchange->quick && exchange->body.received <= QUICK_BODY)
            return handle_at_once(exchange);
        return hand_over(exchange, false);
    case AT_WORK:
        return answer(exchange);
    case ANSWERED:
        break;
    }
    return MHD_YES;
}

static void report(const struct http_exchange *exchange, enum MHD_RequestTerminationCode code)
{
    const struct http_options *options = &exchange->server->options;
    const struct http_outcome outcome = {
        .status = exchange->status,
        .whole = code == MHD_REQUEST_TERMINATED_COMPLETED_OK,
        .duration_us = clock_monotonic_us() - exchange->started,
        .received = exchange->body.received,
        .sent = exchange->sent,
    };
    if (options->finished)
        options->finished(options->context, &exchange->request, &outcome);
}

void http_exchange_end(void *context, struct MHD_Connection *mhd, void **place,
                       enum MHD_RequestTerminationCode code)
{
    (void)mhd;
    struct http_server *server = context;
    struct http_exchange *exchange = *place;
    if (!exchange)
        return;
    *place = NULL;
    int64_t patience = seconds(server->options.idle_seconds + server->options.request_seconds);
    bool alive = http_connection_enter(exchange->connection, HTTP_PHASE_IDLE,
                                       clock_monotonic_us() + patience);
    if (!exchange->status)
        exchange->status = http_connection_refused(exchange->connection);
    /* The keeper ended it, and sent the reply. */
    if (!alive && !exchange->status)
        exchange->status = 408;
    if (exchange->stream)
        exchange->sent = http_stream_sent(exchange->stream);
    report(exchange, code);
    if (exchange->stream)
        http_stream_unbind(exchange->stream);
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    http_reply_clear(&exchange->reply);
    http_body_close(&exchange->body);
    atomic_fetch_sub(&server->body_memory, exchange->taken);
    arena_free(exchange->memory);
    count_out(server);
}
