/*
 * Streams: the events of a run as they happen.
 *
 * A stream is opened by a call that starts a run, that submits outputs, or that follows a run, and
 * then asked for one event after the other:
 *
 *     struct treadle_stream *stream = NULL;
 *     struct treadle_event event;
 *     int rc = treadle_run_create_stream(&stream, client, thread_id, &request, NULL, &error);
 *     while (rc == 0 && (rc = treadle_stream_next(stream, &event, &error)) > 0) {
 *         const char *text = treadle_event_text(&event);
 *         if (text)
 *             fputs(text, stdout);
 *         rc = 0;
 *     }
 *     treadle_stream_free(stream);
 *
 * It ends when the run has ended, and also when the run comes to wait for outputs: whoever submits
 * them opens another one, or follows the run from behind the last number that it saw.
 *
 * When the connection breaks, the stream goes on by itself over a new one, from behind the last
 * event that it gave: the caller sees one sequence, in which nothing is missing and nothing comes
 * twice. Pieces of one text that were told while there was no connection may come as one piece.
 * This needs a server that numbers its events, as Treadle does, and that has told of the run where
 * the call did not name it; else a broken stream is TREADLE_ENETWORK.
 *
 * A stream belongs to one thread at a time, and ends before its client does. Leaving one early
 * does nothing to the run.
 */
#ifndef TREADLE_STREAM_H
#define TREADLE_STREAM_H

#include "treadle/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct treadle_stream;

/* NULL and 0 stand for the default; a negative number turns the thing off. */
struct treadle_stream_options {
    unsigned version;        /* TREADLE_STREAM_OPTIONS_VERSION */
    bool include_content;    /* steps that searched files come with the text found; not with
                                treadle_thread_create_and_run_stream and submissions */
    double silence_seconds;  /* without a byte, after which a connection counts as broken; Treadle
                                says something every 15 seconds; default 60 */
    double reattach_seconds; /* how long to try to go on after the connection broke; default 30 */
};

#define TREADLE_STREAM_OPTIONS_VERSION 1
#define TREADLE_STREAM_OPTIONS_INIT                                                                \
    {                                                                                              \
        TREADLE_STREAM_OPTIONS_VERSION, false, 0, 0                                                \
    }

/* One event. Of the objects the one that `type` says is there, the others are NULL. */
struct treadle_event {
    enum treadle_event_type type;
    int64_t number;   /* from 1, with gaps; 0 where there is none */
    const char *name; /* as "thread.run.completed" */
    const char *data; /* the object as it came, JSON */
    size_t data_length;
    const struct treadle_thread *thread; /* THREAD_CREATED */
    const struct treadle_run *run;       /* RUN_… */
    const struct treadle_run_step *step; /* STEP_… but STEP_DELTA */
    const struct treadle_run_step_delta *step_delta;
    const struct treadle_message *message; /* MESSAGE_… but MESSAGE_DELTA */
    const struct treadle_message_delta *message_delta;
    const struct treadle_error *error; /* ERROR; the stream ends behind it */
};

/* Opens a stream once the server has begun to answer; the codes are those of other calls, and
 * `error` holds what the server refused with. `out` is left alone on failure. The member `stream`
 * of a request does not matter here; `options` may be NULL. */

/* POST /threads/{thread_id}/runs */
int treadle_run_create_stream(struct treadle_stream **out, struct treadle_client *client,
                              const char *thread_id,
                              const struct treadle_run_create_request *request,
                              const struct treadle_stream_options *options,
                              struct treadle_error *error);

/* POST /threads/runs */
int treadle_thread_create_and_run_stream(struct treadle_stream **out, struct treadle_client *client,
                                         const struct treadle_thread_run_create_request *request,
                                         const struct treadle_stream_options *options,
                                         struct treadle_error *error);

/* POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs */
int treadle_run_submit_tool_outputs_stream(struct treadle_stream **out,
                                           struct treadle_client *client, const char *thread_id,
                                           const char *run_id,
                                           const struct treadle_tool_outputs_request *request,
                                           const struct treadle_stream_options *options,
                                           struct treadle_error *error);

/* GET /threads/{thread_id}/runs/{run_id}/events: what the run has told behind the event of that
 * number (0: from its start), and then what it tells as it goes on. Treadle's own. */
int treadle_run_events(struct treadle_stream **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id, int64_t after,
                       const struct treadle_stream_options *options, struct treadle_error *error);

/* Waits for the next event. 1 with an event, whose memory is valid until the next call or the end
 * of the stream; 0 when the stream has ended; else a negative code, after which nothing more comes:
 * TREADLE_ENETWORK or TREADLE_ETIMEOUT (it broke and could not be gone on with), TREADLE_EREMOTE
 * (the server refused to go on), TREADLE_EPARSE, TREADLE_ELIMIT (an event above 32 MiB),
 * TREADLE_EMEMORY. Events that this library does not know are passed over. */
int treadle_stream_next(struct treadle_stream *stream, struct treadle_event *out,
                        struct treadle_error *error);

/* Closes the connection. Accepts NULL. */
void treadle_stream_free(struct treadle_stream *stream);

/* The text, or the piece of a refusal, that a MESSAGE_DELTA adds; NULL for other events and when
 * it adds none. Texts that follow each other are the message. */
const char *treadle_event_text(const struct treadle_event *event);

/* The protocol's word for a type, as "thread.run.completed"; NULL for 0 and unknown values. */
const char *treadle_event_type_name(enum treadle_event_type type);

#ifdef __cplusplus
}
#endif

#endif
