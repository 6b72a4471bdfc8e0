/*
 * Exchange: one request of the loop and its outcome, apart from when it is sent. The loop lends it
 * an easy handle for each try: exchange_start sets the handle up, exchange_judge decides what a
 * finished try means, exchange_stop returns the handle.
 */
#ifndef OUTBOUND_EXCHANGE_H
#define OUTBOUND_EXCHANGE_H

#include <curl/curl.h>
#include <stdint.h>

#include "base/buffer.h"
#include "outbound/loop.h"

struct exchange;

/* Exchanges that passed bytes on since the loop last waited. */
enum { FRESH_ROOM = 256 };

struct fresh_list {
    struct exchange *items[FRESH_ROOM]; /* NULL for one that has ended */
    size_t count;
};

struct exchange {
    struct exchange *next, *previous; /* in the list of the loop that it is in */
    struct fresh_list *list;          /* the loop's */
    struct exchange **fresh;          /* its place there; NULL: none */
    size_t lane;                      /* the loop's: where it is under way */
    struct loop_exchange of;
    CURL *easy; /* NULL while it waits */
    struct curl_slist *headers;
    unsigned tries;
    int64_t loading_until; /* while the server loads its model, tries do not count until then */
    bool heard;            /* the first byte has come */
    int64_t start_at, deadline; /* by clock_monotonic_us */
    struct buffer refusal;      /* the body of a reply that is no success */
    struct treadle_error broken;
    bool is_broken; /* the handler has failed */
};

enum exchange_verdict { EXCHANGE_OK, EXCHANGE_FAILED, EXCHANGE_AGAIN };

/* NULL when memory runs out. What it has beside `of` is freed by exchange_free. */
struct exchange *exchange_new(const struct loop_exchange *of);
void exchange_free(struct exchange *exchange);

/* Whether a returned handle may be lent again. Where a try failed before it had a connection,
 * libcurl 7.88 keeps its buffer but not how large it is, and would read beyond it. */
bool exchange_can_use(CURL *easy);

/* Makes a handle, as new, ready for a try. False when memory runs out; the handle is the
 * exchange's either way until exchange_stop. */
bool exchange_start(struct exchange *exchange, CURL *easy);

/* Ends a try and returns its handle; NULL when there is none. */
CURL *exchange_stop(struct exchange *exchange);

/* What a try that ended with this code means: with the error, or the pause before the next. */
enum exchange_verdict exchange_judge(struct exchange *exchange, CURLcode code, int64_t *pause_ms,
                                     struct treadle_error *error);

/* The error of an exchange whose deadline has passed. */
void exchange_overdue(const struct exchange *exchange, struct treadle_error *error);

#endif
