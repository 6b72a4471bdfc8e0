/*
 * TLS: the checks that libmicrohttpd leaves to its user, and sending beside it.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "treadle/error.h"

/* At least 1.2, and of that what GnuTLS thinks safe. */
#define HTTP_TLS_PRIORITIES "NORMAL:-VERS-TLS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Whether certificate and key (PEM) can be read and belong together. */
int http_tls_check(const char *certificate, const char *key, struct treadle_error *error);

/* Sends at once what fits, on the event thread that has the connection. False, and nothing done,
 * when it is none over TLS. */
bool http_tls_send(struct MHD_Connection *connection, const void *bytes, size_t length);

#endif
