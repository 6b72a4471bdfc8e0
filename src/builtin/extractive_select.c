/*
 * Selection: which sentences answer the question, or come nearest.
 *
 * The score of a sentence is how much of the question it and its surroundings have, by rarity, how
 * near it is in meaning, and how well it has the form of answers to such a question. It answers for
 * certain only when it and what is quoted with it have nearly all of the question, and when it has
 * what the kind of question asks for: no measure of likeness distinguishes a true answer from a
 * near one.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "builtin/extractive_internal.h"

/* The share of the question that a certain answer must have with its surroundings, and by
 * itself. */
static const double certain_near = 0.8, certain_own = 0.55;
/* A certain answer may lack this part of one important word of the question. */
static const double missing = 0.45;
/* Passages that have less of the question than this, and are no nearer in meaning, do not belong to
 * it. */
static const double unrelated = 0.2, related = 0.25;
/* A second certain answer is quoted from this share of the first one's score on. */
static const double good_share = 0.97;

/* And uncertain answers are shown from this share on. */
static const double worth_showing = 0.4;

/* What the nearest in meaning gets beside what its words hold. */
static const double near_part = 1.0;
/* Another sentence of a section that is quoted already counts this much. */
static const double beside_share = 0.9;

enum { FEWEST = 100, RANKED = 128, SHORT_BYTES = 24 };

/* A unit is rarer if fewer sentences have it; one that none has is the rarest. */
static void weigh_units(const struct sentences *sentences, struct question *question)
{
    double all = sentences->count > FEWEST ? (double)sentences->count : FEWEST;
    for (size_t i = 0; i < question->unit_count; i++) {
        double with = 0;
        for (size_t j = 0; j < sentences->count; j++)
            with += sentences->items[j].own[i] >= 0.5;
        question->units[i].weight =
            question->units[i].share * log(1 + (all - with + 0.5) / (with + 0.5));
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

/* ---- The form of answers -------------------------------------------------------------------- */

static bool holds_any(const char *text, size_t length, const char *list)
{
    while (*list) {
        size_t size = strcspn(list, "|");
        for (size_t at = 0; at + size <= length; at++)
            if (strncasecmp(text + at, list, size) == 0)
                return true;
        list += size + (list[size] == '|');
    }
    return false;
}

static bool has_digit(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (isdigit((unsigned char)text[i]))
            return true;
    return false;
}

/* A word that begins with a capital within the sentence, as names do. */
static bool has_name(const char *text, size_t length)
{
    for (size_t i = 1; i + 1 < length; i++)
        if (text[i - 1] == ' ' && isupper((unsigned char)text[i]) &&
            (islower((unsigned char)text[i + 1]) || text[i + 1] == '.'))
            return true;
    return length && (unsigned char)text[0] >= 0xE3;
}

/* Whether the text has what such a question asks for; true where no form is needed. */
static bool has_form(enum question_kind kind, const char *text, size_t length)
{
    switch (kind) {
    case QUESTION_NUMBER:
    case QUESTION_WHEN:
        return has_digit(text, length);
    case QUESTION_WHO:
        return has_name(text, length);
    default:
        return true;
    }
}

static const char *const form_words[] = {
    [QUESTION_HOW] =
        "use |using|you can|type |call |with the command|verwende|benutz|mit dem befehl|"
        "geben sie|utilis|exécut|avec la commande|utiliz|us[ae] |ejecut|で|使用|用",
    [QUESTION_DEFAULT] = "default|standard|voreinst|défaut|defecto|predetermin|デフォルト|默认",
    [QUESTION_WHY] = "because|since|so that|reason|in order to|weil|denn|da |damit|parce que|car |"
                     "afin|porque|ya que|para que|ため|ので|因为|由于|以",
    [QUESTION_WHERE] = "/|in |at |under|im |unter|dans|sous|en |に|在",
    [QUESTION_YESNO] =
        "not |no |yes|must|may |can |nicht|kein|ja|darf|muss|pas |non|oui|doit|no |sí|"
        "debe|puede",
    [QUESTION_DEFINITION] =
        " is | are |means| ist | bedeutet|est |désigne| es |significa|とは|です|是",
};

static double form_bonus(enum question_kind kind, const char *text, size_t length)
{
    if (kind == QUESTION_NUMBER || kind == QUESTION_WHEN || kind == QUESTION_WHO)
        return has_form(kind, text, length) ? 0.10 : 0;
    size_t rows = sizeof form_words / sizeof *form_words;
    const char *words = (size_t)kind < rows ? form_words[kind] : NULL;
    return words && holds_any(text, length, words) ? 0.05 : 0;
}

/* ---- Scores --------------------------------------------------------------------------------- */

static void score(struct sentence *sentence, const struct question *question)
{
    const char *text = sentence->passage->text + sentence->start;
    size_t length = sentence->end - sentence->start;
    double own = weighted(question, sentence->own);
    sentence->coverage = weighted(question, sentence->near);
    sentence->score = 0.55 * sentence->coverage + 0.35 * own +
                      0.12 / (1 + 0.25 * (double)sentence->passage_number) +
                      form_bonus(question->kind, text, length) + near_part * sentence->nearness;
    if (question->unit_count > 1)
        sentence->score += 0.08 * (double)sentence->pairs / (double)(question->unit_count - 1);
    if (sentence->clutter)
        sentence->score *= 0.3;
    else if (length < SHORT_BYTES)
        sentence->score *= 0.9;
}

/* The greatest share of the question that one passage holds. */
static double most_held(const struct sentences *sentences, const struct question *question)
{
    double most = 0;
    for (size_t i = 0; i < sentences->passage_count; i++) {
        double held[QUESTION_UNITS] = {0};
        size_t end =
            i + 1 < sentences->passage_count ? sentences->passage_first[i + 1] : sentences->count;
        for (size_t j = sentences->passage_first[i]; j < end; j++)
            for (size_t k = 0; k < question->unit_count; k++)
                if (sentences->items[j].near[k] > held[k])
                    held[k] = sentences->items[j].near[k];
        double share = weighted(question, held);
        most = share > most ? share : most;
    }
    return most;
}

static double most_near(const struct sentences *sentences)
{
    double most = 0;
    for (size_t i = 0; i < sentences->count; i++) {
        const struct model_passage *passage = sentences->items[i].passage;
        for (size_t j = 0; j < passage->near_count; j++)
            if (passage->near[j].nearness > most)
                most = passage->near[j].nearness;
    }
    return most;
}

static bool is_certain(const struct sentences *sentences, const struct sentence *sentence,
                       const struct question *question)
{
    struct language_span span = answer_span(sentences, sentence, true);
    const char *text = sentence->passage->text;
    double own[QUESTION_UNITS];
    memcpy(own, sentence->own, sizeof own);
    if (sentence->title != SIZE_MAX && sentences->items[sentence->title].start >= span.start)
        for (size_t i = 0; i < question->unit_count; i++)
            if (sentences->items[sentence->title].own[i] > own[i])
                own[i] = sentences->items[sentence->title].own[i];
    for (size_t i = 0; i < question->unit_count; i++)
        if (question->units[i].share >= 1 && sentence->near[i] < missing)
            return false;
    return !sentence->clutter && sentence->coverage >= certain_near &&
           weighted(question, own) >= certain_own &&
           has_form(question->kind, text + span.start, span.end - span.start);
}

/* ---- Choosing ------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
    const struct sentence *one = *(const struct sentence *const *)a;
    const struct sentence *other = *(const struct sentence *const *)b;
    if (one->score != other->score)
        return one->score < other->score ? 1 : -1;
    return one < other ? -1 : one > other;
}

/* Whether the quote says more than a title. */
static bool says_something(const struct sentences *sentences, const struct sentence *candidate)
{
    struct language_span span = answer_span(sentences, candidate, false);
    return span.end - span.start >= SHORT_BYTES;
}

/* Whether the quote of one would include the other, in the same chunk or in one that overlaps
 * it. */
static bool overlaps(const struct sentences *sentences, bool certain, const struct sentence *chosen,
                     const struct sentence *candidate)
{
    struct language_span span = answer_span(sentences, chosen, certain);
    const char *quote = chosen->passage->text + span.start;
    return text_equal(chosen->passage->filename, candidate->passage->filename) &&
           memmem(quote, span.end - span.start, candidate->passage->text + candidate->start,
                  candidate->end - candidate->start);
}

static bool is_new(const struct sentences *sentences, const struct selection *selection,
                   const struct sentence *candidate)
{
    for (size_t i = 0; i < selection->count; i++)
        if (overlaps(sentences, selection->certain, selection->chosen[i], candidate) ||
            overlaps(sentences, selection->certain, candidate, selection->chosen[i]))
            return false;
    return true;
}

/* Adds the candidate to what is quoted, unless it says what is there already. */
static void add(const struct sentences *sentences, struct selection *out,
                const struct sentence *candidate)
{
    if (is_new(sentences, out, candidate) &&
        (out->count == 0 || says_something(sentences, candidate)))
        out->chosen[out->count++] = candidate;
}

static void pick_certain(const struct sentences *sentences, const struct question *question,
                         struct sentence **ranked, size_t count, struct selection *out)
{
    for (size_t i = 0; i < count && out->count < QUOTES - 1; i++) {
        if (i > 0 && (ranked[i]->score < good_share * ranked[0]->score ||
                      !is_certain(sentences, ranked[i], question)))
            break;
        add(sentences, out, ranked[i]);
    }
}

/* Whether one of the quotes stands in the same section. */
static bool is_beside(const struct selection *selection, const struct sentence *candidate)
{
    for (size_t i = 0; i < selection->count; i++) {
        const struct model_passage *chosen = selection->chosen[i]->passage;
        if (chosen == candidate->passage ||
            (chosen->heading && text_equal(chosen->heading, candidate->passage->heading) &&
             text_equal(chosen->filename, candidate->passage->filename)))
            return true;
    }
    return false;
}

/* The best that is left, where another sentence of a section that is quoted counts less: the next
 * quote is to be another chance. NULL where nothing is worth it. */
static const struct sentence *next_nearest(struct sentence **ranked, size_t count,
                                           const bool *tried, const struct selection *selection,
                                           size_t *number)
{
    const struct sentence *best = NULL;
    double most = worth_showing * ranked[0]->score;
    for (size_t i = 0; i < count; i++) {
        double score = ranked[i]->score * (is_beside(selection, ranked[i]) ? beside_share : 1);
        if (!tried[i] && score >= most && (!best || score > most)) {
            best = ranked[i];
            most = score;
            *number = i;
        }
    }
    return best;
}

static void pick_nearest(const struct sentences *sentences, struct sentence **ranked, size_t count,
                         struct selection *out)
{
    bool tried[RANKED] = {false};
    size_t number = 0;
    for (const struct sentence *next;
         out->count < QUOTES && (next = next_nearest(ranked, count, tried, out, &number));) {
        tried[number] = true;
        add(sentences, out, next);
    }
}

static void pick(const struct sentences *sentences, const struct question *question,
                 struct sentence **ranked, struct selection *out)
{
    size_t count = sentences->count < RANKED ? sentences->count : RANKED;
    out->certain = is_certain(sentences, ranked[0], question);
    if (out->certain)
        pick_certain(sentences, question, ranked, count, out);
    else
        pick_nearest(sentences, ranked, count, out);
}

void sentences_choose(const struct sentences *sentences, const struct question *asked,
                      struct selection *out)
{
    struct question question = *asked;
    *out = (struct selection){.count = 0};
    struct sentence **ranked = calloc(sentences->count + 1, sizeof *ranked);
    if (!ranked || !sentences->count)
        goto done;
    weigh_units(sentences, &question);
    if (most_held(sentences, &question) < unrelated && most_near(sentences) < related)
        goto done;
    for (size_t i = 0; i < sentences->count; i++) {
        ranked[i] = &sentences->items[i];
        score(ranked[i], &question);
    }
    qsort(ranked, sentences->count, sizeof *ranked, by_score);
    pick(sentences, &question, ranked, out);
done:
    free(ranked);
}
