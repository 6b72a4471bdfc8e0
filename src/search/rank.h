/*
 * Ranking: how well a passage answers a query. A query is a list of units, one for each word that
 * is not a stopword. A unit is found by its term, or in part by the parts of an identifier, in any
 * of the languages of the searched files.
 *
 * A score is BM25 against its bound, with a small share of what BM25 does not see: how much of the
 * query (by rarity) the passage has, how much of that is in headings, and whether neighbours in the
 * query are neighbours in the text. Each is in 0..1, and so is their mean. Passages of tables of
 * contents and indexes lose up to three quarters of it.
 */
#ifndef SEARCH_RANK_H
#define SEARCH_RANK_H

#include "search/search.h"

enum { RANK_UNITS = 64, RANK_TERMS = 256 };

struct rank_term {
    const char *text;
    size_t length;
    size_t unit;
    double share;     /* of its unit: 1 for a whole word */
    int64_t passages; /* that hold it */
};

struct rank_unit {
    double weight; /* by rarity */
};

struct rank_query {
    struct rank_term terms[RANK_TERMS];
    size_t term_count;
    struct rank_unit units[RANK_UNITS];
    size_t unit_count;
    int64_t passages; /* in all searched stores */
};

/* A passage that might be among the results. */
struct rank_candidate {
    size_t store; /* number within the query's stores */
    int64_t passage,
        chunk;            /* rows of the index; a passage of 0: no passage of its chunk is known */
    int64_t file, number; /* the row of the file, and the chunk's number in it */
    double weight, bm25, score;
    /* Where the order by meaning is known: */
    double meaning; /* the cosine of the nearest window, 0 where it is below 0 or unknown */
    double fused;   /* its score by both orders */
    size_t focus, focus_length; /* that window in the text; a length of 0: unknown */
};

/* Computes the weights of the units once the terms' counts are known. */
void rank_weigh(struct rank_query *query);

/* Sets the score; `body`, `above` and `filename` are terms between spaces. */
void rank_score(const struct rank_query *query, struct rank_candidate *candidate, const char *body,
                const char *above, const char *filename);

/* Orders best first, and keeps the best passage of each chunk. Returns their number. */
size_t rank_order(struct rank_candidate *candidates, size_t count);

#endif
