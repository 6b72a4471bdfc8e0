/*
 * The contract of an embedder, which makes vectors of texts: the built-in sentence embedding, or a
 * server. An embedder is a table of functions and their state. It must outlive the search that it
 * was given to.
 */
#ifndef SEARCH_EMBEDDER_H
#define SEARCH_EMBEDDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct search_text {
    const char *text;
    size_t length;
};

struct search_embedder {
    const char *version; /* stored with vectors: those of different versions are never compared */
    size_t dimensions;   /* a multiple of 32 */
    void *context;
    /* Makes the state of one thread: for documents, or for questions. MUST be there. */
    int (*begin)(void *context, bool documents, void **session, struct treadle_error *error);
    void (*end)(void *session);
    /* The vectors of some texts, one after the other. The true vector is the numbers times its
     * scale, and has length 1. MUST be there. May block. */
    int (*encode)(void *session, const struct search_text *texts, size_t count, int8_t *vectors,
                  float *scales, struct treadle_error *error);
};

struct encoder;

/* The embedder that computes with the encoder, which must stay. */
void search_embedder_built_in(const struct encoder *encoder, struct search_embedder *out);

#endif
