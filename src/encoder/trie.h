/*
 * A trie of the tokenizer's pieces: finds those that a text has at a place, shortest first.
 */
#ifndef ENCODER_TRIE_H
#define ENCODER_TRIE_H

#include <stddef.h>
#include <stdint.h>

struct trie;

struct trie_word {
    const unsigned char *bytes; /* at least one; must stay only while the trie is made */
    size_t length;
    uint32_t value;
};

/* Sorts the words. Of equal ones the first stays. NULL when memory runs out. */
struct trie *trie_new(struct trie_word *words, size_t count);
void trie_free(struct trie *trie);

/* A walk from the root: trie_step moves by one byte. */
struct trie_walk {
    const struct trie *trie;
    uint32_t node;
};

enum { TRIE_ENDS = -2, TRIE_INSIDE = -1 };

struct trie_walk trie_begin(const struct trie *trie);

/* The value of the word that ends with this byte; TRIE_INSIDE where none does but longer ones may,
 * TRIE_ENDS where no word begins so. */
int64_t trie_step(struct trie_walk *walk, unsigned char byte);

#endif
