/*
 * Matching: how much of each word of the question a part of a text has.
 *
 * A word is found by its term in any of the question's languages. Failing that, a word of which it
 * is a form or a part counts in part: languages inflect and compound in ways that stemmers miss.
 * Words of scripts without spaces are searched for unchanged, since their boundaries are a
 * dictionary's guess.
 */
#include <string.h>

#include "builtin/extractive_internal.h"

enum { STEM_BYTES = 5, PAIR_BYTES = 6, CHARACTER_BYTES = 3 };

static const double form_of = 0.7, part_of = 0.5, pairs_of = 0.7;
/* Of an identifier, one after the other or apart. */
static const double parts_together = 0.9, parts_apart = 0.25;
/* And for a word that asks for a part of a text's identifier. */
static const double of_identifier = 0.8;

static double match_term(const struct question *question, const struct question_unit *unit,
                         const char *term)
{
    double best = 0;
    size_t length = strlen(term);
    for (size_t i = 0; i < question->language_count; i++) {
        const char *form = unit->forms[i];
        if (strcmp(form, term) == 0)
            return 1;
        size_t size = strlen(form), same = 0;
        size_t shorter = size < length ? size : length, longer = size < length ? length : size;
        if (shorter < STEM_BYTES)
            continue;
        while (same < shorter && form[same] == term[same])
            same++;
        bool tail = memcmp(form + size - shorter, term + length - shorter, shorter) == 0;
        double share = same * 4 >= longer * 3 ? form_of : same == shorter || tail ? part_of : 0;
        best = share > best ? share : best;
    }
    return best;
}

/* The share of a run of characters that a text holds, as a whole or pair by pair. */
static double match_run(const struct question_unit *unit, const char *text, size_t length)
{
    size_t pairs = 0, found = 0;
    if (memmem(text, length, unit->word, unit->length))
        return 1;
    for (size_t at = 0; at + PAIR_BYTES <= unit->length; at += CHARACTER_BYTES) {
        pairs++;
        found += memmem(text, length, unit->word + at, PAIR_BYTES) != NULL;
    }
    return pairs > 1 ? pairs_of * (double)found / (double)pairs : 0;
}

/* How far the parts of an identifier were followed. */
struct follow {
    size_t next[QUESTION_UNITS];
};

static double match_parts(const struct question *question, size_t number, struct follow *follow,
                          const char *term)
{
    const struct question_unit *unit = &question->units[number];
    size_t part = 0;
    while (part < unit->part_count && strcmp(unit->parts[part], term) != 0)
        part++;
    if (part == unit->part_count) {
        follow->next[number] = 0;
        return 0;
    }
    follow->next[number] = part == follow->next[number] || part == 0 ? part + 1 : 0;
    if (follow->next[number] < unit->part_count)
        return parts_apart;
    follow->next[number] = 0;
    return parts_together;
}

int question_find_units(const struct question *question, struct language *language,
                        const char *text, size_t length, struct arena *arena, double *found,
                        size_t *pairs, struct treadle_error *error)
{
    struct language_word *words;
    struct follow follow = {.next = {0}};
    size_t count, last = SIZE_MAX;
    memset(found, 0, QUESTION_UNITS * sizeof *found);
    *pairs = 0;
    int rc = language_words(language, text, length, arena, &words, &count, error);
    for (size_t i = 0; !rc && i < count; i++) {
        size_t unit = SIZE_MAX;
        for (size_t j = 0; j < question->unit_count; j++) {
            double share = match_term(question, &question->units[j], words[i].term);
            if (words[i].part)
                share *= of_identifier;
            else if (share < 1 && question->units[j].part_count) {
                double parts = match_parts(question, j, &follow, words[i].term);
                share = parts > share ? parts : share;
            }
            if (share > found[j])
                found[j] = share;
            if (share >= part_of)
                unit = j;
        }
        if (words[i].part || (words[i].stopword && unit == SIZE_MAX))
            continue;
        *pairs += unit != SIZE_MAX && last != SIZE_MAX && unit == last + 1;
        last = unit;
    }
    for (size_t j = 0; !rc && j < question->unit_count; j++)
        if (question->units[j].spaceless)
            found[j] = match_run(&question->units[j], text, length);
    return rc;
}
