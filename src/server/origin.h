/*
 * Origins: whether an address, a Host header or an Origin header means this machine.
 */
#ifndef SERVER_ORIGIN_H
#define SERVER_ORIGIN_H

#include <stdbool.h>

/* True for "127.0.0.1:8383", "localhost", "[::1]:0", "http://localhost:3000" and the like: a
 * loopback address or the name localhost, with or without scheme and port. */
bool origin_is_loopback(const char *text);

#endif
