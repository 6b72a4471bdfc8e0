/*
 * Cut: an XY-cut. A gutter with something on both of its sides separates left from right; where
 * there is none, bands of white separate above from below. Neighbouring bands that share a gutter
 * are kept together, or a gap between paragraphs at the same height would cut columns in two. What
 * cannot be cut is read as it is drawn, or by rows.
 */
#include "document/cut.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "document/shape.h"

enum { DEEPEST = 48, LOOK_BACK = 30 };

/* What is not cut: a block of segments that were drawn together, or one segment. */
struct piece {
    struct box box;
    size_t first, count; /* of the order's segments */
};

struct cutting {
    struct order *order;
    struct piece *pieces;
    size_t count;
    size_t done;     /* of the sequence */
    size_t *indices; /* room for the segments of two sides */
};

static int compare_left(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    if (left->box.left != right->box.left)
        return left->box.left < right->box.left ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static int compare_top(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    if (left->box.top != right->box.top)
        return left->box.top < right->box.top ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static int compare_drawn(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

static void emit(struct cutting *cutting, const struct piece *pieces, size_t count)
{
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < pieces[p].count; i++)
            cutting->order->sequence[cutting->done++] = pieces[p].first + i;
}

/* A segment's place within rows. */
struct cell {
    int32_t line; /* the base of its row */
    int32_t x;
    size_t index;
};

static int compare_cells(const void *a, const void *b)
{
    const struct cell *left = a, *right = b;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->x != right->x)
        return left->x < right->x ? -1 : 1;
    return (left->index > right->index) - (left->index < right->index);
}

static size_t list_segments(const struct piece *pieces, size_t count, size_t *indices)
{
    size_t listed = 0;
    for (size_t p = 0; p < count; p++)
        for (size_t i = 0; i < pieces[p].count; i++)
            indices[listed++] = pieces[p].first + i;
    return listed;
}

/* Reads the pieces row by row. */
static int emit_rows(struct cutting *cutting, const struct piece *pieces, size_t count,
                     struct treadle_error *error)
{
    const struct order *order = cutting->order;
    size_t listed = list_segments(pieces, count, cutting->indices);
    struct cell *cells = calloc(listed + 1, sizeof *cells);
    if (!cells)
        return error_set_memory(error);
    for (size_t i = 0; i < listed; i++) {
        const struct segment *segment = &order->segments[cutting->indices[i]];
        cells[i] = (struct cell){.line = segment->base,
                                 .x = order->leftward ? -segment->right : segment->left,
                                 .index = cutting->indices[i]};
    }
    qsort(cells, listed, sizeof *cells, compare_cells);
    for (size_t i = 1; i < listed; i++)
        if (segments_level(&order->segments[cells[i].index], &order->segments[cells[i - 1].index]))
            cells[i].line = cells[i - 1].line;
    qsort(cells, listed, sizeof *cells, compare_cells);
    for (size_t i = 0; i < listed; i++)
        cutting->order->sequence[cutting->done++] = cells[i].index;
    free(cells);
    return 0;
}

static struct box bounds(const struct piece *pieces, size_t count)
{
    struct box box = pieces[0].box;
    for (size_t i = 1; i < count; i++) {
        const struct box *other = &pieces[i].box;
        box.left = other->left < box.left ? other->left : box.left;
        box.top = other->top < box.top ? other->top : box.top;
        box.right = other->right > box.right ? other->right : box.right;
        box.bottom = other->bottom > box.bottom ? other->bottom : box.bottom;
    }
    return box;
}

/* How much of the two sides is beside each other. */
static int64_t beside(const struct piece *pieces, size_t at, size_t count)
{
    struct box a = bounds(pieces, at), b = bounds(pieces + at, count - at);
    int32_t top = a.top > b.top ? a.top : b.top;
    int32_t bottom = a.bottom < b.bottom ? a.bottom : b.bottom;
    return (int64_t)bottom - top;
}

static bool is_table(struct cutting *cutting, const struct piece *pieces, size_t at, size_t count)
{
    size_t left = list_segments(pieces, at, cutting->indices);
    size_t right = list_segments(pieces + at, count - at, cutting->indices + left);
    return shape_is_table(cutting->order, cutting->indices, left, cutting->indices + left, right);
}

/* Finds the widest gutter between pieces, which are sorted by their left edge: where the right side
 * begins, or 0. `*table`: there is one, but only between the columns of a table. */
static size_t find_gutter(struct cutting *cutting, struct piece *pieces, size_t count, bool *table)
{
    int64_t em = cutting->order->em, widest = 0;
    int32_t edge = pieces[0].box.right;
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t gap = (int64_t)pieces[i].box.left - edge;
        if (gap * 100 >= 75 * em && gap > widest && beside(pieces, i, count) * 10 > 25 * em) {
            if (is_table(cutting, pieces, i, count)) {
                *table = true;
            } else {
                best = i;
                widest = gap;
            }
        }
        if (pieces[i].box.right > edge)
            edge = pieces[i].box.right;
    }
    return best;
}

/* Whether a gutter separates the pieces, which get sorted by their left edge. */
static bool shares_gutter(const struct order *order, struct piece *pieces, size_t count)
{
    qsort(pieces, count, sizeof *pieces, compare_left);
    int32_t edge = pieces[0].box.right;
    for (size_t i = 1; i < count; i++) {
        if (((int64_t)pieces[i].box.left - edge) * 100 >= 75 * (int64_t)order->em)
            return true;
        if (pieces[i].box.right > edge)
            edge = pieces[i].box.right;
    }
    return false;
}

/* Where the band that begins at `start` ends, of pieces that are sorted by their top. */
static size_t end_of_band(const struct piece *pieces, size_t start, size_t count)
{
    int32_t bottom = pieces[start].box.bottom;
    size_t end = start + 1;
    while (end < count && pieces[end].box.top < bottom) {
        if (pieces[end].box.bottom > bottom)
            bottom = pieces[end].box.bottom;
        end++;
    }
    return end;
}

/* Where the group of bands that begins at `start` ends: bands that share a gutter and are close to
 * each other. `copy` has room for all. */
static size_t end_of_group(const struct order *order, const struct piece *pieces, size_t start,
                           size_t count, struct piece *copy)
{
    size_t end = end_of_band(pieces, start, count);
    while (end < count) {
        size_t next = end_of_band(pieces, end, count);
        struct box above = bounds(pieces + start, end - start);
        memcpy(copy, pieces + start, (next - start) * sizeof *copy);
        if (((int64_t)pieces[end].box.top - above.bottom) * 10 >= 22 * (int64_t)order->em ||
            !shares_gutter(order, copy, next - start))
            break;
        end = next;
    }
    return end;
}

static int cut(struct cutting *cutting, struct piece *pieces, size_t count, int depth,
               struct treadle_error *error);

static int cut_bands(struct cutting *cutting, struct piece *pieces, size_t count, int depth,
                     bool table, struct treadle_error *error)
{
    struct piece *copy = calloc(count, sizeof *copy);
    if (!copy)
        return error_set_memory(error);
    qsort(pieces, count, sizeof *pieces, compare_top);
    int rc = 0;
    bool grouped = end_of_group(cutting->order, pieces, 0, count, copy) < count;
    if (!grouped && table) {
        rc = emit_rows(cutting, pieces, count, error);
        goto done;
    }
    if (!grouped && end_of_band(pieces, 0, count) == count) {
        qsort(pieces, count, sizeof *pieces, compare_drawn);
        emit(cutting, pieces, count);
        goto done;
    }
    for (size_t start = 0; start < count && !rc;) {
        size_t end = grouped ? end_of_group(cutting->order, pieces, start, count, copy)
                             : end_of_band(pieces, start, count);
        rc = cut(cutting, pieces + start, end - start, depth + 1, error);
        start = end;
    }
done:
    free(copy);
    return rc;
}

static int cut(struct cutting *cutting, struct piece *pieces, size_t count, int depth,
               struct treadle_error *error)
{
    bool table = false;
    if (count == 1 || depth > DEEPEST) {
        emit(cutting, pieces, count);
        return 0;
    }
    qsort(pieces, count, sizeof *pieces, compare_left);
    size_t at = find_gutter(cutting, pieces, count, &table);
    if (at == 0)
        return cut_bands(cutting, pieces, count, depth, table, error);
    bool leftward = cutting->order->leftward;
    int rc = leftward ? cut(cutting, pieces + at, count - at, depth + 1, error)
                      : cut(cutting, pieces, at, depth + 1, error);
    if (rc)
        return rc;
    return leftward ? cut(cutting, pieces, at, depth + 1, error)
                    : cut(cutting, pieces + at, count - at, depth + 1, error);
}

/* Whether the segment is drawn clear of the latest ones of a block, to one side of them. */
static bool stands_clear(const struct order *order, const struct piece *block, size_t index)
{
    const struct segment *segment = &order->segments[index];
    size_t first = block->count > LOOK_BACK ? index - LOOK_BACK : block->first;
    for (size_t i = first; i < index; i++) {
        const struct segment *other = &order->segments[i];
        if (segment->left < other->right + order->em / 2 &&
            other->left < segment->right + order->em / 2)
            return false;
        if (segments_level(segment, other))
            return false;
    }
    return true;
}

/* Joins what was drawn without a jump. */
static void make_blocks(struct cutting *cutting)
{
    const struct order *order = cutting->order;
    struct piece *block = NULL;
    for (size_t i = 0; i < order->count; i++) {
        const struct segment *segment = &order->segments[i], *before = segment - 1;
        int64_t step = block ? (int64_t)segment->base - before->base : 0;
        bool starts = !block || shape_jumps_up(order, before, segment) ||
                      step * 10 > 22 * (int64_t)order->em || stands_clear(order, block, i);
        if (starts) {
            block = &cutting->pieces[cutting->count++];
            *block = (struct piece){.first = i};
        }
        shape_widen(&block->box, segment, starts);
        block->count++;
    }
}

static void make_single(struct cutting *cutting)
{
    for (size_t i = 0; i < cutting->order->count; i++) {
        struct piece *piece = &cutting->pieces[i];
        *piece = (struct piece){.first = i, .count = 1};
        shape_widen(&piece->box, &cutting->order->segments[i], true);
    }
    cutting->count = cutting->order->count;
}

int cut_page(struct order *order, bool whole, struct treadle_error *error)
{
    struct cutting cutting = {.order = order};
    cutting.pieces = arena_array(order->arena, order->count, sizeof *cutting.pieces);
    cutting.indices = arena_array(order->arena, order->count, sizeof *cutting.indices);
    if (!cutting.pieces || !cutting.indices)
        return error_set_memory(error);
    if (order->count == 0)
        return 0;
    if (whole)
        make_blocks(&cutting);
    /* Blocks of hardly more than a line do not show an order. */
    if (!whole || (cutting.count >= 5 && cutting.count * 2 > order->count))
        make_single(&cutting);
    return cut(&cutting, cutting.pieces, cutting.count, 0, error);
}
