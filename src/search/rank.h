/*
 * Ranking: how well a chunk answers a query.
 *
 * A query is a list of units, one a word that tells something; a unit is found by its term, or in
 * part by the parts of an identifier, in any of the languages of the files asked.
 *
 * A score is a weighted mean of five shares of what an ideal chunk would have, each in 0..1:
 * how much of the query (by rarity) the chunk holds, how much of it stands close together, how
 * much stands in headings, whether neighbours in the query are neighbours in the text, and BM25
 * against its bound. Chunks of tables of contents and indexes lose up to three quarters of it.
 */
#ifndef SEARCH_RANK_H
#define SEARCH_RANK_H

#include "search/search.h"

enum { RANK_UNITS = 64, RANK_TERMS = 256 };

struct rank_term {
    const char *text;
    size_t length;
    size_t unit;
    double share;   /* of its unit: 1 for a whole word */
    int64_t chunks; /* that hold it */
};

struct rank_unit {
    double weight; /* by rarity */
};

struct rank_query {
    struct rank_term terms[RANK_TERMS];
    size_t term_count;
    struct rank_unit units[RANK_UNITS];
    size_t unit_count;
    int64_t chunks; /* in all stores asked */
};

/* A chunk that might be among the results. */
struct rank_candidate {
    size_t store; /* number within the query's stores */
    int64_t row, file, number;
    int64_t overlap_terms, terms;
    double weight, bm25;
    int64_t best_start, best_end; /* the terms that answer best */
    double score;
    /* Where the order by meaning is known: */
    double meaning; /* the cosine of the nearest window, 0 where it is below 0 or unknown */
    double fused;   /* what both orders give it */
    size_t focus, focus_length; /* that window in the text; a length of 0: unknown */
};

/* Works out the weights of the units once the terms' counts are known. */
void rank_weigh(struct rank_query *query);

/* Fills in the score; `body`, `above` and `filename` are terms between spaces. */
void rank_score(const struct rank_query *query, struct rank_candidate *candidate, const char *body,
                const char *above, const char *filename);

/* Orders best first, chunks that mostly repeat a better one demoted. */
void rank_order(struct rank_candidate *candidates, size_t count);

#endif
