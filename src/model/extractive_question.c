/*
 * Questions: what is asked, and which of its words matter.
 *
 * The kind follows from the first words. Words that only name what sort of thing another word is
 * ("the function fzero", "which argument") count little: an answer seldom repeats them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "model/extractive.h"

enum { QUERY_BYTES = 2000, LONG_MESSAGE = 600, TOPIC_WORDS = 12 };

static const double light = 0.3, half = 0.6, verb = 0.75;

static const char class_nouns[] =
    " function functions command commands option options argument arguments parameter parameters "
    "variable variables method keyword statement operator procedure setting flag switch field ";

static const char generic[] = " use using used need want work works manual document file "
                              "according run do make perform ";

static const char pronouns[] = " it its they them their this that these those he she his her one "
                               "ones there same ";

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

static bool holds(const char *text, size_t length, const char *needle)
{
    size_t size = strlen(needle);
    for (size_t i = 0; i + size <= length; i++)
        if (strncasecmp(text + i, needle, size) == 0)
            return true;
    return false;
}

static enum question_kind kind_of(const char *text, size_t length)
{
    static const char *const how_many[] = {"how many", "how much",  "how long", "how large",
                                           "how big",  "how often", "how far",  NULL};
    static const char *const how[] = {"how do i",    "how do you",    "how do we",   "how can",
                                      "how to",      "how should",    "how would",   "how must",
                                      "wie kann",    "comment ",      "show me how", "can i ",
                                      "what must i", "what should i", NULL};
    static const char *const why[] = {"why ", "warum ", "pourquoi ", NULL};
    static const char *const which[] = {
        "which ",       "what option",    "what argument", "what function",
        "what command", "what parameter", "welche",        NULL};
    static const char *const what[] = {
        "what is",  "what are", "what's",    "what does", "what do ", "define ", "describe ",
        "explain ", "was ist",  "was macht", "what was",  "who is",   NULL};
    if (holds(text, length, "default"))
        return QUESTION_DEFAULT;
    if (starts(text, length, how_many))
        return QUESTION_NUMBER;
    if (starts(text, length, which))
        return QUESTION_WHICH;
    if (starts(text, length, how))
        return QUESTION_HOW;
    if (starts(text, length, why))
        return QUESTION_WHY;
    return starts(text, length, what) ? QUESTION_DEFINITION : QUESTION_PLAIN;
}

/* 1 for the word itself, a little less for a plural or another form of it. */
static double form_share(const struct question_unit *unit, const char *word, size_t length)
{
    size_t shorter = length < unit->word_length ? length : unit->word_length;
    size_t longer = length < unit->word_length ? unit->word_length : length;
    size_t same = 0;
    while (same < shorter &&
           tolower((unsigned char)word[same]) == tolower((unsigned char)unit->word[same]))
        same++;
    if (same == longer)
        return 1;
    return same + 1 >= shorter && longer - same <= 3 ? 0.96 : 0.85;
}

double question_match(const struct question_unit *unit, const struct language_word *word,
                      const char *text)
{
    if (strcmp(unit->term, word->term) == 0)
        return form_share(unit, text + word->start, word->end - word->start);
    return 0;
}

size_t question_part(const struct question_unit *unit, const struct language_word *word)
{
    size_t i = 0;
    while (i < unit->part_count && (word->part || strcmp(unit->parts[i], word->term) != 0))
        i++;
    return i;
}

static bool is_known(const struct question *question, const char *term)
{
    for (size_t i = 0; i < question->unit_count; i++)
        if (strcmp(question->units[i].term, term) == 0)
            return true;
    return false;
}

/* What a word counts, given the words beside it. */
static double share_of(const struct question *question, const struct language_word *words,
                       size_t count, size_t at)
{
    const char *word = question->text + words[at].start;
    size_t length = words[at].end - words[at].start;
    bool asks_for_it = question->kind == QUESTION_DEFINITION || question->kind == QUESTION_WHICH ||
                       question->kind == QUESTION_DEFAULT;
    bool beside = (at > 0 && !words[at - 1].stopword) ||
                  (at + 1 < count && !words[at + 1].stopword && !words[at + 1].part) ||
                  (at > 0 && question->kind == QUESTION_WHICH && at < 2);
    if (asks_for_it && beside && listed(class_nouns, word, length))
        return light;
    if (question->kind == QUESTION_DEFAULT &&
        listed(" default defaults value values ", word, length))
        return half;
    if (question->kind == QUESTION_DEFINITION && at + 1 == count && at > 0 &&
        !words[at - 1].stopword && listed(" mean means ", word, length))
        return light;
    if (question->kind == QUESTION_DEFINITION &&
        listed(" meaning purpose definition ", word, length))
        return light;
    if (question->kind == QUESTION_HOW && listed(class_nouns, word, length))
        return half;
    if (listed(generic, word, length))
        return question->kind == QUESTION_HOW ? half : light;
    /* What to do with a thing is said in other words more often than what the thing is. */
    if (question->kind == QUESTION_HOW && question->unit_count == 0 && at + 1 < count)
        return verb;
    return 1;
}

static void add_unit(struct question *question, const struct language_word *words, size_t count,
                     size_t at)
{
    if (question->unit_count == QUESTION_UNITS || is_known(question, words[at].term))
        return;
    struct question_unit *unit = &question->units[question->unit_count++];
    *unit = (struct question_unit){.term = words[at].term,
                                   .word = question->text + words[at].start,
                                   .word_length = words[at].end - words[at].start,
                                   .share = share_of(question, words, count, at)};
    for (size_t i = at + 1; i < count && words[i].part && unit->part_count < UNIT_PARTS; i++)
        if (!words[i].stopword)
            unit->parts[unit->part_count++] = words[i].term;
}

int question_read(struct question *question, struct language *language, const char *text,
                  size_t length, struct arena *arena, struct treadle_error *error)
{
    struct language_word *words;
    size_t count;
    while (length && (unsigned char)*text <= ' ') {
        text++;
        length--;
    }
    int code = language_words(language, text, length, arena, &words, &count, error);
    if (code)
        return code;
    *question = (struct question){.text = text, .length = length, .kind = kind_of(text, length)};
    /* "How often", "how large": the second word asks, too. */
    size_t first = question->kind == QUESTION_NUMBER ? 2 : 0;
    for (size_t i = first; i < count; i++)
        if (!words[i].part && !words[i].stopword)
            add_unit(question, words, count, i);
    for (size_t i = 0; question->unit_count == 0 && i < count; i++)
        if (!words[i].part)
            add_unit(question, words, count, i);
    return 0;
}

void question_find(struct language *language, const char *text, size_t longest, struct arena *arena,
                   struct language_span *out)
{
    size_t length = strlen(text), count = 0;
    struct language_span *spans = NULL;
    struct treadle_error error;
    *out = (struct language_span){0, length};
    if (length <= longest)
        return;
    /* A question stands at either end of what it is about. */
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

/* The words of an earlier question that tell something, between spaces. */
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
    static const char *const openings[] = {"and ", "what about", "how about", "but ", "why?", NULL};
    size_t telling = 0, pointing = 0;
    for (size_t i = 0; i < count; i++) {
        telling += !words[i].part && !words[i].stopword;
        pointing += listed(pronouns, text + words[i].start, words[i].end - words[i].start);
    }
    return telling == 0 || (pointing && telling <= 3) || starts(text, length, openings);
}

static const char *earlier_text(const struct model_request *request, size_t last)
{
    for (size_t i = last; i > 0; i--) {
        const struct model_message *message = &request->messages[i - 1];
        if (message->role == MODEL_USER && message->text && *message->text)
            return message->text;
    }
    return NULL;
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
    const char *earlier = earlier_text(request, last);
    size_t telling = 0;
    for (size_t i = 0; i < count; i++)
        telling += !words[i].stopword;
    if (telling || earlier)
        buffer_append(&out, question, length);
    if (earlier && leans(question, length, words, count) &&
        !add_topic(&out, language, earlier, arena))
        goto done;
    query = arena_copy(arena, out.length ? out.data : "", out.length);
done:
    buffer_clear(&out);
    language_free(language);
    return query;
}
