/*
 * Exchanges: libcurl's options, its codes, and when trying again may help.
 *
 * libcurl knows a limit for connecting but none for silence that fits a model, which may think for
 * a minute and then speak in bursts. So every exchange has a deadline that each byte moves, and the
 * loop looks whether it has passed.
 */
#include "outbound/exchange.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"

enum {
    ERROR_BYTES = 64 * 1024, /* kept of a reply that says an error */
    READ_BYTES = 4096,       /* for each answer in progress; pieces of a stream are small */
    SECOND_US = 1000000,
    FIRST_PAUSE_MS = 500,
    LONGEST_PAUSE_MS = 8000,
    LOADING_PAUSE_MS = 500, /* between checks whether a server has loaded its model */
    LONGEST_WISH_S = 60     /* of a Retry-After that is followed */
};

struct exchange *exchange_new(const struct loop_exchange *of)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->of = *of;
    buffer_init(&exchange->refusal, ERROR_BYTES);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    buffer_clear(&exchange->refusal);
    free(exchange);
}

/* ---- Receiving ------------------------------------------------------------------------------ */

static long status_of(const struct exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Where there is no room in the list, the bytes are flushed at once. */
static void note_fresh(struct exchange *exchange)
{
    struct fresh_list *list = exchange->list;
    if (exchange->fresh)
        return;
    if (list->count == FRESH_ROOM) {
        exchange->of.handler->flush(exchange->of.context);
        return;
    }
    exchange->fresh = &list->items[list->count++];
    *exchange->fresh = exchange;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    exchange->heard = true;
    exchange->deadline = clock_monotonic_us() + (int64_t)exchange->of.idle_seconds * SECOND_US;
    long status = status_of(exchange);
    if (status < 200 || status > 299) {
        size_t room = ERROR_BYTES - exchange->refusal.length;
        buffer_append(&exchange->refusal, bytes, length < room ? length : room);
        return length;
    }
    exchange->is_broken =
        exchange->of.handler->bytes(exchange->of.context, bytes, length, &exchange->broken) != 0;
    if (!exchange->is_broken && exchange->of.handler->flush)
        note_fresh(exchange);
    return exchange->is_broken ? CURL_WRITEFUNC_ERROR : length;
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct loop_exchange *of = &((struct exchange *)context)->of;
    (void)purpose;
    if (of->may_connect && !of->may_connect(of->context, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The connection is there, and the request goes out. */
static int on_connected(void *context, char *address, char *own, int port, int own_port)
{
    struct exchange *exchange = context;
    (void)address, (void)own, (void)port, (void)own_port;
    exchange->deadline = clock_monotonic_us() + (int64_t)exchange->of.first_seconds * SECOND_US;
    return CURL_PREREQFUNC_OK;
}

/* ---- A try ---------------------------------------------------------------------------------- */

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

static bool add_headers(struct exchange *exchange)
{
    const struct loop_exchange *of = &exchange->of;
    struct buffer accept;
    buffer_init(&accept, 256);
    buffer_append_format(&accept, "Accept: %s",
                         of->accept ? of->accept : "text/event-stream, application/json");
    bool added = !accept.failed && add_header(exchange, accept.data) &&
                 add_header(exchange, "Expect:") && (!of->key || add_key(exchange)) &&
                 (!of->body || add_header(exchange, "Content-Type: application/json"));
    buffer_clear(&accept);
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

bool exchange_can_use(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES) == CURLE_OK;
}

static bool set_up(struct exchange *exchange)
{
    CURL *easy = exchange->easy;
    const struct loop_exchange *of = &exchange->of;
    curl_easy_setopt(easy, CURLOPT_URL, of->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "treadle/" TREADLE_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)of->connect_seconds);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)of->whole_seconds);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    if (of->may_connect) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    /* A proxy of the environment's cannot reach what is on this machine. */
    if (of->may_connect || is_loopback(of->url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (of->body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)of->body_length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, of->body);
    }
    return add_headers(exchange) &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK;
}

bool exchange_start(struct exchange *exchange, CURL *easy)
{
    int64_t patience = (int64_t)exchange->of.connect_seconds + exchange->of.first_seconds;
    buffer_reset(&exchange->refusal);
    exchange->tries++;
    if (!exchange->loading_until)
        exchange->loading_until =
            clock_monotonic_us() + (int64_t)exchange->of.first_seconds * SECOND_US;
    exchange->heard = exchange->is_broken = false;
    exchange->deadline = clock_monotonic_us() + patience * SECOND_US;
    exchange->easy = easy;
    return easy && exchange_can_use(easy) && set_up(exchange);
}

CURL *exchange_stop(struct exchange *exchange)
{
    CURL *easy = exchange->easy;
    exchange->easy = NULL;
    if (easy)
        curl_easy_reset(easy);
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    return easy;
}

/* ---- Its end -------------------------------------------------------------------------------- */

/* How long to wait, in milliseconds: as the server asks, else longer each time and with a random
 * part. Negative when the server asks for too long. */
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

static enum exchange_verdict fail(struct exchange *exchange, bool may_help, int64_t *pause_ms)
{
    int64_t pause = may_help && exchange->tries < exchange->of.attempts ? pause_of(exchange) : -1;
    if (pause < 0 || !exchange->of.handler->again(exchange->of.context))
        return EXCHANGE_FAILED;
    *pause_ms = pause;
    return EXCHANGE_AGAIN;
}

/* Loading a model may take minutes, and says nothing of the server. */
static enum exchange_verdict wait_for_model(struct exchange *exchange, int64_t *pause_ms)
{
    if (clock_monotonic_us() >= exchange->loading_until ||
        !exchange->of.handler->again(exchange->of.context))
        return EXCHANGE_FAILED;
    exchange->tries--;
    *pause_ms = LOADING_PAUSE_MS;
    return EXCHANGE_AGAIN;
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

static enum loop_loss loss_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return LOOP_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return LOOP_CUT_OFF;
    default:
        return LOOP_UNREACHABLE;
    }
}

static void report_moved(const struct exchange *exchange)
{
    const char *url = NULL;
    curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &url);
    if (url && exchange->of.handler->moved)
        exchange->of.handler->moved(exchange->of.context, url);
}

enum exchange_verdict exchange_judge(struct exchange *exchange, CURLcode code, int64_t *pause_ms,
                                     struct treadle_error *error)
{
    const struct loop_exchange *of = &exchange->of;
    if (exchange->is_broken) {
        *error = exchange->broken;
        return fail(exchange, error->code == TREADLE_EBUSY, pause_ms);
    }
    /*
     * Addresses were parsed before, so libcurl fails to parse one only for lack of memory.
     */
    if (code == CURLE_OUT_OF_MEMORY || code == CURLE_URL_MALFORMAT) {
        error_set_memory(error);
        return fail(exchange, false, pause_ms);
    }
    if (code == CURLE_SSL_CONNECT_ERROR) {
        of->words->lost(LOOP_UNREACHABLE, "no TLS there: is its address one of http://?", error);
        return fail(exchange, false, pause_ms);
    }
    if (code) {
        of->words->lost(loss_of(code), curl_easy_strerror(code), error);
        return fail(exchange, is_passing(code), pause_ms);
    }
    long status = status_of(exchange);
    if (status < 200 || status > 299) {
        enum loop_hope hope = of->words->refused(status, &exchange->refusal, of->key, error);
        report_moved(exchange);
        return hope == LOOP_LOADING ? wait_for_model(exchange, pause_ms)
                                    : fail(exchange, hope == LOOP_PASSING, pause_ms);
    }
    if (of->handler->end(of->context, error))
        return fail(exchange, error->code == TREADLE_ENETWORK, pause_ms);
    return EXCHANGE_OK;
}

void exchange_overdue(const struct exchange *exchange, struct treadle_error *error)
{
    exchange->of.words->lost(LOOP_TIMEOUT, exchange->heard ? "it stopped sending" : "it was silent",
                             error);
}
