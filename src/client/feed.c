/*
 * The connection of a stream.
 *
 * Curl's multi interface is driven only while the reader waits. Received bytes are kept in one
 * buffer, and the connection is paused while that has enough, so a server that sends faster than
 * its reader reads must wait.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "client/stream_internal.h"

enum { ENOUGH = 256 << 10, LONGEST_POLL_MS = 60000 };

void feed_init(struct feed *feed, struct treadle_client *client, double silence_seconds)
{
    *feed = (struct feed){.client = client,
                          .exchange.is_stream = true,
                          .silence_us = (int64_t)(silence_seconds * 1e6)};
    buffer_init(&feed->exchange.header_text, CLIENT_HEADER_LIMIT);
    buffer_init(&feed->exchange.reply, CLIENT_BODY_LIMIT);
    buffer_init(&feed->received, ENOUGH + CURL_MAX_WRITE_SIZE);
}

void feed_clear(struct feed *feed)
{
    feed_close(feed);
    if (feed->multi)
        curl_multi_cleanup(feed->multi);
    exchange_clear(&feed->exchange);
    buffer_clear(&feed->received);
}

void feed_close(struct feed *feed)
{
    if (feed->attached)
        curl_multi_remove_handle(feed->multi, feed->exchange.handle);
    feed->attached = false;
    exchange_close(feed->client, &feed->exchange);
}

/* ---- What comes ----------------------------------------------------------------------------- */

static bool is_success(const struct exchange *exchange)
{
    return exchange->status >= 200 && exchange->status < 300;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct feed *feed = context;
    struct exchange *exchange = &feed->exchange;
    size_t length = size * count;
    feed->heard_us = clock_monotonic_us();
    curl_easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &exchange->status);
    if (!is_success(exchange))
        return buffer_append(&exchange->reply, bytes, length) ? 0 : length;
    if (feed->received.length >= ENOUGH) {
        feed->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return buffer_append(&feed->received, bytes, length) ? 0 : length;
}

static bool has_head(struct feed *feed)
{
    const struct buffer *text = &feed->exchange.header_text;
    curl_easy_getinfo(feed->exchange.handle, CURLINFO_RESPONSE_CODE, &feed->exchange.status);
    return feed->exchange.status >= 200 && text->length &&
           (text_ends_with(text->data, "\n\r\n") || text_ends_with(text->data, "\n\n"));
}

static int perform(struct feed *feed, struct treadle_error *error)
{
    int running = 0;
    if (curl_multi_perform(feed->multi, &running))
        return error_set_memory(error);
    feed->over = !running;
    return 0;
}

/* Waits for activity on the connection, and lets curl handle it. */
static int go_on(struct feed *feed, struct treadle_error *error)
{
    int64_t left_ms = LONGEST_POLL_MS;
    if (feed->silence_us) {
        int64_t left_us = feed->heard_us + feed->silence_us - clock_monotonic_us();
        if (left_us <= 0)
            return error_set(error, TREADLE_ETIMEOUT, "%s has been silent for too long",
                             feed->client->server_name);
        if (left_us / 1000 < left_ms)
            left_ms = left_us / 1000 + 1;
    }
    if (curl_multi_poll(feed->multi, NULL, 0, (int)left_ms, NULL))
        return error_set_memory(error);
    return perform(feed, error);
}

/* Why curl ended. A complete reply is a failure too: a stream has an event that ends it. */
static int describe_end(const struct feed *feed, struct treadle_error *error)
{
    int count;
    const CURLMsg *message = curl_multi_info_read(feed->multi, &count);
    if (feed->received.failed)
        return error_set_memory(error);
    if (message && message->data.result)
        return exchange_failure(feed->client, &feed->exchange, message->data.result, error);
    return error_set(error, TREADLE_ENETWORK, "the stream of %s was cut off",
                     feed->client->server_name);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static int attach(struct feed *feed, struct treadle_error *error)
{
    struct exchange *exchange = &feed->exchange;
    exchange->status = 0;
    buffer_reset(&exchange->header_text);
    buffer_reset(&exchange->reply);
    buffer_reset(&feed->received);
    feed->at = NULL;
    feed->left = 0;
    feed->paused = feed->over = false;
    feed->heard_us = clock_monotonic_us();
    if (!feed->multi)
        feed->multi = curl_multi_init();
    if (!feed->multi)
        return error_set_memory(error);
    int rc = exchange_open(feed->client, exchange, error);
    if (rc)
        return rc;
    curl_easy_setopt(exchange->handle, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(exchange->handle, CURLOPT_WRITEDATA, feed);
    if (curl_multi_add_handle(feed->multi, exchange->handle))
        return error_set_memory(error);
    feed->attached = true;
    return perform(feed, error);
}

static int check_type(const struct feed *feed, struct treadle_error *error)
{
    const char *type = NULL;
    curl_easy_getinfo(feed->exchange.handle, CURLINFO_CONTENT_TYPE, &type);
    if (type && text_starts_with(type, "text/event-stream"))
        return 0;
    return error_set(error, TREADLE_EPARSE, "the server answered %ld, but not with a stream",
                     feed->exchange.status);
}

int feed_open(struct feed *feed, struct treadle_response **refusal, struct treadle_error *error)
{
    int rc = attach(feed, error);
    while (!rc && !feed->over && !has_head(feed))
        rc = go_on(feed, error);
    if (!rc && has_head(feed) && is_success(&feed->exchange)) {
        rc = check_type(feed, error);
    } else if (!rc) {
        while (!rc && !feed->over)
            rc = go_on(feed, error);
        if (!rc && has_head(feed))
            rc = response_new(refusal, &feed->exchange, sizeof **refusal, 0, NULL, error);
        else if (!rc)
            rc = describe_end(feed, error);
    }
    if (rc)
        feed_close(feed);
    return rc;
}

/* ---- Reading -------------------------------------------------------------------------------- */

int feed_read(struct feed *feed, struct treadle_error *error)
{
    int rc = 0;
    if (feed->at == feed->received.data + feed->received.length)
        buffer_reset(&feed->received);
    /* The time that its reader took does not count as silence. */
    feed->heard_us = clock_monotonic_us();
    while (!rc && !feed->received.length && !feed->over) {
        if (feed->paused) {
            feed->paused = false;
            curl_easy_pause(feed->exchange.handle, CURLPAUSE_CONT);
            rc = perform(feed, error);
        } else {
            rc = go_on(feed, error);
        }
    }
    if (!rc && !feed->received.length)
        rc = describe_end(feed, error);
    if (rc)
        return rc;
    feed->at = feed->received.data;
    feed->left = feed->received.length;
    return 0;
}
