/*
 * The built-in model: it quotes documents. No weights, no network, deterministic.
 */
#ifndef BUILTIN_EXTRACTIVE_H
#define BUILTIN_EXTRACTIVE_H

#include "model/model.h"

#define EXTRACTIVE "treadle-extractive"

/* A model that answers within model_start. */
int extractive_new(struct model **out, struct treadle_error *error);

#endif
