/*
 * Selection: which sentences answer the question.
 *
 * A sentence is worth what it and its surroundings hold of the question, by rarity, and what it
 * has of the form that answers to such a question have. The best is quoted if it holds enough;
 * others follow when they are nearly as good and say something else.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/extractive.h"

/* What the best sentence must hold, with its surroundings and by itself. */
static const double enough_near = 0.62, enough_own = 0.30;
/* A passage that the search itself found poor must hold more. */
static const double doubtful = 0.5, enough_if_doubtful = 0.8;
static const double under_title = 0.85;
/* Another sentence is quoted from this share of the best one's score on. */
static const double good_share = 0.93;
static const double too_alike = 0.6;

/* Sentences of fewer words are alike by chance. */
enum { FEW_WORDS = 5 };

/* Bytes of two sentences that are too many to quote for one of them. */
enum { LONG_PAIR = 260 };

static bool holds(const struct sentence *sentence, const char *const *phrases)
{
    const char *text = sentence->passage->text + sentence->start;
    size_t length = sentence->end - sentence->start;
    for (size_t i = 0; phrases[i]; i++) {
        size_t size = strlen(phrases[i]);
        for (size_t at = 0; at + size <= length; at++)
            if (strncasecmp(text + at, phrases[i], size) == 0)
                return true;
    }
    return false;
}

static bool has_digit(const struct sentence *sentence)
{
    for (size_t i = sentence->start; i < sentence->end; i++)
        if (isdigit((unsigned char)sentence->passage->text[i]))
            return true;
    return false;
}

/* A unit is rarer the fewer sentences hold it; one that none holds is the rarest. */
static void weigh_units(const struct sentences *sentences, struct question *question)
{
    for (size_t i = 0; i < question->unit_count; i++) {
        size_t with = 0;
        for (size_t j = 0; j < sentences->count; j++)
            with += sentences->items[j].own[i] >= 0.5;
        question->units[i].weight = question->units[i].share *
                                    (1 + log((double)(sentences->count + 1) / (double)(with + 1)));
    }
}

static double weighted(const struct question *question, const double *found)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < question->unit_count; i++) {
        sum += question->units[i].weight * found[i];
        all += question->units[i].weight;
    }
    return all > 0 ? sum / all : 0;
}

/* "To quit R, …": says for what before it says how. */
static bool names_purpose(const struct sentence *sentence)
{
    return strncmp(sentence->passage->text + sentence->start, "To ", 3) == 0;
}

/* What it is worth to have the form of an answer to this kind of question. */
static double form(const struct sentence *sentence, const struct question *question)
{
    static const char *const uses[] = {"use ",    "used to",     "using",  "call ",
                                       "type ",   "you can",     "can be", "command",
                                       "specify", "recommended", NULL};
    static const char *const defaults[] = {"default is",    "defaults to", "by default",
                                           "default value", "the default", NULL};
    static const char *const reasons[] = {"because", "since",       "so that",
                                          "reason",  "in order to", NULL};
    double subject = sentence->subject * (sentence->first ? 1 : 0.3);
    /* "na.rm a logical value …": the entry of a list that is asked for. */
    bool entry = sentence->labelled && sentence->leads >= 1 && sentence->words > FEW_WORDS;
    switch (question->kind) {
    case QUESTION_DEFINITION:
        return 0.22 * subject + (sentence->opens || entry ? 0.26 : 0);
    case QUESTION_HOW:
        return 0.12 * subject + (holds(sentence, uses) ? 0.08 : 0) +
               (names_purpose(sentence) && sentence->leads > 0 ? 0.08 : 0) +
               (sentence->example ? 0.08 : 0) + 0.06 * sentence->leads;
    case QUESTION_NUMBER:
        return has_digit(sentence) ? 0.10 : 0;
    case QUESTION_DEFAULT:
        return (holds(sentence, defaults) ? 0.15 : 0) + (sentence->labelled ? 0.04 : 0);
    case QUESTION_WHICH:
        return (sentence->labelled ? 0.12 : 0) + 0.08 * subject;
    case QUESTION_WHY:
        return holds(sentence, reasons) ? 0.12 : 0;
    case QUESTION_PLAIN:
        break;
    }
    return 0.05 * subject + (sentence->opens ? 0.08 : 0);
}

/* Long sentences bury what was asked for; remarks come after what they remark upon. */
static double burden(const struct sentence *sentence)
{
    static const char *const remarks[] = {"Note", "For example", "In addition", "See ", NULL};
    const char *text = sentence->passage->text + sentence->start;
    double sum = 0;
    if (sentence->leans)
        sum = sentence->before == sentence->start || sentence->end - sentence->before > LONG_PAIR
                  ? 0.08
                  : 0.02;
    if (sentence->words > 20)
        sum += 0.003 * (double)(sentence->words < 60 ? sentence->words - 20 : 40);
    for (size_t i = 0; remarks[i]; i++)
        if (strncmp(text, remarks[i], strlen(remarks[i])) == 0)
            return sum + 0.05;
    return sum;
}

static bool asks_for_one_thing(const struct question *question)
{
    size_t things = 0;
    for (size_t i = 0; i < question->unit_count; i++)
        things += question->units[i].share >= 1;
    return things <= 1;
}

static void score(struct sentence *sentence, const struct question *question)
{
    double own = weighted(question, sentence->own);
    sentence->coverage = weighted(question, sentence->near);
    sentence->score = 0;
    /* The first sentence under a title that is what was asked about need not repeat it. */
    if (question->kind == QUESTION_DEFINITION && sentence->first && asks_for_one_thing(question) &&
        own < under_title * sentence->subject)
        own = under_title * sentence->subject;
    double needed = sentence->passage->score < doubtful ? enough_if_doubtful : enough_near;
    if (!sentence->readable || own < enough_own || sentence->coverage < needed)
        return;
    sentence->score = 0.45 * sentence->coverage + 0.25 * own + 0.20 * sentence->passage->score +
                      0.09 * sentence->density + 0.06 * sentence->phrase + 0.08 * sentence->topic +
                      0.04 * sentence->focus + form(sentence, question) - burden(sentence);
}

static int by_score(const void *a, const void *b)
{
    const struct sentence *one = a, *other = b;
    if (one->score != other->score)
        return one->score < other->score ? 1 : -1;
    if (one->passage_number != other->passage_number)
        return one->passage_number < other->passage_number ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

/* The share of the shorter sentence's words that the other has too. */
static double likeness(const struct sentence *a, const struct sentence *b)
{
    const struct sentence *shorter = a->words < b->words ? a : b, *other = shorter == a ? b : a;
    const char *text = shorter->passage->text;
    size_t words = 0, shared = 0;
    for (size_t at = shorter->start; at < shorter->end;) {
        while (at < shorter->end && !isalnum((unsigned char)text[at]))
            at++;
        size_t from = at;
        while (at < shorter->end && isalnum((unsigned char)text[at]))
            at++;
        if (at - from < 4)
            continue;
        words++;
        shared += memmem(other->passage->text + other->start, other->end - other->start,
                         text + from, at - from) != NULL;
    }
    return (double)shared / (double)(words > FEW_WORDS ? words : FEW_WORDS);
}

static bool says_more(const struct sentence *candidate, const struct sentence *const *chosen,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (candidate->print == chosen[i]->print || likeness(candidate, chosen[i]) > too_alike)
            return false;
    return true;
}

/* Sentences of one passage in the order of the text; otherwise the better passage first. */
static void arrange(const struct sentence **chosen, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && chosen[j]->passage == chosen[j - 1]->passage &&
                           chosen[j]->order < chosen[j - 1]->order;
             j--) {
            const struct sentence *swap = chosen[j];
            chosen[j] = chosen[j - 1];
            chosen[j - 1] = swap;
        }
}

size_t sentences_choose(struct sentences *sentences, struct question *question,
                        const struct sentence *chosen[QUOTES])
{
    size_t count = 0;
    weigh_units(sentences, question);
    for (size_t i = 0; i < sentences->count; i++)
        score(&sentences->items[i], question);
    qsort(sentences->items, sentences->count, sizeof *sentences->items, by_score);
    for (size_t i = 0; i < sentences->count && count < QUOTES; i++) {
        const struct sentence *candidate = &sentences->items[i];
        if (candidate->score <= 0 || candidate->score < good_share * sentences->items[0].score)
            break;
        if (says_more(candidate, chosen, count))
            chosen[count++] = candidate;
    }
    arrange(chosen, count);
    return count;
}
