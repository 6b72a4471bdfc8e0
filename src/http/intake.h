/*
 * Intake: checks what clients send before the HTTP library reads it.
 */
#ifndef HTTP_INTAKE_H
#define HTTP_INTAKE_H

#include "http/server.h"

/* To be called on each event thread before it reads: from then on what it reads from the server's
 * connections is checked. */
void http_intake_watch(struct http_server *server);

#endif
