/*
 * Kernels: portable ones, and the choice.
 */
#include "encoder/kernel.h"

#include <stdlib.h>

#include "encoder/kernel_x86.h"
#include "treadle/error.h"

static void product(const int16_t *rows, size_t stride, size_t count, const int16_t *panel,
                    size_t inputs, int32_t *out, size_t out_stride)
{
    for (size_t row = 0; row < count; row++) {
        const int16_t *in = rows + row * stride, *cells = panel;
        int32_t sums[KERNEL_PANEL] = {0};
        for (size_t pair = 0; pair < inputs; pair += 2, cells += 2 * KERNEL_PANEL)
            for (size_t i = 0; i < KERNEL_PANEL; i++)
                sums[i] += in[pair] * cells[2 * i] + in[pair + 1] * cells[2 * i + 1];
        for (size_t i = 0; i < KERNEL_PANEL; i++)
            out[row * out_stride + i] = sums[i];
    }
}

static void dots(const int8_t *query, const int8_t *vectors, size_t count, size_t dimensions,
                 int32_t *scores)
{
    for (size_t vector = 0; vector < count; vector++, vectors += dimensions) {
        int32_t sum = 0;
        for (size_t i = 0; i < dimensions; i++)
            sum += query[i] * vectors[i];
        scores[vector] = sum;
    }
}

static const struct kernel portable = {"portable", product, dots};

const struct kernel *kernel_at(size_t index)
{
    return index == 0 ? &portable : kernel_x86(index - 1);
}

const struct kernel *kernel_best(void)
{
    size_t index = 0;
    while (kernel_at(index + 1))
        index++;
    return kernel_at(index);
}

int kernel_pack(const int8_t *cells, size_t inputs, size_t outputs, struct kernel_matrix *out)
{
    int16_t *packed = reallocarray(NULL, inputs * outputs, sizeof *packed);
    if (!packed)
        return TREADLE_EMEMORY;
    int16_t *at = packed;
    for (size_t panel = 0; panel < outputs; panel += KERNEL_PANEL)
        for (size_t pair = 0; pair < inputs; pair += 2)
            for (size_t i = 0; i < KERNEL_PANEL; i++) {
                *at++ = cells[pair * outputs + panel + i];
                *at++ = cells[(pair + 1) * outputs + panel + i];
            }
    *out = (struct kernel_matrix){packed, inputs, outputs};
    return 0;
}

void kernel_matrix_clear(struct kernel_matrix *matrix)
{
    free(matrix->cells);
    *matrix = (struct kernel_matrix){.cells = NULL};
}

void kernel_multiply(const struct kernel *kernel, const int16_t *rows, size_t stride, size_t count,
                     const struct kernel_matrix *matrix, int32_t *out)
{
    const int16_t *panel = matrix->cells;
    for (size_t at = 0; at < matrix->outputs; at += KERNEL_PANEL) {
        kernel->product(rows, stride, count, panel, matrix->inputs, out + at, matrix->outputs);
        panel += matrix->inputs * KERNEL_PANEL;
    }
}
