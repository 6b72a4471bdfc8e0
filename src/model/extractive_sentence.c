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
    SHORT_WORDS = 8,   /* a sentence of fewer with an equals sign is code */
    QUESTION_SCAN = 12 /* sentences that a title speaks for */
};

/* How much a unit counts for a sentence when it stands … */
static const double first_of_title = 0.9; /* … right above, and is the first sentence under it */
static const double in_title = 0.75;      /* … in a line right above its block */
static const double in_heading = 0.65;    /* … in the headings of the passage */
static const double before = 0.45;        /* … in the sentence before */
static const double around = 0.2;         /* … anywhere in the passage */

/* What a title is worth that names the question's words somewhere, but is about another thing. */
static const double mentioned = 0.4;

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

/* The rest of a list, parted from the sentence that it belongs to: "TolX", "TypicalX" and … */
static bool continues_list(const char *text, size_t length)
{
    const char *close = text[0] == '"' ? memchr(text + 1, '"', length - 1) : NULL;
    return close && close + 1 < text + length && close[1] == ',';
}

/* A line of code that calls something: fsolve (@user_func, x0, …) */
static bool is_call(const char *text, size_t length)
{
    size_t name = 0;
    while (name < length && (isalnum((unsigned char)text[name]) || strchr("_.", text[name])))
        name++;
    size_t open = name < length && text[name] == ' ' ? name + 1 : name;
    return name > 0 && open < length && text[open] == '(' && text[length - 1] == ')';
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
    if (memmem(text, prose, "<-", 2) || memmem(text, prose, "##", 2) ||
        (words < SHORT_WORDS && memmem(text, prose, " = ", 3)))
        return false;
    if (text[length - 1] == ':' || text[length - 1] == ';' || text[length - 1] == '?')
        return false;
    if (!labelled && strchr(",.;:)]}#*=<>|&%+/\\", text[0]))
        return false;
    if (continues_list(text, length) || is_call(text, length))
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

/* Whether a sentence speaks of what was said right before it. */
static bool leans(const char *text, size_t length)
{
    static const char *const openings[] = {
        "It ",       "They ",      "These ",        "Those ",       "That ",      "He ",
        "She ",      "Its ",       "Their ",        "Such ",        "Then ",      "This is ",
        "This can ", "Otherwise",  "However",       "Thus",         "Hence",      "But ",
        "And ",      "Also ",      "In this case",  "In that case", "This may ",  "Therefore",
        "Similarly", "This will ", "The argument ", "The latter",   "The former", "The result ",
        NULL};
    static const char *const within[] = {"this behavio", "do this",   "does this", "just that",
                                         "do so",        "the above", NULL};
    for (size_t i = 0; openings[i]; i++) {
        size_t size = strlen(openings[i]);
        if (length >= size && memcmp(text, openings[i], size) == 0)
            return true;
    }
    for (size_t i = 0; within[i]; i++)
        if (memmem(text, length, within[i], strlen(within[i])))
            return true;
    return false;
}

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
    size_t title_age;   /* sentences since the last title */
    double title_focus; /* how much of it is of the question */
    bool title_leads;   /* it begins with what the question is about */
    bool after_title;   /* the last line was one */
    bool after_code;    /* and it is code */
};

static void raise_to(double *to, const double *from, double share, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (from[i] * share > to[i])
            to[i] = from[i] * share;
}

static int find_units(struct gathering *gathering, const char *text, size_t length,
                      struct findings *found)
{
    return findings_make(found, gathering->question, gathering->language, text, length,
                         gathering->arena, gathering->error);
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

/* A sentence as it stands in its paragraph. */
struct place {
    size_t start, end;
    size_t before; /* where the sentence before it starts, or `start` */
    bool first, labelled, example;
};

static int add_sentence(struct gathering *gathering, const struct place *place)
{
    size_t start = place->start, end = place->end;
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
                                  .before = place->before,
                                  .first = place->first,
                                  .labelled = place->labelled,
                                  .example = place->example,
                                  .leans = leans(text + start, end - start),
                                  .words = count_words(text + start, end - start),
                                  .print = print_of(text + start, end - start)};
    int code = find_units(gathering, text + start, end - start, &found);
    bool small = starts_small(text + start, end - start);
    sentence->readable = is_readable(text + start, end - start, place->labelled, place->example) &&
                         (!small || (place->labelled && !found.starts_with_stopword));
    sentence->density = found.density;
    sentence->phrase = found.phrase;
    sentence->opens = found.opens;
    sentence->leads = found.leads;
    sentence->focus = gathering->title_focus > gathering->heading.density
                          ? gathering->title_focus
                          : gathering->heading.density;
    memcpy(sentence->own, found.units, sizeof sentence->own);
    memcpy(sentence->near, found.units, sizeof sentence->near);
    raise_to(above, gathering->heading.units, 1, units);
    raise_to(sentence->near, gathering->heading.units, in_heading, units);
    if (gathering->title_age < QUESTION_SCAN) {
        raise_to(above, gathering->title, 1, units);
        raise_to(sentence->near, gathering->title,
                 gathering->title_age == 0 ? first_of_title : in_title, units);
        if (gathering->title_age < 2)
            sentence->subject = share_found(gathering->title, gathering->question) *
                                (gathering->title_leads ? 1 : mentioned) /
                                (double)(gathering->title_age + 1);
    }
    sentence->topic = share_found(above, gathering->question);
    raise_to(sentence->near, gathering->previous, before, units);
    memcpy(gathering->previous, sentence->own, sizeof gathering->previous);
    raise_to(gathering->everywhere, sentence->own, 1, units);
    gathering->title_age++;
    return code;
}

/* A command or an expression rather than the rest of a sentence. */
static bool looks_like_code(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr("()=<>/_$#{}[]\"", text[i]) || (text[i] == '-' && i && text[i - 1] == ' '))
            return true;
    return memchr(text, '.', length) != NULL;
}

/* A title adds to those right before it and replaces older ones. */
static int add_title(struct gathering *gathering, size_t start, size_t end)
{
    struct findings found;
    int code = find_units(gathering, gathering->passage->text + start, end - start, &found);
    /* A name in a list of arguments is still under the title of the list. */
    double older = gathering->after_title || gathering->title_age < 2 ? 1 : 0.7;
    raise_to(found.units, gathering->title, older, QUESTION_UNITS);
    gathering->title_focus *= older;
    if (found.density > gathering->title_focus)
        gathering->title_focus = found.density;
    gathering->title_leads = found.leads > 0 || (older >= 1 && gathering->title_leads);
    memcpy(gathering->title, found.units, sizeof gathering->title);
    gathering->title_age = 0;
    gathering->after_title = true;
    gathering->after_code = looks_like_code(gathering->passage->text + start, end - start);
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
    /* What goes on behind a line of code is no list of names. */
    bool behind_code = gathering->after_code;
    size_t skipped = has_label ? 0 : skip_signature(text + start, code_line - start);
    int code = skipped ? add_title(gathering, start, start + skipped - 1) : 0;
    start += skipped;
    gathering->after_title = gathering->after_code = false;
    if (!code)
        code = language_sentences(gathering->language, text + start, code_line - start,
                                  gathering->arena, &spans, &count, gathering->error);
    for (size_t i = 0; !code && i < count; i++) {
        size_t from = start + spans[i].start, until = start + spans[i].end;
        bool small = i == 0 && !skipped && !behind_code && starts_small(text + from, until - from);
        struct place place = {.start = i == 0 && has_label ? label : from,
                              .end = until,
                              .before = i ? start + spans[i - 1].start : from,
                              .first = i == 0,
                              .labelled = i == 0 && (has_label || small),
                              .example = i + 1 == count && code_line < end};
        if (place.example)
            place.end = end;
        if (place.labelled)
            place.before = place.start;
        code = add_sentence(gathering, &place);
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
