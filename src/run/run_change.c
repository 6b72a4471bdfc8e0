/*
 * Changes.
 */
#include "run/run_change.h"

#include <string.h>

#include "api/types.h"
#include "base/array.h"
#include "base/error.h"
#include "store/run_event_record.h"

enum { LARGEST_ROW = 48 << 20, LEAP = 1000000 };

/* The run is held from its first event on. */
static bool hold(struct run_change *change, struct run_news *news)
{
    if (!change->live)
        return true;
    news->live = live_open(change->live, news->run_id);
    if (!news->live)
        return false;
    news->slot = live_hold(news->live);
    if (!news->slot)
        live_close(news->live);
    return news->slot != NULL;
}

struct run_news *run_change_news(struct run_change *change, const char *run_id)
{
    struct run_news **at = &change->news;
    while (*at && strcmp((*at)->run_id, run_id) != 0)
        at = &(*at)->next;
    if (*at)
        return *at;
    struct run_news *news = arena_alloc(change->arena, sizeof *news);
    if (!news || !(news->run_id = arena_string(change->arena, run_id)) || !hold(change, news))
        return NULL;
    *at = news;
    return news;
}

int run_change_add(struct run_change *change, const char *run_id, enum treadle_event_type type,
                   enum treadle_event_type second, const char *data, const char *detail,
                   struct treadle_error *error)
{
    struct run_news *news = run_change_news(change, run_id);
    if (!news)
        return error_set_memory(error);
    struct live_event *events =
        array_grow_in(change->arena, news->events, news->count, &news->room, sizeof *events);
    if (!events)
        return error_set_memory(error);
    news->events = events;
    news->events[news->count++] = (struct live_event){{type, second}, data, detail};
    news->over |= event_ends_stream(type);
    return 0;
}

static size_t count_numbers(const struct run_news *news)
{
    size_t count = news->count;
    for (size_t i = 0; i < news->count; i++)
        count += news->events[i].types[1] != 0;
    return count;
}

/* Prints the pieces that came before the events, and were published already. */
static int reserve(struct run_change *change, struct run_news *news, size_t numbers,
                   struct buffer *body, int64_t *from, struct treadle_error *error)
{
    int64_t last = news->live ? live_last(news->live) : -1;
    int rc = last < 0 ? run_event_record_last(change->session, news->run_id, &last, error) : 0;
    if (rc)
        return rc;
    if (news->leaps)
        last = (last / LEAP + 1) * LEAP;
    *from = last + 1;
    news->first = last + 1;
    return news->live ? live_reserve(news->live, news->slot, last, numbers, body, from,
                                     &news->first, error)
                      : 0;
}

static int store(struct run_change *change, struct run_news *news, struct treadle_error *error)
{
    struct buffer body;
    size_t numbers = count_numbers(news);
    int64_t from;
    buffer_init(&body, LARGEST_ROW);
    int rc = reserve(change, news, numbers, &body, &from, error);
    int64_t number = news->first;
    for (size_t i = 0; i < news->count && !rc; i++) {
        run_log_print_event(number, news->events[i].types, news->events[i].data, &body);
        number += news->events[i].types[1] ? 2 : 1;
    }
    if (!rc && body.failed)
        rc = buffer_error(&body, "The log of the run is too large.", error);
    if (!rc && !news->gone)
        rc = run_event_record_insert(change->session, news->run_id, from, number - 1, body.data,
                                     error);
    buffer_clear(&body);
    return rc;
}

int run_change_store(struct run_change *change, struct treadle_error *error)
{
    int rc = 0;
    for (struct run_news *news = change->news; news && !rc; news = news->next)
        rc = store(change, news, error);
    return rc;
}

void run_change_settle(struct run_change *change, bool durable)
{
    for (struct run_news *news = change->news; news; news = news->next) {
        if (news->slot)
            live_settle(news->live, news->slot, durable ? news->events : NULL, news->count,
                        news->over || news->gone);
        live_close(news->live);
    }
    change->news = NULL;
}
