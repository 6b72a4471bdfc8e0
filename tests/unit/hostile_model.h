/*
 * A model that answers with whatever a server may send: events made at random, of text, markers,
 * refusals, reasoning, calls, errors and garbage, cut into pieces at any byte, read as the answers
 * of real servers are. It may stop sending, cut its answer off, or end for any reason.
 */
#ifndef TESTS_UNIT_HOSTILE_MODEL_H
#define TESTS_UNIT_HOSTILE_MODEL_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/pool.h"
#include "openai/openai_server.h"

enum { HOSTILE_THREADS = 4, HOSTILE_EVENTS = 24, HOSTILE_SILENCE_MS = 150 };

struct hostile_model {
    struct model model;
    struct pool *pool;
    pthread_mutex_t mutex; /* guards the next */
    unsigned seed;
};

struct hostile_answer {
    struct hostile_model *model;
    const struct model_request *request;
    struct model_sink sink;
    unsigned seed;
};

static inline unsigned hostile_pick(unsigned *seed, unsigned count)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 10) % count;
}

/* What texts are made of; as JSON. The last is none. */
static inline void hostile_text(unsigned *seed, bool sound, struct buffer *out)
{
    static const char *const pieces[] = {"The answer is 42 ",
                                         "【4:0",
                                         "【0:0†a.pdf】",
                                         "【",
                                         "】",
                                         "【0:0†a.pdf",
                                         "0:1†b.pdf】",
                                         "†",
                                         ":",
                                         "9",
                                         "",
                                         "\\u3010",
                                         "\\u0000",
                                         "\\\\",
                                         "\\n",
                                         "\\\"",
                                         "ä",
                                         "🙂",
                                         "page 7 ",
                                         "“quoted” ",
                                         "[DONE]",
                                         "data: x",
                                         "\\ud83d"};
    unsigned known = sizeof pieces / sizeof pieces[0] - sound;
    for (unsigned count = hostile_pick(seed, 4); count; count--)
        buffer_append_string(out, pieces[hostile_pick(seed, known)]);
}

static inline void hostile_call(unsigned *seed, bool sound, struct buffer *out)
{
    static const char *const names[] = {"f", "g", "file_search", "nobody", ""};
    buffer_append_format(out, "\"tool_calls\":[{\"index\":%u,", hostile_pick(seed, 3));
    if (hostile_pick(seed, 2))
        buffer_append_format(out, "\"id\":\"call_%u\",", hostile_pick(seed, 3));
    buffer_append_string(out, "\"function\":{");
    if (hostile_pick(seed, 3))
        buffer_append_format(out, "\"name\":\"%s\",", names[hostile_pick(seed, 5)]);
    buffer_append_string(out, "\"arguments\":\"");
    hostile_text(seed, sound, out);
    buffer_append_string(out, "\"}}]");
}

static inline void hostile_event(unsigned *seed, bool sound, struct buffer *out)
{
    static const char *const ends[] = {"stop", "length", "content_filter", "tool_calls", "odd"};
    unsigned kind = sound ? 3 + hostile_pick(seed, 18) : hostile_pick(seed, 24);
    if (kind == 0) {
        buffer_append_string(out, "data: {\"error\":{\"message\":\"It broke.\"}}\n\n");
        return;
    }
    if (kind == 1) {
        buffer_append(out, "\xff\xe3 data\n{]\n\n: x\n\nevent: y\n", 25);
        return;
    }
    if (kind == 2) {
        buffer_append_string(out, "data: {\"choices\":[{\"delta\":{\"content\":\"cut\n\n");
        return;
    }
    buffer_append_string(out, "data: {\"choices\":[{\"index\":0,\"delta\":{");
    if (kind < 14) {
        buffer_append_string(out, "\"content\":\"");
        hostile_text(seed, sound, out);
        buffer_append_string(out, "\"");
    } else if (kind < 16) {
        buffer_append_string(out, "\"refusal\":\"");
        hostile_text(seed, sound, out);
        buffer_append_string(out, "\"");
    } else if (kind < 17) {
        buffer_append_string(out, "\"reasoning\":\"Hm.\"");
    } else if (kind < 21) {
        hostile_call(seed, sound, out);
    }
    buffer_append_string(out, "}");
    if (kind >= 21)
        buffer_append_format(out, ",\"finish_reason\":\"%s\"", ends[hostile_pick(seed, 5)]);
    buffer_append_string(out, "}]}\n\n");
}

static inline void hostile_script(unsigned *seed, struct buffer *out)
{
    static const char *const ends[] = {"stop", "stop", "stop", "length", "content_filter"};
    bool sound = hostile_pick(seed, 4) != 0;
    for (unsigned count = hostile_pick(seed, HOSTILE_EVENTS); count; count--)
        hostile_event(seed, sound, out);
    /* Without an end an answer was cut off. */
    if (hostile_pick(seed, 8) == 0)
        return;
    buffer_append_format(out,
                         "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}],"
                         "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n"
                         "data: [DONE]\n\n",
                         ends[hostile_pick(seed, 5)]);
}

static inline bool hostile_is_cancelled(const struct hostile_answer *answer)
{
    return answer->request->cancelled && atomic_load(answer->request->cancelled);
}

/* Says nothing for a while, or until nobody listens any more. */
static inline void hostile_silence(const struct hostile_answer *answer, unsigned milliseconds)
{
    for (unsigned i = 0; i < milliseconds && !hostile_is_cancelled(answer); i++)
        usleep(1000);
}

static inline int hostile_feed(struct hostile_answer *answer, struct openai_answer *reading,
                               const struct buffer *script, struct treadle_error *error)
{
    unsigned *seed = &answer->seed;
    unsigned largest = hostile_pick(seed, 3) ? 40 : 4000, silent = hostile_pick(seed, 6);
    int rc = 0;
    for (size_t at = 0; at < script->length && !rc && !hostile_is_cancelled(answer);) {
        size_t piece = hostile_pick(seed, largest) + 1;
        piece = piece < script->length - at ? piece : script->length - at;
        rc = openai_answer_feed(reading, script->data + at, piece, error);
        at += piece;
        if (answer->sink.flush)
            answer->sink.flush(answer->sink.context);
        if (hostile_pick(seed, 8) == 0)
            usleep(hostile_pick(seed, 2000));
        if (silent == 0 && hostile_pick(seed, 10) == 0)
            hostile_silence(answer, HOSTILE_SILENCE_MS);
    }
    return rc;
}

static inline void hostile_play(void *argument)
{
    struct hostile_answer *answer = argument;
    struct openai_answer *reading = NULL;
    struct treadle_error error;
    struct buffer script;
    struct model_outcome outcome = {.finish = MODEL_STOP};
    buffer_init(&script, 1 << 20);
    hostile_script(&answer->seed, &script);
    int rc = openai_answer_new(&reading, &answer->sink, NULL);
    if (rc)
        error_set_memory(&error);
    else
        rc = hostile_feed(answer, reading, &script, &error);
    if (!rc && !hostile_is_cancelled(answer))
        rc = openai_answer_finish(reading, &error);
    if (!rc)
        outcome.usage = openai_answer_usage(reading, answer->request);
    if (rc)
        outcome.error = &error;
    else
        outcome.finish =
            hostile_is_cancelled(answer) ? MODEL_CANCELLED : openai_answer_end(reading);
    openai_answer_free(reading);
    buffer_clear(&script);
    answer->sink.done(answer->sink.context, &outcome);
    free(answer);
}

static inline void hostile_start(struct model *model, const struct model_request *request,
                                 const struct model_sink *sink)
{
    struct hostile_model *hostile = (struct hostile_model *)model;
    struct hostile_answer *answer = malloc(sizeof *answer);
    pthread_mutex_lock(&hostile->mutex);
    *answer = (struct hostile_answer){hostile, request, *sink, hostile->seed++ * 2654435761u};
    pthread_mutex_unlock(&hostile->mutex);
    pool_submit(hostile->pool, hostile_play, answer);
}

static inline void hostile_destroy(struct model *model)
{
    struct hostile_model *hostile = (struct hostile_model *)model;
    pool_free(hostile->pool);
    pthread_mutex_destroy(&hostile->mutex);
}

static inline void hostile_open(struct hostile_model *hostile, unsigned seed)
{
    static const struct model_driver driver = {
        .name = "hostile", .start = hostile_start, .destroy = hostile_destroy};
    *hostile = (struct hostile_model){
        .model = {&driver}, .pool = pool_new(HOSTILE_THREADS, 4096), .seed = seed};
    pthread_mutex_init(&hostile->mutex, NULL);
}

#endif
