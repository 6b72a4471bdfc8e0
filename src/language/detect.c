/*
 * Which language a text is in: by script where that is enough, else by the language of most of its
 * stopwords.
 */
#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "base/text.h"
#include "language/internal.h"

enum { SAMPLE_BYTES = 20000, SAMPLE_WORDS = 600, WORD_BYTES = 32, LANGUAGES = 32 };

struct tally {
    size_t latin, han, kana, hangul, cyrillic, ukrainian, arabic, persian;
    size_t greek, hebrew, thai, devanagari;
};

static void tally_character(struct tally *tally, uint32_t c)
{
    UErrorCode status = U_ZERO_ERROR;
    if (!u_isalpha((UChar32)c))
        return;
    switch (uscript_getScript((UChar32)c, &status)) {
    case USCRIPT_LATIN:
        tally->latin++;
        break;
    case USCRIPT_HAN:
        tally->han++;
        break;
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
        tally->kana++;
        break;
    case USCRIPT_HANGUL:
        tally->hangul++;
        break;
    case USCRIPT_CYRILLIC:
        tally->cyrillic++;
        tally->ukrainian += c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491;
        break;
    case USCRIPT_ARABIC:
        tally->arabic++;
        tally->persian += c == 0x67E || c == 0x686 || c == 0x698 || c == 0x6AF || c == 0x6CC;
        break;
    case USCRIPT_GREEK:
        tally->greek++;
        break;
    case USCRIPT_HEBREW:
        tally->hebrew++;
        break;
    case USCRIPT_THAI:
        tally->thai++;
        break;
    case USCRIPT_DEVANAGARI:
        tally->devanagari++;
        break;
    default:
        break;
    }
}

/* The language that follows from the script alone, NULL for Latin. A character of a script without
 * spaces counts as much as a few Latin letters. */
static const char *by_script(const struct tally *tally)
{
    size_t asian = tally->han + tally->kana + tally->hangul;
    if (asian * 3 > tally->latin) {
        if (tally->hangul > tally->han + tally->kana)
            return "ko";
        return tally->kana * 10 > tally->han ? "ja" : "zh";
    }
    if (tally->cyrillic > tally->latin)
        return tally->ukrainian * 50 > tally->cyrillic ? "uk" : "ru";
    if (tally->arabic > tally->latin)
        return tally->persian * 50 > tally->arabic ? "fa" : "ar";
    if (tally->greek > tally->latin)
        return "el";
    if (tally->hebrew > tally->latin)
        return "he";
    if (tally->thai > tally->latin)
        return "th";
    return tally->devanagari > tally->latin ? "hi" : NULL;
}

static bool part_of_word(unsigned char byte)
{
    return byte >= 0x80 || is_letter(byte) || byte == '\'';
}

/* Counts, for each language, the words that are among its stopwords. */
static const char *by_stopwords(const char *text, size_t length)
{
    size_t hits[LANGUAGES] = {0}, best = 0;
    for (size_t at = 0, words = 0; at < length && words < SAMPLE_WORDS; at++) {
        char word[WORD_BYTES];
        size_t start = at;
        while (at < length && part_of_word((unsigned char)text[at]))
            at++;
        if (at == start || at - start >= WORD_BYTES)
            continue;
        for (size_t i = start; i < at; i++)
            word[i - start] = to_lower((unsigned char)text[i]);
        words++;
        for (size_t i = 0; i < LANGUAGES && language_table[i].code; i++)
            hits[i] += language_listed(language_table[i].stopwords, word, at - start);
    }
    for (size_t i = 1; i < LANGUAGES && language_table[i].code; i++)
        if (hits[i] > hits[best])
            best = i;
    return language_table[best].code;
}

const char *language_detect(const char *text, size_t length)
{
    struct tally tally = {0};
    size_t sample = length <= SAMPLE_BYTES ? length : text_cut(text, SAMPLE_BYTES);
    for (size_t at = 0; at < sample;) {
        unsigned char byte = (unsigned char)text[at];
        if (byte < 0x80) {
            tally.latin += is_letter(byte);
            at++;
        } else {
            tally_character(&tally, text_next(text, sample, &at));
        }
    }
    const char *code = by_script(&tally);
    return code ? code : by_stopwords(text, sample);
}
