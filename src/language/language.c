/*
 * The object for one language, and its cache from words to terms.
 *
 * A text has few distinct words, and folding and stemming one costs far more than looking it up:
 * so the term of a word is made once and kept in a hash table with open addressing. When the table
 * is three quarters full it starts anew, which bounds its memory whatever the text is.
 */
#include <stdlib.h>
#include <string.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "language/internal.h"

enum { SLOTS = 1 << 15, CACHE_BYTES = 24 << 20, FOLDED_UNITS = 512, FOLDED_BYTES = 1536 };

static const struct language_rules *rules_for(const char *code)
{
    for (const struct language_rules *rules = language_table; code && rules->code; rules++)
        if (strcmp(rules->code, code) == 0)
            return rules;
    return language_table;
}

int language_new(struct language **out, const char *code, struct treadle_error *error)
{
    struct language *language = calloc(1, sizeof *language);
    if (!language)
        return error_set_memory(error);
    language->rules = rules_for(code);
    language->memory = arena_new(CACHE_BYTES);
    language->slots = calloc(SLOTS, sizeof *language->slots);
    if (!language->memory || !language->slots) {
        language_free(language);
        return error_set_memory(error);
    }
    UErrorCode status = U_ZERO_ERROR;
    const char *locale = language->rules->code;
    language->fold = unorm2_getNFKCCasefoldInstance(&status);
    language->words = ubrk_open(UBRK_WORD, locale, NULL, 0, &status);
    language->sentences = ubrk_open(UBRK_SENTENCE, locale, NULL, 0, &status);
    if (language->rules->stemmer)
        language->stemmer = sb_stemmer_new(language->rules->stemmer, "UTF_8");
    bool stems = language->stemmer || !language->rules->stemmer;
    if (U_FAILURE(status) || !stems) {
        language_free(language);
        if (status == U_MEMORY_ALLOCATION_ERROR || !stems)
            return error_set_memory(error);
        return error_set(error, TREADLE_EUNSUPPORTED, "The rules for the language %s: %s.", locale,
                         u_errorName(status));
    }
    *out = language;
    return 0;
}

void language_free(struct language *language)
{
    if (!language)
        return;
    if (language->words)
        ubrk_close(language->words);
    if (language->sentences)
        ubrk_close(language->sentences);
    sb_stemmer_delete(language->stemmer);
    arena_free(language->memory);
    free(language->slots);
    free(language);
}

static uint32_t hash(const char *bytes, size_t length, uint32_t seed)
{
    uint32_t value = HASH_START_32 ^ seed;
    for (size_t i = 0; i < length; i++)
        value = hash_step_32(value, (unsigned char)bytes[i]);
    return value ^ value >> 15;
}

/* Case and compatibility forms folded, into `out` of FOLDED_BYTES. Typographic apostrophes become
 * plain ones. A word that ICU refuses stays as it is. */
static size_t fold(const struct language *language, const char *word, size_t length, char *out)
{
    bool plain = true;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)word[i];
        plain = plain && byte < 0x80;
        out[i] = to_lower(byte);
    }
    if (plain)
        return length;
    UChar units[FOLDED_UNITS], folded[FOLDED_UNITS];
    int32_t count = 0, size = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8WithSub(units, FOLDED_UNITS, &count, word, (int32_t)length, 0xFFFD, NULL, &status);
    count = unorm2_normalize(language->fold, units, count, folded, FOLDED_UNITS, &status);
    for (int32_t i = 0; U_SUCCESS(status) && i < count; i++)
        if (folded[i] == 0x2019)
            folded[i] = '\'';
    u_strToUTF8(out, FOLDED_BYTES - 1, &size, folded, U_SUCCESS(status) ? count : 0, &status);
    if (U_SUCCESS(status) && size > 0)
        return (size_t)size;
    memcpy(out, word, length);
    return length;
}

static bool fill(struct language *language, struct language_term *slot, const char *word,
                 size_t length, enum language_form form)
{
    char folded[FOLDED_BYTES];
    size_t size = fold(language, word, length, folded);
    const char *term = folded;
    bool stopword = language_listed(language->rules->stopwords, folded, size);
    if (form == LANGUAGE_STEMMED && language->stemmer && !stopword) {
        const sb_symbol *stem =
            sb_stemmer_stem(language->stemmer, (const sb_symbol *)folded, (int)size);
        int stem_size = stem ? sb_stemmer_length(language->stemmer) : 0;
        if (stem_size > 0) {
            term = (const char *)stem;
            size = (size_t)stem_size;
        }
    }
    char *raw = arena_copy(language->memory, word, length);
    slot->term = arena_copy(language->memory, term, size);
    slot->raw_length = length;
    slot->stopword = stopword;
    slot->raw = slot->term ? raw : NULL;
    return slot->raw;
}

static bool cache_renew(struct language *language)
{
    struct arena *memory = arena_new(CACHE_BYTES);
    if (!memory)
        return false;
    arena_free(language->memory);
    language->memory = memory;
    memset(language->slots, 0, SLOTS * sizeof *language->slots);
    language->used = 0;
    return true;
}

const struct language_term *language_term(struct language *language, const char *word,
                                          size_t length, enum language_form form)
{
    if (length > LANGUAGE_WORD_BYTES)
        length = text_cut(word, LANGUAGE_WORD_BYTES);
    if (language->used > SLOTS / 4 * 3 && !cache_renew(language))
        return NULL;
    size_t at = hash(word, length, (uint32_t)form) % SLOTS;
    for (; language->slots[at].raw; at = (at + 1) % SLOTS) {
        const struct language_term *slot = &language->slots[at];
        if (slot->raw_length == length && memcmp(slot->raw, word, length) == 0 &&
            slot->form == form)
            return slot;
    }
    struct language_term *slot = &language->slots[at];
    slot->form = form;
    if (!fill(language, slot, word, length, form)) {
        if (!cache_renew(language))
            return NULL;
        slot->form = form;
        if (!fill(language, slot, word, length, form))
            return NULL;
    }
    language->used++;
    return slot;
}
