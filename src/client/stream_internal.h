/*
 * Shared by the files of a stream: the connection, and the reading of one event.
 */
#ifndef CLIENT_STREAM_INTERNAL_H
#define CLIENT_STREAM_INTERNAL_H

#include "base/sse.h"
#include "client/internal.h"
#include "treadle/stream.h"

enum { STREAM_EVENT_LIMIT = 32 << 20 /* bytes of an event */ };

/* ---- The connection ------------------------------------------------------------------------- */

/* A request whose reply is read as it comes. */
struct feed {
    struct treadle_client *client;
    struct exchange exchange; /* url and body are set before it is opened */
    int64_t silence_us;       /* after which it counts as broken; 0: never */
    const char *at;           /* received and not read yet */
    size_t left;
    /* Its own: */
    CURLM *multi;
    struct buffer received;
    int64_t heard_us;
    bool attached, paused, over;
};

void feed_init(struct feed *feed, struct treadle_client *client, double silence_seconds);
void feed_clear(struct feed *feed);

/* Sends the request and waits for the head of a reply that is a stream of events. On failure
 * `refusal` gets the reply that there was instead, if one, for its owner to free. */
int feed_open(struct feed *feed, struct treadle_response **refusal, struct treadle_error *error);

/* Waits until more came; nothing may be left. TREADLE_ENETWORK also where the reply has ended. */
int feed_read(struct feed *feed, struct treadle_error *error);

void feed_close(struct feed *feed);

/* ---- Events --------------------------------------------------------------------------------- */

/* Makes an event of what was read. 1; 0 when its type is not known; or a negative code. */
int event_read(const struct sse *sse, struct arena *arena, struct treadle_event *out,
               struct treadle_error *error);

/* Whether the stream ends after it. */
bool event_is_last(const struct sse *sse);

#endif
