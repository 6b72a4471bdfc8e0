/*
 * Streams of runs.
 *
 * A stream follows the live run first, reads the log then, and continues with what was published
 * since: so it misses nothing and sends nothing twice. A client that disconnects, or reads too
 * slowly, is dropped and can connect again with the number of the last event that it received; the
 * run does not notice.
 */
#include "resource/run_stream.h"

#include <stdlib.h>
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "run/live.h"
#include "run/run_log.h"
#include "run/run_transitions.h"
#include "store/run_record.h"

/* What may wait for a client: a whole log, since a replay is sent at once. */
enum { QUEUE_BYTES = 16 << 20 };

struct run_stream {
    struct live_follower follower;
    struct http_stream *stream;
    bool numbered; /* the client gets the numbers of events, and comments in times of silence */
};

/* ---- The stream ----------------------------------------------------------------------------- */

/* Frames as the service sent them: without the lines that number them. */
static int write_plain(struct http_stream *stream, const char *bytes, size_t length)
{
    static const char number[] = "id: ", end[] = "\n\n";
    struct buffer plain;
    buffer_init(&plain, length + 1);
    for (const char *at = bytes, *last = bytes + length; at < last;) {
        const char *next = memmem(at, (size_t)(last - at), end, strlen(end));
        next = next ? next + strlen(end) : last;
        if ((size_t)(next - at) > strlen(number) && memcmp(at, number, strlen(number)) == 0)
            at = (const char *)memchr(at, '\n', (size_t)(next - at)) + 1;
        buffer_append(&plain, at, (size_t)(next - at));
        at = next;
    }
    int rc = plain.failed ? plain.failed : http_stream_write(stream, plain.data, plain.length);
    buffer_clear(&plain);
    return rc;
}

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct run_stream *run = context;
    return run->numbered ? http_stream_write(run->stream, bytes, length)
                         : write_plain(run->stream, bytes, length);
}

static void on_end(void *context)
{
    struct run_stream *run = context;
    http_stream_close(run->stream);
    http_stream_unref(run->stream);
}

static void on_cancelled(void *context)
{
    struct run_stream *run = context;
    live_unfollow(&run->follower);
}

static void on_released(void *context)
{
    struct run_stream *run = context;
    live_forget(&run->follower);
    free(run);
}

/* Hand-written readers of the service's streams know neither ids nor comments. */
static bool wants_numbers(const struct resource_call *call)
{
    const char *wish = http_header(call->request, "treadle-event-ids");
    return call->endpoint->own || (wish && text_equal_ignoring_case(wish, "true"));
}

static int make_stream(struct resource_call *call, struct live_run *live, struct run_stream **out,
                       struct treadle_error *error)
{
    struct run_stream *run = calloc(1, sizeof *run);
    const bool numbered = wants_numbers(call);
    const struct http_stream_options options = {.queue_bytes = QUEUE_BYTES,
                                                .no_heartbeat = !numbered,
                                                .context = run,
                                                .cancelled = on_cancelled,
                                                .released = on_released};
    int rc = live && run ? http_stream_new(&run->stream, call->reply, &options, error)
                         : error_set_memory(error);
    if (rc) {
        live_close(live);
        free(run);
        return rc;
    }
    run->follower = (struct live_follower){
        .context = run, .frames = on_frames, .end = on_end, .content = call->query.include_content};
    run->numbered = numbered;
    http_stream_open(run->stream, "text/event-stream; charset=utf-8");
    *out = run;
    return 0;
}

/* ---- The log -------------------------------------------------------------------------------- */

struct reading {
    struct resource_call *call;
    const char *run_id;
    int64_t after; /* becomes the last number read */
    bool content;
    bool ended; /* the last event read ends a stream */
    struct buffer frames;
};

static int on_event(void *context, int64_t number, enum treadle_event_type type, const char *data)
{
    struct reading *reading = context;
    live_print_frame(number, type, data, &reading->frames);
    reading->after = number;
    reading->ended = event_ends_stream(type);
    return reading->frames.failed ? TREADLE_ELIMIT : 0;
}

static bool is_final(const char *word)
{
    int status = field_value(run_status_names, word);
    return status && run_is_final((enum treadle_run_status)status);
}

static int read_log(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    const struct run_log_reader reader = {reading, on_event};
    const char *status = NULL;
    int rc =
        run_log_read(session, reading->run_id, reading->after, reading->content, &reader, error);
    if (rc == TREADLE_ELIMIT)
        return error_set(error, rc, "The events of the run are too many for one stream.");
    if (!rc)
        rc = run_record_status(session, reading->run_id, reading->call->arena, &status, error);
    if (!rc && is_final(status))
        reading->ended = true;
    return rc;
}

static void send_error(struct run_stream *run, const struct treadle_error *error)
{
    struct buffer frame;
    buffer_init(&frame, 8192);
    buffer_append_string(&frame, "event: error\ndata: ");
    error_print_event(error, &frame);
    buffer_append_string(&frame, "\n\n" LIVE_DONE);
    if (!frame.failed)
        on_frames(run, frame.data, frame.length);
    buffer_clear(&frame);
    live_unfollow(&run->follower);
}

/* The log first, then new events. */
static int replay(struct resource_call *call, const char *run_id, int64_t after,
                  struct treadle_error *error)
{
    struct live_run *live = live_open(engine_live(call->services->engine), run_id);
    struct run_stream *run = NULL;
    struct treadle_error problem;
    struct reading reading = {
        .call = call, .run_id = run_id, .after = after, .content = call->query.include_content};
    int rc = make_stream(call, live, &run, error);
    if (rc)
        return rc;
    live_follow(live, &run->follower, after);
    buffer_init(&reading.frames, QUEUE_BYTES);
    rc = db_read(call->services->db, read_log, &reading, &problem);
    /* `cancelled` reports a client that has disconnected already. */
    if (!rc && reading.frames.length)
        on_frames(run, reading.frames.data, reading.frames.length);
    buffer_clear(&reading.frames);
    if (rc)
        send_error(run, &problem);
    else
        live_catch_up(&run->follower, reading.after, reading.ended);
    return 0;
}

int run_stream_repeat(struct resource_call *call, const char *run_id, int64_t after,
                      struct treadle_error *error)
{
    return replay(call, run_id, after, error);
}

/* ---- The endpoints -------------------------------------------------------------------------- */

/* The change is not settled when the run is followed, so it is the first one that is sent. */
static int follow(struct resource_call *call, struct treadle_error *error)
{
    const struct run_news *news = call->effects.change.news;
    struct live_run *live = live_open(engine_live(call->services->engine), news->run_id);
    struct run_stream *run = NULL;
    int rc = make_stream(call, live, &run, error);
    if (!rc)
        live_follow_change(live, &run->follower, news->first - 1);
    return rc;
}

struct resource_plan run_stream_write(resource_work work, struct treadle_boolean streams)
{
    struct resource_plan plan = resource_write(work, NULL);
    if (streams.state == TREADLE_SET && streams.value)
        plan.before_notice = follow;
    return plan;
}

static struct resource_plan follow_found(struct resource_call *call, int rc,
                                         struct treadle_error *error)
{
    if (!rc)
        rc = replay(call, call->arguments[1], call->query.after_event, error);
    return resource_answer(rc);
}

struct resource_plan run_events(struct resource_call *call, struct treadle_error *error)
{
    (void)call;
    (void)error;
    return resource_read(resource_check_run, follow_found);
}
