/*
 * Sentences: what in the passages can be quoted, and what each sentence and its surroundings say
 * of the question.
 *
 * A passage has a line for each block. A short line without an end mark is a heading, a signature
 * of a function or the name of an argument; it tells what the text below is about, and when the
 * text goes on in small letters it belongs to its first sentence.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "model/extractive.h"

enum {
    PASSAGES = 64,
    PASSAGE_BYTES = 64 << 10,
    TITLE_WORDS = 12,
    LABEL_BYTES = 48,
    EXAMPLE_BYTES = 100,
    SENTENCE_WORDS = 110,
    QUESTION_SCAN = 12 /* sentences that a title speaks for */
};

/* How much a unit counts for a sentence when it stands … */
static const double first_of_title = 0.9; /* … right above, and is the first sentence under it */
static const double in_title = 0.75;      /* … in a line right above its block */
static const double in_heading = 0.65;    /* … in the headings of the passage */
static const double before = 0.45;        /* … in the sentence before */
static const double around = 0.2;         /* … anywhere in the passage */

static const double part_apart = 0.25, parts_together = 0.9;

static bool blank(char c)
{
    return (unsigned char)c <= ' ';
}

static bool has_end_mark(const char *text, size_t length)
{
    while (length && strchr(")]\"'", text[length - 1]))
        length--;
    if (length >= 3 && memcmp(text + length - 3, "\xE2\x80\x9D", 3) == 0)
        length -= 3;
    if (length >= 3 && memcmp(text + length - 3, "\xE3\x80\x82", 3) == 0)
        return true;
    return length && strchr(".!?:;", text[length - 1]);
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
    return !has_end_mark(text, length) && count_words(text, length) <= TITLE_WORDS;
}

static bool starts_small(const char *text, size_t length)
{
    return length && islower((unsigned char)text[0]);
}

/* The share of characters that are letters or the marks of ordinary prose. */
static bool reads_as_prose(const char *text, size_t length)
{
    size_t letters = 0, signs = 0, dots = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        letters += isalpha(c) || c >= 0x80;
        signs += c < 0x80 && ispunct(c) && !strchr(",.'\"()-_:;?!", c);
        dots = c == '.' ? dots + 1 : c == ' ' ? dots : 0;
        if (dots > 4)
            return false;
    }
    return letters * 10 >= length * 6 && signs * 12 <= length;
}

static bool is_readable(const char *text, size_t length, bool labelled, bool example)
{
    size_t words = count_words(text, length);
    bool dense = (unsigned char)text[0] >= 0xE3; /* scripts without spaces */
    if ((words < 4 && !(dense && length > 24)) || words > SENTENCE_WORDS)
        return false;
    size_t prose = length;
    if (example)
        while (prose > 0 && text[prose - 1] != '\n')
            prose--;
    else if (!has_end_mark(text, length))
        return false;
    if (memmem(text, prose, "<-", 2) || memmem(text, prose, "##", 2))
        return false;
    if (text[length - 1] == ':' || text[length - 1] == ';' || text[length - 1] == '?')
        return false;
    if (!labelled && strchr(",.;:)]}#*=<>|&%+/\\", text[0]))
        return false;
    return reads_as_prose(text, length);
}

/* Where the prose starts behind the signatures of functions that run into it ("val = false (x)
 * val = false (n, m) Return a matrix …"): behind a bracket, at a capital, and nothing before it
 * may read like a sentence. */
static size_t skip_signature(const char *text, size_t length)
{
    static const char *const prose[] = {" the ", " of ",  " is ", " to ", " a ",   " an ", " and ",
                                        " or ",  " for ", " if ", " in ", " are ", NULL};
    size_t found = 0, limit = length;
    for (size_t i = 0; prose[i]; i++) {
        const char *at = memmem(text, limit, prose[i], strlen(prose[i]));
        if (at)
            limit = (size_t)(at - text) + 1;
    }
    for (size_t i = 3; i + 1 < limit; i++)
        if (text[i - 1] == ' ' && strchr(")]", text[i - 2]) && isupper((unsigned char)text[i]) &&
            islower((unsigned char)text[i + 1]) && memchr(text, '(', i))
            found = i;
    return found;
}

static bool leans(const char *text, size_t length)
{
    static const char *const pronouns[] = {
        "It ",          "They ",        "These ",     "Those ",
        "That ",        "He ",          "She ",       "Its ",
        "Their ",       "Such ",        "Then ",      "This is ",
        "This can ",    "Otherwise",    "However",    "Thus",
        "Hence",        "But ",         "And ",       "Also ",
        "In this case", "In that case", "This will ", "This may ",
        "Therefore",    "Similarly",    NULL};
    for (size_t i = 0; pronouns[i]; i++) {
        size_t size = strlen(pronouns[i]);
        if (length >= size && memcmp(text, pronouns[i], size) == 0)
            return true;
    }
    return false;
}

/* What a stretch of text holds of the question. */
struct findings {
    double units[QUESTION_UNITS];
    double density, phrase;
    bool opens;
    bool leads; /* its first telling word is of the question */
    bool starts_with_stopword;
};

struct gathering {
    struct sentences *out;
    const struct question *question;
    struct language *language;
    struct arena *arena;
    struct treadle_error *error;
    const struct model_passage *passage;
    size_t passage_number, order;
    struct findings heading;
    double title[QUESTION_UNITS], previous[QUESTION_UNITS];
    double everywhere[QUESTION_UNITS];
    size_t title_age; /* sentences since the last title */
    bool after_title; /* the last line was one */
};

static void raise_to(double *to, const double *from, double share, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (from[i] * share > to[i])
            to[i] = from[i] * share;
}

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
 * count little need not be there; an article and one more word may be. */
static bool opens(const struct question *question, const struct language_word *words, size_t count,
                  const char *text)
{
    bool seen[QUESTION_UNITS] = {false};
    size_t missing = 0, others = 0;
    for (size_t i = 0; i < question->unit_count; i++)
        missing += question->units[i].share >= 1;
    for (size_t i = 0; i < count && others < 3; i++) {
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
                        const struct language_word *word, const char *text)
{
    size_t unit = SIZE_MAX;
    for (size_t j = 0; j < question->unit_count; j++) {
        double share = question_match(&question->units[j], word, text);
        if (share > found->units[j])
            found->units[j] = share;
        if (share > 0)
            unit = j;
    }
    return unit;
}

static int find_units(struct gathering *gathering, const char *text, size_t length,
                      struct findings *found)
{
    const struct question *question = gathering->question;
    struct language_word *words;
    size_t count, telling = 0, matching = 0, pairs = 0, last = SIZE_MAX;
    struct parts parts = {.next = {0}};
    *found = (struct findings){.density = 0};
    int code = language_words(gathering->language, text, length, gathering->arena, &words, &count,
                              gathering->error);
    if (code)
        return code;
    for (size_t i = 0; i < count; i++) {
        size_t unit = find_unit(found, question, &words[i], text);
        if (!words[i].part)
            find_parts(&parts, question, &words[i]);
        if (words[i].part || (words[i].stopword && unit == SIZE_MAX))
            continue;
        found->leads |= telling++ == 0 && unit != SIZE_MAX;
        matching += unit != SIZE_MAX;
        pairs += unit != SIZE_MAX && last != SIZE_MAX && unit == last + 1;
        last = unit;
    }
    raise_to(found->units, parts.share, 1, question->unit_count);
    found->density = telling ? (double)matching / (double)telling : 0;
    if (question->unit_count > 1)
        found->phrase = (double)(pairs < question->unit_count ? pairs : question->unit_count - 1) /
                        (double)(question->unit_count - 1);
    found->opens = count && opens(question, words, count, text);
    found->starts_with_stopword = count && words[0].stopword;
    return 0;
}

static uint64_t print_of(const char *text, size_t length)
{
    uint64_t print = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        if (!blank(text[i]))
            print = (print ^ (unsigned char)text[i]) * 1099511628211u;
    return print;
}

static struct sentence *new_sentence(struct gathering *gathering)
{
    struct sentences *out = gathering->out;
    if (out->count == out->room) {
        size_t room = out->room ? out->room * 2 : 128;
        struct sentence *items = arena_array(gathering->arena, room, sizeof *items);
        if (!items)
            return NULL;
        if (out->count)
            memcpy(items, out->items, out->count * sizeof *items);
        out->items = items;
        out->room = room;
    }
    return &out->items[out->count++];
}

/* Weighs nothing yet: units that the title has, by number of units. */
static double share_found(const double *found, const struct question *question)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < question->unit_count; i++) {
        sum += found[i] * question->units[i].share;
        all += question->units[i].share;
    }
    return all > 0 ? sum / all : 0;
}

static int add_sentence(struct gathering *gathering, size_t start, size_t end, bool first,
                        bool labelled, bool example)
{
    struct findings found;
    double above[QUESTION_UNITS] = {0};
    const char *text = gathering->passage->text;
    size_t units = gathering->question->unit_count;
    struct sentence *sentence = new_sentence(gathering);
    if (!sentence)
        return error_set_memory(gathering->error);
    *sentence = (struct sentence){.passage = gathering->passage,
                                  .passage_number = gathering->passage_number,
                                  .start = start,
                                  .end = end,
                                  .order = gathering->order++,
                                  .first = first,
                                  .labelled = labelled,
                                  .leans = leans(text + start, end - start),
                                  .words = count_words(text + start, end - start),
                                  .print = print_of(text + start, end - start)};
    int code = find_units(gathering, text + start, end - start, &found);
    bool small = starts_small(text + start, end - start);
    sentence->readable = is_readable(text + start, end - start, labelled, example) &&
                         (!small || (labelled && !found.starts_with_stopword));
    sentence->example = example;
    sentence->density = found.density;
    sentence->phrase = found.phrase;
    sentence->opens = found.opens;
    sentence->leads = found.leads;
    memcpy(sentence->own, found.units, sizeof sentence->own);
    memcpy(sentence->near, found.units, sizeof sentence->near);
    raise_to(above, gathering->heading.units, 1, units);
    raise_to(sentence->near, gathering->heading.units, in_heading, units);
    if (gathering->title_age < QUESTION_SCAN) {
        raise_to(above, gathering->title, 1, units);
        raise_to(sentence->near, gathering->title,
                 gathering->title_age == 0 ? first_of_title : in_title, units);
        if (gathering->title_age < 2)
            sentence->subject = share_found(gathering->title, gathering->question) /
                                (double)(gathering->title_age + 1);
    }
    sentence->topic = share_found(above, gathering->question);
    raise_to(sentence->near, gathering->previous, before, units);
    memcpy(gathering->previous, sentence->own, sizeof gathering->previous);
    raise_to(gathering->everywhere, sentence->own, 1, units);
    gathering->title_age++;
    return code;
}

/* A title adds to those right before it and replaces older ones. */
static int add_title(struct gathering *gathering, size_t start, size_t end)
{
    struct findings found;
    int code = find_units(gathering, gathering->passage->text + start, end - start, &found);
    /* A name in a list of arguments is still under the title of the list. */
    double older = gathering->after_title || gathering->title_age < 2 ? 1 : 0.7;
    raise_to(found.units, gathering->title, older, QUESTION_UNITS);
    memcpy(gathering->title, found.units, sizeof gathering->title);
    gathering->title_age = 0;
    gathering->after_title = true;
    return code;
}

/* Where the paragraph that starts with the line [start, end) ends: one that was parted at the end
 * of a page has no end mark there and goes on in small letters. */
static size_t paragraph_end(const char *text, size_t start, size_t end, size_t length)
{
    while (end + 1 < length && !has_end_mark(text + start, end - start) &&
           starts_small(text + end + 1, length - end - 1)) {
        const char *newline = memchr(text + end + 1, '\n', length - end - 1);
        size_t next_end = newline ? (size_t)(newline - text) : length;
        if (is_title(text + end + 1, next_end - end - 1))
            break;
        start = end + 1;
        end = next_end;
    }
    return end;
}

/* A command or an expression rather than the rest of a sentence. */
static bool looks_like_code(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr("()=<>/_$#{}[]\"", text[i]) || (text[i] == '-' && i && text[i - 1] == ' '))
            return true;
    return memchr(text, '.', length) != NULL;
}

/* Where the line of code ends that a paragraph leads up to ("… with the command"), or 0. */
static size_t example_end(const char *text, size_t start, size_t end, size_t length)
{
    if (end + 1 >= length || (has_end_mark(text + start, end - start) && text[end - 1] != ':'))
        return 0;
    const char *newline = memchr(text + end + 1, '\n', length - end - 1);
    size_t line = end + 1, line_end = newline ? (size_t)(newline - text) : length;
    if (line_end - line > EXAMPLE_BYTES || line_end == line ||
        !is_title(text + line, line_end - line) || isupper((unsigned char)text[line]) ||
        isdigit((unsigned char)text[line]) || !looks_like_code(text + line, line_end - line))
        return 0;
    return line_end;
}

/* The sentences of a paragraph. `label` is where a name before it starts, or `start`; `code` is
 * where a line of code begins that belongs to its last sentence, or `end`. */
static int add_paragraph(struct gathering *gathering, size_t start, size_t code_line, size_t end,
                         size_t label)
{
    const char *text = gathering->passage->text;
    struct language_span *spans;
    size_t count = 0;
    bool has_label = label < start;
    size_t skipped = has_label ? 0 : skip_signature(text + start, code_line - start);
    int code = skipped ? add_title(gathering, start, start + skipped - 1) : 0;
    start += skipped;
    gathering->after_title = false;
    if (!code)
        code = language_sentences(gathering->language, text + start, code_line - start,
                                  gathering->arena, &spans, &count, gathering->error);
    for (size_t i = 0; !code && i < count; i++) {
        size_t from = start + spans[i].start, until = start + spans[i].end;
        bool small = i == 0 && !skipped && starts_small(text + from, until - from);
        bool example = i + 1 == count && code_line < end;
        code = add_sentence(gathering, i == 0 && has_label ? label : from, example ? end : until,
                            i == 0, i == 0 && (has_label || small), example);
    }
    return code;
}

/* The name of an argument or an option on a line of its own. */
static bool is_label(const char *text, size_t length)
{
    return length <= LABEL_BYTES && count_words(text, length) <= 2 &&
           (islower((unsigned char)text[0]) || strchr("-/.", text[0]));
}

static int gather_passage(struct gathering *gathering)
{
    const char *text = gathering->passage->text;
    size_t length = strnlen(text, PASSAGE_BYTES), first = gathering->out->count;
    size_t label = SIZE_MAX;
    int code = 0;
    for (size_t start = 0, next; !code && start < length; start = next) {
        const char *newline = memchr(text + start, '\n', length - start);
        size_t end = newline ? (size_t)(newline - text) : length;
        next = end + 1;
        while (start < end && blank(text[start]))
            start++;
        if (start == end)
            continue;
        if (is_title(text + start, end - start) && !skip_signature(text + start, end - start)) {
            code = add_title(gathering, start, end);
            label = is_label(text + start, end - start) ? start : SIZE_MAX;
            continue;
        }
        bool joined = label != SIZE_MAX && starts_small(text + start, end - start);
        end = paragraph_end(text, start, end, length);
        size_t example = example_end(text, start, end, length);
        next = (example ? example : end) + 1;
        code =
            add_paragraph(gathering, start, end, example ? example : end, joined ? label : start);
        label = SIZE_MAX;
    }
    for (size_t i = first; !code && i < gathering->out->count; i++)
        raise_to(gathering->out->items[i].near, gathering->everywhere, around,
                 gathering->question->unit_count);
    return code;
}

int sentences_gather(struct sentences *sentences, const struct question *question,
                     struct language *language, const struct model_passage *passages, size_t count,
                     struct arena *arena, struct treadle_error *error)
{
    for (size_t i = 0; i < count && i < PASSAGES; i++) {
        struct gathering gathering = {.out = sentences,
                                      .question = question,
                                      .language = language,
                                      .arena = arena,
                                      .error = error,
                                      .passage = &passages[i],
                                      .passage_number = i,
                                      .title_age = QUESTION_SCAN};
        const char *heading = passages[i].heading;
        int code =
            heading ? find_units(&gathering, heading, strlen(heading), &gathering.heading) : 0;
        if (!code)
            code = gather_passage(&gathering);
        if (code)
            return code;
    }
    return 0;
}
