/*
 * Streams: opened by one of four calls, read event by event, and continued when they break. A
 * stream knows its last event, and learns from events which run it follows where its caller did not
 * name it. With both it can ask for the rest, as often as needed: the time for that runs from the
 * moment that it broke, and begins again with the next event.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "client/stream_internal.h"

static const double default_silence = 60, default_reattach = 30;

struct treadle_stream {
    struct feed feed;
    struct buffer url, body;
    struct sse sse;
    struct arena *arena; /* of the last event */
    char *thread_id, *run_id;
    int64_t number;  /* of the last event, or the one to follow after */
    bool numbered;   /* the number is known */
    bool has_failed; /* the rest cannot be used */
    bool include_content;
    double reattach_seconds;
    int64_t give_up_us;         /* 0: it has had an event since it broke */
    int attempt;                /* since it broke */
    int outcome;                /* the result of treadle_stream_next; 1: it continues */
    struct treadle_error error; /* with a negative outcome */
};

/* ---- Life ----------------------------------------------------------------------------------- */

static int check_options(const struct treadle_stream_options *options, struct treadle_error *error)
{
    if (options->version != TREADLE_STREAM_OPTIONS_VERSION)
        return error_set(error, TREADLE_EINVALID,
                         "stream options of version %u are not known to this library",
                         options->version);
    if (!(fabs(options->silence_seconds) <= 1e6) || !(fabs(options->reattach_seconds) <= 1e6))
        return error_set(error, TREADLE_EINVALID,
                         "a time in the stream options must be at most 1,000,000 s");
    return 0;
}

static double or_default(double value, double fallback)
{
    return value == 0 ? fallback : value < 0 ? 0 : value;
}

static struct treadle_stream *stream_new(struct treadle_client *client,
                                         const struct treadle_stream_options *options)
{
    struct treadle_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    feed_init(&stream->feed, client, or_default(options->silence_seconds, default_silence));
    buffer_init(&stream->url, CLIENT_URL_LIMIT);
    buffer_init(&stream->body, CLIENT_BODY_LIMIT);
    sse_init(&stream->sse, STREAM_EVENT_LIMIT);
    stream->include_content = options->include_content;
    stream->reattach_seconds = or_default(options->reattach_seconds, default_reattach);
    stream->outcome = 1;
    return stream;
}

void treadle_stream_free(struct treadle_stream *stream)
{
    if (!stream)
        return;
    feed_clear(&stream->feed);
    buffer_clear(&stream->url);
    buffer_clear(&stream->body);
    sse_clear(&stream->sse);
    arena_free(stream->arena);
    free(stream->thread_id);
    free(stream->run_id);
    free(stream);
}

/* ---- Connecting ----------------------------------------------------------------------------- */

static int make_request(struct treadle_stream *stream, const struct client_call *call,
                        struct treadle_error *error)
{
    struct exchange *exchange = &stream->feed.exchange;
    buffer_reset(&stream->url);
    buffer_clear(&stream->body);
    int rc = client_call_url(stream->feed.client, call, &stream->url, error);
    if (!rc)
        rc = client_call_body(call, &stream->body, error);
    exchange->method = endpoint_get(call->endpoint)->method;
    exchange->url = stream->url.data;
    exchange->body = stream->body.data;
    exchange->body_length = stream->body.length;
    return rc;
}

/* Whether another attempt may succeed after one that failed this way. */
static bool may_help(int rc, const struct treadle_response *refusal)
{
    if (rc == TREADLE_EREMOTE && refusal)
        return retry_helps(refusal);
    return rc == TREADLE_ENETWORK || rc == TREADLE_ETIMEOUT;
}

static int connect_first(struct treadle_stream *stream, struct treadle_error *error)
{
    for (int attempt = 1;; attempt++) {
        struct treadle_response *refusal = NULL;
        int rc = feed_open(&stream->feed, &refusal, error);
        double delay =
            rc && may_help(rc, refusal) ? retry_delay(stream->feed.client, refusal, attempt) : -1;
        treadle_response_free(refusal);
        if (delay < 0)
            return rc;
        client_sleep(delay);
    }
}

/* Continues over a new connection. The first attempt is made at once: most breaks are short. */
static int reattach(struct treadle_stream *stream, struct treadle_error *error)
{
    const struct client_call call = {.endpoint = ENDPOINT_RUN_EVENTS,
                                     .arguments = {stream->thread_id, stream->run_id},
                                     .include_content = stream->include_content,
                                     .after_event = stream->number};
    struct treadle_response *refusal = NULL;
    int64_t now = clock_monotonic_us();
    /* Later than that: the last attempt succeeded, and the connection lasted for a while. */
    if (now > stream->give_up_us) {
        stream->give_up_us = now + (int64_t)(stream->reattach_seconds * 1e6);
        stream->attempt = 0;
    }
    feed_close(&stream->feed);
    sse_reset(&stream->sse);
    int rc = make_request(stream, &call, error);
    if (rc)
        return rc;
    for (;;) {
        double pause =
            stream->attempt ? retry_pause(stream->feed.client, refusal, stream->attempt) : 0;
        treadle_response_free(refusal);
        refusal = NULL;
        if (clock_monotonic_us() + (int64_t)(pause * 1e6) > stream->give_up_us)
            return error->code;
        client_sleep(pause);
        stream->attempt++;
        rc = feed_open(&stream->feed, &refusal, error);
        if (!rc || !may_help(rc, refusal))
            break;
    }
    treadle_response_free(refusal);
    return rc;
}

static bool can_reattach(const struct treadle_stream *stream, int rc)
{
    return (rc == TREADLE_ENETWORK || rc == TREADLE_ETIMEOUT) && stream->numbered &&
           stream->thread_id && stream->run_id && !stream->has_failed &&
           stream->reattach_seconds > 0;
}

/* ---- Events --------------------------------------------------------------------------------- */

static int read_block(struct treadle_stream *stream, struct treadle_error *error)
{
    for (;;) {
        int rc = sse_read(&stream->sse, &stream->feed.at, &stream->feed.left);
        if (rc == TREADLE_ELIMIT)
            error_set(error, rc, "an event of %s is too large", stream->feed.client->server_name);
        else if (rc < 0)
            error_set_memory(error);
        if (rc)
            return rc;
        rc = feed_read(&stream->feed, error);
        if (rc)
            return rc;
    }
}

static int keep(char **to, const char *from)
{
    if (*to || !from)
        return 0;
    *to = strdup(from);
    return *to ? 0 : TREADLE_EMEMORY;
}

static int note_event(struct treadle_stream *stream, const struct treadle_event *event,
                      struct treadle_error *error)
{
    stream->numbered = event->number > 0;
    stream->number = event->number;
    stream->give_up_us = 0;
    stream->has_failed = event->error != NULL;
    if (event->run &&
        (keep(&stream->thread_id, event->run->thread_id) || keep(&stream->run_id, event->run->id)))
        return error_set_memory(error);
    return 1;
}

/* One event of the connection: 1; 0 for one that is nothing to the caller. */
static int take_event(struct treadle_stream *stream, struct treadle_event *out,
                      struct treadle_error *error)
{
    stream->arena = arena_new(CLIENT_MEMORY_LIMIT);
    if (!stream->arena)
        return error_set_memory(error);
    int rc = event_read(&stream->sse, stream->arena, out, error);
    bool again = rc > 0 && stream->numbered && out->number && out->number <= stream->number;
    if (rc <= 0 || again) {
        arena_free(stream->arena);
        stream->arena = NULL;
        return again ? 0 : rc;
    }
    return note_event(stream, out, error);
}

static int next_event(struct treadle_stream *stream, struct treadle_event *out,
                      struct treadle_error *error)
{
    int rc = 0;
    while (!rc) {
        rc = read_block(stream, error);
        if (can_reattach(stream, rc))
            rc = reattach(stream, error);
        else if (rc > 0 && event_is_last(&stream->sse))
            return 0;
        else if (rc > 0)
            rc = take_event(stream, out, error);
    }
    return rc;
}

int treadle_stream_next(struct treadle_stream *stream, struct treadle_event *out,
                        struct treadle_error *error)
{
    struct treadle_event event;
    arena_free(stream->arena);
    stream->arena = NULL;
    if (stream->outcome > 0) {
        stream->outcome = next_event(stream, &event, &stream->error);
        if (stream->outcome > 0)
            *out = event;
        else
            feed_close(&stream->feed);
    }
    if (stream->outcome < 0 && error)
        *error = stream->error;
    return stream->outcome;
}

/* ---- Opening -------------------------------------------------------------------------------- */

static int stream_open(struct treadle_stream **out, struct treadle_client *client,
                       struct client_call *call, const struct treadle_stream_options *options,
                       struct treadle_error *error)
{
    static const struct treadle_stream_options defaults = TREADLE_STREAM_OPTIONS_INIT;
    struct treadle_error problem;
    options = options ? options : &defaults;
    int rc = check_options(options, &problem);
    struct treadle_stream *stream = rc ? NULL : stream_new(client, options);
    if (!rc && (!stream || keep(&stream->thread_id, call->arguments[0]) ||
                keep(&stream->run_id, call->arguments[1])))
        rc = error_set_memory(&problem);
    if (rc)
        goto done;
    stream->numbered = call->endpoint == ENDPOINT_RUN_EVENTS;
    stream->number = call->after_event;
    call->include_content = options->include_content;
    rc = make_request(stream, call, &problem);
    if (!rc)
        rc = connect_first(stream, &problem);
    if (rc)
        goto done;
    *out = stream;
    stream = NULL;
done:
    treadle_stream_free(stream);
    if (rc && error)
        *error = problem;
    return rc;
}

int treadle_run_create_stream(struct treadle_stream **out, struct treadle_client *client,
                              const char *thread_id,
                              const struct treadle_run_create_request *request,
                              const struct treadle_stream_options *options,
                              struct treadle_error *error)
{
    struct treadle_run_create_request streamed = {0};
    struct client_call call = {
        .endpoint = ENDPOINT_RUN_CREATE, .arguments = {thread_id}, .request = &streamed};
    if (request)
        streamed = *request;
    streamed.stream = (struct treadle_boolean)TREADLE_VALUE(true);
    return stream_open(out, client, &call, options, error);
}

int treadle_thread_create_and_run_stream(struct treadle_stream **out, struct treadle_client *client,
                                         const struct treadle_thread_run_create_request *request,
                                         const struct treadle_stream_options *options,
                                         struct treadle_error *error)
{
    struct treadle_thread_run_create_request streamed = {0};
    struct client_call call = {.endpoint = ENDPOINT_THREAD_RUN_CREATE, .request = &streamed};
    if (request)
        streamed = *request;
    streamed.stream = (struct treadle_boolean)TREADLE_VALUE(true);
    return stream_open(out, client, &call, options, error);
}

int treadle_run_submit_tool_outputs_stream(struct treadle_stream **out,
                                           struct treadle_client *client, const char *thread_id,
                                           const char *run_id,
                                           const struct treadle_tool_outputs_request *request,
                                           const struct treadle_stream_options *options,
                                           struct treadle_error *error)
{
    struct treadle_tool_outputs_request streamed = {0};
    struct client_call call = {.endpoint = ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS,
                               .arguments = {thread_id, run_id},
                               .request = &streamed};
    if (request)
        streamed = *request;
    streamed.stream = (struct treadle_boolean)TREADLE_VALUE(true);
    return stream_open(out, client, &call, options, error);
}

int treadle_run_events(struct treadle_stream **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id, int64_t after,
                       const struct treadle_stream_options *options, struct treadle_error *error)
{
    struct client_call call = {
        .endpoint = ENDPOINT_RUN_EVENTS, .arguments = {thread_id, run_id}, .after_event = after};
    return stream_open(out, client, &call, options, error);
}
