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
    const struct meaning *meaning;
    const struct meaning_files *files; /* of the store */
    size_t store;
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

static int by_row(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static bool is_asked(const struct meaning_files *files, int64_t row)
{
    return files->all ||
           (files->count && bsearch(&row, files->rows, files->count, sizeof *files->rows, by_row));
}

static int compare_file(void *context, const struct vectors_of_file *vectors,
                        struct treadle_error *error)
{
    struct finding *finding = context;
    const struct meaning *meaning = finding->meaning;
    (void)error;
    if (vectors->dimensions != meaning->embedder->dimensions ||
        !is_asked(finding->files, vectors->file))
        return 0;
    for (size_t at = 0; at < vectors->count; at += AT_ONCE) {
        size_t count = vectors->count - at < AT_ONCE ? vectors->count - at : AT_ONCE;
        finding->kernel->dots(meaning->vector, vectors->vectors + at * vectors->dimensions, count,
                              vectors->dimensions, finding->dots);
        for (size_t i = 0; i < count; i++) {
            const struct vectors_place *place = &vectors->places[at + i];
            float score = (float)finding->dots[i] * meaning->scale * place->scale;
            if (finding->hits->count < MEANING_HITS ||
                score > finding->hits->hits[MEANING_HITS - 1].score)
                offer_window(finding, vectors->file, place, score);
        }
    }
    return 0;
}

int meaning_read(struct meaning *out, const struct search_embedder *embedder, const char *question,
                 struct treadle_error *error)
{
    const struct search_text text = {question, strlen(question)};
    void *session = NULL;
    *out = (struct meaning){.embedder = embedder, .vector = malloc(embedder->dimensions)};
    if (!out->vector)
        return error_set_memory(error);
    int rc = embedder->begin(embedder->context, false, &session, error);
    if (rc)
        return rc;
    rc = embedder->encode(session, &text, 1, out->vector, &out->scale, error);
    embedder->end(session);
    return rc;
}

void meaning_clear(struct meaning *meaning)
{
    free(meaning->vector);
    meaning->vector = NULL;
}

int meaning_find(struct search *search, const struct meaning *meaning,
                 struct search_index *const *indexes, const struct meaning_files *files,
                 size_t store_count, struct meaning_hits *out, struct treadle_error *error)
{
    struct finding finding = {.kernel = kernel_best(), .meaning = meaning, .hits = out};
    int rc = 0;
    out->count = 0;
    for (size_t i = 0; i < store_count && !rc; i++) {
        if (!indexes[i])
            continue;
        finding.store = i;
        finding.files = &files[i];
        pthread_mutex_lock(&indexes[i]->reading);
        rc = vectors_each(search, indexes[i], meaning->embedder->version, 0, compare_file, &finding,
                          error);
        pthread_mutex_unlock(&indexes[i]->reading);
    }
    return rc;
}

struct looking {
    const struct meaning *meaning;
    int64_t number;
    struct meaning_window *windows;
    size_t room, count;
};

/* The first window that is in the chunk or in a later one: windows are in order. */
static size_t find_window(const struct vectors_of_file *vectors, int64_t number)
{
    size_t low = 0, high = vectors->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vectors->places[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int look_at_file(void *context, const struct vectors_of_file *vectors,
                        struct treadle_error *error)
{
    struct looking *looking = context;
    const struct meaning *meaning = looking->meaning;
    const struct kernel *kernel = kernel_best();
    size_t dimensions = vectors->dimensions;
    (void)error;
    if (dimensions != meaning->embedder->dimensions)
        return 0;
    for (size_t i = find_window(vectors, looking->number);
         i < vectors->count && vectors->places[i].first <= looking->number &&
         looking->count < looking->room;
         i++) {
        const struct vectors_place *place = &vectors->places[i];
        int32_t dot;
        kernel->dots(meaning->vector, vectors->vectors + i * dimensions, 1, dimensions, &dot);
        looking->windows[looking->count++] = (struct meaning_window){
            place->first, place->start, place->length, (float)dot * meaning->scale * place->scale};
    }
    return 0;
}

int meaning_look(struct search *search, const struct meaning *meaning, struct search_index *index,
                 int64_t file, int64_t number, struct meaning_window *out, size_t room,
                 size_t *count, struct treadle_error *error)
{
    struct looking looking = {.meaning = meaning, .number = number, .windows = out, .room = room};
    int rc = vectors_each(search, index, meaning->embedder->version, file, look_at_file, &looking,
                          error);
    if (!rc)
        *count = looking.count;
    return rc;
}
