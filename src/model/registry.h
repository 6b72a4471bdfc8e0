/*
 * Registry: all models of a server by their names.
 *
 * It is a model itself, and passes each request on. A built-in model answers where it is named.
 * Else the first server answers whose list has the name, else the first server, and where there is
 * none the built-in model answers to every name. The same holds for embeddings. It does not know
 * which kinds of models there are: it has models, and asks their drivers.
 */
#ifndef MODEL_REGISTRY_H
#define MODEL_REGISTRY_H

#include "model/model.h"

enum { MODEL_REGISTRY_SIZE = 16 }; /* models in it at most */

struct model_registry;

int model_registry_new(struct model_registry **out, struct treadle_error *error);

/* When no answer is under way: frees its models too. Accepts NULL. */
void model_registry_free(struct model_registry *registry);

enum model_place { MODEL_BUILT_IN, MODEL_SERVER };

/* Adds a model, which is the registry's from then on, also where that fails. Before the first
 * request. */
int model_registry_add(struct model_registry *registry, enum model_place place, struct model *model,
                       struct treadle_error *error);

/* A model that answers each request by the model that it names, and lists every model once, in the
 * order in which they were added. Lives as long as the registry. */
struct model *model_registry_model(struct model_registry *registry);

#endif
