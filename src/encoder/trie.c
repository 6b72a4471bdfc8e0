/*
 * A trie in three arrays. The children of a node are together, in the order of their bytes; the
 * root's are found by a table.
 */
#include "encoder/trie.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NO_VALUE UINT32_MAX

struct trie_node {
    uint32_t first; /* of its children */
    uint32_t value;
    uint16_t count;
    unsigned char byte;
};

struct trie {
    struct trie_node *nodes; /* the root is the first */
    size_t count, room;
    uint32_t roots[256]; /* its child of a byte; 0: none */
};

static int compare(const void *a, const void *b)
{
    const struct trie_word *first = a, *second = b;
    size_t shorter = first->length < second->length ? first->length : second->length;
    int order = memcmp(first->bytes, second->bytes, shorter);
    if (order)
        return order;
    if (first->length != second->length)
        return first->length < second->length ? -1 : 1;
    return first->value < second->value ? -1 : first->value > second->value;
}

/* Makes room for as many nodes as a node can have children; returns the first of them. */
static bool add_nodes(struct trie *trie, size_t count)
{
    size_t last = trie->count + count - 1;
    struct trie_node *nodes =
        last < UINT32_MAX ? array_grow(trie->nodes, last, &trie->room, sizeof *nodes) : NULL;
    if (!nodes)
        return false;
    trie->nodes = nodes;
    memset(trie->nodes + trie->count, 0, count * sizeof *trie->nodes);
    trie->count += count;
    return true;
}

/* The words from `begin` to `end` share `depth` bytes, which lead to a node. */
struct span {
    size_t begin, end, depth, node;
};

static size_t end_of_byte(const struct trie_word *words, size_t begin, size_t end, size_t depth)
{
    size_t at = begin;
    while (at < end && words[at].bytes[depth] == words[begin].bytes[depth])
        at++;
    return at;
}

static size_t count_bytes(const struct trie_word *words, const struct span *span, size_t begin)
{
    size_t count = 0;
    for (size_t at = begin; at < span->end; count++)
        at = end_of_byte(words, at, span->end, span->depth);
    return count;
}

/* Makes the children of the span's node, and puts a span for each on the list. */
static bool expand(struct trie *trie, const struct trie_word *words, struct span span,
                   struct span *list, size_t *listed)
{
    size_t begin = span.begin;
    trie->nodes[span.node].value = NO_VALUE;
    if (words[begin].length == span.depth)
        trie->nodes[span.node].value = words[begin].value;
    while (begin < span.end && words[begin].length == span.depth)
        begin++;
    size_t children = count_bytes(words, &span, begin), first = trie->count;
    if (!add_nodes(trie, children))
        return false;
    trie->nodes[span.node].first = (uint32_t)first;
    trie->nodes[span.node].count = (uint16_t)children;
    for (size_t i = 0; i < children; i++) {
        size_t end = end_of_byte(words, begin, span.end, span.depth);
        trie->nodes[first + i].byte = words[begin].bytes[span.depth];
        list[(*listed)++] = (struct span){begin, end, span.depth + 1, first + i};
        begin = end;
    }
    return true;
}

/* A span is on the list for each node that is not made yet: they never share a word, so they are
 * no more than the words. */
static bool build(struct trie *trie, const struct trie_word *words, size_t count)
{
    struct span *list = reallocarray(NULL, count + 1, sizeof *list);
    size_t listed = 1;
    bool worked = list && add_nodes(trie, 1);
    if (worked)
        list[0] = (struct span){0, count, 0, 0};
    while (worked && listed)
        worked = expand(trie, words, list[--listed], list, &listed);
    free(list);
    return worked;
}

struct trie *trie_new(struct trie_word *words, size_t count)
{
    struct trie *trie = calloc(1, sizeof *trie);
    if (!trie || !count) {
        trie_free(trie);
        return NULL;
    }
    qsort(words, count, sizeof *words, compare);
    if (!build(trie, words, count)) {
        trie_free(trie);
        return NULL;
    }
    const struct trie_node *root = &trie->nodes[0];
    for (uint32_t i = 0; i < root->count; i++)
        trie->roots[trie->nodes[root->first + i].byte] = root->first + i;
    return trie;
}

void trie_free(struct trie *trie)
{
    if (!trie)
        return;
    free(trie->nodes);
    free(trie);
}

struct trie_walk trie_begin(const struct trie *trie)
{
    return (struct trie_walk){.trie = trie};
}

static uint32_t find_child(const struct trie *trie, const struct trie_node *node,
                           unsigned char byte)
{
    size_t low = node->first, high = low + node->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (trie->nodes[middle].byte < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low < (size_t)node->first + node->count && trie->nodes[low].byte == byte ? (uint32_t)low
                                                                                    : 0;
}

int64_t trie_step(struct trie_walk *walk, unsigned char byte)
{
    const struct trie *trie = walk->trie;
    walk->node = walk->node ? find_child(trie, &trie->nodes[walk->node], byte) : trie->roots[byte];
    if (!walk->node)
        return TRIE_ENDS;
    const struct trie_node *node = &trie->nodes[walk->node];
    if (node->value != NO_VALUE)
        return node->value;
    return node->count ? TRIE_INSIDE : TRIE_ENDS;
}
