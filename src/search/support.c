/*
 * Support: whether a text says what a statement says, for answers whose model cites nothing.
 *
 * Statement and text are compared by what is cheap and the same in most languages: the beginnings
 * of words, whole numbers, and pairs of characters where words have no spaces. Words count by how
 * rare they are in the text. What a statement has of numbers must all be there, near its words.
 */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "search/search.h"

enum {
    FEATURES = 64,
    SEGMENTS = 1024, /* sentences and lines of a text that are looked at */
    NEAR = 3,        /* so many of them, one after the other, may support together */
    STEM_LETTERS = 5,
    SHORTEST_WORD = 3,
    SINGLE_LETTERS = 6 /* the fewest of a word that supports alone */
};

static const double number_weight = 2, least_share = 0.62;

struct feature {
    uint32_t hash;
    bool number, strong; /* strong: enough alone */
    size_t held;         /* segments that have it */
};

struct features {
    struct feature items[FEATURES];
    size_t count;
};

/* ---- What a text is made of ----------------------------------------------------------------- */

static bool is_wide(uint32_t c)
{
    return c >= 0x2E80 && c < 0xFFF0 && !(c >= 0x3000 && c < 0x3040) &&
           !(c >= 0xFF00 && c < 0xFF66);
}

static bool is_letter(uint32_t c)
{
    return c < 0x80 ? isalnum((int)c) : c >= 0xC0 && !(c >= 0x2000 && c < 0x2E80) && c < 0x3000;
}

/* Words that say nothing, of the languages whose short words are long. */
static bool is_common(const char *word, size_t length)
{
    static const char *const words[] = {
        "and",       "are",    "but",      "can",   "der",      "des",   "die",     "for",
        "from",      "has",    "have",     "here",  "into",     "ist",   "les",     "not",
        "que",       "should", "that",     "the",   "their",    "there", "these",   "they",
        "this",      "und",    "une",      "was",   "what",     "when",  "where",   "which",
        "who",       "will",   "with",     "would", "you",      "your",  "passage", "passages",
        "according", "answer", "question", "text",  "document", "file"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0)
            return true;
    return false;
}

/* The next feature after `at`; false at the end. A number keeps its points within. */
static bool next(const char *text, size_t length, size_t *at, struct feature *out)
{
    uint32_t before = 0;
    while (*at < length) {
        size_t start = *at, end = start, letters = 0;
        uint32_t hash = HASH_START_32, c = text_next(text, length, at);
        if (is_wide(c)) {
            if (before) {
                hash = hash_step_32(hash_step_32(hash, (unsigned char)before),
                                    (unsigned char)(before >> 8));
                hash = hash_step_32(hash_step_32(hash, (unsigned char)c), (unsigned char)(c >> 8));
                *out = (struct feature){.hash = hash | 1};
                /* The next pair begins with this character. */
                *at = start;
                return true;
            }
            before = c;
            continue;
        }
        before = 0;
        if (!is_letter(c))
            continue;
        bool number = c < 0x80 && isdigit((int)c);
        for (end = *at = start; *at < length; end = *at, letters++) {
            size_t here = *at;
            c = text_next(text, length, at);
            bool point = number && (c == '.' || c == ',' || c == ':') && *at < length &&
                         isdigit((unsigned char)text[*at]);
            if (!(is_letter(c) && !is_wide(c)) && !point) {
                *at = here;
                break;
            }
            if (number || letters < STEM_LETTERS)
                for (size_t i = here; i < *at; i++)
                    hash = hash_step_32(hash, (unsigned char)tolower((unsigned char)text[i]));
        }
        if (!number && (letters < SHORTEST_WORD || is_common(text + start, end - start)))
            continue;
        *out = (struct feature){.hash = hash | 1,
                                .number = number,
                                .strong = number ? letters > 1 : letters >= SINGLE_LETTERS};
        return true;
    }
    return false;
}

static size_t find(const struct features *features, uint32_t hash)
{
    size_t i = 0;
    while (i < features->count && features->items[i].hash != hash)
        i++;
    return i;
}

/* A number that only counts the statement in a list is none of its own. */
static size_t skip_ordinal(const char *text, size_t length)
{
    size_t at = strspn(text, " \t\r\n*-#"),
           digits = at < length ? strspn(text + at, "0123456789") : 0;
    if (digits && at + digits < length && strchr(".)", text[at + digits]))
        return at + digits + 1;
    return 0;
}

static void read_statement(struct features *features, const char *text, size_t length)
{
    struct feature feature;
    size_t at = skip_ordinal(text, length);
    features->count = 0;
    while (features->count < FEATURES && next(text, length, &at, &feature))
        if (find(features, feature.hash) == features->count)
            features->items[features->count++] = feature;
}

/* ---- Where it stands ------------------------------------------------------------------------ */

static size_t segment_end(const char *text, size_t at)
{
    for (; text[at] && text[at] != '\n'; at++)
        if (strchr(".!?", text[at]) && (text[at + 1] == ' ' || text[at + 1] == '\n'))
            return at + 1;
    return at + (text[at] == '\n');
}

/* Which of the features each segment has, as bits. */
static size_t read_text(struct features *features, const char *text, uint64_t bits[SEGMENTS])
{
    size_t count = 0;
    for (size_t at = 0; text[at] && count < SEGMENTS;) {
        size_t end = segment_end(text, at), within = 0;
        struct feature feature;
        uint64_t held = 0;
        while (next(text + at, end - at, &within, &feature)) {
            size_t which = find(features, feature.hash);
            if (which < features->count)
                held |= UINT64_C(1) << which;
        }
        for (size_t i = 0; i < features->count; i++)
            features->items[i].held += held >> i & 1;
        bits[count++] = held;
        at = end > at ? end : at + 1;
    }
    return count;
}

static double weight_of(const struct feature *feature, size_t segments)
{
    double weight = log(1 + (double)(segments + 1) / (double)(feature->held + 1));
    return feature->number ? weight * number_weight : weight;
}

/* The share of the statement that is in the segments; 0 where a number is missing. */
static double share_of(const struct features *features, uint64_t held, size_t segments)
{
    double sum = 0, there = 0;
    size_t found = 0;
    bool strong = false;
    for (size_t i = 0; i < features->count; i++) {
        const struct feature *feature = &features->items[i];
        bool has = held >> i & 1;
        double weight = weight_of(feature, segments);
        if (feature->number && !has)
            return 0;
        sum += weight;
        there += has ? weight : 0;
        found += has;
        strong = strong || (has && feature->strong);
    }
    return (found >= 2 || strong) && sum > 0 ? there / sum : 0;
}

double search_support(const char *text, const char *statement, size_t length)
{
    uint64_t bits[SEGMENTS];
    struct features features;
    double best = 0;
    read_statement(&features, statement, length);
    if (!features.count)
        return 0;
    size_t count = read_text(&features, text, bits);
    for (size_t i = 0; i < count; i++) {
        uint64_t held = 0;
        for (size_t j = i; j < count && j < i + NEAR; j++) {
            held |= bits[j];
            double share = share_of(&features, held, count);
            /* What stands together counts a little more. */
            share -= 0.01 * (double)(j - i);
            best = share > best ? share : best;
        }
    }
    return best >= least_share ? best : 0;
}
