/*
 * The calls of tools within an answer, gathered from their pieces.
 *
 * Servers differ in how they number the pieces. Here a piece belongs to the call of its index, but
 * starts a new call when it brings an id that is another than that call's; without an index it
 * belongs to the last call, or starts one when it brings an id. Arguments wait until the name of
 * their call is known, and are passed on as they are: whether they are JSON is for others to see.
 * Calls without an id get one.
 */
#ifndef OPENAI_OPENAI_CALLS_H
#define OPENAI_OPENAI_CALLS_H

#include <jansson.h>

#include "model/model.h"

struct openai_call;

struct openai_calls {
    struct openai_call *items;
    size_t count, room;
    size_t announced;      /* what the sink knows of */
    size_t argument_bytes; /* of all */
};

/* Reads the calls of a delta or a message and passes them to the sink. 0, or a negative code with
 * the error. */
int openai_calls_take(struct openai_calls *calls, const struct model_sink *sink,
                      const json_t *message, struct treadle_error *error);

/* At the answer's end: passes on the calls that never got a name. */
void openai_calls_finish(struct openai_calls *calls, const struct model_sink *sink);

void openai_calls_clear(struct openai_calls *calls);

#endif
