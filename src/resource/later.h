/*
 * Handlers that answer later, when a model has answered. Such a handler keeps the call's arena,
 * which is freed when the stream is released, and works on what is in it. The client may disconnect
 * in between: then the flag is set to which the request to the model points, and the model checks
 * it.
 */
#ifndef RESOURCE_LATER_H
#define RESOURCE_LATER_H

#include <stdatomic.h>

#include "resource/resource.h"

struct later {
    struct arena *arena;
    struct model *model; /* to be notified of a cancellation */
    struct http_stream *stream;
    atomic_bool cancelled;
};

/* Makes the stream and takes the arena; the last thing that can fail before asking the model. The
 * handler's plan is RESOURCE_LATER then. `later` must be in the call's arena. */
int later_begin(struct later *later, struct resource_call *call, struct treadle_error *error);

/* Answers with an object, or with an error. */
void later_reply(struct later *later, const struct treadle_type *type, const void *object);
void later_fail(struct later *later, const struct treadle_error *error);

/* Nothing more is sent: `later` must not be used any more. */
void later_end(struct later *later);

#endif
