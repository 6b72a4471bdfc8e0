/*
 * The loop: libcurl's multi interface, with its own idea of time.
 *
 * libcurl knows a limit for connecting but none for silence that fits a model, which may think for
 * a minute and then speak in bursts. So every exchange has a deadline that each byte moves, and the
 * loop looks at all of them a few times a second: not on every byte, which would cost a pass over
 * all exchanges each.
 */
#include "model/loop.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/thread.h"
#include "model/remote_error.h"

enum {
    MOST_EXCHANGES = 4096,
    ERROR_BYTES = 64 * 1024, /* kept of a reply that says an error */
    LOOK_US = 200000,
    IDLE_MS = 60000,
    FIRST_PAUSE_MS = 500,
    LONGEST_PAUSE_MS = 8000,
    LONGEST_WISH_S = 60 /* of a Retry-After that is heeded */
};

struct exchange {
    struct exchange *next;
    struct loop_exchange of;
    CURL *easy; /* NULL while it waits */
    struct curl_slist *headers;
    unsigned tries;
    int64_t start_at, deadline; /* by clock_monotonic_us */
    struct buffer refusal;      /* the body of a reply that is no success */
    struct treadle_error broken;
    bool is_broken; /* the handler broke off */
};

struct model_loop {
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows, up to the next comment */
    struct exchange *incoming;
    size_t count;
    bool stop;
    /* The thread's own. */
    struct exchange *exchanges;
    atomic_bool look;
};

/* ---- One exchange --------------------------------------------------------------------------- */

static int on_socket(void *context, curl_socket_t socket, curlsocktype purpose)
{
    (void)context;
    (void)purpose;
    return fcntl(socket, F_SETFD, FD_CLOEXEC) < 0 ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
}

static long status_of(const struct exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    exchange->deadline = clock_monotonic_us() + (int64_t)exchange->of.silence_seconds * 1000000;
    long status = status_of(exchange);
    if (status < 200 || status > 299) {
        size_t room = ERROR_BYTES - exchange->refusal.length;
        buffer_append(&exchange->refusal, bytes, length < room ? length : room);
        return length;
    }
    exchange->is_broken =
        exchange->of.handler->bytes(exchange->of.context, bytes, length, &exchange->broken) != 0;
    return exchange->is_broken ? CURL_WRITEFUNC_ERROR : length;
}

static bool add_header(struct exchange *exchange, const char *text)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, text);
    if (longer)
        exchange->headers = longer;
    return longer;
}

static bool add_key(struct exchange *exchange)
{
    struct buffer text;
    buffer_init(&text, 8192);
    buffer_append_format(&text, "Authorization: Bearer %s", exchange->of.key);
    bool added = !text.failed && add_header(exchange, text.data);
    if (text.data)
        explicit_bzero(text.data, text.length);
    buffer_clear(&text);
    return added;
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.", "localhost", "[::1]"};
    const char *host = strstr(url, "://");
    for (size_t i = 0; host && i < sizeof hosts / sizeof hosts[0]; i++)
        if (strncasecmp(host + 3, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

static bool set_up(struct exchange *exchange)
{
    CURL *easy = exchange->easy;
    const struct loop_exchange *of = &exchange->of;
    bool fine = add_header(exchange, "Accept: text/event-stream, application/json") &&
                add_header(exchange, "Expect:") && (!of->key || add_key(exchange));
    curl_easy_setopt(easy, CURLOPT_URL, of->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "treadle/" TREADLE_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)of->connect_seconds);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    /* A proxy of the environment's cannot reach what is on this machine. */
    if (is_loopback(of->url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (of->body) {
        fine = fine && add_header(exchange, "Content-Type: application/json");
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)of->body_length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, of->body);
    }
    return fine && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK;
}

static void tear_down(struct model_loop *loop, struct exchange *exchange)
{
    if (exchange->easy) {
        curl_multi_remove_handle(loop->multi, exchange->easy);
        curl_easy_cleanup(exchange->easy);
    }
    curl_slist_free_all(exchange->headers);
    exchange->easy = NULL;
    exchange->headers = NULL;
    exchange->is_broken = false;
}

/* Ends the exchange for good. */
static void conclude(struct model_loop *loop, struct exchange *exchange, enum loop_end end,
                     const struct treadle_error *error)
{
    struct exchange **at = &loop->exchanges;
    while (*at && *at != exchange)
        at = &(*at)->next;
    if (*at)
        *at = exchange->next;
    tear_down(loop, exchange);
    buffer_clear(&exchange->refusal);
    pthread_mutex_lock(&loop->mutex);
    loop->count--;
    pthread_mutex_unlock(&loop->mutex);
    exchange->of.handler->done(exchange->of.context, end, end == LOOP_FAILED ? error : NULL);
    free(exchange);
}

static void start(struct model_loop *loop, struct exchange *exchange)
{
    struct treadle_error error;
    int64_t patience = (int64_t)exchange->of.connect_seconds + exchange->of.silence_seconds;
    buffer_reset(&exchange->refusal);
    exchange->tries++;
    exchange->deadline = clock_monotonic_us() + patience * 1000000;
    exchange->easy = curl_easy_init();
    if (exchange->easy && set_up(exchange) &&
        curl_multi_add_handle(loop->multi, exchange->easy) == CURLM_OK)
        return;
    error_set_memory(&error);
    conclude(loop, exchange, LOOP_FAILED, &error);
}

/* ---- Trying again --------------------------------------------------------------------------- */

/* How long to wait, in milliseconds: as the server wishes, else longer each time and never in step
 * with others. Negative when the server wishes for more than anybody would wait. */
static int64_t pause_of(const struct exchange *exchange)
{
    curl_off_t wish = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &wish);
    if (wish > LONGEST_WISH_S)
        return -1;
    int64_t pause = (int64_t)FIRST_PAUSE_MS << (exchange->tries - 1);
    uint32_t random;
    if (pause > LONGEST_PAUSE_MS)
        pause = LONGEST_PAUSE_MS;
    ident_random(&random, sizeof random);
    pause = pause * (75 + (int64_t)(random % 51)) / 100;
    return wish > 0 && wish * 1000 > pause ? wish * 1000 : pause;
}

static void fail(struct model_loop *loop, struct exchange *exchange, bool may_help,
                 const struct treadle_error *error)
{
    int64_t pause = may_help && exchange->tries < exchange->of.attempts ? pause_of(exchange) : -1;
    if (pause < 0 || !exchange->of.handler->again(exchange->of.context)) {
        conclude(loop, exchange, LOOP_FAILED, error);
        return;
    }
    tear_down(loop, exchange);
    exchange->start_at = clock_monotonic_us() + pause * 1000;
    atomic_store(&loop->look, true);
}

static bool is_passing(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

static enum remote_failure failure_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return REMOTE_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return REMOTE_BROKE_OFF;
    default:
        return REMOTE_UNREACHABLE;
    }
}

static void complete(struct model_loop *loop, struct exchange *exchange, CURLcode code)
{
    struct treadle_error error;
    const struct loop_exchange *of = &exchange->of;
    if (exchange->is_broken) {
        struct treadle_error broken = exchange->broken;
        conclude(loop, exchange, LOOP_FAILED, &broken);
        return;
    }
    if (code) {
        remote_error_transport(&error, failure_of(code), curl_easy_strerror(code));
        fail(loop, exchange, is_passing(code), &error);
        return;
    }
    long status = status_of(exchange);
    if (status < 200 || status > 299) {
        bool may_help = remote_error_read(&error, status, &exchange->refusal, of->key);
        fail(loop, exchange, may_help, &error);
        return;
    }
    if (of->handler->end(of->context, &error))
        fail(loop, exchange, error.code == TREADLE_ENETWORK, &error);
    else
        conclude(loop, exchange, LOOP_OK, NULL);
}

/* ---- The thread ----------------------------------------------------------------------------- */

static void look_at(struct model_loop *loop, struct exchange *exchange, int64_t now)
{
    struct treadle_error error;
    if (exchange->of.cancelled && atomic_load(exchange->of.cancelled)) {
        conclude(loop, exchange, LOOP_CANCELLED, NULL);
    } else if (!exchange->easy && now >= exchange->start_at) {
        start(loop, exchange);
    } else if (exchange->easy && now > exchange->deadline) {
        remote_error_transport(&error, REMOTE_TIMEOUT, "it was silent");
        conclude(loop, exchange, LOOP_FAILED, &error);
    }
}

static void look_at_all(struct model_loop *loop)
{
    int64_t now = clock_monotonic_us();
    for (struct exchange *at = loop->exchanges, *next; at; at = next) {
        next = at->next;
        look_at(loop, at, now);
    }
}

/* Takes over what was submitted. False when the loop ends. */
static bool take_incoming(struct model_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct exchange *incoming = loop->incoming;
    loop->incoming = NULL;
    bool goes_on = !loop->stop;
    pthread_mutex_unlock(&loop->mutex);
    while (incoming) {
        struct exchange *next = incoming->next;
        incoming->next = loop->exchanges;
        loop->exchanges = incoming;
        incoming = next;
    }
    return goes_on;
}

static void read_messages(struct model_loop *loop)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        struct exchange *exchange = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        complete(loop, exchange, code);
    }
}

static void *run(void *argument)
{
    struct model_loop *loop = argument;
    int64_t next_look = 0;
    while (take_incoming(loop)) {
        int running;
        int64_t now = clock_monotonic_us();
        if (atomic_exchange(&loop->look, false) || now >= next_look) {
            look_at_all(loop);
            next_look = now + LOOK_US;
        }
        curl_multi_perform(loop->multi, &running);
        read_messages(loop);
        curl_multi_poll(loop->multi, NULL, 0, loop->exchanges ? LOOK_US / 1000 : IDLE_MS, NULL);
    }
    while (loop->exchanges)
        conclude(loop, loop->exchanges, LOOP_CANCELLED, NULL);
    return NULL;
}

/* ---- From outside --------------------------------------------------------------------------- */

int model_loop_submit(struct model_loop *loop, const struct loop_exchange *exchange,
                      struct treadle_error *error)
{
    struct exchange *made = calloc(1, sizeof *made);
    if (!made)
        return error_set_memory(error);
    made->of = *exchange;
    buffer_init(&made->refusal, ERROR_BYTES);
    pthread_mutex_lock(&loop->mutex);
    bool taken = loop->count < MOST_EXCHANGES && !loop->stop;
    if (taken) {
        loop->count++;
        made->next = loop->incoming;
        loop->incoming = made;
    }
    pthread_mutex_unlock(&loop->mutex);
    if (!taken) {
        free(made);
        return error_set_wire(error, 503, "server_error", "overloaded", NULL,
                              "Too many requests to the model server are under way.");
    }
    model_loop_wake(loop);
    return 0;
}

void model_loop_wake(struct model_loop *loop)
{
    atomic_store(&loop->look, true);
    curl_multi_wakeup(loop->multi);
}

int model_loop_new(struct model_loop **out, struct treadle_error *error)
{
    struct model_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return error_set_memory(error);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->multi = curl_multi_init();
    int failed = loop->multi ? thread_start(&loop->thread, 1, run, loop) != 1 : -1;
    if (failed) {
        curl_multi_cleanup(loop->multi);
        curl_global_cleanup();
        pthread_mutex_destroy(&loop->mutex);
        free(loop);
        return error_set_memory(error);
    }
    *out = loop;
    return 0;
}

void model_loop_free(struct model_loop *loop)
{
    if (!loop)
        return;
    pthread_mutex_lock(&loop->mutex);
    loop->stop = true;
    pthread_mutex_unlock(&loop->mutex);
    model_loop_wake(loop);
    pthread_join(loop->thread, NULL);
    curl_multi_cleanup(loop->multi);
    curl_global_cleanup();
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}
