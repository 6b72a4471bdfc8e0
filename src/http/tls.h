/*
 * TLS: the checks that libmicrohttpd leaves to its user, and sending beside it.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <microhttpd.h>
#include <stddef.h>

#include "treadle/error.h"

/* At least 1.2, and of that what GnuTLS considers safe, except for two things: the exchange of keys
 * by RSA alone, with which a person who gets the server's key can read traffic that was recorded
 * before, and CBC with its padding and SHA-1. */
#define HTTP_TLS_PRIORITIES                                                                        \
    "NORMAL:-VERS-TLS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SHA1:-AES-128-CBC:-AES-256-CBC"

/* Whether certificate and key (PEM) can be read and belong together. */
int http_tls_check(const char *certificate, const char *key, struct treadle_error *error);

/* The GnuTLS session of a connection; NULL without TLS. Only the event thread that has the
 * connection may use it. */
void *http_tls_session(struct MHD_Connection *connection);

/* Sends at once what fits. */
void http_tls_send(void *session, const void *bytes, size_t length);

#endif
