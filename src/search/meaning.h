/*
 * Meaning: the chunks whose windows are nearest to a question, by their vectors.
 */
#ifndef SEARCH_MEANING_H
#define SEARCH_MEANING_H

#include "search/embedder.h"
#include "search/index.h"

enum { MEANING_HITS = 100 };

struct meaning_hit {
    size_t store; /* its number among those asked */
    int64_t file, number;
    float score;            /* the cosine of the nearest window */
    uint32_t start, length; /* of that window in the chunk's text; 0 where it begins in another */
};

struct meaning_hits {
    struct meaning_hit hits[MEANING_HITS]; /* best first */
    size_t count;
};

/* Compares the question with every window of the stores; an index may be NULL. */
int meaning_find(struct search *search, const struct search_embedder *embedder,
                 struct search_index *const *indexes, size_t store_count, const char *question,
                 struct meaning_hits *out, struct treadle_error *error);

#endif
