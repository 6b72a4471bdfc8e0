/*
 * Ranking: see rank.h for what a score is.
 */
#include "search/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HITS = 1024, NEAR = 4, FEWEST = 100 };

static const double part_share = 0.7; /* of an identifier found by its parts alone */
static const double filename_share = 0.6;
/* What makes up a score. */
static const double bm25_part = 0.60, covered_part = 0.20, titles_part = 0.10, beside_part = 0.10;

/* Among few passages rarity means nothing: a word that none of them has would count more than all
 * that one of them answers. So the rarity is computed as if there were at least FEWEST. */
static double rarity(double passages, double with)
{
    if (passages < FEWEST)
        passages = FEWEST;
    return log(1 + (passages - with + 0.5) / (with + 0.5));
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
                whole += term->passages;
            } else if (term->passages) {
                sum += rarity((double)query->passages, (double)term->passages);
                parts++;
            }
        }
        if (whole > query->passages)
            whole = query->passages;
        query->units[unit].weight =
            !whole && parts > 0 ? sum / parts : rarity((double)query->passages, (double)whole);
        for (size_t i = 0; i < query->term_count; i++)
            if (query->terms[i].unit == unit && query->terms[i].share < 1)
                query->terms[i].share *= part_share;
    }
}

/* The share of a set of terms in the query's weight. */
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

/* Where the query's terms are in the text. */
static size_t find_hits(const struct rank_query *query, const char *text, struct hit *hits)
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
    return count;
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
    double found[RANK_TERMS] = {0}, titles[RANK_TERMS] = {0};
    size_t count = find_hits(query, filename, hits);
    for (size_t i = 0; i < count; i++)
        found[hits[i].term] = filename_share;
    count = find_hits(query, above, hits);
    for (size_t i = 0; i < count; i++)
        found[hits[i].term] = titles[hits[i].term] = 1;
    count = find_hits(query, body, hits);
    for (size_t i = 0; i < count; i++)
        found[hits[i].term] = 1;
    /* A term adds at most its rarity times k1 + 1 to BM25. */
    double bound = 2.2 * total_weight(query);
    double bm25 = bound > 0 ? candidate->bm25 / bound : 0;
    candidate->score =
        candidate->weight *
        (bm25_part * (bm25 < 1 ? bm25 : 1) + covered_part * covered(query, found) +
         titles_part * covered(query, titles) + beside_part * adjacency(query, hits, count));
}

static int by_score(const void *a, const void *b)
{
    const struct rank_candidate *one = a, *other = b;
    if (one->score != other->score)
        return one->score < other->score ? 1 : -1;
    if (one->store != other->store)
        return one->store < other->store ? -1 : 1;
    return one->passage < other->passage ? -1 : one->passage > other->passage;
}

static bool is_repeated(const struct rank_candidate *candidates, size_t count,
                        const struct rank_candidate *candidate)
{
    for (size_t i = 0; i < count; i++)
        if (candidates[i].store == candidate->store && candidates[i].chunk == candidate->chunk)
            return true;
    return false;
}

size_t rank_order(struct rank_candidate *candidates, size_t count)
{
    size_t kept = 0;
    qsort(candidates, count, sizeof *candidates, by_score);
    for (size_t i = 0; i < count; i++)
        if (!is_repeated(candidates, kept, &candidates[i]))
            candidates[kept++] = candidates[i];
    return kept;
}
