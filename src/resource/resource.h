/*
 * Resources: the handlers of all endpoints, one file for each resource.
 *
 * A handler gets a call whose path, query and body were parsed and validated by the tables of
 * src/api. It is work within a transaction, which makes the reply; or a function that returns a
 * plan: what is to be done. It owns no state: all lasting state is in the services. A request
 * writes in one transaction, so it takes effect as a whole or not at all.
 */
#ifndef RESOURCE_RESOURCE_H
#define RESOURCE_RESOURCE_H

#include "api/endpoint.h"
#include "base/arena.h"
#include "engine/engine.h"
#include "gate/gate.h"
#include "http/http.h"
#include "model/model.h"
#include "run/run_change.h"
#include "search/ingest.h"
#include "search/search.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/record_page.h"

/* What handlers work with. */
struct resource_services {
    const char *directory; /* of the store */
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    struct ingest *ingest;
    struct engine *engine;
    struct model *model; /* answers by whatever model a request names */
    struct gate *gate;
};

enum { RESOURCE_MOST_PAIRS = 4 };

/* The query parameters of all endpoints; one that the endpoint does not accept is absent. */
struct resource_query {
    struct record_page_request page; /* of a list */
    const char *run_id;
    const char *purpose;
    const char *filter;
    const char *status;
    struct treadle_pair pairs[RESOURCE_MOST_PAIRS]; /* of metadata that must all be there */
    size_t pair_count;
    int64_t after_event;  /* the number of an event */
    bool include_content; /* include[]= the content of search results */
};

/* What others must be notified of once the work is durable. */
struct resource_effects {
    struct run_change change;  /* to runs */
    struct execution *claimed; /* by the change; NULL: none */
    bool attached;             /* files were added to vector stores, to be read */
};

struct resource_call {
    const struct resource_services *services;
    const char *project; /* whose objects are seen */
    const struct endpoint *endpoint;
    const char *const *arguments; /* of the path */
    struct resource_query query;
    const void *body; /* the struct of endpoint->request; NULL without a JSON body */
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *arena; /* lives until the reply is made */
    void *state;         /* what a handler passes to the work and to the sequel; in the arena */
    struct resource_effects effects;
};

/* Work within a transaction: fills the reply, or fails with an error of the protocol. */
typedef int (*resource_work)(struct db_session *session, struct resource_call *call,
                             struct treadle_error *error);

struct resource_plan;

/* Decides what is to be done. An error is set where the plan is a failure. */
typedef struct resource_plan (*resource_planner)(struct resource_call *call,
                                                 struct treadle_error *error);

/* The same, after a transaction that ended with rc, and with its error. */
typedef struct resource_plan (*resource_sequel)(struct resource_call *call, int rc,
                                                struct treadle_error *error);

/* What a handler wants done: all that its caller does next. */
struct resource_plan {
    enum resource_plan_kind {
        RESOURCE_ANSWER, /* the reply is made, or rc says that it failed */
        RESOURCE_READ,   /* the work, in a transaction that reads */
        RESOURCE_WRITE,  /* the work, in one that writes; no thread waits for the disk unless a
                            sequel follows */
        RESOURCE_LATER   /* the reply is a stream, which answers later and has the arena now */
    } kind;
    int rc;
    resource_work work;
    bool checks_first; /* of a write: as in struct db_task */
    /* Of a write: called when it is durable, before the followers of its runs are notified. */
    int (*before_notice)(struct resource_call *call, struct treadle_error *error);
    resource_sequel then; /* NULL: the transaction's end is the call's */
};

static inline struct resource_plan resource_answer(int rc)
{
    return (struct resource_plan){.kind = RESOURCE_ANSWER, .rc = rc};
}

static inline struct resource_plan resource_read(resource_work work, resource_sequel then)
{
    return (struct resource_plan){.kind = RESOURCE_READ, .work = work, .then = then};
}

static inline struct resource_plan resource_write(resource_work work, resource_sequel then)
{
    return (struct resource_plan){.kind = RESOURCE_WRITE, .work = work, .then = then};
}

/* The plan of an endpoint, for a call of it. */
struct resource_plan resource_begin(enum endpoint_id id, struct resource_call *call,
                                    struct treadle_error *error);

/* Reads the query parameters that the endpoint takes. An error of the protocol for a bad value. */
int resource_parse_query(const struct endpoint *endpoint, const struct http_request *request,
                         struct resource_query *out, struct treadle_error *error);

#endif
