/*
 * Near: which parts of a result's text are near the question in meaning.
 */
#ifndef SEARCH_NEAR_H
#define SEARCH_NEAR_H

#include "search/meaning.h"

/* The windows of one chunk whose text has that length, in `arena`, in order. A count of 0 where it
 * has no vectors yet. */
int near_find(struct search *search, const struct meaning *meaning, struct search_index *index,
              int64_t file, int64_t number, size_t length, struct arena *arena,
              const struct search_near **out, size_t *count, struct treadle_error *error);

#endif
