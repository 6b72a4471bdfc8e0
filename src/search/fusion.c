/*
 * Fusion.
 */
#include "search/fusion.h"

#include <stdlib.h>

enum { SMOOTHING = 20 };

/* A place says nothing of how good a match by words is; a perfect one gets this much more. */
static const double match_share = 0.04;

static double share(size_t place)
{
    return 1.0 / (double)(SMOOTHING + 1 + place);
}

static struct rank_candidate *find(struct rank_candidate *candidates, size_t count,
                                   const struct meaning_hit *hit)
{
    for (size_t i = 0; i < count; i++)
        if (candidates[i].store == hit->store && candidates[i].file == hit->file &&
            candidates[i].number == hit->number)
            return &candidates[i];
    return NULL;
}

void fusion_add(struct rank_candidate *candidates, size_t *count, const struct meaning_hits *hits)
{
    size_t by_words = *count;
    for (size_t i = 0; i < by_words; i++)
        candidates[i].fused = share(i) + match_share * candidates[i].score;
    for (size_t i = 0; i < hits->count; i++) {
        const struct meaning_hit *hit = &hits->hits[i];
        struct rank_candidate *candidate = find(candidates, by_words, hit);
        if (!candidate) {
            candidate = &candidates[(*count)++];
            *candidate = (struct rank_candidate){
                .store = hit->store, .file = hit->file, .number = hit->number, .weight = 1};
        }
        candidate->fused += share(i);
        candidate->meaning = hit->score > 0 ? hit->score : 0;
        candidate->focus = hit->start;
        candidate->focus_length = hit->length;
    }
}

static int by_fused(const void *a, const void *b)
{
    double first = ((const struct rank_candidate *)a)->fused;
    double second = ((const struct rank_candidate *)b)->fused;
    return first < second ? 1 : first > second ? -1 : 0;
}

void fusion_order(struct rank_candidate *candidates, size_t count)
{
    double least = 1;
    for (size_t i = 0; i < count; i++)
        candidates[i].fused *= candidates[i].weight;
    qsort(candidates, count, sizeof *candidates, by_fused);
    for (size_t i = 0; i < count; i++) {
        struct rank_candidate *candidate = &candidates[i];
        if (candidate->meaning > candidate->score)
            candidate->score = candidate->meaning;
        if (candidate->score > least)
            candidate->score = least;
        least = candidate->score;
    }
}
