/*
 * Resources: the handlers of all endpoints, one file a resource.
 *
 * A handler gets a call whose path, query and body were parsed and validated by the tables of
 * src/api, and fills the reply. It owns no state: whatever lasts is in the services. Each handler
 * does its writing in one db_write, so a request takes effect whole or not at all.
 */
#ifndef RESOURCE_RESOURCE_H
#define RESOURCE_RESOURCE_H

#include "api/endpoint.h"
#include "base/arena.h"
#include "engine/engine.h"
#include "engine/run_change.h"
#include "gate/gate.h"
#include "http/http.h"
#include "model/registry.h"
#include "search/ingest.h"
#include "search/search.h"
#include "store/blob.h"
#include "store/db.h"

/* What handlers work with. */
struct resource_services {
    const char *directory; /* of the store */
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    struct ingest *ingest;
    struct engine *engine;
    struct model_registry *models;
    struct gate *gate;
};

enum { RESOURCE_MOST_PAIRS = 4 };

/* The query parameters of all endpoints; what an endpoint does not take is as if it were absent. */
struct resource_query {
    size_t limit;
    bool ascending;
    const char *after;
    const char *before;
    const char *run_id;
    const char *purpose;
    const char *filter;
    const char *status;
    struct treadle_pair pairs[RESOURCE_MOST_PAIRS]; /* of metadata that must all be there */
    size_t pair_count;
    int64_t after_event;  /* the number of an event */
    bool include_content; /* include[]= the content of search results */
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
    struct arena *arena;
    void *state;   /* a handler's own: what its work hands to what follows the transaction */
    bool attached; /* set by work that added files to vector stores: ingest is woken after it */
    struct run_change change;  /* for work that changes runs */
    struct execution *claimed; /* by the change; NULL: none */
    int (*before_told)(struct resource_call *call, struct treadle_error *error); /* NULL: nothing.
                                    Called when the change is durable, before it is told */
    bool keeps_arena;  /* set by a handler that answers later: the arena is its own then */
    bool concludes;    /* set by resource_conclude: what remains is to write */
    bool checks_first; /* set by a handler that concludes: as in struct db_task */
    int (*work)(struct db_session *session, struct resource_call *call,
                struct treadle_error *error); /* set by resource_read and resource_write */
};

/* A handler fills the reply or fails; or it leaves a write to its caller (`concludes`), which fills
 * the reply: resource_call_work with the call as argument, then resource_call_written. */
typedef int (*resource_handler)(struct resource_call *call, struct treadle_error *error);

/* The handler of an endpoint; every endpoint has one. */
resource_handler resource_find(enum endpoint_id id);

int resource_call_work(struct db_session *session, void *call, struct treadle_error *error);

/* Tells those who follow runs, and wakes who waits for what was written. Does not block. Fails
 * where the reply cannot be made, with the error. */
int resource_call_written(struct resource_call *call, bool durable, struct treadle_error *error);

/* Reads the query parameters that the endpoint takes. An error of the protocol for a bad value. */
int resource_parse_query(const struct endpoint *endpoint, const struct http_request *request,
                         struct resource_query *out, struct treadle_error *error);

#endif
