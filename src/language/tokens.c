/*
 * Tokens: how many a model would make of a text, by a rule, because there is no vocabulary here.
 * The rule follows how byte pair encodings split text: a common word with the space before it is
 * one token, long and rare words are several, digits go in threes, signs are in small groups, a run
 * of white space with a line end is one. Characters of other scripts have a price each. Prices are
 * in sixteenths of a token.
 */
#include <stdint.h>

#include "base/text.h"
#include "language/internal.h"

enum {
    TOKEN = 16,
    COMMON_LETTERS = 8,  /* a word up to here is mostly one token */
    FURTHER_LETTERS = 5, /* and another one for so many more */
    DIGITS = 3,
    SIGN = 11,
    ACCENT = 16, /* a Latin letter outside ASCII, on top of its word */
    TONE = 4,    /* and one of those that Vietnamese has most of */
    GREEK = 8,
    CYRILLIC = 6,
    SEMITIC = 7, /* a letter of Arabic, Hebrew and the like */
    INDIC = 9,
    IDEOGRAPH = 17,
    SYMBOL = 24
};

static size_t price(uint32_t c)
{
    if (c < 0xC0)
        return SYMBOL;
    if (c < 0x400)
        return GREEK;
    if (c < 0x530)
        return CYRILLIC;
    if (c < 0x900)
        return SEMITIC;
    if (c < 0x1100)
        return INDIC;
    if (c >= 0x2000 && c < 0x2070)
        return SIGN;
    if (c >= 0x2070 && c < 0x2E80)
        return SYMBOL;
    return c < 0x10000 ? IDEOGRAPH : SYMBOL + TOKEN;
}

static bool is_accented(uint32_t c)
{
    return (c >= 0xC0 && c < 0x370) || (c >= 0x1E00 && c < 0x1F00);
}

static size_t word_price(size_t letters)
{
    if (letters <= COMMON_LETTERS)
        return TOKEN;
    return TOKEN + (letters - COMMON_LETTERS) * TOKEN / FURTHER_LETTERS;
}

static uint32_t peek(const char *text, size_t length, size_t at)
{
    return text_next(text, length, &at);
}

static enum language_token_class class_of(uint32_t c)
{
    if (c >= 0x370 && c < 0x530)
        return LANGUAGE_TOKENS_CYRILLIC;
    if (c >= 0x2E80 && c < 0x10000)
        return LANGUAGE_TOKENS_IDEOGRAPHS;
    return c < 0xC0 || (c >= 0x2000 && c < 0x2070) ? LANGUAGE_TOKENS_SIGNS : LANGUAGE_TOKENS_OTHERS;
}

/* Moves after a word of Latin letters. A capital after a small letter starts another word, as in
 * camelCase. */
static void price_word(const char *text, size_t length, size_t *at, size_t prices[])
{
    size_t letters = 0, accents = 0;
    for (unsigned char last = 0, byte; *at < length; last = byte, letters++) {
        byte = (unsigned char)text[*at];
        if (is_upper(byte) && is_lower(last))
            break;
        if (is_letter(byte)) {
            ++*at;
            continue;
        }
        uint32_t c = byte >= 0xC3 ? peek(text, length, *at) : 0;
        if (!is_accented(c))
            break;
        text_next(text, length, at);
        accents += c < 0x1E00 ? ACCENT : TONE;
    }
    prices[LANGUAGE_TOKENS_WORDS] += TOKEN;
    prices[LANGUAGE_TOKENS_ENDINGS] += word_price(letters) - TOKEN;
    prices[LANGUAGE_TOKENS_ACCENTS] += accents;
}

static void price_text(const char *text, size_t length, size_t prices[])
{
    for (size_t at = 0, start; at < length;) {
        unsigned char byte = (unsigned char)text[start = at];
        if (is_letter(byte) || (byte >= 0xC3 && is_accented(peek(text, length, at)))) {
            price_word(text, length, &at, prices);
        } else if (is_digit(byte)) {
            while (at < length && is_digit((unsigned char)text[at]))
                at++;
            prices[LANGUAGE_TOKENS_DIGITS] += (at - start + DIGITS - 1) / DIGITS * TOKEN;
        } else if (byte <= ' ') {
            bool line = false;
            for (; at < length && (unsigned char)text[at] <= ' '; at++)
                line |= text[at] == '\n';
            /* A space belongs to the word after it, but not to a number. */
            bool number = at < length && is_digit((unsigned char)text[at]);
            prices[LANGUAGE_TOKENS_SIGNS] += line || number || at - start > 1 ? TOKEN : 0;
        } else if (byte < 0x80) {
            at++;
            prices[LANGUAGE_TOKENS_SIGNS] += SIGN;
        } else {
            uint32_t c = text_next(text, length, &at);
            prices[class_of(c)] += price(c);
        }
    }
}

void language_count_tokens(const char *text, size_t length, double counts[LANGUAGE_TOKEN_CLASSES])
{
    size_t prices[LANGUAGE_TOKEN_CLASSES] = {0};
    price_text(text, length, prices);
    for (size_t i = 0; i < LANGUAGE_TOKEN_CLASSES; i++)
        counts[i] += (double)prices[i] / TOKEN;
}

size_t language_tokens(const char *text, size_t length)
{
    size_t prices[LANGUAGE_TOKEN_CLASSES] = {0}, total = 0;
    price_text(text, length, prices);
    for (size_t i = 0; i < LANGUAGE_TOKEN_CLASSES; i++)
        total += prices[i];
    return (total + TOKEN - 1) / TOKEN;
}
