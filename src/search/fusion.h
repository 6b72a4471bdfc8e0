/*
 * Fusion: one order of chunks, made from the order by words and the order by meaning. Each list
 * gives a chunk 1 / (20 + its place), and the sum counts: a chunk that is high in one list gets
 * high, one that is high in both comes first. Chunks of tables of contents and indexes count less,
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

/* Orders the candidates after fusion_add, once their weights are known. Scores never rise along the
 * order. */
void fusion_order(struct rank_candidate *candidates, size_t count);

#endif
