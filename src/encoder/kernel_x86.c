/*
 * Kernels for x86.
 *
 * Pairs of 16-bit numbers are multiplied and added in one instruction. A tile is a few rows by one
 * panel, whose sums stay in registers.
 */
#include "encoder/kernel_x86.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

static int32_t pair_at(const int16_t *row, size_t pair)
{
    int32_t both;
    memcpy(&both, row + pair, sizeof both);
    return both;
}

/* ---- SSE2 ----------------------------------------------------------------------------------- */

static void tile_sse2(const int16_t *rows, size_t stride, size_t count, const int16_t *panel,
                      size_t inputs, int32_t *out, size_t out_stride)
{
    __m128i sums[2][4];
    const int16_t *second = rows + (count > 1 ? stride : 0);
    for (int i = 0; i < 4; i++)
        sums[0][i] = sums[1][i] = _mm_setzero_si128();
    for (size_t pair = 0; pair < inputs; pair += 2, panel += 2 * KERNEL_PANEL) {
        __m128i a = _mm_set1_epi32(pair_at(rows, pair));
        __m128i b = _mm_set1_epi32(pair_at(second, pair));
        for (int i = 0; i < 4; i++) {
            __m128i cells = _mm_loadu_si128((const __m128i *)(const void *)(panel + 8 * i));
            sums[0][i] = _mm_add_epi32(sums[0][i], _mm_madd_epi16(a, cells));
            sums[1][i] = _mm_add_epi32(sums[1][i], _mm_madd_epi16(b, cells));
        }
    }
    for (size_t row = 0; row < count; row++)
        for (int i = 0; i < 4; i++)
            _mm_storeu_si128((__m128i *)(void *)(out + row * out_stride + 4 * i), sums[row][i]);
}

static void product_sse2(const int16_t *rows, size_t stride, size_t count, const int16_t *panel,
                         size_t inputs, int32_t *out, size_t out_stride)
{
    for (size_t row = 0; row < count; row += 2)
        tile_sse2(rows + row * stride, stride, count - row < 2 ? count - row : 2, panel, inputs,
                  out + row * out_stride, out_stride);
}

static __m128i widen_low(__m128i bytes)
{
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

static __m128i widen_high(__m128i bytes)
{
    return _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8);
}

static void dots_sse2(const int8_t *query, const int8_t *vectors, size_t count, size_t dimensions,
                      int32_t *scores)
{
    for (size_t vector = 0; vector < count; vector++, vectors += dimensions) {
        __m128i sum = _mm_setzero_si128();
        for (size_t i = 0; i < dimensions; i += 16) {
            __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(query + i));
            __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(vectors + i));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(widen_low(a), widen_low(b)));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(widen_high(a), widen_high(b)));
        }
        int32_t parts[4];
        _mm_storeu_si128((__m128i *)(void *)parts, sum);
        scores[vector] = parts[0] + parts[1] + parts[2] + parts[3];
    }
}

static const struct kernel sse2 = {"SSE2", product_sse2, dots_sse2};

/* ---- AVX2 ----------------------------------------------------------------------------------- */

enum { TILE = 6 };

/* Always inlined, so that the number of rows is a constant where the tile is used. */
AVX2 static inline __attribute__((always_inline)) void tile_avx2(const int16_t *rows, size_t stride,
                                                                 const int16_t *panel,
                                                                 size_t inputs, int32_t *out,
                                                                 size_t out_stride, const int count)
{
    __m256i sums[TILE][2];
    for (int row = 0; row < count; row++)
        sums[row][0] = sums[row][1] = _mm256_setzero_si256();
    for (size_t pair = 0; pair < inputs; pair += 2, panel += 2 * KERNEL_PANEL) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)panel);
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(panel + 16));
        for (int row = 0; row < count; row++) {
            __m256i in = _mm256_set1_epi32(pair_at(rows + (size_t)row * stride, pair));
            sums[row][0] = _mm256_add_epi32(sums[row][0], _mm256_madd_epi16(in, low));
            sums[row][1] = _mm256_add_epi32(sums[row][1], _mm256_madd_epi16(in, high));
        }
    }
    for (int row = 0; row < count; row++) {
        int32_t *to = out + (size_t)row * out_stride;
        _mm256_storeu_si256((__m256i *)(void *)to, sums[row][0]);
        _mm256_storeu_si256((__m256i *)(void *)(to + 8), sums[row][1]);
    }
}

AVX2 static void product_avx2(const int16_t *rows, size_t stride, size_t count,
                              const int16_t *panel, size_t inputs, int32_t *out, size_t out_stride)
{
    size_t row = 0;
    for (; row + TILE <= count; row += TILE)
        tile_avx2(rows + row * stride, stride, panel, inputs, out + row * out_stride, out_stride,
                  TILE);
    for (; row + 2 <= count; row += 2)
        tile_avx2(rows + row * stride, stride, panel, inputs, out + row * out_stride, out_stride,
                  2);
    if (row < count)
        tile_avx2(rows + row * stride, stride, panel, inputs, out + row * out_stride, out_stride,
                  1);
}

AVX2 static __m256i widen(const int8_t *bytes)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)bytes));
}

AVX2 static void dots_avx2(const int8_t *query, const int8_t *vectors, size_t count,
                           size_t dimensions, int32_t *scores)
{
    for (size_t vector = 0; vector < count; vector++, vectors += dimensions) {
        __m256i first = _mm256_setzero_si256(), second = first;
        for (size_t i = 0; i < dimensions; i += 32) {
            first =
                _mm256_add_epi32(first, _mm256_madd_epi16(widen(query + i), widen(vectors + i)));
            second = _mm256_add_epi32(
                second, _mm256_madd_epi16(widen(query + i + 16), widen(vectors + i + 16)));
        }
        int32_t parts[8], sum = 0;
        _mm256_storeu_si256((__m256i *)(void *)parts, _mm256_add_epi32(first, second));
        for (int i = 0; i < 8; i++)
            sum += parts[i];
        scores[vector] = sum;
    }
}

static const struct kernel avx2 = {"AVX2", product_avx2, dots_avx2};

const struct kernel *kernel_x86(size_t index)
{
    if (index == 0)
        return &sse2;
    return index == 1 && __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else

const struct kernel *kernel_x86(size_t index)
{
    (void)index;
    return NULL;
}

#endif
