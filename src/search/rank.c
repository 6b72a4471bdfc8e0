/*
 * Ranking: see rank.h for what a score is.
 */
#include "search/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HITS = 1024, WINDOW = 50, NEAR = 4, FEWEST = 100 };

static const double part_share = 0.7;   /* of an identifier found by its parts alone */
static const double above_share = 0.6;  /* of what a heading says for the words below it */
static const double repeat_share = 0.6; /* what a chunk keeps whose best part is another's too */

/* Among a few chunks rarity tells nothing: a word that none of them has would outweigh all that one
 * of them answers. So it is reckoned as if there were at least FEWEST. */
static double rarity(double chunks, double with)
{
    if (chunks < FEWEST)
        chunks = FEWEST;
    return log(1 + (chunks - with + 0.5) / (with + 0.5));
}

void rank_weigh(struct rank_query *query)
{
    for (size_t unit = 0; unit < query->unit_count; unit++) {
        int64_t whole = 0;
        double parts = 0, sum = 0;
        for (size_t i = 0; i < query->term_count; i++) {
            const struct rank_term *term = &query->terms[i];
            if (term->unit != unit)
                continue;
            if (term->share >= 1) {
                whole += term->chunks;
            } else if (term->chunks) {
                sum += rarity((double)query->chunks, (double)term->chunks);
                parts++;
            }
        }
        if (whole > query->chunks)
            whole = query->chunks;
        query->units[unit].weight =
            !whole && parts > 0 ? sum / parts : rarity((double)query->chunks, (double)whole);
        for (size_t i = 0; i < query->term_count; i++)
            if (query->terms[i].unit == unit && query->terms[i].share < 1)
                query->terms[i].share *= part_share;
    }
}

/* The share of the query's weight that a set of terms stands for. */
static double covered(const struct rank_query *query, const double *found)
{
    double shares[RANK_UNITS] = {0}, sum = 0, all = 0;
    for (size_t i = 0; i < query->term_count; i++) {
        const struct rank_term *term = &query->terms[i];
        double share = term->share * found[i];
        if (term->share < 1)
            shares[term->unit] += share;
        else if (share > shares[term->unit])
            shares[term->unit] = share;
    }
    for (size_t i = 0; i < query->unit_count; i++) {
        sum += query->units[i].weight * (shares[i] < 1 ? shares[i] : 1);
        all += query->units[i].weight;
    }
    return all > 0 ? sum / all : 0;
}

struct hit {
    int64_t position;
    size_t term;
};

static size_t find_term(const struct rank_query *query, const char *text, size_t length)
{
    for (size_t i = 0; i < query->term_count; i++)
        if (query->terms[i].length == length && memcmp(query->terms[i].text, text, length) == 0)
            return i;
    return query->term_count;
}

/* Where the query's terms stand; `total` becomes the number of all terms. */
static size_t find_hits(const struct rank_query *query, const char *text, struct hit *hits,
                        int64_t *total)
{
    size_t count = 0;
    int64_t position = 0;
    while (*text) {
        const char *space = strchr(text, ' ');
        size_t length = space ? (size_t)(space - text) : strlen(text);
        size_t term = find_term(query, text, length);
        if (term < query->term_count && count < HITS)
            hits[count++] = (struct hit){position, term};
        position++;
        text += length + (space != NULL);
    }
    *total = position;
    return count;
}

/* The best stretch of WINDOW terms; what headings say counts there in part. */
static double best_window(const struct rank_query *query, const struct hit *hits, size_t count,
                          const double *above, struct rank_candidate *candidate)
{
    double best = 0;
    for (size_t first = 0; first < count; first++) {
        double found[RANK_TERMS];
        memcpy(found, above, query->term_count * sizeof *found);
        size_t i = first;
        for (; i < count && hits[i].position < hits[first].position + WINDOW; i++)
            found[hits[i].term] = 1;
        double share = covered(query, found);
        if (share > best) {
            best = share;
            candidate->best_start = hits[first].position;
            candidate->best_end = hits[i - 1].position;
        }
    }
    return best;
}

/* The share of the query's neighbours that are near each other in the text. */
static double adjacency(const struct rank_query *query, const struct hit *hits, size_t count)
{
    double best[RANK_UNITS] = {0}, sum = 0;
    if (query->unit_count < 2)
        return count > 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count && hits[j].position - hits[i].position <= NEAR; j++) {
            size_t a = query->terms[hits[i].term].unit, b = query->terms[hits[j].term].unit;
            if (a != b + 1 && b != a + 1)
                continue;
            int64_t distance = hits[j].position - hits[i].position;
            double near = (b == a + 1 ? 1.0 : 0.7) / (distance > 1 ? (double)distance : 1.0);
            size_t pair = a < b ? a : b;
            if (near > best[pair])
                best[pair] = near;
        }
    for (size_t i = 0; i + 1 < query->unit_count; i++)
        sum += best[i];
    return sum / (double)(query->unit_count - 1);
}

static double total_weight(const struct rank_query *query)
{
    double sum = 0;
    for (size_t i = 0; i < query->unit_count; i++)
        sum += query->units[i].weight;
    return sum;
}

void rank_score(const struct rank_query *query, struct rank_candidate *candidate, const char *body,
                const char *above, const char *filename)
{
    struct hit hits[HITS];
    double found[RANK_TERMS] = {0}, context[RANK_TERMS] = {0}, titles[RANK_TERMS] = {0};
    int64_t ignored;
    size_t count = find_hits(query, filename, hits, &ignored);
    for (size_t i = 0; i < count; i++)
        found[hits[i].term] = context[hits[i].term] = above_share;
    count = find_hits(query, above, hits, &ignored);
    for (size_t i = 0; i < count; i++) {
        found[hits[i].term] = titles[hits[i].term] = 1;
        context[hits[i].term] = above_share;
    }
    count = find_hits(query, body, hits, &candidate->terms);
    for (size_t i = 0; i < count; i++)
        found[hits[i].term] = 1;
    /* A term adds at most its rarity times k1 + 1 to BM25, in the body alone. */
    double bound = 2.2 * total_weight(query);
    double bm25 = bound > 0 ? candidate->bm25 / bound : 0;
    candidate->score =
        candidate->weight *
        (0.30 * covered(query, found) + 0.30 * best_window(query, hits, count, context, candidate) +
         0.12 * covered(query, titles) + 0.10 * adjacency(query, hits, count) +
         0.18 * (bm25 < 1 ? bm25 : 1));
}

static int by_score(const void *a, const void *b)
{
    const struct rank_candidate *one = a, *other = b;
    if (one->score != other->score)
        return one->score < other->score ? 1 : -1;
    if (one->store != other->store)
        return one->store < other->store ? -1 : 1;
    return one->row < other->row ? -1 : one->row > other->row;
}

/* Whether the best part of `later` is in `better` as well, because the two overlap. */
static bool repeats(const struct rank_candidate *better, const struct rank_candidate *later)
{
    if (better->store != later->store || better->file != later->file)
        return false;
    if (later->number == better->number + 1)
        return later->best_end < later->overlap_terms;
    return better->number == later->number + 1 &&
           later->best_start >= later->terms - better->overlap_terms;
}

void rank_order(struct rank_candidate *candidates, size_t count)
{
    qsort(candidates, count, sizeof *candidates, by_score);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (repeats(&candidates[i], &candidates[j])) {
                candidates[j].score *= repeat_share;
                qsort(candidates + i + 1, count - i - 1, sizeof *candidates, by_score);
                break;
            }
}
