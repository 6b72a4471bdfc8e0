/*
 * Streams: the events of a run as they happen.
 *
 * A stream is opened by a call that starts a run, that submits outputs, or that follows a run, and
 * then returns one event after the other:
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
 * It ends when the run has ended, and also when the run waits for outputs: the call that submits
 * them opens another stream, or the program follows the run from after the last number that it got.
 *
 * When the connection breaks, the stream continues by itself over a new one, from after the last
 * event that it returned: the caller sees one sequence, in which nothing is missing and nothing
 * comes twice. Pieces of one text that were published while there was no connection may come as one
 * piece. This needs a server that numbers its events, as Treadle does, and that has sent an event
 * with the run's id where the call did not name it; else a broken stream is TREADLE_ENETWORK.
 *
 * A stream belongs to one thread at a time, and must be freed before its client. Closing one early
 * does not change the run.
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
    unsigned version;       /* TREADLE_STREAM_OPTIONS_VERSION */
    bool include_content;   /* steps of file searches come with the text that was found; not with
                               treadle_thread_create_and_run_stream and submissions */
    double silence_seconds; /* without a byte, after which a connection counts as broken; Treadle
                               sends at least a comment every 15 seconds; default 60 */
    double
        reattach_seconds; /* how long to try to continue after the connection broke; default 30 */
};

#define TREADLE_STREAM_OPTIONS_VERSION 1
#define TREADLE_STREAM_OPTIONS_INIT                                                                \
    {                                                                                              \
        TREADLE_STREAM_OPTIONS_VERSION, false, 0, 0                                                \
    }

/* One event. The object of its `type` is set, the others are NULL. */
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
    const struct treadle_error *error; /* ERROR; the stream ends after it */
};

/* Opens a stream once the server has begun to answer; the codes are those of other calls, and
 * `error` has the server's refusal. `out` is unchanged on failure. The member `stream` of a request
 * does not matter here; `options` may be NULL. */

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

/* GET /threads/{thread_id}/runs/{run_id}/events: the events of the run after that number (0: from
 * its start), and then new ones as they come. Treadle's own. */
int treadle_run_events(struct treadle_stream **out, struct treadle_client *client,
                       const char *thread_id, const char *run_id, int64_t after,
                       const struct treadle_stream_options *options, struct treadle_error *error);

/* Waits for the next event. 1 with an event, whose memory is valid until the next call or the end
 * of the stream; 0 when the stream has ended; else a negative code, after which nothing more comes:
 * TREADLE_ENETWORK or TREADLE_ETIMEOUT (it broke and could not be continued), TREADLE_EREMOTE (the
 * server refused to continue it), TREADLE_EPARSE, TREADLE_ELIMIT (an event above 32 MiB),
 * TREADLE_EMEMORY. Events that this library does not know are skipped. */
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
