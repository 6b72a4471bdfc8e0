/*
 * Shared by the files of this room: struct language, and the table of the known languages.
 */
#ifndef LANGUAGE_INTERNAL_H
#define LANGUAGE_INTERNAL_H

#include <libstemmer.h>
#include <unicode/ubrk.h>
#include <unicode/unorm2.h>

#include "language/language.h"

/* ASCII alone, whatever the locale. */
static inline bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_upper(unsigned char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool is_lower(unsigned char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool is_letter(unsigned char c)
{
    return is_upper(c) || is_lower(c);
}

static inline char to_lower(unsigned char c)
{
    return (char)(is_upper(c) ? c | 0x20 : c);
}

/* No word is longer than this; the rest is the next word. */
enum { LANGUAGE_WORD_BYTES = 128 };

struct language_rules {
    const char *code;      /* ISO 639-1 */
    const char *stemmer;   /* Snowball's name, NULL where it has none */
    const char *stopwords; /* between spaces, one also at either end */
};

/* Ends with a row whose code is NULL; the first row is English. */
extern const struct language_rules language_table[];

/* Whether the space separated list holds the word. */
bool language_listed(const char *list, const char *word, size_t length);

enum language_form {
    LANGUAGE_STEMMED, /* an ordinary word */
    LANGUAGE_VERBATIM /* an identifier or a number: folded, not stemmed */
};

/* A word as it is in a text, and its term. */
struct language_term {
    char *raw; /* NULL: free slot */
    size_t raw_length;
    char *term;
    enum language_form form;
    bool stopword;
};

struct language {
    const struct language_rules *rules;
    struct sb_stemmer *stemmer; /* NULL: words are not stemmed */
    const UNormalizer2 *fold;   /* ICU's own, not to be closed */
    UBreakIterator *words;      /* for scripts without spaces */
    UBreakIterator *sentences;
    struct arena *memory; /* what the slots point to */
    struct language_term *slots;
    size_t used;
};

/* The term for a word, which stays until the next call. NULL when memory runs out. */
const struct language_term *language_term(struct language *language, const char *word,
                                          size_t length, enum language_form form);

#endif
