/*
 * Listening sockets, TCP and Unix.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "treadle/error.h"

struct http_listener {
    bool local;        /* no other machine can reach it */
    bool secure;       /* speaks TLS */
    int descriptor;    /* -1 once it is closed */
    char address[192]; /* as a URL */
    char *path;        /* of a Unix socket, else NULL */
    dev_t device;      /* of the socket's file, so that no other server's is removed */
    ino_t inode;
};

/* Listens on "127.0.0.1:8383", "[::1]:0", "localhost:80" or "unix:/path". `secure` says that all
 * but the last are to speak TLS. */
int http_listener_open(struct http_listener *out, const char *text, bool secure,
                       struct treadle_error *error);

/* Accepts no more connections and removes a Unix socket's file. May be called twice. */
void http_listener_close(struct http_listener *listener);

#endif
