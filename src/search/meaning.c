/*
 * Meaning.
 *
 * All windows are compared, some at a time; for a chunk its nearest window counts. The best chunks
 * are kept in an ordered list, which few of the many windows enter.
 */
#include "search/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "encoder/kernel.h"
#include "search/vectors.h"

enum { AT_ONCE = 1024 };

struct finding {
    const struct kernel *kernel;
    const int8_t *question;
    float scale;
    size_t dimensions, store;
    struct meaning_hits *hits;
    int32_t dots[AT_ONCE];
};

/* The chunk's place in the list; the list's end when it is not there. */
static size_t find_hit(const struct meaning_hits *hits, const struct meaning_hit *hit)
{
    size_t at = 0;
    while (at < hits->count &&
           (hits->hits[at].store != hit->store || hits->hits[at].file != hit->file ||
            hits->hits[at].number != hit->number))
        at++;
    return at;
}

static void offer(struct meaning_hits *hits, const struct meaning_hit *hit)
{
    if (hits->count == MEANING_HITS && hit->score <= hits->hits[MEANING_HITS - 1].score)
        return;
    size_t at = find_hit(hits, hit);
    if (at < hits->count && hits->hits[at].score >= hit->score)
        return;
    if (at == hits->count && hits->count < MEANING_HITS)
        hits->count++;
    if (at == MEANING_HITS)
        at--;
    for (; at > 0 && hits->hits[at - 1].score < hit->score; at--)
        hits->hits[at] = hits->hits[at - 1];
    hits->hits[at] = *hit;
}

static void offer_window(struct finding *finding, int64_t file, const struct vectors_place *place,
                         float score)
{
    for (uint32_t number = place->first; number <= place->last; number++) {
        bool begins = number == place->first;
        const struct meaning_hit hit = {finding->store,
                                        file,
                                        number,
                                        score,
                                        begins ? place->start : 0,
                                        begins ? place->length : 0};
        offer(finding->hits, &hit);
    }
}

static int compare_file(void *context, const struct vectors_of_file *vectors,
                        struct treadle_error *error)
{
    struct finding *finding = context;
    (void)error;
    if (vectors->dimensions != finding->dimensions)
        return 0;
    for (size_t at = 0; at < vectors->count; at += AT_ONCE) {
        size_t count = vectors->count - at < AT_ONCE ? vectors->count - at : AT_ONCE;
        finding->kernel->dots(finding->question, vectors->vectors + at * vectors->dimensions, count,
                              vectors->dimensions, finding->dots);
        for (size_t i = 0; i < count; i++) {
            const struct vectors_place *place = &vectors->places[at + i];
            float score = (float)finding->dots[i] * finding->scale * place->scale;
            if (finding->hits->count < MEANING_HITS ||
                score > finding->hits->hits[MEANING_HITS - 1].score)
                offer_window(finding, vectors->file, place, score);
        }
    }
    return 0;
}

static int encode_question(const struct search_embedder *embedder, const char *question,
                           int8_t *vector, float *scale, struct treadle_error *error)
{
    const struct search_text text = {question, strlen(question)};
    void *session = NULL;
    int rc = embedder->begin(embedder->context, false, &session, error);
    if (rc)
        return rc;
    rc = embedder->encode(session, &text, 1, vector, scale, error);
    embedder->end(session);
    return rc;
}

int meaning_find(struct search *search, const struct search_embedder *embedder,
                 struct search_index *const *indexes, size_t store_count, const char *question,
                 struct meaning_hits *out, struct treadle_error *error)
{
    struct finding finding = {
        .kernel = kernel_best(), .dimensions = embedder->dimensions, .hits = out};
    int8_t *vector = malloc(embedder->dimensions);
    if (!vector)
        return error_set_memory(error);
    out->count = 0;
    int rc = encode_question(embedder, question, vector, &finding.scale, error);
    finding.question = vector;
    for (size_t i = 0; i < store_count && !rc; i++) {
        if (!indexes[i])
            continue;
        finding.store = i;
        pthread_mutex_lock(&indexes[i]->reading);
        rc = vectors_each(search, indexes[i], embedder->version, compare_file, &finding, error);
        pthread_mutex_unlock(&indexes[i]->reading);
    }
    free(vector);
    return rc;
}
