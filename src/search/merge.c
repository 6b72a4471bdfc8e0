/*
 * Merging: the results of several queries as one list.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "language/language.h"
#include "search/search.h"

enum { MAX_RESULTS = 20, REWRITTEN_BYTES = 8192 };

static bool same_chunk(const struct search_result *a, const struct search_result *b)
{
    return a->chunk == b->chunk && strcmp(a->file_id, b->file_id) == 0 &&
           strcmp(a->store_id, b->store_id) == 0;
}

static int by_score(const void *a, const void *b)
{
    double first = ((const struct search_result *)a)->score;
    double second = ((const struct search_result *)b)->score;
    return first < second ? 1 : first > second ? -1 : 0;
}

/* Adds the results of one query to those of the others. */
static size_t merge(struct search_result *all, size_t count, const struct search_result *more,
                    size_t more_count)
{
    for (size_t i = 0; i < more_count; i++) {
        size_t at = 0;
        while (at < count && !same_chunk(&all[at], &more[i]))
            at++;
        if (at == count)
            all[count++] = more[i];
        else if (more[i].score > all[at].score)
            all[at] = more[i];
    }
    return count;
}

int search_run_all(struct search *search, const struct search_query *query,
                   const char *const *texts, size_t text_count, struct arena *arena,
                   struct search_result **out, size_t *count, struct treadle_error *error)
{
    size_t limit = query->max_results ? query->max_results : MAX_RESULTS, found = 0;
    struct search_result *all = arena_array(arena, text_count * limit + 1, sizeof *all);
    if (!all)
        return error_set_memory(error);
    for (size_t i = 0; i < text_count; i++) {
        struct search_query one = *query;
        struct search_result *results = NULL;
        size_t result_count = 0;
        one.text = texts[i];
        int rc = search_run(search, &one, arena, &results, &result_count, error);
        if (rc)
            return rc;
        found = merge(all, found, results, result_count);
    }
    if (text_count > 1)
        qsort(all, found, sizeof *all, by_score);
    *out = all;
    *count = found < limit ? found : limit;
    return 0;
}

const char *search_rewrite(const char *text, struct arena *arena)
{
    size_t length = strnlen(text, REWRITTEN_BYTES), count = 0;
    struct language *language = NULL;
    struct language_word *words = NULL;
    struct treadle_error ignored;
    struct buffer out;
    if (length == REWRITTEN_BYTES)
        length = text_cut(text, length);
    buffer_init(&out, REWRITTEN_BYTES * 2);
    if (language_new(&language, language_detect(text, length), &ignored) == 0 &&
        language_words(language, text, length, arena, &words, &count, &ignored))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        if (words[i].part || words[i].stopword)
            continue;
        if (out.length)
            buffer_append_char(&out, ' ');
        buffer_append(&out, text + words[i].start, words[i].end - words[i].start);
    }
    bool complete = out.length && !out.failed;
    const char *copy =
        complete ? arena_copy(arena, out.data, out.length) : arena_string(arena, text);
    buffer_clear(&out);
    language_free(language);
    return copy;
}
