/*
 * Embeddings: texts as vectors.
 *
 * The built-in ones are lexical: hashed terms and pieces of words, so texts are near each other
 * that share words, spellings or stems. They know no meaning. They need no weights and no network,
 * and the same text always gives the same vector.
 */
#ifndef MODEL_EMBEDDING_H
#define MODEL_EMBEDDING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

#define EMBEDDING_BUILT_IN "treadle-hash-embedding"
enum {
    EMBEDDING_DIMENSIONS = 384,
    EMBEDDING_DIMENSIONS_LEAST = 16,
    EMBEDDING_DIMENSIONS_MOST = 4096
};

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

/* Writes the vector of a text, of length 1 (or 0 for a text without a word). */
int embedding_make(const char *text, float *out, size_t dimensions, struct treadle_error *error);

/* Answers with the built-in embedding, within the call. */
void embedding_start(const struct embedding_request *request, const struct embedding_sink *sink);

#endif
