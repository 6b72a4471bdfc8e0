/*
 * Excerpts: the window of a chunk that answers a query best, for models that read little.
 *
 * A window counts by the words of the queries that it holds, rare ones most, and by whether the
 * ranking has found it, too.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "search/search.h"
#include "search/windows.h"

enum { MOST_TERMS = 64, MOST_WINDOWS = 256 };

static const double passage_bonus = 0.3, near_bonus = 0.6;

struct terms {
    const char *items[MOST_TERMS];
    size_t count;
};

static bool has(const struct terms *terms, const char *term, size_t *at)
{
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->items[i], term) == 0) {
            *at = i;
            return true;
        }
    return false;
}

static int add_terms(struct terms *terms, struct language *language, const char *text,
                     struct arena *arena, struct treadle_error *error)
{
    struct language_word *words;
    size_t count, at;
    int rc = language_words(language, text, strlen(text), arena, &words, &count, error);
    for (size_t i = 0; !rc && i < count && terms->count < MOST_TERMS; i++)
        if (!words[i].stopword && !has(terms, words[i].term, &at))
            terms->items[terms->count++] = words[i].term;
    return rc;
}

/* Marks the terms that a window holds. */
static int find_terms(const struct terms *terms, struct language *language, const char *text,
                      size_t length, struct arena *arena, bool found[MOST_TERMS],
                      struct treadle_error *error)
{
    struct language_word *words;
    size_t count, at;
    int rc = language_words(language, text, length, arena, &words, &count, error);
    for (size_t i = 0; !rc && i < count; i++)
        if (has(terms, words[i].term, &at))
            found[at] = true;
    return rc;
}

static bool overlaps(const struct window *window, size_t start, size_t end)
{
    size_t from = window->start > start ? window->start : start;
    size_t to = window->end < end ? window->end : end;
    return from < to && (to - from) * 2 >= window->end - window->start;
}

static const struct search_near *find_nearest(const struct search_result *result)
{
    const struct search_near *nearest = NULL;
    for (size_t i = 0; i < result->near_count; i++)
        if (!nearest || result->near[i].nearness > nearest->nearness)
            nearest = &result->near[i];
    return nearest;
}

static int choose(const struct search_result *result, const struct terms *terms,
                  struct language *language, const struct window *windows, size_t count,
                  struct arena *arena, size_t *out, struct treadle_error *error)
{
    const struct search_near *nearest = find_nearest(result);
    bool(*found)[MOST_TERMS] = arena_array(arena, count, sizeof *found);
    double best = -1, weights[MOST_TERMS];
    int rc = found ? 0 : error_set_memory(error);
    for (size_t i = 0; !rc && i < count; i++)
        rc = find_terms(terms, language, result->text + windows[i].start,
                        windows[i].end - windows[i].start, arena, found[i], error);
    for (size_t j = 0; !rc && j < terms->count; j++) {
        size_t holding = 0;
        for (size_t i = 0; i < count; i++)
            holding += found[i][j];
        weights[j] = log(1 + (double)count / (double)(holding + 1));
    }
    for (size_t i = 0; !rc && i < count; i++) {
        double score = 0, sum = 0;
        for (size_t j = 0; j < terms->count; j++) {
            sum += weights[j];
            score += found[i][j] ? weights[j] : 0;
        }
        score = sum > 0 ? score / sum : 0;
        if (overlaps(&windows[i], result->start, result->end))
            score += passage_bonus;
        if (nearest && overlaps(&windows[i], nearest->start, nearest->start + nearest->length))
            score += near_bonus;
        if (score > best) {
            best = score;
            *out = i;
        }
    }
    return rc;
}

int search_excerpt(const struct search_result *result, const char *const *queries,
                   size_t query_count, struct arena *arena, size_t *start, size_t *end,
                   struct treadle_error *error)
{
    size_t length = strlen(result->text), count = 0, chosen = 0;
    const struct window_chunk whole = {0, length};
    struct terms terms = {.count = 0};
    struct language *language;
    struct window *windows = NULL;
    int rc = language_new(&language, language_detect(result->text, length), error);
    if (rc)
        return rc;
    rc = window_cut(language, result->text, length, &whole, 1, arena, &windows, &count, error);
    for (size_t i = 0; !rc && i < query_count; i++)
        rc = add_terms(&terms, language, queries[i], arena, error);
    if (count > MOST_WINDOWS)
        count = MOST_WINDOWS;
    if (!rc && count)
        rc = choose(result, &terms, language, windows, count, arena, &chosen, error);
    language_free(language);
    if (rc)
        return rc;
    *start = count ? windows[chosen].start : 0;
    *end = count ? windows[chosen].end : length;
    return 0;
}
