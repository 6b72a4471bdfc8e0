/*
 * Segments: words that follow each other on a line without a gap: a line of a column, a cell of a
 * table, a label.
 */
#ifndef DOCUMENT_SEGMENT_H
#define DOCUMENT_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "document/page.h"
#include "treadle/error.h"

struct segment {
    int32_t left, top, right,
        bottom; /* by base and size, since the boxes of fonts are often wrong */
    int32_t base;
    int32_t size;      /* of its largest words */
    int32_t pitch;     /* the width of each of its characters where all are of one, else 0 */
    uint32_t letters;  /* characters in all */
    uint32_t leftward; /* of these, letters that are read from right to left */
    uint32_t bold, typewriter; /* characters in such fonts */
    bool note, artifact;       /* of its first word, enum frame_style */
    uint32_t part, row, role;  /* of all its words, as a frame_word's */
    bool slim, broad; /* has letters whose widths differ in other fonts than a typewriter's */
    const char *text; /* folded, in the order of reading */
    size_t length;
};

/* Makes segments, in `arena`, from words that all run to the right, in the order of drawing. */
int segments_make(struct segment **out, size_t *count, const struct word *words, size_t word_count,
                  struct arena *arena, struct treadle_error *error);

/* Whether the two are on one line. */
bool segments_level(const struct segment *a, const struct segment *b);

#endif
