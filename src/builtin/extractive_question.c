/*
 * Questions: what is asked, and which of its words matter.
 *
 * Words are read in the question's own language and in those of the passages: every language splits
 * a text at the same places, so the terms that the languages have for a word are joined by where it
 * starts. Words that only name what sort of thing another word is ("the function fzero", "which
 * argument") count little: an answer seldom repeats them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "builtin/extractive_internal.h"

enum {
    MOST_EARLIER = 4,
    QUERY_BYTES = 2000,
    LONG_MESSAGE = 600,
    TOPIC_WORDS = 12,
    SAMPLE_BYTES = 4000
};

static const double light = 0.3, half = 0.6, verb = 0.75;

static const char class_nouns[] =
    " function functions command commands option options argument arguments parameter parameters "
    "variable variables method keyword statement operator procedure setting flag switch field "
    "befehl befehle programm option werkzeug werkzeuge commande programme logiciel outil orden "
    "programa herramienta comando paquete funktion variable ";

static const char generic[] =
    " use using used need want work works manual document file according run do make perform "
    "mean means meaning purpose definition number name called brauche benutze verwende bedeutet "
    "heißt muss soll faire utiliser signifie puedo hacer usar significa tell show find see get ";

/* Words that point at what was said before. Those that as often point at nothing, as the German
 * "es", are left out. */
static const char pronouns[] =
    " it its they them their this that these those he she his her one ones there same davon dafür "
    "dazu damit darin diese dieser dieses diesem ihn ihm deren dessen celui celle ceux celles cela "
    "ça leur lui ese esa eso esos esas este esta esto aquel aquella ello questo questa quello "
    "quella isso isto esse essa ele ela daarvan daarmee deze den denna detta он она оно они это "
    "этот それ これ その この あれ そこ 它 它们 这个 那个 其 這個 那個 ";

static bool listed(const char *list, const char *word, size_t length)
{
    char padded[40];
    if (length == 0 || length > sizeof padded - 3)
        return false;
    padded[0] = ' ';
    memcpy(padded + 1, word, length);
    padded[length + 1] = ' ';
    padded[length + 2] = 0;
    return strcasestr(list, padded);
}

static bool starts(const char *text, size_t length, const char *const *openings)
{
    for (size_t i = 0; openings[i]; i++) {
        size_t size = strlen(openings[i]);
        if (length >= size && strncasecmp(text, openings[i], size) == 0)
            return true;
    }
    return false;
}

/* ---- Languages ------------------------------------------------------------------------------ */

static int add_language(struct question *question, const char *code, struct treadle_error *error)
{
    for (size_t i = 0; i < question->language_count; i++)
        if (strcmp(question->codes[i], code) == 0)
            return 0;
    if (question->language_count == QUESTION_LANGUAGES)
        return 0;
    int rc = language_new(&question->languages[question->language_count], code, error);
    if (!rc)
        question->codes[question->language_count++] = code;
    return rc;
}

static const char *sample_language(const char *text, size_t length)
{
    return language_detect(text, length > SAMPLE_BYTES ? text_cut(text, SAMPLE_BYTES) : length);
}

struct language *question_language(const struct question *question, const char *text, size_t length)
{
    const char *code = sample_language(text, length);
    for (size_t i = 0; i < question->language_count; i++)
        if (strcmp(question->codes[i], code) == 0)
            return question->languages[i];
    return question->languages[0];
}

/* ---- Units ---------------------------------------------------------------------------------- */

/* The words of the question as each of the languages has them. */
struct reading {
    struct language_word *words[QUESTION_LANGUAGES];
    size_t counts[QUESTION_LANGUAGES];
};

static const struct language_word *word_at(const struct reading *reading, size_t language,
                                           size_t start)
{
    for (size_t i = 0; i < reading->counts[language]; i++)
        if (!reading->words[language][i].part && reading->words[language][i].start == start)
            return &reading->words[language][i];
    return NULL;
}

static bool is_spaceless(const char *word, size_t length)
{
    return length >= 3 && (unsigned char)word[0] >= 0xE3 && (unsigned char)word[0] < 0xF0;
}

/* Runs of two hiragana or fewer are endings and particles. */
static bool is_particle(const char *word, size_t length)
{
    if (length > 6 || !is_spaceless(word, length))
        return false;
    for (size_t i = 0; i + 2 < length; i += 3)
        if ((unsigned char)word[i] != 0xE3 || (unsigned char)word[i + 1] > 0x82)
            return false;
    return true;
}

static bool is_stopword(const struct question *question, const struct reading *reading,
                        const struct language_word *word)
{
    if (is_particle(question->text + word->start, word->end - word->start))
        return true;
    for (size_t i = 0; i < question->language_count; i++) {
        const struct language_word *other = word_at(reading, i, word->start);
        if (other && other->stopword)
            return true;
    }
    return false;
}

/* What a word counts, given the words beside it. */
static double share_of(const struct question *question, const struct language_word *words,
                       size_t count, size_t at)
{
    const char *word = question->text + words[at].start;
    size_t length = words[at].end - words[at].start;
    if (listed(class_nouns, word, length))
        return question->kind == QUESTION_HOW ? half : light;
    if (question->kind == QUESTION_DEFAULT &&
        listed(" default defaults value values ", word, length))
        return half;
    if (listed(generic, word, length))
        return question->kind == QUESTION_HOW ? half : light;
    /* Texts use other words for an action more often than for the thing itself. */
    if (question->kind == QUESTION_HOW && question->unit_count == 0 && at + 1 < count)
        return verb;
    return 1;
}

static bool is_known(const struct question *question, const char *term)
{
    for (size_t i = 0; i < question->unit_count; i++)
        if (strcmp(question->units[i].forms[0], term) == 0)
            return true;
    return false;
}

static void add_unit(struct question *question, const struct reading *reading, size_t at)
{
    const struct language_word *words = reading->words[0];
    size_t count = reading->counts[0];
    if (question->unit_count == QUESTION_UNITS || is_known(question, words[at].term))
        return;
    const char *word = question->text + words[at].start;
    size_t length = words[at].end - words[at].start;
    struct question_unit unit = {.word = word,
                                 .length = length,
                                 .spaceless = is_spaceless(word, length),
                                 .share = share_of(question, words, count, at)};
    for (size_t i = 0; i < question->language_count; i++) {
        const struct language_word *other = word_at(reading, i, words[at].start);
        unit.forms[i] = other ? other->term : words[at].term;
    }
    for (size_t i = at + 1; i < count && words[i].part && unit.part_count < UNIT_PARTS; i++)
        if (!words[i].stopword && !unit.spaceless)
            unit.parts[unit.part_count++] = words[i].term;
    question->units[question->unit_count++] = unit;
}

static void add_units(struct question *question, const struct reading *reading, bool stopwords)
{
    for (size_t i = 0; i < reading->counts[0]; i++) {
        const struct language_word *word = &reading->words[0][i];
        if (!word->part && (stopwords || !is_stopword(question, reading, word)))
            add_unit(question, reading, i);
    }
}

/* "How often", "how large": the second word asks, too. */
static bool asks(const struct question *question)
{
    static const char *const measures[] = {
        "how many",  "how much",  "how long", "how large", "how big",   "how often",
        "how far",   "how old",   "how high", "wie hoch",  "wie lange", "wie groß",
        "wie oft",   "wie weit",  "wie viel", "wie alt",   "hoe lang",  "hoe vaak",
        "hoe groot", "hur länge", "hur ofta", "hur stor",  NULL};
    return starts(question->text, question->length, measures);
}

int question_read(struct question *question, const char *text, size_t length,
                  const struct model_passage *passages, size_t passage_count, struct arena *arena,
                  struct treadle_error *error)
{
    struct reading reading = {.counts = {0}};
    while (length && (unsigned char)*text <= ' ') {
        text++;
        length--;
    }
    *question =
        (struct question){.text = text, .length = length, .kind = question_kind(text, length)};
    int rc = add_language(question, sample_language(text, length), error);
    for (size_t i = 0; !rc && i < passage_count; i++)
        rc = add_language(question, sample_language(passages[i].text, strlen(passages[i].text)),
                          error);
    for (size_t i = 0; !rc && i < question->language_count; i++)
        rc = language_words(question->languages[i], text, length, arena, &reading.words[i],
                            &reading.counts[i], error);
    if (rc)
        return rc;
    if (asks(question) && reading.counts[0] > 1)
        reading.words[0][1].stopword = true;
    add_units(question, &reading, false);
    if (question->unit_count == 0)
        add_units(question, &reading, true);
    return 0;
}

void question_clear(struct question *question)
{
    for (size_t i = 0; i < question->language_count; i++)
        language_free(question->languages[i]);
    question->language_count = 0;
}

/* ---- Several questions in one --------------------------------------------------------------- */

/* The bytes of what joins two questions at `at`: a conjunction, or the mark that ends the first. */
static size_t joint(const char *text, size_t length, size_t at)
{
    static const char *const joints[] = {"? ",  "？",  ", and ", " and ", ", und ", " und ", " et ",
                                         " y ", " e ", " en ",   " och ", " и ",    "; ",    NULL};
    for (size_t i = 0; joints[i]; i++) {
        size_t size = strlen(joints[i]);
        if (at + size < length && memcmp(text + at, joints[i], size) == 0)
            return size;
    }
    return 0;
}

size_t question_part(const char *text, size_t length, struct language_span out[CLAUSES])
{
    size_t count = 0, start = 0;
    for (size_t at = 1; at < length && count + 1 < CLAUSES; at++) {
        size_t size = joint(text, length, at);
        if (!size || !question_begins(text + start, at - start) ||
            !question_begins(text + at + size, length - at - size))
            continue;
        out[count++] = (struct language_span){start, at + (text[at] == '?')};
        start = at + size;
        at = start;
    }
    out[count++] = (struct language_span){start, length};
    return count;
}

/* ---- Finding the question in a message ------------------------------------------------------ */

void question_find(struct language *language, const char *text, size_t longest, struct arena *arena,
                   struct language_span *out)
{
    size_t length = strlen(text), count = 0;
    struct language_span *spans = NULL;
    struct treadle_error error;
    *out = (struct language_span){0, length};
    if (length <= longest)
        return;
    /* A question is before or after the text that it is about. */
    size_t tail = length > 2 * QUERY_BYTES ? length - 2 * QUERY_BYTES : 0;
    while (tail && ((unsigned char)text[tail] & 0xC0) == 0x80)
        tail--;
    size_t head = length > 2 * QUERY_BYTES ? text_cut(text, 2 * QUERY_BYTES) : length;
    const size_t starts_at[] = {tail, 0}, ends_at[] = {length, head};
    for (size_t part = 0; part < 2; part++) {
        size_t from = starts_at[part];
        if (language_sentences(language, text + from, ends_at[part] - from, arena, &spans, &count,
                               &error))
            return;
        for (size_t i = count; i > 0; i--) {
            struct language_span *span = &spans[i - 1];
            if (text[from + span->end - 1] == '?' && span->end - span->start <= QUERY_BYTES) {
                *out = (struct language_span){from + span->start, from + span->end};
                return;
            }
        }
    }
    size_t first = text_cut(text, QUERY_BYTES < length ? QUERY_BYTES : length);
    *out = (struct language_span){0, first};
}

/* The important words of an earlier question, between spaces. */
static bool add_topic(struct buffer *query, struct language *language, const char *text,
                      struct arena *arena)
{
    struct language_word *words;
    struct treadle_error error;
    size_t count, taken = 0;
    size_t length = strlen(text) < QUERY_BYTES ? strlen(text) : text_cut(text, QUERY_BYTES);
    if (language_words(language, text, length, arena, &words, &count, &error))
        return false;
    for (size_t i = 0; i < count && taken < TOPIC_WORDS; i++) {
        if (words[i].part || words[i].stopword)
            continue;
        buffer_append_char(query, ' ');
        buffer_append(query, text + words[i].start, words[i].end - words[i].start);
        taken++;
    }
    return true;
}

/* Whether a question cannot be understood without what was said before. */
static bool leans(const char *text, size_t length, const struct language_word *words, size_t count)
{
    static const char *const openings[] = {
        "and ", "what about", "how about", "but ",   "why?",   "und ", "aber ", "warum?",
        "et ",  "mais ",      "y ",        "¿y ",    "pero ",  "e ",   "ma ",   "och ",
        "а ",   "и ",         "では",      "じゃあ", "そして", "那",   NULL};
    size_t important = 0, pointing = 0;
    for (size_t i = 0; i < count; i++) {
        important += !words[i].part && !words[i].stopword;
        pointing += listed(pronouns, text + words[i].start, words[i].end - words[i].start);
    }
    return important == 0 || (pointing && important <= 3) || starts(text, length, openings);
}

/* The number of the user's last message before that one; `last` itself where there is none. */
static size_t earlier_message(const struct model_request *request, size_t last)
{
    for (size_t i = last; i > 0; i--) {
        const struct model_message *message = &request->messages[i - 1];
        if (message->role == MODEL_USER && message->text && *message->text)
            return i - 1;
    }
    return last;
}

/* Adds what the question leans on: the words of the message before, and of those that this one
 * leans on in turn. */
static bool add_topics(struct buffer *query, struct language *language,
                       const struct model_request *request, size_t last, struct arena *arena)
{
    for (size_t depth = 0; depth < MOST_EARLIER; depth++) {
        size_t earlier = earlier_message(request, last), count;
        const char *text = request->messages[earlier].text;
        struct language_word *words;
        struct treadle_error error;
        if (earlier == last)
            return true;
        size_t length = strlen(text) < QUERY_BYTES ? strlen(text) : text_cut(text, QUERY_BYTES);
        if (!add_topic(query, language, text, arena) ||
            language_words(language, text, length, arena, &words, &count, &error))
            return false;
        if (!leans(text, length, words, count))
            return true;
        last = earlier;
    }
    return true;
}

const char *question_query(const struct model_request *request, size_t last, struct arena *arena)
{
    const char *text = request->messages[last].text ? request->messages[last].text : "";
    const char *query = NULL;
    struct language *language = NULL;
    struct treadle_error error;
    struct buffer out;
    buffer_init(&out, QUERY_BYTES * 4);
    if (language_new(&language, language_detect(text, strlen(text)), &error))
        return NULL;
    struct language_span span;
    question_find(language, text, LONG_MESSAGE, arena, &span);
    const char *question = text + span.start;
    size_t length = span.end - span.start, count;
    struct language_word *words;
    if (length > QUERY_BYTES)
        length = text_cut(question, QUERY_BYTES);
    if (language_words(language, question, length, arena, &words, &count, &error))
        goto done;
    bool first = earlier_message(request, last) == last;
    size_t important = 0;
    for (size_t i = 0; i < count; i++)
        important += !words[i].stopword;
    if (important || !first)
        buffer_append(&out, question, length);
    if (!first && leans(question, length, words, count) &&
        !add_topics(&out, language, request, last, arena))
        goto done;
    query = arena_copy(arena, out.length ? out.data : "", out.length);
done:
    buffer_clear(&out);
    language_free(language);
    return query;
}
