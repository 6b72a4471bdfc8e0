/*
 * The sentence embedding: texts in sixteen languages as vectors that are near each other where they
 * mean the same.
 *
 * It needs a file of weights (72 MB), which is optional; no server and no graphics card. An encoder
 * does not change once it is open, and may be used by many threads at once; each thread computes
 * with a session of its own. The same text gives the same vector on every processor.
 */
#ifndef ENCODER_ENCODER_H
#define ENCODER_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

enum {
    ENCODER_DIMENSIONS = 512,
    ENCODER_STEPS = 512,        /* a component of 1 is this many; the largest is 127 */
    ENCODER_WINDOW_TOKENS = 110 /* of a text, at most, for good vectors */
};

/* The name of the model, and of the file of its weights. */
#define ENCODER_NAME "use-multilingual-3"
#define ENCODER_FILE ENCODER_NAME ".onnx"

struct encoder;

/* Opens the file of weights. TREADLE_ENOTFOUND where there is none, TREADLE_EPARSE where it is
 * another file than the one that is known, TREADLE_EIO, TREADLE_EMEMORY. */
int encoder_open(struct encoder **out, const char *path, struct treadle_error *error);

/* Accepts NULL; no session is left. */
void encoder_close(struct encoder *encoder);

/* The version, which an index stores beside its vectors: vectors of different versions must not be
 * mixed. Lives as long as the encoder. */
const char *encoder_version(const struct encoder *encoder);

/* The instructions that it computes with, as "AVX2". */
const char *encoder_kernel(const struct encoder *encoder);

/* Sessions for many texts of one document, which cost some 30 MB, and for a few short ones. */
enum encoder_use { ENCODER_DOCUMENTS, ENCODER_QUESTIONS };

struct encoder_session;
int encoder_session_new(struct encoder_session **out, const struct encoder *encoder,
                        enum encoder_use use, struct treadle_error *error);

/* Accepts NULL. */
void encoder_session_free(struct encoder_session *session);

/* The vector of a text, in steps. Of a long text its first 510 tokens count. */
int encoder_encode(struct encoder_session *session, const char *text, size_t length,
                   int8_t out[ENCODER_DIMENSIONS], struct treadle_error *error);

/* The same in floats, of length 1. */
int encoder_encode_floats(struct encoder_session *session, const char *text, size_t length,
                          float out[ENCODER_DIMENSIONS], struct treadle_error *error);

/* The nearness of a question's vector to each of the others, which are stored one after the other:
 * their dot products, in steps of 1 / (ENCODER_STEPS * ENCODER_STEPS). */
void encoder_compare(const struct encoder *encoder, const int8_t question[ENCODER_DIMENSIONS],
                     const int8_t *vectors, size_t count, int32_t *out);

#endif
