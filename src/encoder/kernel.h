/*
 * Kernels: the inner loops of the sentence embedding, for the instructions that the processor has.
 *
 * All of them work on whole numbers, so every kernel computes the same results, to the bit.
 */
#ifndef ENCODER_KERNEL_H
#define ENCODER_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* Outputs of a panel. */
enum { KERNEL_PANEL = 16 };

/* A matrix [inputs][outputs] as kernels read it: [panel][pair of inputs][output][2]. */
struct kernel_matrix {
    int16_t *cells;
    size_t inputs, outputs; /* an even number, and whole panels */
};

/* `out` is freed with kernel_matrix_clear. 0 or TREADLE_EMEMORY. */
int kernel_pack(const int8_t *cells, size_t inputs, size_t outputs, struct kernel_matrix *out);
void kernel_matrix_clear(struct kernel_matrix *matrix);

struct kernel {
    const char *name;
    /* out[row][0 … 15] = rows[row] × panel, for `count` rows that begin `stride` numbers after each
     * other and may overlap. No sum may leave 32 bits. */
    void (*product)(const int16_t *rows, size_t stride, size_t count, const int16_t *panel,
                    size_t inputs, int32_t *out, size_t out_stride);
    /* scores[i] = the dot product of the query and vector i. `dimensions` is a multiple of 32. */
    void (*dots)(const int8_t *query, const int8_t *vectors, size_t count, size_t dimensions,
                 int32_t *scores);
};

/* The fastest that this processor can run. */
const struct kernel *kernel_best(void);

/* All that it can run, the portable one first; NULL beyond the last. */
const struct kernel *kernel_at(size_t index);

/* out[row][output] = rows × matrix. */
void kernel_multiply(const struct kernel *kernel, const int16_t *rows, size_t stride, size_t count,
                     const struct kernel_matrix *matrix, int32_t *out);

#endif
