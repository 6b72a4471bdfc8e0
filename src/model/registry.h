/*
 * Registry: all models of a server by their names.
 *
 * The built-in models are always there. Model servers are found by name: the first whose list has
 * the name, else the first of all. Where there is no model server, the built-in model answers
 * whatever name it is asked by. Lists are fetched in the background, so a server that is slow or
 * gone holds nobody up for longer than a moment.
 */
#ifndef MODEL_REGISTRY_H
#define MODEL_REGISTRY_H

#include "base/arena.h"
#include "model/embedding.h"
#include "model/model.h"

enum { MODEL_SERVERS = 4, MODEL_LIST_SIZE = 4096 };

struct model_server_options {
    const char *url;          /* as http://127.0.0.1:8000/v1; NULL: none */
    const char *key;          /* sent to this server alone; NULL: none */
    const char *model;        /* stands in for names that the server does not list; NULL: names
                                 are sent as they are */
    unsigned connect_seconds; /* 0: 10 */
    unsigned first_seconds;   /* from then to the first byte of an answer; 0: 300 */
    unsigned idle_seconds;    /* between its bytes; 0: 120 */
    unsigned attempts;        /* 0: 4 */
    int64_t context;          /* tokens that its models hold where it does not say; 0: unknown */
};

struct model_registry_options {
    struct model_server_options servers[MODEL_SERVERS]; /* ends with one that has no url */
    const char *const *fetch_hosts; /* whose images are fetched here and put into requests (see
                                       fetch.h); ends with NULL; NULL: none */
    struct model_server_options embedding; /* `model` is the one for names that are
                                              not listed */
};

struct model_info {
    const char *id;
    int64_t created;
    const char *owned_by;
};

struct model_registry;

int model_registry_open(struct model_registry **out, const struct model_registry_options *options,
                        struct treadle_error *error);

/* Cancels what is under way. Accepts NULL. */
void model_registry_close(struct model_registry *registry);

/* A model that answers each request by the model that it names. Lives as long as the registry. */
struct model *model_registry_model(struct model_registry *registry);

/* Every model once, the built-in ones first. Waits a moment for a server that never answered yet.
 */
int model_registry_list(struct model_registry *registry, struct arena *arena,
                        struct model_info **out, size_t *count, struct treadle_error *error);

/* Asks for embeddings: of the embedding server, or of the built-in model where there is none or
 * where it is named. As embedding_start of embedding.h. */
void model_registry_embed(struct model_registry *registry, const struct embedding_request *request,
                          const struct embedding_sink *sink);

#endif
