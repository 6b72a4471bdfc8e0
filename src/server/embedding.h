/*
 * The sentence embedding of a server: opened from its file of weights, and given to the search.
 */
#ifndef SERVER_EMBEDDING_H
#define SERVER_EMBEDDING_H

#include "base/log.h"
#include "encoder/encoder.h"
#include "search/search.h"

/* Opens the weights at `path`, or at the usual place when it is NULL, and gives them to the search;
 * "none" uses none. Without the weights search goes by words alone, and the log says so; where
 * `path` names them, that is an error. `out` is NULL then, and is closed after the search. */
int embedding_open(struct encoder **out, const char *path, struct search *search, struct log *log,
                   struct treadle_error *error);

#endif
