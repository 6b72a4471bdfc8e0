/*
 * Endpoints: every operation of the protocol as a row (method, path, query, request, reply).
 *
 * The server routes and validates by this table, libtreadle calls by it, and the description that
 * Treadle prints of itself lists it. Paths are below /v1.
 */
#ifndef API_ENDPOINT_H
#define API_ENDPOINT_H

#include <stddef.h>

#include "api/field.h"

enum endpoint_id {
    ENDPOINT_ASSISTANT_CREATE,
    ENDPOINT_ASSISTANT_LIST,
    ENDPOINT_ASSISTANT_RETRIEVE,
    ENDPOINT_ASSISTANT_MODIFY,
    ENDPOINT_ASSISTANT_DELETE,
    ENDPOINT_THREAD_CREATE,
    ENDPOINT_THREAD_RETRIEVE,
    ENDPOINT_THREAD_MODIFY,
    ENDPOINT_THREAD_LIST,
    ENDPOINT_THREAD_USAGE,
    ENDPOINT_THREAD_DELETE,
    ENDPOINT_THREAD_RUN_CREATE,
    ENDPOINT_MESSAGE_CREATE,
    ENDPOINT_MESSAGE_LIST,
    ENDPOINT_MESSAGE_RETRIEVE,
    ENDPOINT_MESSAGE_MODIFY,
    ENDPOINT_MESSAGE_DELETE,
    ENDPOINT_RUN_CREATE,
    ENDPOINT_RUN_LIST,
    ENDPOINT_RUN_RETRIEVE,
    ENDPOINT_RUN_MODIFY,
    ENDPOINT_RUN_CANCEL,
    ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS,
    ENDPOINT_RUN_STEP_LIST,
    ENDPOINT_RUN_STEP_RETRIEVE,
    ENDPOINT_RUN_EVENTS,
    ENDPOINT_RUN_LIST_ALL,
    ENDPOINT_RUN_FIND,
    ENDPOINT_RUN_TIMES,
    ENDPOINT_FILE_CREATE,
    ENDPOINT_FILE_LIST,
    ENDPOINT_FILE_RETRIEVE,
    ENDPOINT_FILE_CONTENT,
    ENDPOINT_FILE_DELETE,
    ENDPOINT_UPLOAD_CREATE,
    ENDPOINT_UPLOAD_PART_CREATE,
    ENDPOINT_UPLOAD_COMPLETE,
    ENDPOINT_UPLOAD_CANCEL,
    ENDPOINT_VECTOR_STORE_CREATE,
    ENDPOINT_VECTOR_STORE_LIST,
    ENDPOINT_VECTOR_STORE_RETRIEVE,
    ENDPOINT_VECTOR_STORE_MODIFY,
    ENDPOINT_VECTOR_STORE_DELETE,
    ENDPOINT_VECTOR_STORE_FILE_CREATE,
    ENDPOINT_VECTOR_STORE_FILE_LIST,
    ENDPOINT_VECTOR_STORE_FILE_RETRIEVE,
    ENDPOINT_VECTOR_STORE_FILE_MODIFY,
    ENDPOINT_VECTOR_STORE_FILE_CONTENT,
    ENDPOINT_VECTOR_STORE_FILE_DELETE,
    ENDPOINT_VECTOR_STORE_BATCH_CREATE,
    ENDPOINT_VECTOR_STORE_BATCH_RETRIEVE,
    ENDPOINT_VECTOR_STORE_BATCH_CANCEL,
    ENDPOINT_VECTOR_STORE_BATCH_FILE_LIST,
    ENDPOINT_MODEL_LIST,
    ENDPOINT_MODEL_RETRIEVE,
    ENDPOINT_MODEL_DELETE,
    ENDPOINT_EMBEDDING_CREATE,
    ENDPOINT_CHAT_CREATE,
    ENDPOINT_BACKUP_CREATE,
    ENDPOINT_KEY_CREATE,
    ENDPOINT_KEY_LIST,
    ENDPOINT_KEY_REVOKE,
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

struct endpoint {
    const char *method;
    const char *path; /* as "/threads/{thread_id}" */
    enum endpoint_body body;
    unsigned query;
    const struct treadle_type *request; /* NULL without a JSON body */
    const struct treadle_type *reply;   /* NULL when the reply is no object */
    const char *doc;
    bool streams;     /* the reply is a stream of events, or may be where a request says so */
    const char *name; /* as the published contract calls the operation; never two alike */
    bool own;         /* not in the published contract */
    bool rest;        /* the last parameter takes what is left of the path, slashes included */
    bool owner;       /* for the owner of the store and admin keys alone */
};

const struct endpoint *endpoint_get(enum endpoint_id id);

/* What endpoint_find found. */
struct endpoint_match {
    enum endpoint_id id;
    const char *arguments[ENDPOINT_ARGUMENTS]; /* point into the segments; the first of a rest */
    unsigned allowed; /* when only the method is wrong: which would be right */
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
