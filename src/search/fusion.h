/*
 * Fusion: one order of chunks, from the order by words and the order by meaning.
 *
 * Each list gives a chunk 1 / (20 + its place), and the sum counts: what stands high in either is
 * high, and what stands high in both is first. Chunks of tables of contents and indexes count less,
 * as they do by words.
 */
#ifndef SEARCH_FUSION_H
#define SEARCH_FUSION_H

#include "search/meaning.h"
#include "search/rank.h"

/* Takes candidates that are ordered by words, best first, with room for MEANING_HITS more, and
 * orders them anew. Those that were found by meaning alone are added: their row and weight are
 * still to be read (`row` is 0), see fusion_order. */
void fusion_add(struct rank_candidate *candidates, size_t *count, const struct meaning_hits *hits);

/* Orders what fusion_add left, once the weights are known. Scores never rise along the order. */
void fusion_order(struct rank_candidate *candidates, size_t count);

#endif
