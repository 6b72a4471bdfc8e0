/*
 * Vectorising: one thread computes the vectors of files, after they were indexed. The work waits in
 * the indexes: files without vectors of the embedder's version. So a restart loses nothing, and
 * with another embedder all vectors are made again.
 */
#ifndef SEARCH_VECTORISE_H
#define SEARCH_VECTORISE_H

#include "search/embedder.h"
#include "search/search.h"

struct vectorise;

/* Starts the thread, which begins with a look at all stores. */
int vectorise_start(struct vectorise **out, struct search *search,
                    const struct search_embedder *embedder, struct treadle_error *error);

/* Stops the work, ends the thread, frees. Accepts NULL. */
void vectorise_stop(struct vectorise *vectorise);

/* Notifies the thread that the store has files whose vectors are to be made. Does not block.
 * Accepts NULL. */
void vectorise_wake(struct vectorise *vectorise, const char *store_id);

/* Has the thread look at all stores. */
void vectorise_look(struct vectorise *vectorise);

const struct search_embedder *vectorise_embedder(const struct vectorise *vectorise);

void vectorise_progress(struct vectorise *vectorise, struct search_progress *out);

#endif
