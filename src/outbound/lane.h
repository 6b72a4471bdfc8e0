/*
 * Lane: a multi handle of libcurl's with its own connections, driven by an epoll that several
 * share. Events of its sockets carry the lane's number in the upper half of their data and the
 * socket in the lower.
 */
#ifndef OUTBOUND_LANE_H
#define OUTBOUND_LANE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum { LANE_ROOM = 256 }; /* exchanges at once, and connections kept */

#define LANE_NEVER INT64_MAX

struct lane {
    CURLM *multi;
    int epoll;
    size_t number;
    size_t count; /* exchanges in progress */
    bool stale;   /* a server has closed an unused connection */
    int64_t due;  /* when libcurl wants to be called, by clock_monotonic_us, or LANE_NEVER */
    bool touched; /* something may have ended */
    bool stuck;   /* libcurl had no memory to continue one of them, and does not say which */
};

/* False when memory runs out. */
bool lane_open(struct lane *lane, size_t number, int epoll);
void lane_close(struct lane *lane);

/* Puts a handle on its way; false when memory runs out. */
bool lane_add(struct lane *lane, CURL *easy);
void lane_remove(struct lane *lane, CURL *easy);

/* What epoll said of a socket of the lane's. */
void lane_act(struct lane *lane, curl_socket_t socket, uint32_t events);

/* Closes the connections that are kept, once the lane is idle, where a server has closed one of
 * them: libcurl looks at them only when it needs one. */
void lane_refresh(struct lane *lane);

/* Lets libcurl do what is due by now. */
void lane_tick(struct lane *lane, int64_t now);

/* A handle that has ended since the last call, and how; NULL when there is none. */
CURL *lane_ended(struct lane *lane, CURLcode *code);

#endif
