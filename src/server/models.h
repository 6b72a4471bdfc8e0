/*
 * The models of a server: the built-in ones, and the servers that the operator named.
 *
 * Here alone it is known which kinds of models there are; everything else asks a model
 * (model/model.h).
 */
#ifndef SERVER_MODELS_H
#define SERVER_MODELS_H

#include "openai/openai.h"

enum { MODEL_SERVERS = 4 };

struct models_options {
    struct openai_options servers[MODEL_SERVERS]; /* ends with one that has no url */
    const char *const *fetch_hosts;  /* whose images are fetched here and put into requests (see
                                        fetch.h); ends with NULL; NULL: none */
    struct openai_options embedding; /* `model` is the one for names that are not listed; without a
                                        url the built-in embedding answers */
};

struct models;
struct log;

/* `log` may be NULL. */
int models_open(struct models **out, const struct models_options *options, struct log *log,
                struct treadle_error *error);

/* Cancels what is under way. Accepts NULL. */
void models_close(struct models *models);

/* The name of the model that calls tools for those that cannot. */
const char *models_stand_in(void);

/* Answers each request by the model that it names (model/registry.h). */
struct model *models_model(struct models *models);

#endif
