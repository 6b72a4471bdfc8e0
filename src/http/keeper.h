/*
 * The keeper: one thread that accepts connections, ends those that take too long, and drains
 * those that are closed while their client still sends.
 */
#ifndef HTTP_KEEPER_H
#define HTTP_KEEPER_H

#include "http/server.h"

struct http_keeper;

/* Starts accepting on the server's listeners at once; sets server->keeper. */
int http_keeper_start(struct http_server *server, struct treadle_error *error);

/* Returns when the last connection that will be accepted has been accepted. */
void http_keeper_stop_accepting(struct http_keeper *keeper);

/* Takes over a descriptor whose sending side is shut down or about to be: reads and drops bytes for
 * a moment, so that closing does not destroy a reply that is on its way. */
void http_keeper_drain(struct http_keeper *keeper, int descriptor);

/* Ends the thread. Accepts NULL. */
void http_keeper_free(struct http_keeper *keeper);

#endif
