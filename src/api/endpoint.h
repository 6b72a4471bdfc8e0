/*
 * Endpoints: every operation of the protocol as a row of endpoint_rows.h.
 *
 * The server routes, validates and answers by this table, libtreadle calls by it, and the
 * description that Treadle prints of itself lists it. Paths are below /v1.
 */
#ifndef API_ENDPOINT_H
#define API_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "api/field.h"

enum endpoint_id {
#define ENDPOINT(id, ...) ENDPOINT_##id,
#include "api/endpoint_rows.h"
#undef ENDPOINT
    ENDPOINT_COUNT
};

enum endpoint_body { ENDPOINT_NO_BODY, ENDPOINT_JSON, ENDPOINT_MULTIPART };

/* Query parameters that an operation takes, as a set. */
enum endpoint_query {
    ENDPOINT_PAGE = 1,       /* limit, order, after, before */
    ENDPOINT_RUN_ID = 2,     /* run_id */
    ENDPOINT_INCLUDE = 4,    /* include[] */
    ENDPOINT_PURPOSE = 8,    /* purpose */
    ENDPOINT_FILTER = 16,    /* filter: the status of a vector store's files */
    ENDPOINT_STATUS = 32,    /* status: of a run */
    ENDPOINT_FILE_PAGE = 64, /* limit up to 10,000, order, after */
    ENDPOINT_METADATA = 128, /* metadata[key]: a value that an object must have under that key */
    ENDPOINT_EVENT = 256     /* after: the number of an event */
};

/* The most parameters in a path. */
enum { ENDPOINT_ARGUMENTS = 3 };

/* The most bytes of a body: of JSON; of a file (512 MB) and of a part of an upload (64 MB), with
 * the form around them. */
#define ENDPOINT_BODY_BYTES (UINT64_C(16) << 20)
#define ENDPOINT_FILE_BYTES ((UINT64_C(512) << 20) + (UINT64_C(1) << 20))
#define ENDPOINT_PART_BYTES ((UINT64_C(64) << 20) + (UINT64_C(1) << 20))

struct endpoint {
    const char *method;
    const char *path; /* as "/threads/{thread_id}" */
    enum endpoint_body body;
    unsigned query;
    const struct treadle_type *request; /* NULL without a JSON body */
    const struct treadle_type *reply;   /* NULL when the reply is no object */
    const char *doc;
    bool streams; /* the reply is a stream of events, or may be one where a request asks for it */
    const char *name; /* the operation id of the published contract; unique */
    bool own;         /* not in the published contract */
    bool shared;      /* of these, one that another service of this protocol has too */
    bool rest;        /* the last parameter is the rest of the path, slashes included */
    bool owner;       /* for the owner of the store and admin keys alone */
    bool quick; /* it looks up a few rows, in microseconds, or ends in a write, which the database's
                   thread does: so it runs on an event thread, and others on a worker */
    uint64_t limit; /* bytes of the body; 0: ENDPOINT_BODY_BYTES */
};

const struct endpoint *endpoint_get(enum endpoint_id id);

/* The result of endpoint_find. */
struct endpoint_match {
    enum endpoint_id id;
    const char *arguments[ENDPOINT_ARGUMENTS]; /* point into the segments; the first of a rest */
    unsigned allowed;                          /* when only the method is wrong: the right ones */
};

enum endpoint_method { ENDPOINT_GET = 1, ENDPOINT_POST = 2, ENDPOINT_DELETE = 4 };

/* Finds the operation for a method and the segments of a path (below /v1). 0, TREADLE_ENOTFOUND
 * for an unknown path, or TREADLE_ESTATE for a wrong method, with `allowed` set. */
int endpoint_find(const char *method, const char *const *segments, size_t count,
                  struct endpoint_match *out);

/* Appends the path with its parameters put in, percent-encoded. TREADLE_EINVALID when one is
 * missing or empty. */
int endpoint_path(enum endpoint_id id, const char *const *arguments, struct buffer *out);

#endif
