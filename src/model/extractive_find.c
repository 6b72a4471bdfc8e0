/*
 * Findings: which words of the question a stretch of text holds, and how they stand in it.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "model/extractive.h"

/* What a part of an identifier is worth: alone, all of them in a row, and in a text's identifier
 * that is about something else as well. */
static const double part_apart = 0.25, parts_together = 0.9, part_of_other = 0.6;

/* Whether a word can be the verb behind a subject: a copula, or a third person. */
static bool is_verb(const char *word, size_t length)
{
    static const char *const verbs[] = {"is", "are", "was",  "were", "can",  "will", "may",
                                        "do", "let", "lets", "has",  "have", NULL};
    for (size_t i = 0; verbs[i]; i++)
        if (strlen(verbs[i]) == length && strncasecmp(word, verbs[i], length) == 0)
            return true;
    return length > 3 && word[length - 1] == 's' && word[length - 2] != 's' &&
           islower((unsigned char)word[0]);
}

/* Whether the text begins with all that the question is about, and a verb follows. Words that
 * count little need not be there; an article may be. */
static bool opens(const struct question *question, const struct language_word *words, size_t count,
                  const char *text)
{
    bool seen[QUESTION_UNITS] = {false};
    size_t missing = 0, others = 0;
    for (size_t i = 0; i < question->unit_count; i++)
        missing += question->units[i].share >= 1;
    for (size_t i = 0; i < count && others < 2; i++) {
        if (words[i].part)
            continue;
        if (missing == 0 && is_verb(text + words[i].start, words[i].end - words[i].start))
            return true;
        bool matched = false;
        for (size_t j = 0; j < question->unit_count; j++) {
            if (seen[j] || question_match(&question->units[j], &words[i], text) < 0.8)
                continue;
            seen[j] = matched = true;
            missing -= question->units[j].share >= 1;
        }
        if (!matched && !words[i].stopword)
            return false;
        others += !matched;
    }
    return false;
}

/* The parts of an identifier, one after the other, are nearly as good as the whole (a document
 * may have lost its underscores); apart they say little. */
struct parts {
    size_t next[QUESTION_UNITS];
    double share[QUESTION_UNITS];
};

static void find_parts(struct parts *parts, const struct question *question,
                       const struct language_word *word)
{
    for (size_t j = 0; j < question->unit_count; j++) {
        const struct question_unit *unit = &question->units[j];
        size_t part = question_part(unit, word);
        if (part == unit->part_count) {
            parts->next[j] = 0;
            continue;
        }
        double share = part_apart;
        parts->next[j] = part == parts->next[j] || part == 0 ? part + 1 : 0;
        if (parts->next[j] == unit->part_count) {
            share = parts_together;
            parts->next[j] = 0;
        }
        if (share > parts->share[j])
            parts->share[j] = share;
    }
}

/* The unit that a word stands for; SIZE_MAX for none. */
static size_t find_unit(struct findings *found, const struct question *question,
                        const struct language_word *word, const char *text, double worth)
{
    size_t unit = SIZE_MAX;
    for (size_t j = 0; j < question->unit_count; j++) {
        double share = question_match(&question->units[j], word, text) * worth;
        if (share > found->units[j])
            found->units[j] = share;
        if (share > 0)
            unit = j;
    }
    return unit;
}

/* What the parts of the identifier at `at` are worth: all they say when each of them is asked for
 * (set.seed for "set the seed"), less when it is about something else as well (mc.set.seed). */
static double worth_of_parts(const struct question *question, const struct language_word *words,
                             size_t count, size_t at, const char *text)
{
    size_t parts = 0, asked = 0;
    for (size_t i = at + 1; i < count && words[i].part; i++) {
        parts++;
        for (size_t j = 0; j < question->unit_count; j++)
            if (question_match(&question->units[j], &words[i], text) > 0) {
                asked++;
                break;
            }
    }
    return asked == parts ? 1 : part_of_other;
}

int findings_make(struct findings *found, const struct question *question,
                  struct language *language, const char *text, size_t length, struct arena *arena,
                  struct treadle_error *error)
{
    struct language_word *words;
    size_t count, telling = 0, matching = 0, pairs = 0, last = SIZE_MAX;
    struct parts parts = {.next = {0}};
    double worth = 1;
    *found = (struct findings){.density = 0};
    int code = language_words(language, text, length, arena, &words, &count, error);
    if (code)
        return code;
    for (size_t i = 0; i < count; i++) {
        if (!words[i].part)
            worth = worth_of_parts(question, words, count, i, text);
        size_t unit = find_unit(found, question, &words[i], text, words[i].part ? worth : 1);
        if (!words[i].part)
            find_parts(&parts, question, &words[i]);
        if (words[i].part && unit != SIZE_MAX && telling <= 1)
            found->leads = 1;
        if (words[i].part || (words[i].stopword && unit == SIZE_MAX))
            continue;
        if (unit != SIZE_MAX && telling < 3 && found->leads <= 0)
            found->leads = telling == 0 ? 1 : 0.5;
        telling++;
        matching += unit != SIZE_MAX;
        pairs += unit != SIZE_MAX && last != SIZE_MAX && unit == last + 1;
        last = unit;
    }
    for (size_t i = 0; i < question->unit_count; i++)
        if (parts.share[i] > found->units[i])
            found->units[i] = parts.share[i];
    found->density = telling ? (double)matching / (double)telling : 0;
    if (question->unit_count > 1)
        found->phrase = (double)(pairs < question->unit_count ? pairs : question->unit_count - 1) /
                        (double)(question->unit_count - 1);
    found->opens = count && opens(question, words, count, text);
    found->starts_with_stopword = count && words[0].stopword;
    return 0;
}
