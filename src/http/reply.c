/*
 * Replies: what a handler set, and what is sent without libmicrohttpd.
 *
 * libmicrohttpd can answer a request at its head or at its end but not within its body, and cannot
 * answer a body that never ends. There http_reply_send writes the error to the socket: a few
 * hundred bytes into an empty send buffer, so it neither blocks nor is sent in parts.
 */
#include "http/reply.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/error.h"
#include "http/tls.h"

enum { LARGEST_BODY = 64 << 20, MOST_HEADERS = 24 };

void http_reply_init(struct http_reply *reply)
{
    *reply = (struct http_reply){.status = 200, .content_type = "application/json", .file = -1};
    buffer_init(&reply->body, LARGEST_BODY);
}

void http_reply_clear(struct http_reply *reply)
{
    if (reply->file >= 0)
        close(reply->file);
    buffer_clear(&reply->body);
    http_reply_init(reply);
}

void http_reply_error(struct http_reply *reply, const struct http_options *options,
                      const struct treadle_error *error)
{
    struct treadle_error shown = *error;
    if (shown.http_status < 400 || shown.http_status > 599)
        error_set_wire(&shown, 500, "server_error", NULL, NULL,
                       "The server had an error while processing the request.");
    http_reply_clear(reply);
    reply->status = shown.http_status;
    options->render_error(options->context, &shown, reply);
}

static bool is_token(const char *text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    const char *at = text;
    for (; *at; at++) {
        char lower = (char)(*at | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(*at >= '0' && *at <= '9') && !strchr(others, *at))
            return false;
    }
    return at > text;
}

bool http_reply_is_value(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    return true;
}

void http_reply_header(struct http_reply *reply, const char *name, const char *value)
{
    if (reply->header_count >= MOST_HEADERS || !name || !value || !is_token(name) ||
        !http_reply_is_value(value))
        return;
    reply->headers[reply->header_count++] = (struct http_field){name, value};
}

void http_reply_send(const struct http_reply *reply, const char *request_id, int descriptor,
                     void *session)
{
    struct buffer text;
    buffer_init(&text, LARGEST_BODY);
    buffer_append_format(&text,
                         "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\n"
                         "Content-Length: %zu\r\nx-request-id: %s\r\nopenai-processing-ms: 0\r\n",
                         reply->status, MHD_get_reason_phrase_for((unsigned)reply->status),
                         reply->content_type, reply->body.length, request_id);
    for (size_t i = 0; i < reply->header_count; i++)
        buffer_append_format(&text, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
    buffer_append_string(&text, "\r\n");
    buffer_append(&text, reply->body.data, reply->body.length);
    /* A reply that could not be printed is not sent: the connection closes. */
    bool whole = !text.failed && !reply->body.failed;
    if (whole && session)
        http_tls_send(session, text.data, text.length);
    else if (whole)
        send(descriptor, text.data, text.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    buffer_clear(&text);
}
