/*
 * Passages: what in them can be quoted, and how much of the question each sentence and its
 * surroundings have.
 *
 * A passage has a line for each block. A short line without an end mark is a title: a heading, the
 * name of an option, the question of a list of answers. It counts for the text below it.
 */
#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/text.h"
#include "builtin/extractive_internal.h"

enum {
    PASSAGES = 64,
    PASSAGE_BYTES = 64 << 10,
    TITLE_BYTES = 100,
    TITLE_WORDS = 12,
    LEADER_DOTS = 5
};

/* How much a unit counts for a sentence when it is … */
static const double in_title = 0.85;   /* … in the title above it */
static const double in_heading = 0.6;  /* … in the headings of the passage */
static const double beside = 0.55;     /* … in the sentence before or after it */
static const double in_filename = 0.5; /* … in the name of the file */

static bool blank(char c)
{
    return (unsigned char)c <= ' ';
}

static bool has_end_mark(const char *text, size_t length)
{
    while (length && strchr(")]\"'", text[length - 1]))
        length--;
    if (length >= 3 && memcmp(text + length - 3, "”", 3) == 0)
        length -= 3;
    if (length >= 3 &&
        (memcmp(text + length - 3, "。", 3) == 0 || memcmp(text + length - 3, "：", 3) == 0))
        return true;
    return length && strchr(".!;:", text[length - 1]);
}

static size_t count_words(const char *text, size_t length)
{
    size_t words = 0;
    for (size_t i = 0; i < length; i++)
        words += !blank(text[i]) && (i == 0 || blank(text[i - 1]));
    return words;
}

static bool is_title(const char *text, size_t length)
{
    return length <= TITLE_BYTES && !has_end_mark(text, length) &&
           count_words(text, length) <= TITLE_WORDS;
}

/* A member of a record or a line of a form. */
static bool is_row(const char *text, size_t length)
{
    if (has_end_mark(text, length))
        return false;
    for (size_t i = 0; i + 1 < length; i++)
        if ((text[i] == ':' || text[i] == ';') && text[i + 1] == ' ')
            return true;
    return false;
}

/* "3.1.9 Was passiert bei einer neuen Version? 12": an entry of a table of contents without
 * leaders. */
static bool is_entry(const char *text, size_t length)
{
    size_t at = 0, points = 0, digits = 0;
    while (at < length && (isdigit((unsigned char)text[at]) || text[at] == '.'))
        points += text[at++] == '.';
    while (digits < length && isdigit((unsigned char)text[length - 1 - digits]))
        digits++;
    return at > 0 && points > 0 && at < length && text[at] == ' ' && digits > 0 && digits < 5 &&
           length > at + digits + 2 && text[length - 1 - digits] == ' ';
}

/* "3.2 Installing . . . . . . 17", or no letters to speak of. */
static bool is_clutter(const char *text, size_t length)
{
    size_t dots = 0, letters = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        dots = c == '.' ? dots + 1 : c == ' ' ? dots : 0;
        if (dots >= LEADER_DOTS)
            return true;
        letters += isalnum(c) || c >= 0x80;
    }
    return letters * 3 < length || is_entry(text, length);
}

struct gathering {
    struct sentences *out;
    struct question *question;
    struct language *language;
    struct arena *arena;
    struct treadle_error *error;
    const struct model_passage *passage;
    size_t passage_number;
    size_t title; /* number of the sentence that is the last title */
    double heading[QUESTION_UNITS];
};

static struct sentence *new_sentence(struct gathering *gathering)
{
    struct sentences *out = gathering->out;
    struct sentence *items =
        array_grow_in(gathering->arena, out->items, out->count, &out->room, sizeof *items);
    if (!items)
        return NULL;
    out->items = items;
    return &out->items[out->count++];
}

static void raise_to(double *to, const double *from, double share, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (from[i] * share > to[i])
            to[i] = from[i] * share;
}

static int add_sentence(struct gathering *gathering, size_t start, size_t end, bool title)
{
    const char *text = gathering->passage->text;
    struct sentence *sentence = new_sentence(gathering);
    if (!sentence)
        return error_set_memory(gathering->error);
    *sentence = (struct sentence){
        .passage = gathering->passage,
        .passage_number = gathering->passage_number,
        .start = start,
        .end = end,
        .title = gathering->title,
        .is_title = title,
        .open = !title && (!has_end_mark(text + start, end - start) || text[end - 1] == ':'),
        .clutter = is_clutter(text + start, end - start)};
    if (title)
        gathering->title = gathering->out->count - 1;
    return question_find_units(gathering->question, gathering->language, text + start, end - start,
                               gathering->arena, sentence->own, &sentence->pairs, gathering->error);
}

static int add_line(struct gathering *gathering, size_t start, size_t end)
{
    const char *text = gathering->passage->text;
    struct language_span *spans;
    size_t count = 0;
    if (is_title(text + start, end - start) && !is_row(text + start, end - start))
        return add_sentence(gathering, start, end, true);
    int rc = language_sentences(gathering->language, text + start, end - start, gathering->arena,
                                &spans, &count, gathering->error);
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_sentence(gathering, start + spans[i].start, start + spans[i].end, false);
    return rc;
}

/* The text around each sentence counts for it, too. */
static void look_around(struct gathering *gathering, size_t first)
{
    struct sentences *out = gathering->out;
    size_t units = gathering->question->unit_count;
    for (size_t i = first; i < out->count; i++) {
        struct sentence *sentence = &out->items[i];
        raise_to(sentence->near, sentence->own, 1, units);
        raise_to(sentence->near, gathering->heading, 1, units);
        if (sentence->title != SIZE_MAX)
            raise_to(sentence->near, out->items[sentence->title].own, in_title, units);
        if (i > first)
            raise_to(sentence->near, out->items[i - 1].own, beside, units);
        if (i + 1 < out->count)
            raise_to(sentence->near, out->items[i + 1].own, beside, units);
    }
}

static int find_in_heading(struct gathering *gathering)
{
    double found[QUESTION_UNITS];
    size_t pairs, units = gathering->question->unit_count;
    const struct model_passage *passage = gathering->passage;
    const char *texts[] = {passage->heading, passage->filename};
    const double shares[] = {in_heading, in_filename};
    for (size_t i = 0; i < 2; i++) {
        if (!texts[i])
            continue;
        int rc = question_find_units(gathering->question, gathering->language, texts[i],
                                     strlen(texts[i]), gathering->arena, found, &pairs,
                                     gathering->error);
        if (rc)
            return rc;
        raise_to(gathering->heading, found, shares[i], units);
    }
    return 0;
}

/* The nearness of the window that holds a sentence best, or is held by it. */
static double nearness_of(const struct sentence *sentence)
{
    const struct model_passage *passage = sentence->passage;
    double nearest = -1;
    for (size_t i = 0; i < passage->near_count; i++) {
        const struct model_near *near = &passage->near[i];
        size_t start = near->start > sentence->start ? near->start : sentence->start;
        size_t end = near->start + near->length;
        end = end < sentence->end ? end : sentence->end;
        size_t shared = end > start ? end - start : 0, length = sentence->end - sentence->start;
        if (shared * 2 >= (length < near->length ? length : near->length) &&
            near->nearness > nearest)
            nearest = near->nearness;
    }
    return nearest;
}

/* Cosines show what is nearer, not what is near: so they are spread over what was found. */
static void spread_nearness(struct sentences *sentences)
{
    double least = 1, most = -1;
    for (size_t i = 0; i < sentences->count; i++) {
        double nearness = nearness_of(&sentences->items[i]);
        sentences->items[i].nearness = nearness;
        if (nearness >= 0 && nearness < least)
            least = nearness;
        if (nearness > most)
            most = nearness;
    }
    for (size_t i = 0; i < sentences->count; i++) {
        double nearness = sentences->items[i].nearness;
        sentences->items[i].nearness =
            nearness >= least && most > least ? (nearness - least) / (most - least) : 0;
    }
}

static int gather_passage(struct gathering *gathering)
{
    const char *text = gathering->passage->text;
    size_t length = strnlen(text, PASSAGE_BYTES), first = gathering->out->count;
    int rc = find_in_heading(gathering);
    for (size_t start = 0, next; !rc && start < length; start = next) {
        const char *newline = memchr(text + start, '\n', length - start);
        size_t end = newline ? (size_t)(newline - text) : length;
        next = end + 1;
        while (start < end && blank(text[start]))
            start++;
        while (end > start && blank(text[end - 1]))
            end--;
        if (start < end)
            rc = add_line(gathering, start, end);
    }
    look_around(gathering, first);
    return rc;
}

int sentences_gather(struct sentences *sentences, struct question *question,
                     const struct model_passage *passages, size_t count, struct arena *arena,
                     struct treadle_error *error)
{
    for (size_t i = 0; i < count && i < PASSAGES; i++) {
        struct gathering gathering = {
            .out = sentences,
            .question = question,
            .language = question_language(question, passages[i].text, strlen(passages[i].text)),
            .arena = arena,
            .error = error,
            .passage = &passages[i],
            .passage_number = i,
            .title = SIZE_MAX};
        sentences->passage_first[i] = sentences->count;
        sentences->passage_count = i + 1;
        int rc = gather_passage(&gathering);
        if (rc)
            return rc;
    }
    spread_nearness(sentences);
    return 0;
}
