/*
 * The character map of the tokenizer's model: a double-array trie of byte strings, each with its
 * replacement. It is hostile input and is used in place.
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

/* False where the bytes are not a character map. An empty one replaces nothing. */
bool charmap_read(const unsigned char *bytes, size_t length, struct charmap *out);

/* The longest string at the start of the text that is replaced: its length, and its replacement. 0
 * where there is none. */
size_t charmap_match(const struct charmap *map, const char *text, size_t length,
                     const char **replacement);

#endif
