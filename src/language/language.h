/*
 * Language: words, stems, sentences and token estimates, for search and for the built-in model.
 * Boundaries are ICU's, stems Snowball's, for the languages that both know; in other texts words
 * are not stemmed. A word's term is what is compared: case folded, compatibility forms folded,
 * stemmed. Nothing here keeps state; what is expensive to make is in an object that serves one
 * thread at a time.
 */
#ifndef LANGUAGE_LANGUAGE_H
#define LANGUAGE_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "treadle/error.h"

struct language; /* the tools for one language */

/* `code` is an ISO 639-1 code such as "en"; for NULL or an unknown one the rules for words and
 * sentences are English. */
int language_new(struct language **out, const char *code, struct treadle_error *error);
void language_free(struct language *language);

/* Which language a text is in, by its script and its commonest words: an ISO 639-1 code with static
 * life. "en" where that is not known. Looks at the first 20,000 bytes at most. */
const char *language_detect(const char *text, size_t length);

struct language_word {
    size_t start, end; /* bytes within the text */
    const char *term;  /* in the arena */
    bool stopword;     /* too common to mean anything (the, of, is, what, …) */
    bool part; /* of the last word before it that is not a part: an identifier (read.csv) comes as a
                  whole and then in its parts (read, csv) */
};

/* The words of a text in order. */
int language_words(struct language *language, const char *text, size_t length, struct arena *arena,
                   struct language_word **out, size_t *count, struct treadle_error *error);

struct language_span {
    size_t start, end;
};

/* The sentences of a text in order, without the white space around them. Does not split at
 * abbreviations ("e.g.", "Fig. 3"), version numbers or option names. */
int language_sentences(struct language *language, const char *text, size_t length,
                       struct arena *arena, struct language_span **out, size_t *count,
                       struct treadle_error *error);

/* About how many tokens a model would make of the text: an estimate by character class. Over a
 * paragraph it is within 25 % of what the encoding o200k_base gives for English and for code, and
 * within 40 % for other languages, which tests/api/tokens.test.mjs holds it to. Older and smaller
 * vocabularies make more of scripts other than Latin: up to three times as many. */
size_t language_tokens(const char *text, size_t length);

/* The same, apart by what the tokens are made of: a vocabulary is mostly off by one factor for each
 * of these. Adds to the counts. */
enum language_token_class {
    LANGUAGE_TOKENS_WORDS,   /* the first token of a word of Latin letters */
    LANGUAGE_TOKENS_ENDINGS, /* further ones of long words, as German has many */
    LANGUAGE_TOKENS_ACCENTS,
    LANGUAGE_TOKENS_DIGITS,
    LANGUAGE_TOKENS_SIGNS, /* and white space */
    LANGUAGE_TOKENS_CYRILLIC,
    LANGUAGE_TOKENS_IDEOGRAPHS,
    LANGUAGE_TOKENS_OTHERS,
    LANGUAGE_TOKEN_CLASSES
};
void language_count_tokens(const char *text, size_t length, double counts[LANGUAGE_TOKEN_CLASSES]);

#endif
