/*
 * Loop: one thread that carries all HTTP exchanges with model servers.
 *
 * An exchange is a request, sent again after a pause where that may help, and the bytes of its
 * reply handed on as they come. Everything that an exchange names is its owner's and must stay
 * until `done`, which comes exactly once. All callbacks come on the loop's thread, and may submit
 * further exchanges. Redirects are not followed, so a key is never sent to another host.
 */
#ifndef MODEL_LOOP_H
#define MODEL_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "treadle/error.h"

struct model_loop;

enum loop_end { LOOP_OK, LOOP_FAILED, LOOP_CANCELLED };

struct loop_handler {
    /* A piece of a reply of status 2xx. A negative code, with the error, breaks off. */
    int (*bytes)(void *context, const char *bytes, size_t length, struct treadle_error *error);
    /* The reply is over. A negative code when it is not whole. */
    int (*end)(void *context, struct treadle_error *error);
    /* Whether to send the request again: false once anything was passed on. Forgets what came. */
    bool (*again)(void *context);
    /* `error` is NULL but for LOOP_FAILED; its http_status is what a client may be told. */
    void (*done)(void *context, enum loop_end end, const struct treadle_error *error);
};

struct loop_exchange {
    const char *url;
    const char *key;  /* may be NULL */
    const char *body; /* JSON; NULL: a GET */
    size_t body_length;
    unsigned connect_seconds;
    unsigned silence_seconds;     /* until the first byte, and between bytes */
    unsigned attempts;            /* at least 1 */
    const atomic_bool *cancelled; /* may be NULL */
    const struct loop_handler *handler;
    void *context;
};

int model_loop_new(struct model_loop **out, struct treadle_error *error);

/* Queues the exchange, which is copied (what it names is not). */
int model_loop_submit(struct model_loop *loop, const struct loop_exchange *exchange,
                      struct treadle_error *error);

/* Has the loop look at the flags of all exchanges. */
void model_loop_wake(struct model_loop *loop);

/* Cancels what is under way and ends the thread. Accepts NULL. */
void model_loop_free(struct model_loop *loop);

#endif
