/*
 * The built-in embedding: lexical, of hashed terms and pieces of words, so texts are near each
 * other that share words, spellings or stems. It knows no meaning. It needs no weights and no
 * network, and the same text always has the same vector.
 */
#ifndef BUILTIN_HASH_EMBEDDING_H
#define BUILTIN_HASH_EMBEDDING_H

#include "model/model.h"

#define HASH_EMBEDDING "treadle-hash-embedding"
enum {
    HASH_EMBEDDING_DIMENSIONS = 384,
    HASH_EMBEDDING_DIMENSIONS_LEAST = 16,
    HASH_EMBEDDING_DIMENSIONS_MOST = 4096
};

/* A model that makes vectors, within model_embed, and answers no messages. */
int hash_embedding_new(struct model **out, struct treadle_error *error);

/* Writes the vector of a text, of length 1 (or 0 for a text without a word). */
int hash_embedding_make(const char *text, float *out, size_t dimensions,
                        struct treadle_error *error);

#endif
