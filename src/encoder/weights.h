/*
 * The weights of the sentence embedding: where each tensor of the model file is.
 *
 * The file is Google's universal-sentence-encoder-multilingual 3 (Apache-2.0) as an ONNX graph with
 * matrices of 8 bits, of which only the tensors are read. It is used in place: large tensors point
 * into the file, which must stay; vectors of floats are copied, since they are not aligned. The
 * file is hostile input: every length, shape, scale and sum is checked, so that no product over
 * these weights can overflow.
 */
#ifndef ENCODER_WEIGHTS_H
#define ENCODER_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

enum {
    WEIGHTS_PARTS = 17, /* of the table of ids: id % 17 is the part, id / 17 the row */
    WEIGHTS_PART_ROWS = 7530,
    WEIGHTS_IDS = WEIGHTS_PARTS * WEIGHTS_PART_ROWS,
    WEIGHTS_WORD = 512,   /* values of a row */
    WEIGHTS_BRANCH = 256, /* width of a branch */
    WEIGHTS_BRANCHES = 3, /* convolutions over 2, 3 and 5 neighbours */
    WEIGHTS_WIDE = WEIGHTS_WORD + WEIGHTS_BRANCHES * WEIGHTS_BRANCH,
    WEIGHTS_OUT = 512,
    WEIGHTS_HIDDEN = 320
};

/* How many neighbours a branch sees, and how many of them are before the place itself. */
extern const size_t weights_order[WEIGHTS_BRANCHES];
extern const size_t weights_left[WEIGHTS_BRANCHES];

/* [inputs][outputs], each value to be multiplied by the scale. */
struct weights_matrix {
    const int8_t *cells;
    size_t inputs, outputs;
    float scale;
};

struct weights_part {
    const uint8_t *rows; /* [WEIGHTS_PART_ROWS][WEIGHTS_WORD] */
    float scale;
    int zero; /* the value that stands for 0 */
};

struct weights_branch {
    struct weights_matrix project, first, second;
    float project_bias[WEIGHTS_BRANCH], gamma[WEIGHTS_BRANCH], beta[WEIGHTS_BRANCH];
    float first_bias[WEIGHTS_BRANCH], second_bias[WEIGHTS_BRANCH];
};

struct weights {
    struct weights_part parts[WEIGHTS_PARTS];
    struct weights_branch branches[WEIGHTS_BRANCHES];
    struct weights_matrix out;
    float gamma[WEIGHTS_WIDE], beta[WEIGHTS_WIDE], out_bias[WEIGHTS_OUT];
    struct weights_matrix dense[4], adjust[2]; /* residual layers 0 to 3; of layers 1 and 3 */
    const unsigned char *pieces;               /* the tokenizer's model */
    size_t pieces_length;
};

/* Finds everything. TREADLE_EPARSE, with what is wrong. */
int weights_read(const unsigned char *bytes, size_t length, struct weights *out,
                 struct treadle_error *error);

#endif
