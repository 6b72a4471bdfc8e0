/*
 * Embeddings: texts as vectors, as a model is asked for them (model_embed).
 */
#ifndef MODEL_EMBEDDING_H
#define MODEL_EMBEDDING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct embedding_request {
    const char *model;
    const char *const *texts; /* NULL where the input is tokens, which only a server can read */
    size_t count;
    const char *input;  /* JSON, as it was sent */
    int64_t dimensions; /* 0: the model's own */
    const char *user;   /* may be NULL */
    const atomic_bool *cancelled;
};

struct embedding_outcome {
    const char *model;    /* the one that answered */
    const float *vectors; /* count × dimensions */
    size_t count, dimensions;
    int64_t prompt_tokens;
    const struct treadle_error *error; /* NULL when it worked; the rest is unset otherwise */
};

/* `done` is called exactly once, on any thread, also before the asking function returns. What the
 * request points to must stay until then. */
struct embedding_sink {
    void *context;
    void (*done)(void *context, const struct embedding_outcome *outcome);
};

#endif
