/*
 * The tokenizer of the sentence embedding: from text to the ids of pieces.
 *
 * It is a unigram model in SentencePiece's format: text is normalised by the model's character map,
 * and cut into those pieces whose scores have the largest sum. The model is hostile input. A
 * tokenizer does not change once it is made, and may be used by many threads at once.
 */
#ifndef ENCODER_TOKENIZER_H
#define ENCODER_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

enum { TOKENIZER_UNKNOWN = 0, TOKENIZER_BEGIN = 1, TOKENIZER_END = 2 };

struct tokenizer;

/* The model's bytes must stay. At most `ids` pieces, so that every id is below it.
 * TREADLE_EPARSE. */
int tokenizer_new(struct tokenizer **out, const unsigned char *model, size_t length, size_t ids,
                  struct treadle_error *error);

/* Accepts NULL. */
void tokenizer_free(struct tokenizer *tokenizer);

/* What one thread needs to cut texts; grows with the longest text. Starts as {0}. */
struct tokenizer_work {
    char *text; /* normalised */
    size_t length, room;
    struct tokenizer_place *places; /* one a byte of the text */
    size_t place_room;
};

void tokenizer_work_clear(struct tokenizer_work *work);

/* Writes TOKENIZER_BEGIN, the pieces of the text and TOKENIZER_END to `out`, which has room for
 * `most` ids, 2 at least. What does not fit is left out from the end. The text is UTF-8. */
int tokenizer_cut(const struct tokenizer *tokenizer, struct tokenizer_work *work, const char *text,
                  size_t length, uint32_t *out, size_t most, size_t *count,
                  struct treadle_error *error);

#endif
