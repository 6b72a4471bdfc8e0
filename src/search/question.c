/*
 * Questions: every language splits the text at the same places, so the terms that the languages
 * have for a word are joined by where the word starts.
 */
#include "search/question.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "language/language.h"

enum { QUESTION_BYTES = 8192 };

struct reading {
    struct language_word *words[QUESTION_LANGUAGES];
    size_t counts[QUESTION_LANGUAGES];
    size_t languages;
};

static int read_words(struct reading *reading, const char *text, size_t length, const char *code,
                      struct arena *arena, struct treadle_error *error)
{
    struct language *language;
    int rc = language_new(&language, code, error);
    if (rc)
        return rc;
    size_t i = reading->languages;
    rc = language_words(language, text, length, arena, &reading->words[i], &reading->counts[i],
                        error);
    language_free(language);
    reading->languages += !rc;
    return rc;
}

/* A word is dropped when any language has it as a stopword. */
static bool is_stopword(const struct reading *reading, size_t start)
{
    for (size_t i = 0; i < reading->languages; i++)
        for (size_t j = 0; j < reading->counts[i]; j++) {
            const struct language_word *word = &reading->words[i][j];
            if (word->start == start && !word->part && word->stopword)
                return true;
        }
    return false;
}

static bool has_term(const struct rank_query *query, const char *term)
{
    for (size_t i = 0; i < query->term_count; i++)
        if (strcmp(query->terms[i].text, term) == 0)
            return true;
    return false;
}

static void add_term(struct rank_query *query, const char *term, double share)
{
    if (query->term_count == RANK_TERMS || has_term(query, term))
        return;
    query->terms[query->term_count++] = (struct rank_term){
        .text = term, .length = strlen(term), .unit = query->unit_count, .share = share};
}

/* The whole word first, then its parts, which share it. */
static void add_word(struct rank_query *query, const struct language_word *words, size_t count,
                     size_t at)
{
    size_t parts = 0;
    add_term(query, words[at].term, 1);
    for (size_t i = at + 1; i < count && words[i].part; i++)
        parts += !words[i].stopword;
    for (size_t i = at + 1; i < count && words[i].part; i++)
        if (!words[i].stopword)
            add_term(query, words[i].term, 0.999 / (double)parts);
}

static void add_unit(struct rank_query *query, const struct reading *reading, size_t start)
{
    size_t before = query->term_count;
    for (size_t i = 0; i < reading->languages; i++)
        for (size_t j = 0; j < reading->counts[i]; j++)
            if (reading->words[i][j].start == start && !reading->words[i][j].part)
                add_word(query, reading->words[i], reading->counts[i], j);
    query->unit_count += query->term_count > before;
}

static void add_units(struct rank_query *query, const struct reading *reading, bool stopwords)
{
    for (size_t i = 0; i < reading->counts[0] && query->unit_count < RANK_UNITS; i++) {
        const struct language_word *word = &reading->words[0][i];
        if (!word->part && (stopwords || !is_stopword(reading, word->start)))
            add_unit(query, reading, word->start);
    }
}

int search_question(struct rank_query *query, const char *text, const char *const *languages,
                    size_t language_count, struct arena *arena, struct treadle_error *error)
{
    struct reading reading = {.languages = 0};
    size_t length = strnlen(text, QUESTION_BYTES + 4);
    if (length > QUESTION_BYTES)
        length = text_cut(text, QUESTION_BYTES);
    for (size_t i = 0; i < language_count && i < QUESTION_LANGUAGES; i++) {
        int rc = read_words(&reading, text, length, languages[i], arena, error);
        if (rc)
            return rc;
    }
    if (reading.languages == 0)
        return 0;
    add_units(query, &reading, false);
    if (query->unit_count == 0)
        add_units(query, &reading, true);
    return 0;
}
