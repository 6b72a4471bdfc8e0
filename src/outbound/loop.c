/*
 * The loop: libcurl's multi interface, driven by epoll.
 *
 * libcurl looks through all connections with a host for one that is free, so with thousands of
 * answers in progress a single multi handle would spend its time on that. Therefore exchanges are
 * spread over lanes, each a multi handle with its own connections: an exchange goes to the first
 * lane that has room, so that few exchanges share few connections, which stay alive.
 *
 * An exchange is in one list at a time: incoming (guarded by the mutex), under way, or waiting for
 * its next try. A turn of the loop costs what has happened since the last one and no more, but for
 * two passes over all exchanges: over their flags after a wake, LOOK_GAP_US apart at least, and
 * over their deadlines twice a second.
 */
#include "outbound/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "outbound/exchange.h"
#include "outbound/lane.h"

enum {
    LANES = 64,
    MOST_EXCHANGES = LANES * LANE_ROOM,
    SPARE_HANDLES = 256,
    EVENTS = 256,
    LOOK_US = 500000,
    LOOK_GAP_US = 5000,
    START_GAP_US = 10000 /* between passes over those that wait */
};

#define WAKE_EVENT UINT64_MAX

struct list {
    struct exchange *first, *last;
};

struct loop {
    pthread_t thread;
    int epoll, wake;
    atomic_bool woken, look;
    pthread_mutex_t mutex; /* guards what follows, up to the next comment */
    struct list incoming;
    size_t count;
    bool stop;
    /* The thread's own. */
    struct lane lanes[LANES];
    size_t lane_count;
    struct list busy, waiting;
    int64_t next_start, next_look, looked_at;
    CURL *spare[SPARE_HANDLES];
    size_t spare_count;
    struct fresh_list fresh;
};

/* ---- Lists ---------------------------------------------------------------------------------- */

static void list_add(struct list *list, struct exchange *exchange)
{
    exchange->next = NULL;
    exchange->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = exchange;
    list->last = exchange;
}

static void list_remove(struct list *list, struct exchange *exchange)
{
    *(exchange->previous ? &exchange->previous->next : &list->first) = exchange->next;
    *(exchange->next ? &exchange->next->previous : &list->last) = exchange->previous;
}

/* ---- Exchanges ------------------------------------------------------------------------------ */

/* The first lane with room: there is one as long as there are no more than MOST_EXCHANGES. */
static struct lane *choose_lane(struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++)
        if (loop->lanes[i].count < LANE_ROOM)
            return &loop->lanes[i];
    struct lane *lane = &loop->lanes[loop->lane_count];
    if (!lane_open(lane, loop->lane_count, loop->epoll))
        return NULL;
    loop->lane_count++;
    return lane;
}

static CURL *take_handle(struct loop *loop)
{
    while (loop->spare_count) {
        CURL *easy = loop->spare[--loop->spare_count];
        if (exchange_can_use(easy))
            return easy;
        curl_easy_cleanup(easy);
    }
    return curl_easy_init();
}

/* Removes an active exchange from its lane. */
static void halt(struct loop *loop, struct exchange *exchange)
{
    list_remove(&loop->busy, exchange);
    if (exchange->fresh)
        *exchange->fresh = NULL;
    exchange->fresh = NULL;
    lane_remove(&loop->lanes[exchange->lane], exchange->easy);
    CURL *easy = exchange_stop(exchange);
    if (loop->spare_count < SPARE_HANDLES)
        loop->spare[loop->spare_count++] = easy;
    else
        curl_easy_cleanup(easy);
}

/* Ends for good an exchange that is in no list. */
static void conclude(struct loop *loop, struct exchange *exchange, enum loop_end end,
                     const struct treadle_error *error)
{
    const struct loop_exchange of = exchange->of;
    pthread_mutex_lock(&loop->mutex);
    loop->count--;
    pthread_mutex_unlock(&loop->mutex);
    exchange_free(exchange);
    of.handler->done(of.context, end, end == LOOP_FAILED ? error : NULL);
}

/* Begins a try of an exchange that is in no list. */
static void begin(struct loop *loop, struct exchange *exchange)
{
    struct treadle_error error;
    struct lane *lane = choose_lane(loop);
    exchange->list = &loop->fresh;
    if (exchange_start(exchange, take_handle(loop)) && lane && lane_add(lane, exchange->easy)) {
        exchange->lane = lane->number;
        list_add(&loop->busy, exchange);
        return;
    }
    curl_easy_cleanup(exchange_stop(exchange));
    error_set_memory(&error);
    conclude(loop, exchange, LOOP_FAILED, &error);
}

static void complete(struct loop *loop, struct exchange *exchange, CURLcode code)
{
    struct treadle_error error;
    int64_t pause = 0;
    enum exchange_verdict verdict = exchange_judge(exchange, code, &pause, &error);
    halt(loop, exchange);
    if (verdict != EXCHANGE_AGAIN) {
        conclude(loop, exchange, verdict == EXCHANGE_OK ? LOOP_OK : LOOP_FAILED, &error);
        return;
    }
    exchange->start_at = clock_monotonic_us() + pause * 1000;
    list_add(&loop->waiting, exchange);
    if (exchange->start_at < loop->next_start)
        loop->next_start = exchange->start_at;
}

static bool is_cancelled(const struct exchange *exchange)
{
    return exchange->of.cancelled && atomic_load(exchange->of.cancelled);
}

/* ---- Passes over all ------------------------------------------------------------------------ */

static void look_at_busy(struct loop *loop, int64_t now)
{
    struct treadle_error error;
    for (struct exchange *at = loop->busy.first, *next; at; at = next) {
        next = at->next;
        bool cancelled = is_cancelled(at);
        if (!cancelled && now <= at->deadline)
            continue;
        if (!cancelled)
            exchange_overdue(at, &error);
        halt(loop, at);
        conclude(loop, at, cancelled ? LOOP_CANCELLED : LOOP_FAILED, &error);
    }
}

static void look_at_waiting(struct loop *loop, int64_t now)
{
    int64_t next_start = LANE_NEVER;
    for (struct exchange *at = loop->waiting.first, *next; at; at = next) {
        next = at->next;
        if (is_cancelled(at)) {
            list_remove(&loop->waiting, at);
            conclude(loop, at, LOOP_CANCELLED, NULL);
        } else if (at->start_at <= now) {
            list_remove(&loop->waiting, at);
            begin(loop, at);
        } else if (at->start_at < next_start) {
            next_start = at->start_at;
        }
    }
    int64_t soonest = now + START_GAP_US;
    loop->next_start = next_start < soonest ? soonest : next_start;
}

static void look_around(struct loop *loop, int64_t now)
{
    bool asked = now >= loop->looked_at + LOOK_GAP_US && atomic_exchange(&loop->look, false);
    if (asked || now >= loop->next_look) {
        loop->looked_at = now;
        loop->next_look = now + LOOK_US;
        look_at_busy(loop, now);
        look_at_waiting(loop, now);
    } else if (now >= loop->next_start) {
        look_at_waiting(loop, now);
    }
}

/* Takes the submitted exchanges. False when the loop ends. */
static bool take_incoming(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct exchange *incoming = loop->incoming.first;
    loop->incoming = (struct list){NULL, NULL};
    bool goes_on = !loop->stop;
    pthread_mutex_unlock(&loop->mutex);
    for (struct exchange *next; incoming; incoming = next) {
        next = incoming->next;
        if (is_cancelled(incoming) || !goes_on)
            conclude(loop, incoming, LOOP_CANCELLED, NULL);
        else
            begin(loop, incoming);
    }
    return goes_on;
}

/* Ends all exchanges of a lane in which one waits for what never comes. */
static void give_up_lane(struct loop *loop, struct lane *lane)
{
    struct treadle_error error;
    lane->stuck = false;
    error_set_memory(&error);
    for (struct exchange *at = loop->busy.first, *next; at; at = next) {
        next = at->next;
        if (at->lane != lane->number)
            continue;
        halt(loop, at);
        conclude(loop, at, LOOP_FAILED, &error);
    }
}

/* ---- The thread ----------------------------------------------------------------------------- */

static void run_lanes(struct loop *loop)
{
    int64_t now = clock_monotonic_us();
    CURLcode code;
    for (size_t i = 0; i < loop->lane_count; i++) {
        lane_tick(&loop->lanes[i], now);
        if (loop->lanes[i].stuck)
            give_up_lane(loop, &loop->lanes[i]);
        for (CURL *easy; (easy = lane_ended(&loop->lanes[i], &code));) {
            struct exchange *exchange = NULL;
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&exchange);
            complete(loop, exchange, code);
        }
        lane_refresh(&loop->lanes[i]);
    }
}

/* Exchanges that ended in between have been notified. */
static void flush(struct loop *loop)
{
    for (size_t i = 0; i < loop->fresh.count; i++) {
        struct exchange *exchange = loop->fresh.items[i];
        if (!exchange)
            continue;
        exchange->fresh = NULL;
        exchange->of.handler->flush(exchange->of.context);
    }
    loop->fresh.count = 0;
}

/* Milliseconds until something is due, rounded up; -1 for never. */
static int patience(struct loop *loop)
{
    int64_t due = loop->busy.first || loop->waiting.first ? loop->next_look : LANE_NEVER;
    if (loop->waiting.first && loop->next_start < due)
        due = loop->next_start;
    if (atomic_load(&loop->look) && loop->looked_at + LOOK_GAP_US < due)
        due = loop->looked_at + LOOK_GAP_US;
    for (size_t i = 0; i < loop->lane_count; i++)
        if (loop->lanes[i].due < due)
            due = loop->lanes[i].due;
    if (due == LANE_NEVER)
        return -1;
    int64_t left = due - clock_monotonic_us();
    return left > 0 ? (int)((left + 999) / 1000) : 0;
}

static void hear_wake(struct loop *loop)
{
    eventfd_t count;
    eventfd_read(loop->wake, &count);
    atomic_store(&loop->woken, false);
}

static void wait_for_events(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(loop->epoll, events, EVENTS, patience(loop));
    for (int i = 0; i < count; i++) {
        uint64_t which = events[i].data.u64;
        if (which == WAKE_EVENT)
            hear_wake(loop);
        else
            lane_act(&loop->lanes[which >> 32], (curl_socket_t)(uint32_t)which, events[i].events);
    }
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    while (take_incoming(loop)) {
        look_around(loop, clock_monotonic_us());
        run_lanes(loop);
        flush(loop);
        wait_for_events(loop);
    }
    for (struct exchange *at; (at = loop->busy.first);) {
        halt(loop, at);
        conclude(loop, at, LOOP_CANCELLED, NULL);
    }
    for (struct exchange *at; (at = loop->waiting.first);) {
        list_remove(&loop->waiting, at);
        conclude(loop, at, LOOP_CANCELLED, NULL);
    }
    return NULL;
}

/* ---- From outside --------------------------------------------------------------------------- */

static void wake(struct loop *loop)
{
    if (!atomic_exchange(&loop->woken, true))
        eventfd_write(loop->wake, 1);
}

int loop_submit(struct loop *loop, const struct loop_exchange *exchange,
                struct treadle_error *error)
{
    struct exchange *made = exchange_new(exchange);
    if (!made)
        return error_set_memory(error);
    pthread_mutex_lock(&loop->mutex);
    bool taken = loop->count < MOST_EXCHANGES && !loop->stop;
    if (taken) {
        loop->count++;
        list_add(&loop->incoming, made);
    }
    pthread_mutex_unlock(&loop->mutex);
    if (!taken) {
        exchange_free(made);
        return error_set_wire(error, 503, "server_error", "overloaded", NULL,
                              "Too many requests to the model server are in progress.");
    }
    wake(loop);
    return 0;
}

void loop_wake(struct loop *loop)
{
    atomic_store(&loop->look, true);
    wake(loop);
}

static int open_events(struct loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_EVENT};
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->epoll < 0 || loop->wake < 0 ||
           epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event);
}

static void destroy(struct loop *loop)
{
    for (size_t i = 0; i < loop->lane_count; i++)
        lane_close(&loop->lanes[i]);
    while (loop->spare_count)
        curl_easy_cleanup(loop->spare[--loop->spare_count]);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake >= 0)
        close(loop->wake);
    pthread_mutex_destroy(&loop->mutex);
    curl_global_cleanup();
    free(loop);
}

int loop_new(struct loop **out, struct treadle_error *error)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return error_set_memory(error);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->next_start = LANE_NEVER;
    if (open_events(loop) || thread_start(&loop->thread, 1, run, loop) != 1) {
        destroy(loop);
        return error_set_memory(error);
    }
    *out = loop;
    return 0;
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    loop->stop = true;
    pthread_mutex_unlock(&loop->mutex);
    wake(loop);
    pthread_join(loop->thread, NULL);
}

void loop_free(struct loop *loop)
{
    if (loop)
        destroy(loop);
}
