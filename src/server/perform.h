/*
 * Carrying out a handler's plan: its transactions, one after the other, and the notifications after
 * them.
 */
#ifndef SERVER_PERFORM_H
#define SERVER_PERFORM_H

#include "http/http.h"
#include "resource/resource.h"

/* Receives the outcome of a call that had not ended when perform_call returned. */
struct perform_end {
    void *context;
    /* The call has ended with rc, and with the error where rc is negative. The reply is made, or is
     * to be made of the error. From the database's thread: must not block. */
    void (*ended)(void *context, struct resource_call *call, int rc, struct treadle_error *error);
};

enum perform_outcome {
    PERFORM_ENDED,    /* the reply is made, or `rc` says that it failed */
    PERFORM_WRITING,  /* `end` is called once the write is durable or has failed */
    PERFORM_LATER,    /* a stream answers, and has the call's arena */
    PERFORM_ELSEWHERE /* nothing was done: it would block the event thread that it was called on
                       */
};

/* Carries out the endpoint's plan for the call, which is of the request. `*rc` is set where the
 * call has ended. The call and what `end` points to must stay until then. */
enum perform_outcome perform_call(enum endpoint_id id, struct resource_call *call,
                                  struct http_request *request, const struct perform_end *end,
                                  int *rc, struct treadle_error *error);

#endif
