/*
 * Replies: what a handler set, for the files of this room.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/http.h"

/* Turns the reply into this error. */
void http_reply_error(struct http_reply *reply, const struct http_options *options,
                      const struct treadle_error *error);

/* Whether it can be the value of a header. */
bool http_reply_is_value(const char *text);

/* Writes the reply, with its body from memory, straight to a socket on which libmicrohttpd has
 * nothing to send, with the header that closes the connection. What does not fit at once is
 * dropped. `session` is that of http_tls_session, or NULL: then nothing may be encrypted there. */
void http_reply_send(const struct http_reply *reply, const char *request_id, int descriptor,
                     void *session);

#endif
