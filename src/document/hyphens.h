/*
 * Hyphens: whether a hyphen at a line's end belongs to the word or to the line.
 *
 * "com-" and "putation" make computation, but "date-or-" and "time", "--num-" and "callers", "non-"
 * and "linear" keep theirs. The document itself knows most of its compounds: the words within its
 * lines are noted, and they decide first.
 */
#ifndef DOCUMENT_HYPHENS_H
#define DOCUMENT_HYPHENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

/* The words of a document, as hashes. All zero is an empty one. */
struct hyphens {
    uint64_t *slots;
    size_t capacity, count;
};

/* Notes the words of a line, except one that a hyphen at its end cuts. */
int hyphens_learn(struct hyphens *hyphens, const char *text, size_t length,
                  struct treadle_error *error);
void hyphens_clear(struct hyphens *hyphens);

/* Whether the line ends in a hyphen after a letter or digit, or in a soft hyphen; `cut` becomes the
 * length of the line without it. */
bool hyphens_ends(const char *text, size_t length, size_t *cut);

/* Whether the hyphen stays where `before` (a line without its hyphen) is joined to `after`. */
bool hyphens_keep(const struct hyphens *hyphens, const char *before, size_t before_length,
                  const char *after, size_t after_length);

#endif
