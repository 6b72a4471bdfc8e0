/*
 * Loop: one thread that carries all HTTP exchanges with model servers.
 *
 * An exchange is a request, sent again after a pause where that may help, and the bytes of its
 * reply passed on as they come. The owner keeps everything that an exchange points to until `done`,
 * which is called exactly once. All callbacks are called on the loop's thread, and may submit
 * further exchanges. Redirects are not followed, so a key is never sent to another host.
 */
#ifndef OUTBOUND_LOOP_H
#define OUTBOUND_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "treadle/error.h"

struct loop;

enum loop_end { LOOP_OK, LOOP_FAILED, LOOP_CANCELLED };

struct loop_handler {
    /* A piece of a reply of status 2xx. A negative code, with the error, ends it; with
     * TREADLE_EBUSY the same request may work later. */
    int (*bytes)(void *context, const char *bytes, size_t length, struct treadle_error *error);
    /* All bytes that had come were passed on, and the reply is not over. May be missing. */
    void (*flush)(void *context);
    /* The reply is over. A negative code when it is not complete. */
    int (*end)(void *context, struct treadle_error *error);
    /* Whether to send the request again: false once anything was passed on. Forgets what came. */
    bool (*again)(void *context);
    /* `error` is NULL except for LOOP_FAILED; its http_status may be sent to a client. */
    void (*done)(void *context, enum loop_end end, const struct treadle_error *error);
    /* A redirect to that address; called before it is reported as a failure. May be missing. */
    void (*moved)(void *context, const char *url);
};

/* How a try failed that brought no whole reply. */
enum loop_loss { LOOP_UNREACHABLE, LOOP_CUT_OFF, LOOP_TIMEOUT };

/* What sending the same request again may do. */
enum loop_hope {
    LOOP_FINAL,   /* the answer would be the same */
    LOOP_PASSING, /* it may work in a moment */
    LOOP_LOADING /* it will work once the server has loaded its model, which may take as long as the
                    first byte of a reply */
};

/* What failures are called: who asks that kind of server knows how it words them. Both MUST be
 * there. */
struct loop_words {
    void (*lost)(enum loop_loss loss, const char *why, struct treadle_error *error);
    /* A reply that is no success. The key must not stand in the error. */
    enum loop_hope (*refused)(long status, const struct buffer *body, const char *key,
                              struct treadle_error *error);
};

struct loop_exchange {
    const char *url;
    const char *key;    /* may be NULL */
    const char *body;   /* JSON; NULL: a GET */
    const char *accept; /* NULL: JSON and event streams */
    size_t body_length;
    unsigned connect_seconds;
    unsigned first_seconds;       /* from the connection to the first byte of the reply's body */
    unsigned idle_seconds;        /* between bytes from then on */
    unsigned whole_seconds;       /* for all of it; 0: no limit */
    unsigned attempts;            /* at least 1 */
    const atomic_bool *cancelled; /* may be NULL */
    /* Whether to connect there; NULL: yes. Such an exchange uses no proxy and no connection of
     * others, so nothing can lead it elsewhere. */
    bool (*may_connect)(void *context, const struct sockaddr *address);
    const struct loop_words *words;
    const struct loop_handler *handler;
    void *context;
};

int loop_new(struct loop **out, struct treadle_error *error);

/* Queues the exchange, which is copied (but not what it points to), and wakes the loop. */
int loop_submit(struct loop *loop, const struct loop_exchange *exchange,
                struct treadle_error *error);

/* Has the loop look at the flags of all exchanges, within a few milliseconds. */
void loop_wake(struct loop *loop);

/* Cancels what is in progress and ends the thread; later submissions are refused. */
void loop_stop(struct loop *loop);

/* When it was stopped. Accepts NULL. */
void loop_free(struct loop *loop);

#endif
