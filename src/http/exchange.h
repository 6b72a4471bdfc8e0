/*
 * Exchanges: one request and its reply, from the first line to the last byte.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>

#include "http/server.h"

/* libmicrohttpd's callbacks, in the order in which they come. `server` is the context of all. */
void *http_exchange_begin(void *server, const char *target, struct MHD_Connection *connection);

enum MHD_Result http_exchange_step(void *server, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **context);

void http_exchange_end(void *server, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode code);

#endif
