/*
 * Entry: whether a request is admitted, and as whose. Decided on an event thread when the head is
 * there, so a client without a key sends no body. Pages in a browser are the other half: a server
 * without keys would answer any page that its user visits, so there a foreign Host or Origin is
 * refused; where keys are required a page has none to send, and the browser decides by the allowed
 * origins what it may read.
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
    const atomic_bool *disk_full; /* set while the disk is full: requests that add something are
                                     refused; NULL: never */
    bool tls;                     /* listeners that are not sockets speak TLS alone */
    unsigned owner;               /* of these, those that the store's owner alone can open */
};

/* The decision about a request at its head; its route comes first, so a pointer to it is one to the
 * route. */
struct entry {
    struct route route;
    struct gate_caller caller; /* no project: the caller was not identified */
    struct gate_quota quota;
    bool preflight; /* a browser asks what it may send; there is no operation */
};

/* Finds the route and admits the request, or returns the error to answer with; `out` is set in both
 * cases. */
int entry_check(const struct entry_rules *rules, const struct http_request *request,
                struct entry *out, struct treadle_error *error);

/* Adds the headers of every reply: the protocol's, and those for browsers. The request's route is a
 * struct entry or NULL. */
void entry_decorate(const struct entry_rules *rules, const struct http_request *request,
                    struct http_reply *reply);

#endif
