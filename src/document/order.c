/*
 * Order: the segments are split into runs where the drawing jumps upwards. The big runs must be in
 * their order of reading: one above the other, or side by side from left to right. Then small runs
 * that are elsewhere (heads drawn last, values of forms) are inserted by their place. Otherwise the
 * page is cut (cut.h).
 */
#include "document/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "document/cut.h"
#include "document/shape.h"

enum {
    MOST_SEGMENTS = 6000, /* of a page whose order is looked at; a fuller one is a drawing */
    BIG_LETTERS = 80,
    WIDEST_ASIDE = 25, /* em between a label and its value */
    ACROSS_STEPS = 3
};

/* Segments drawn one after the other without a jump upwards. */
struct run {
    size_t first, count;
    struct box box;
    uint32_t letters;
    bool big;
    bool stray;  /* its place does not fit its order */
    bool labels; /* each of its lines belongs before what is beside it */
};

struct runs {
    struct order *order;
    struct run *items;
    size_t count;
    size_t *run_of; /* the run of each segment */
    uint32_t letters;
};

/* Whether one note, or value of a form, has these two lines. */
static bool is_next_line(const struct segment *before, const struct segment *segment)
{
    int64_t step = (int64_t)segment->base - before->base;
    return step * 10 < 18 * (int64_t)segment->size && segment->left < before->right &&
           before->left < segment->right;
}

static void split_runs(struct runs *runs)
{
    const struct order *order = runs->order;
    struct run *run = NULL;
    for (size_t i = 0; i < order->count; i++) {
        const struct segment *segment = &order->segments[i], *before = segment - 1;
        bool jumps = !run || before->note != segment->note ||
                     shape_jumps_up(order, before, segment) ||
                     (segment->note && !is_next_line(before, segment));
        if (jumps) {
            run = &runs->items[runs->count++];
            *run = (struct run){.first = i};
        }
        shape_widen(&run->box, segment, jumps);
        run->letters += segment->letters;
        run->count++;
        runs->run_of[i] = runs->count - 1;
        runs->letters += segment->letters;
    }
    for (size_t r = 0; r < runs->count; r++) {
        run = &runs->items[r];
        run->big = run->letters >= BIG_LETTERS && !order->segments[run->first].note &&
                   (int64_t)run->box.bottom - run->box.top > (int64_t)order->em * 18 / 10;
    }
}

/* How two rectangles meet along one axis, with some slack. */
static bool overlap(int32_t start_a, int32_t end_a, int32_t start_b, int32_t end_b, int32_t slack)
{
    return (int64_t)start_a + slack < end_b && (int64_t)start_b + slack < end_a;
}

static void list_run(const struct run *run, size_t *indices)
{
    for (size_t i = 0; i < run->count; i++)
        indices[i] = run->first + i;
}

/* Whether the run is a table's column beside the other. */
static bool makes_table(const struct runs *runs, const struct run *a, const struct run *b)
{
    size_t *indices = malloc((a->count + b->count) * sizeof *indices);
    if (!indices)
        return false;
    list_run(a, indices);
    list_run(b, indices + a->count);
    bool table = shape_is_table(runs->order, indices, a->count, indices + a->count, b->count);
    free(indices);
    return table;
}

/* Whether too much of `b`, which is drawn later, is above something of `a`. */
static bool stands_above(const struct runs *runs, const struct run *a, const struct run *b)
{
    const struct order *order = runs->order;
    uint64_t above = 0;
    for (size_t i = b->first; i < b->first + b->count; i++) {
        const struct segment *segment = &order->segments[i];
        for (size_t j = a->first; j < a->first + a->count; j++) {
            const struct segment *other = &order->segments[j];
            if (other->top >= segment->bottom - order->em / 5 &&
                overlap(other->left, other->right, segment->left, segment->right, 0)) {
                above += segment->letters;
                break;
            }
        }
    }
    return above * 100 > (uint64_t)b->letters * 15;
}

/* Whether it makes sense to read `a` before `b`. */
static bool may_follow(const struct runs *runs, const struct run *a, const struct run *b)
{
    const struct order *order = runs->order;
    int32_t slack = order->em * 6 / 10;
    bool across = overlap(a->box.left, a->box.right, b->box.left, b->box.right, slack);
    bool along = overlap(a->box.top, a->box.bottom, b->box.top, b->box.bottom, slack);
    if (along && !across) {
        bool first = order->leftward ? a->box.left > b->box.left : a->box.left < b->box.left;
        return first && !makes_table(runs, a, b);
    }
    if (across && !along)
        return a->box.top < b->box.top;
    return !across || !stands_above(runs, a, b);
}

static bool begins_low(const struct segment *segment)
{
    unsigned char c = (unsigned char)segment->text[0];
    if (c < 0x80)
        return c >= 'a' && c <= 'z';
    size_t digits = 0;
    for (size_t i = 0; i < segment->length; i++)
        digits += segment->text[i] >= '0' && segment->text[i] <= '9';
    return digits * 10 < segment->length * 3;
}

/* Whether lines are drawn over the gap between columns of running text. */
static bool runs_across(const struct order *order)
{
    size_t *left = malloc((order->count + 1) * 2 * sizeof *left);
    if (!left)
        return false;
    size_t *right = left + order->count + 1;
    bool found = false;
    for (size_t i = 0; i + 1 < order->count && !found; i++) {
        int32_t edge = order->segments[i + 1].left;
        size_t count = 0, low_left = 0, low_right = 0;
        for (size_t j = i; j + 1 < order->count; j++) {
            const struct segment *a = &order->segments[j], *b = a + 1;
            if (abs(b->left - edge) > order->em / 2 || a->letters < 12 || b->letters < 12 ||
                !segments_level(a, b) ||
                ((int64_t)b->left - a->right) * 10 <= 8 * (int64_t)order->em) {
                if (j == i)
                    break;
                continue;
            }
            left[count] = j;
            right[count++] = j + 1;
            low_left += begins_low(a);
            low_right += begins_low(b);
        }
        found = count >= ACROSS_STEPS && low_left * 10 >= count * 3 &&
                low_right * 10 >= count * 3 && shape_is_prose(order, left, count) &&
                shape_is_prose(order, right, count);
    }
    free(left);
    return found;
}

static bool big_runs_follow(const struct runs *runs)
{
    for (size_t a = 0; a < runs->count; a++)
        for (size_t b = a + 1; runs->items[a].big && b < runs->count; b++)
            if (runs->items[b].big && !may_follow(runs, &runs->items[a], &runs->items[b]))
                return false;
    return true;
}

/* Of the letters above and below a small run, the share in percent on the wrong side of it: above
 * it and drawn after it, or below it and drawn before. */
static int contradiction(const struct runs *runs, size_t index)
{
    const struct order *order = runs->order;
    const struct run *run = &runs->items[index];
    uint64_t right = 0, wrong = 0;
    for (size_t i = 0; i < order->count; i++) {
        const struct segment *segment = &order->segments[i];
        if (runs->run_of[i] == index || segment->note ||
            !overlap(segment->left, segment->right, run->box.left, run->box.right, 0))
            continue;
        bool above = segment->bottom <= run->box.top + order->em / 2;
        bool below = segment->top >= run->box.bottom - order->em / 2;
        bool before = i < run->first;
        if (above || below)
            *(above == before ? &right : &wrong) += segment->letters;
    }
    return right + wrong ? (int)(wrong * 100 / (right + wrong)) : 0;
}

/* Whether a later run begins a text to the right of the segment on its line. */
static bool is_label(const struct runs *runs, const struct run *run, const struct segment *label)
{
    const struct order *order = runs->order;
    for (size_t i = run->first + run->count; i < order->count; i++) {
        const struct segment *other = &order->segments[i];
        int64_t gap = (int64_t)other->left - label->right;
        if (segments_level(label, other) && gap > 0 && gap <= (int64_t)WIDEST_ASIDE * order->em)
            return true;
    }
    return false;
}

/* Whether a line of a run seems to continue in the next one, as within a cell of several lines: it
 * fills the run's width, and the next one follows closely. */
static bool goes_on(const struct segment *line, int64_t width)
{
    bool full = ((int64_t)line->right - line->left) * 10 >= width * 7;
    return full && ((int64_t)line[1].base - line->base) * 10 < 16 * (int64_t)line->size;
}

/* Where in the run a column of labels, or of single cells, begins that is drawn before what is
 * beside it; the run's end when there is none. */
static size_t find_labels(const struct runs *runs, const struct run *run)
{
    const struct order *order = runs->order;
    size_t end = run->first + run->count, first = end, continued = 0;
    struct box box = {0};
    while (
        first > run->first && is_label(runs, run, &order->segments[first - 1]) &&
        (first == end || !segments_level(&order->segments[first - 1], &order->segments[first]))) {
        first--;
        shape_widen(&box, &order->segments[first], first + 1 == end);
    }
    for (size_t i = first; i + 1 < end; i++) {
        if (!goes_on(&order->segments[i], (int64_t)box.right - box.left))
            continue;
        continued++;
        if (begins_low(&order->segments[i + 1]))
            return end;
    }
    return end - first < 2 || (continued && end - first < 4) ? end : first;
}

/* Makes columns of labels runs of their own. */
static int split_labels(struct runs *runs, struct treadle_error *error)
{
    struct order *order = runs->order;
    struct run *split = arena_array(order->arena, order->count, sizeof *split);
    size_t count = 0;
    if (!split)
        return error_set_memory(error);
    for (size_t r = 0; r < runs->count; r++) {
        struct run run = runs->items[r];
        size_t end = run.first + run.count;
        size_t first = order->segments[run.first].note ? end : find_labels(runs, &run);
        size_t starts[] = {run.first, first, end};
        for (int part = 0; part < 2; part++) {
            if (starts[part] == starts[part + 1])
                continue;
            struct run *made = &split[count++];
            *made = (struct run){.first = starts[part],
                                 .count = starts[part + 1] - starts[part],
                                 .labels = part == 1};
            for (size_t i = made->first; i < starts[part + 1]; i++) {
                shape_widen(&made->box, &order->segments[i], i == made->first);
                made->letters += order->segments[i].letters;
                runs->run_of[i] = count - 1;
            }
            made->big = run.big && !made->labels;
        }
    }
    runs->items = split;
    runs->count = count;
    return 0;
}

/* Marks the small runs that are out of place; the letters in those that should not be. */
static uint32_t find_strays(struct runs *runs)
{
    uint32_t letters = 0;
    for (size_t r = 0; r < runs->count; r++) {
        struct run *run = &runs->items[r];
        if (runs->order->segments[run->first].note) {
            run->stray = true;
        } else if (!run->big && !run->labels && contradiction(runs, r) > 30) {
            run->stray = true;
            letters += run->letters;
        } else {
            run->stray = run->labels;
        }
    }
    return letters;
}

/* The position in the sequence at which a stray is read. */
static size_t find_place(const struct order *order, const size_t *sequence, size_t count,
                         const struct segment *stray)
{
    size_t left = count, right = count, above = count, first_below = count;
    bool any_above = false, any_below = false;
    for (size_t i = 0; i < count; i++) {
        const struct segment *other = &order->segments[sequence[i]];
        const struct segment *best_left = left < count ? &order->segments[sequence[left]] : NULL;
        const struct segment *best_right = right < count ? &order->segments[sequence[right]] : NULL;
        const struct segment *best_above = above < count ? &order->segments[sequence[above]] : NULL;
        if (segments_level(other, stray)) {
            int64_t gap = (int64_t)stray->left - other->right;
            if (other->left <= stray->left + order->em &&
                gap <= (int64_t)WIDEST_ASIDE * order->em &&
                (!best_left || other->right > best_left->right))
                left = i;
            if (other->left >= stray->right - order->em &&
                (!best_right || other->left < best_right->left))
                right = i;
        } else if (other->base < stray->base) {
            any_above = true;
            if (overlap(other->left, other->right, stray->left, stray->right, 0) &&
                (!best_above || other->base >= best_above->base))
                above = i;
        } else {
            any_below = true;
            first_below = first_below == count ? i : first_below;
        }
    }
    if (left < count)
        return left + 1;
    if (right < count)
        return right;
    /* A run below all others is a note to all columns. */
    if (above < count && any_below)
        return above + 1;
    return any_above || first_below == count ? count : first_below;
}

static void place_strays(struct runs *runs)
{
    struct order *order = runs->order;
    size_t count = 0;
    for (size_t i = 0; i < order->count; i++)
        if (!runs->items[runs->run_of[i]].stray)
            order->sequence[count++] = i;
    for (size_t r = 0; r < runs->count; r++) {
        const struct run *run = &runs->items[r];
        for (size_t i = run->first; run->stray && i < run->first + run->count; i++) {
            const struct segment *stray = &order->segments[i];
            bool follows = i > run->first && !run->labels && !segments_level(stray, stray - 1);
            size_t place = count;
            /* The other lines of a stray of several lines stay after its first. */
            if (follows)
                for (place = count; place > 0 && order->sequence[place - 1] != i - 1;)
                    place--;
            else
                place = find_place(order, order->sequence, count, stray);
            memmove(&order->sequence[place + 1], &order->sequence[place],
                    (count - place) * sizeof *order->sequence);
            order->sequence[place] = i;
            count++;
        }
    }
}

int order_find(struct order *order, struct treadle_error *error)
{
    struct runs runs = {.order = order};
    order->sequence = arena_array(order->arena, order->count, sizeof *order->sequence);
    runs.items = arena_array(order->arena, order->count, sizeof *runs.items);
    runs.run_of = arena_array(order->arena, order->count, sizeof *runs.run_of);
    if (!order->sequence || !runs.items || !runs.run_of)
        return error_set_memory(error);
    for (size_t i = 0; i < order->count; i++)
        order->sequence[i] = i;
    if (order->count > MOST_SEGMENTS)
        return 0;
    split_runs(&runs);
    if (runs_across(order))
        return cut_page(order, false, error);
    if (!big_runs_follow(&runs))
        return cut_page(order, true, error);
    int rc = split_labels(&runs, error);
    if (rc)
        return rc;
    uint32_t strays = find_strays(&runs);
    if ((uint64_t)strays * 100 > (uint64_t)runs.letters * 35)
        return cut_page(order, true, error);
    place_strays(&runs);
    return 0;
}
