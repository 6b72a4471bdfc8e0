/*
 * Estimates: how many tokens a request is, by the classes that texts are made of, and how a model
 * counts each class.
 *
 * language_tokens knows no vocabulary, and small ones make up to three times as many tokens of
 * numbers, of German or of Japanese as of what it assumes. So each model has a scale, one factor a
 * class, which learns from what servers count.
 */
#ifndef MODEL_ESTIMATE_H
#define MODEL_ESTIMATE_H

#include <stdint.h>

#include "language/language.h"

struct model_request;
struct model_message;

/* The classes of texts, and what stands around messages. */
enum { ESTIMATE_FRAME = LANGUAGE_TOKEN_CLASSES, ESTIMATE_CLASSES };

struct estimate {
    double counts[ESTIMATE_CLASSES]; /* tokens, as language_tokens has them */
};

struct estimate_scale {
    double factors[ESTIMATE_CLASSES];
};

/* Every factor is 1. */
extern const struct estimate_scale estimate_plain;

/* All of a request but its messages; and one message. */
struct estimate estimate_frame(const struct model_request *request);
struct estimate estimate_message(const struct model_message *message);
struct estimate estimate_request(const struct model_request *request);
void estimate_add(struct estimate *sum, const struct estimate *more);
void estimate_remove(struct estimate *sum, const struct estimate *less);

int64_t estimate_tokens(const struct estimate *estimate, const struct estimate_scale *scale);

/* Moves the scale half of the way to what a server has counted. Most of the change goes to the
 * classes that the estimate has most of. */
void estimate_learn(struct estimate_scale *scale, const struct estimate *estimate, int64_t counted);

#endif
