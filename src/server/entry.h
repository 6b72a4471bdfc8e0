/*
 * Entry: whether a request may come in, and as whose.
 *
 * Decided on an event thread when the head is there, so nobody without a key sends a body. Pages in
 * a browser are the other half: a server without keys would answer whatever page its user happens
 * to visit, so there a foreign Host or Origin is refused; where keys are required a page has none
 * to send, and what it may read its browser decides by the allowed origins.
 */
#ifndef SERVER_ENTRY_H
#define SERVER_ENTRY_H

#include <stdatomic.h>

#include "gate/gate.h"
#include "http/http.h"
#include "server/route.h"

enum { ENTRY_MOST_ORIGINS = 16 };

struct entry_rules {
    struct gate *gate;
    bool require_keys;
    const char *origins[ENTRY_MOST_ORIGINS + 1]; /* of pages that may ask; "*" for any; then NULL */
    unsigned sockets; /* listeners that are Unix sockets, a bit each: no browser gets there */
    const atomic_bool *disk_full; /* NULL: never; what adds something is refused meanwhile */
    bool tls;                     /* listeners that are no sockets speak TLS alone */
    unsigned owner;               /* of these, those that the store's owner alone can open */
};

/* What became of a request at its head; its route comes first, so it may stand for it. */
struct entry {
    struct route route;
    struct gate_caller caller; /* no project: nobody was identified */
    struct gate_quota quota;
    bool preflight; /* a browser asks what it may send; there is no operation */
};

/* Finds the route and lets the request in, or gives the error to answer; `out` is set in both. */
int entry_check(const struct entry_rules *rules, const struct http_request *request,
                struct entry *out, struct treadle_error *error);

/* Adds the headers of every reply: the protocol's, and what a browser must be told. The request's
 * route is a struct entry or NULL. */
void entry_decorate(const struct entry_rules *rules, const struct http_request *request,
                    struct http_reply *reply);

#endif
