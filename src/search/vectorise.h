/*
 * Vectorising: computes the vectors of files that have been indexed, after them, by one thread.
 *
 * What is to be done stands in the indexes: files without vectors of the embedder's version. So
 * nothing is lost by a restart, and another embedder makes all vectors anew.
 */
#ifndef SEARCH_VECTORISE_H
#define SEARCH_VECTORISE_H

#include "search/embedder.h"
#include "search/search.h"

struct vectorise;

/* Starts the thread, which begins with a look at all stores. */
int vectorise_start(struct vectorise **out, struct search *search,
                    const struct search_embedder *embedder, struct treadle_error *error);

/* Gives up what is under way. Accepts NULL. */
void vectorise_stop(struct vectorise *vectorise);

/* Says that the store has files whose vectors are to be made. Does not block. Accepts NULL. */
void vectorise_wake(struct vectorise *vectorise, const char *store_id);

const struct search_embedder *vectorise_embedder(const struct vectorise *vectorise);

void vectorise_progress(struct vectorise *vectorise, struct search_progress *out);

#endif
