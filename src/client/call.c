/*
 * One call: the endpoint's row has method, path, request type and reply type; the rest comes from
 * the caller. The request is made once and sent as often as the rules of retry.c allow.
 */
#include "base/error.h"
#include "client/internal.h"

int client_call_url(const struct treadle_client *client, const struct client_call *call,
                    struct buffer *url, struct treadle_error *error)
{
    buffer_append_string(url, client->base_url);
    if (endpoint_path(call->endpoint, call->arguments, url))
        return error_set(error, TREADLE_EINVALID,
                         "an id is missing, empty or too long for the operation \"%s\"",
                         endpoint_get(call->endpoint)->doc);
    int rc = query_append(call, url, error);
    if (!rc && url->failed)
        rc = error_set(error, TREADLE_EINVALID, "the URL would be too long");
    return rc;
}

int client_call_body(const struct client_call *call, struct buffer *body,
                     struct treadle_error *error)
{
    const struct endpoint *endpoint = endpoint_get(call->endpoint);
    if (endpoint->body != ENDPOINT_JSON)
        return 0;
    if (call->request)
        field_print(endpoint->request, call->request, body);
    else
        buffer_append_string(body, "{}");
    return body->failed ? error_set(error, TREADLE_EINVALID, "the request is too large") : 0;
}

/* An object cannot be read from a stream. */
static bool asks_for_stream(const struct client_call *call)
{
    const struct endpoint *endpoint = endpoint_get(call->endpoint);
    const struct field *row = call->request ? field_find(endpoint->request, "stream") : NULL;
    if (!row)
        return false;
    const struct treadle_boolean *stream =
        (const void *)((const char *)call->request + row->offset);
    return stream->state == TREADLE_SET && stream->value;
}

/* Whether another attempt may help, and then when. */
static double next_attempt(const struct treadle_client *client, const struct exchange *exchange,
                           int rc, const struct treadle_response *response, int attempt)
{
    if (exchange->delivered)
        return -1;
    if (rc == TREADLE_EREMOTE && response)
        return retry_delay(client, response, attempt);
    bool broken = rc == TREADLE_ENETWORK || rc == TREADLE_ETIMEOUT;
    return broken ? retry_delay(client, NULL, attempt) : -1;
}

static int attempt_once(struct treadle_client *client, const struct client_call *call,
                        struct exchange *exchange, struct treadle_response **out,
                        struct treadle_error *error)
{
    exchange->status = 0;
    buffer_reset(&exchange->header_text);
    buffer_reset(&exchange->reply);
    int rc = exchange_run(client, exchange, error);
    if (rc)
        return rc;
    return response_new(out, exchange, call->size, call->offset,
                        endpoint_get(call->endpoint)->reply, error);
}

int client_call(struct treadle_client *client, const struct client_call *call,
                struct treadle_response **out, struct treadle_error *error)
{
    struct buffer url, body;
    struct treadle_response *response = NULL;
    struct exchange exchange = {.method = endpoint_get(call->endpoint)->method,
                                .upload = call->upload,
                                .sink = call->sink,
                                .sink_context = call->sink_context};
    if (asks_for_stream(call))
        return error_set(error, TREADLE_EINVALID,
                         "this call does not accept 'stream': streams have calls of their own");
    buffer_init(&url, CLIENT_URL_LIMIT);
    buffer_init(&body, CLIENT_BODY_LIMIT);
    buffer_init(&exchange.header_text, CLIENT_HEADER_LIMIT);
    buffer_init(&exchange.reply, CLIENT_BODY_LIMIT);
    int rc = client_call_url(client, call, &url, error);
    if (!rc)
        rc = client_call_body(call, &body, error);
    if (rc)
        goto done;
    exchange.url = url.data;
    exchange.body = body.data;
    exchange.body_length = body.length;
    for (int attempt = 1;; attempt++) {
        rc = attempt_once(client, call, &exchange, &response, error);
        double delay = rc ? next_attempt(client, &exchange, rc, response, attempt) : -1;
        if (delay < 0)
            break;
        treadle_response_free(response);
        response = NULL;
        client_sleep(delay);
    }
    if (response)
        *out = response;
done:
    exchange_clear(&exchange);
    buffer_clear(&body);
    buffer_clear(&url);
    return rc;
}
