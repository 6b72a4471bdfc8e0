/*
 * Shape: by sizes and places alone, whatever the words are.
 */
#include "document/shape.h"

#include <stdlib.h>

void shape_widen(struct box *box, const struct segment *segment, bool first)
{
    if (first || segment->left < box->left)
        box->left = segment->left;
    if (first || segment->top < box->top)
        box->top = segment->top;
    if (first || segment->right > box->right)
        box->right = segment->right;
    if (first || segment->bottom > box->bottom)
        box->bottom = segment->bottom;
}

static size_t count_words(const struct segment *segment)
{
    size_t words = 1;
    for (size_t i = 0; i < segment->length; i++)
        words += segment->text[i] == ' ';
    return words;
}

bool shape_is_prose(const struct order *order, const size_t *indices, size_t count)
{
    struct box box = {0};
    size_t words = 0, letters = 0, filled = 0;
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = &order->segments[indices[i]];
        shape_widen(&box, segment, i == 0);
        words += count_words(segment);
        letters += segment->letters;
    }
    int64_t width = (int64_t)box.right - box.left;
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = &order->segments[indices[i]];
        filled += ((int64_t)segment->right - segment->left) * 10 >= width * 7;
    }
    return count >= 2 && (words >= count * 3 || letters >= count * 18) && filled * 2 >= count &&
           width > 8 * (int64_t)order->em;
}

static int compare_numbers(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

/* The bases of the segments in order, each once; their number. */
static size_t list_bases(const struct order *order, const size_t *indices, size_t count,
                         int32_t *bases)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        bases[i] = order->segments[indices[i]].base;
    qsort(bases, count, sizeof *bases, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || bases[i] - bases[kept - 1] > 200)
            bases[kept++] = bases[i];
    return kept;
}

static bool has_digits(const struct order *order, const size_t *indices, size_t count)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < count; i++) {
        const struct segment *segment = &order->segments[indices[i]];
        for (size_t c = 0; c < segment->length; c++)
            digits += segment->text[c] >= '0' && segment->text[c] <= '9';
        letters += segment->letters;
    }
    return digits * 3 >= letters;
}

/* Whether lines follow each other as closely as those of an index or a list in columns. */
static bool is_dense(const struct order *order, const int32_t *bases, size_t count)
{
    return count > 12 && (int64_t)(bases[count - 1] - bases[0]) * 100 <=
                             (int64_t)order->em * 145 * (int64_t)(count - 1);
}

bool shape_is_table(const struct order *order, const size_t *a, size_t a_count, const size_t *b,
                    size_t b_count)
{
    int32_t *bases = malloc((a_count + b_count) * sizeof *bases);
    if (!bases)
        return false;
    size_t met = 0, left = list_bases(order, a, a_count, bases);
    int32_t *others = bases + a_count;
    size_t right = list_bases(order, b, b_count, others);
    for (size_t i = 0, j = 0; i < left && j < right;) {
        int32_t shift = bases[i] - others[j];
        met += shift >= -200 && shift <= 200;
        if (shift <= 0)
            i++;
        else
            j++;
    }
    size_t fewer = left < right ? left : right;
    bool lists = is_dense(order, bases, left) && is_dense(order, others, right) &&
                 !has_digits(order, a, a_count) && !has_digits(order, b, b_count);
    free(bases);
    return fewer >= 2 && met * 10 >= fewer * 8 && !lists &&
           !(shape_is_prose(order, a, a_count) && shape_is_prose(order, b, b_count));
}

bool shape_jumps_up(const struct order *order, const struct segment *before,
                    const struct segment *segment)
{
    int64_t rise = (int64_t)before->base - segment->base, em = order->em;
    if (rise * 10 > 16 * em)
        return true;
    return rise * 10 > 8 * em && segment->letters > 3 && before->letters > 3 &&
           segment->left < before->right && before->left < segment->right;
}
