/*
 * Tagged: one pass over the words as they are drawn counts what speaks against their tags.
 */
#include "document/tagged.h"

#include <stdlib.h>

#include "document/frame.h"

enum {
    COVERED = 95,       /* percent of the letters that are tagged */
    MANY_LETTERS = 400, /* of a page that cannot consist of headings */
    LARGEST_BROKEN = 40 /* percent of the page that a part may be whose lines are read apart */
};

struct evidence {
    uint64_t letters, tagged, headings;
    size_t changes, parts;     /* from one part to the next; parts in all */
    size_t paragraphs, split;  /* one line each, and the next continues with a small letter */
    size_t cells, overlapping; /* side by side in a row, and not clear of each other */
    size_t lines;              /* of the current part */
    int32_t left, right;       /* its extent */
    const struct word *last;   /* tagged */
};

static int compare_parts(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static size_t count_different(uint32_t *parts, size_t count)
{
    size_t different = 0;
    qsort(parts, count, sizeof *parts, compare_parts);
    for (size_t i = 0; i < count; i++)
        different += i == 0 || parts[i] != parts[i - 1];
    return different;
}

static void begin_part(struct evidence *evidence, const struct word *word)
{
    const struct word *last = evidence->last;
    evidence->changes++;
    if (last && last->role == FRAME_ROLE_TEXT && word->role == FRAME_ROLE_TEXT) {
        evidence->paragraphs++;
        evidence->split += evidence->lines == 1 && word->base > last->base &&
                           word->text[0] >= 'a' && word->text[0] <= 'z';
    }
    if (last && word->row && word->row == last->row) {
        int32_t slack = word->size / 2;
        evidence->cells++;
        evidence->overlapping +=
            word->left < evidence->right - slack && evidence->left < word->right - slack;
    }
    evidence->lines = 1;
    evidence->left = word->left;
    evidence->right = word->right;
}

static void look_at(struct evidence *evidence, const struct word *word)
{
    evidence->letters += word->length;
    if (word->part == 0)
        return;
    evidence->tagged += word->length;
    evidence->headings += word->role >= FRAME_ROLE_HEADING ? word->length : 0;
    if (!evidence->last || evidence->last->part != word->part) {
        begin_part(evidence, word);
    } else {
        evidence->lines += abs(word->base - evidence->last->base) > word->size / 2;
        evidence->left = word->left < evidence->left ? word->left : evidence->left;
        evidence->right = word->right > evidence->right ? word->right : evidence->right;
    }
    evidence->last = word;
}

bool tagged_is_good(const struct word *words, size_t count)
{
    struct evidence evidence = {0};
    uint32_t *parts = malloc((count + 1) * sizeof *parts);
    size_t listed = 0;
    if (!parts)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (words[i].style & (FRAME_ARTIFACT | FRAME_NOTE))
            continue;
        look_at(&evidence, &words[i]);
        if (words[i].part)
            parts[listed++] = words[i].part;
    }
    evidence.parts = count_different(parts, listed);
    free(parts);
    return evidence.parts > 0 && evidence.tagged * 100 >= evidence.letters * COVERED &&
           evidence.changes * 10 <= evidence.parts * 12 + 10 &&
           (evidence.split < 2 || evidence.split * 5 < evidence.paragraphs) &&
           evidence.overlapping * 5 <= evidence.cells &&
           (evidence.letters < MANY_LETTERS || evidence.headings * 2 < evidence.letters);
}

/* A segment's place in the order of reading, and what it belongs to. */
struct place {
    uint32_t unit; /* the row of a table, or the part */
    size_t first;  /* where the first of its unit is read */
    size_t at, index;
};

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_units(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->unit != right->unit)
        return left->unit < right->unit ? -1 : 1;
    return compare_numbers(left->at, right->at);
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    int first = compare_numbers(left->first, right->first);
    return first ? first : compare_numbers(left->index, right->index);
}

/* Gives the places from `start` on that are of one unit their first; returns their end. `*broken`:
 * the letters of the unit where others are read between its segments. */
static size_t set_first(struct place *places, size_t start, size_t count, const struct order *order,
                        uint64_t *broken)
{
    size_t end = start + 1;
    uint64_t letters = order->segments[places[start].index].letters;
    while (places[start].unit && end < count && places[end].unit == places[start].unit)
        letters += order->segments[places[end++].index].letters;
    *broken = places[end - 1].at - places[start].at >= end - start ? letters : 0;
    for (size_t i = start; i < end; i++)
        places[i].first = places[start].at;
    return end;
}

bool tagged_gather(struct order *order)
{
    struct place *places = malloc((order->count + 1) * sizeof *places);
    uint64_t letters = 0, most = 0;
    if (!places)
        return false;
    for (size_t i = 0; i < order->count; i++) {
        const struct segment *segment = &order->segments[order->sequence[i]];
        places[i] = (struct place){.unit = segment->row ? segment->row : segment->part,
                                   .at = i,
                                   .index = order->sequence[i]};
        letters += segment->letters;
    }
    qsort(places, order->count, sizeof *places, compare_units);
    for (size_t start = 0; start < order->count;) {
        uint64_t broken;
        start = set_first(places, start, order->count, order, &broken);
        most = broken > most ? broken : most;
    }
    bool good = most * 100 <= letters * LARGEST_BROKEN;
    qsort(places, order->count, sizeof *places, compare_places);
    for (size_t i = 0; i < order->count && good; i++)
        order->sequence[i] = places[i].index;
    free(places);
    return good;
}
