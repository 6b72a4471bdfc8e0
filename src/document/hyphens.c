/*
 * Hyphens: an open-addressed set of hashes, and rules for words that the document says only once.
 */
#include "document/hyphens.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

enum { LONGEST_WORD = 80, FIRST_CAPACITY = 1 << 14, MOST_WORDS = 1 << 21 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || is_upper(c) || ((unsigned char)c & 0x80);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

static uint64_t hash_on(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)(is_upper(text[i]) ? text[i] - 'A' + 'a' : text[i]);
        hash = hash_step_64(hash, c);
    }
    return hash;
}

/* The slot that holds the hash, or the free one where it belongs. 0 marks a free slot. */
static size_t find_slot(const struct hyphens *hyphens, uint64_t hash)
{
    size_t mask = hyphens->capacity - 1, slot = (size_t)(hash ^ hash >> 32) & mask;
    while (hyphens->slots[slot] && hyphens->slots[slot] != hash)
        slot = (slot + 1) & mask;
    return slot;
}

static bool grow(struct hyphens *hyphens)
{
    struct hyphens larger = {.capacity = hyphens->capacity ? hyphens->capacity * 2 : FIRST_CAPACITY,
                             .count = hyphens->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < hyphens->capacity; i++)
        if (hyphens->slots[i])
            larger.slots[find_slot(&larger, hyphens->slots[i])] = hyphens->slots[i];
    free(hyphens->slots);
    *hyphens = larger;
    return true;
}

static int add(struct hyphens *hyphens, uint64_t hash, struct treadle_error *error)
{
    /* A document of more words is not prose; the rules alone decide the rest. */
    if (hyphens->count >= MOST_WORDS)
        return 0;
    if (hyphens->count * 2 >= hyphens->capacity && !grow(hyphens))
        return error_set_memory(error);
    size_t slot = find_slot(hyphens, hash);
    hyphens->count += hyphens->slots[slot] == 0;
    hyphens->slots[slot] = hash;
    return 0;
}

void hyphens_clear(struct hyphens *hyphens)
{
    free(hyphens->slots);
    *hyphens = (struct hyphens){0};
}

int hyphens_learn(struct hyphens *hyphens, const char *text, size_t length,
                  struct treadle_error *error)
{
    int rc = 0;
    for (size_t start = 0; start < length && !rc;) {
        size_t end = start;
        while (end < length && is_word(text[end]))
            end++;
        bool cut = end == length && end > start && text[end - 1] == '-';
        if (end > start && end - start <= LONGEST_WORD && !cut)
            rc = add(hyphens, hash_on(HASH_START_64, text + start, end - start), error);
        start = end + 1;
    }
    return rc;
}

bool hyphens_ends(const char *text, size_t length, size_t *cut)
{
    if (length >= 3 && memcmp(text + length - 2, "\xC2\xAD", 2) == 0) {
        *cut = length - 2;
        return true;
    }
    if (length < 2 || text[length - 1] != '-' ||
        !(is_letter(text[length - 2]) || is_digit(text[length - 2])))
        return false;
    *cut = length - 1;
    return true;
}

static bool knows(const struct hyphens *hyphens, const char *a, size_t a_length, const char *middle,
                  const char *b, size_t b_length)
{
    if (hyphens->capacity == 0)
        return false;
    uint64_t hash = hash_on(HASH_START_64, a, a_length);
    hash = hash_on(hash, middle, strlen(middle));
    hash = hash_on(hash, b, b_length);
    return hyphens->slots[find_slot(hyphens, hash)] != 0;
}

/* Words that begin compounds and are hardly ever the first part of a longer word. */
static bool begins_compounds(const char *word, size_t length)
{
    static const char *const words[] = {
        "all",  "built",  "case",   "command", "cross", "double", "ex",   "first", "floating",
        "full", "half",   "hard",   "high",    "left",  "line",   "long", "low",   "multi",
        "new",  "non",    "object", "one",     "post",  "quasi",  "read", "real",  "right",
        "run",  "second", "self",   "semi",    "short", "single", "so",   "three", "time",
        "two",  "user",   "well",   "wide",    "word",  "zero"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length &&
            hash_on(HASH_START_64, words[i], length) == hash_on(HASH_START_64, word, length))
            return true;
    return false;
}

bool hyphens_keep(const struct hyphens *hyphens, const char *before, size_t before_length,
                  const char *after, size_t after_length)
{
    size_t start = before_length, end = 0;
    while (start > 0 && before_length - start < LONGEST_WORD && is_word(before[start - 1]))
        start--;
    while (end < after_length && end < LONGEST_WORD && is_word(after[end]))
        end++;
    while (end > 0 && after[end - 1] == '-')
        end--;
    const char *word = before + start;
    size_t length = before_length - start;
    if (end == 0 || !is_letter(after[0]))
        return true;
    if (knows(hyphens, word, length, "", after, end))
        return false;
    if (knows(hyphens, word, length, "-", after, end))
        return true;
    /* Options, identifiers, compounds of three and names keep it: --num-callers, foo_bar-baz,
     * time-or-date, X-Windows, pre-C99. */
    for (size_t i = 0; i < length; i++)
        if (word[i] == '-' || word[i] == '_' || is_digit(word[i]) || (i > 0 && is_upper(word[i])))
            return true;
    return is_upper(after[0]) || length == 1 || begins_compounds(word, length);
}
