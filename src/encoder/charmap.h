/*
 * The character map of the tokenizer's model: a double-array trie of byte strings, and what each is
 * replaced by. It is hostile input and is used in place.
 */
#ifndef ENCODER_CHARMAP_H
#define ENCODER_CHARMAP_H

#include <stdbool.h>
#include <stddef.h>

struct charmap {
    const unsigned char *units; /* of four bytes each */
    size_t unit_count;
    const char *texts; /* replacements, each ended by a NUL */
    size_t texts_length;
};

/* False where the bytes are no character map. No bytes are a map that replaces nothing. */
bool charmap_read(const unsigned char *bytes, size_t length, struct charmap *out);

/* The longest string at the start of the text that is replaced: how long it is, and by what. 0
 * where none is. */
size_t charmap_match(const struct charmap *map, const char *text, size_t length,
                     const char **replacement);

#endif
