/*
 * Turning: four directions, handled one after the other. Columns of single ideographs, drawn one
 * below the other by fonts for lines, count as text that is turned.
 */
#include "document/turn.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "document/fold.h"

enum { FEW_SINGLES = 4, NEAR = 8 /* words before and after one that are looked at */ };

static bool is_single(const struct word *word)
{
    size_t at = 0;
    return word->rotation == 0 && fold_is_ideographic(text_next(word->text, word->length, &at)) &&
           at == word->length;
}

/* Whether the ideograph's nearest neighbour is below or above it and not beside it. */
static bool stands_in_column(const struct page *page, size_t index)
{
    const struct word *word = &page->words[index];
    size_t first = index > NEAR ? index - NEAR : 0;
    int64_t below = INT64_MAX, aside = INT64_MAX;
    for (size_t i = first; i < page->count && i <= index + NEAR; i++) {
        const struct word *other = &page->words[i];
        if (i == index || !is_single(other))
            continue;
        int64_t x = labs((long)other->left - word->left), y = labs((long)other->base - word->base);
        if (x * 2 < word->size && y < below)
            below = y;
        if (y * 2 < word->size && x < aside)
            aside = x;
    }
    return below < aside && below < 2 * (int64_t)word->size;
}

static bool is_vertical(const struct page *page)
{
    size_t singles = 0, words = 0, columns = 0;
    for (size_t i = 0; i < page->count; i++) {
        words += page->words[i].rotation == 0;
        if (!is_single(&page->words[i]))
            continue;
        singles++;
        columns += stands_in_column(page, i);
    }
    return singles >= FEW_SINGLES && singles * 10 >= words * 6 && columns * 10 >= singles * 8;
}

static struct word turn(const struct word *word, uint16_t rotation, int32_t width, int32_t height)
{
    struct word turned = *word;
    turned.rotation = rotation;
    switch (rotation) {
    case 1:
        turned.left = word->top;
        turned.right = word->bottom;
        turned.top = width - word->right;
        turned.bottom = width - word->left;
        turned.base = width - word->base;
        break;
    case 2:
        turned.left = width - word->right;
        turned.right = width - word->left;
        turned.top = height - word->bottom;
        turned.bottom = height - word->top;
        turned.base = height - word->base;
        break;
    case 3:
        turned.left = height - word->bottom;
        turned.right = height - word->top;
        turned.top = word->left;
        turned.bottom = word->right;
        break;
    default:
        break;
    }
    return turned;
}

struct document_place turn_back(uint16_t rotation, const struct page *page, int32_t left,
                                int32_t top, int32_t right, int32_t bottom)
{
    switch (rotation) {
    case 1:
        return (struct document_place){page->width - bottom, left, page->width - top, right};
    case 2:
        return (struct document_place){page->width - right, page->height - bottom,
                                       page->width - left, page->height - top};
    case 3:
        return (struct document_place){top, page->height - right, bottom, page->height - left};
    default:
        return (struct document_place){left, top, right, bottom};
    }
}

static int compare_turned(const void *a, const void *b)
{
    const struct turned *left = a, *right = b;
    if (left->characters != right->characters)
        return left->characters > right->characters ? -1 : 1;
    return (int)left->rotation - right->rotation;
}

int turn_page(struct turned out[TURNS], const struct page *page, struct treadle_error *error)
{
    struct word *words = calloc(page->count + 1, sizeof *words);
    if (!words)
        return error_set_memory(error);
    bool vertical = is_vertical(page);
    size_t done = 0;
    for (uint16_t rotation = 0; rotation < TURNS; rotation++) {
        bool sideways = rotation % 2 == 1;
        struct turned *to = &out[rotation];
        *to = (struct turned){.rotation = rotation,
                              .page = {.width = sideways ? page->height : page->width,
                                       .height = sideways ? page->width : page->height,
                                       .words = words + done}};
        for (size_t i = 0; i < page->count; i++) {
            struct word word = page->words[i];
            if (vertical && word.rotation == 0) {
                /* Its letters are in the middle of their column. */
                word.rotation = 1;
                word.base = (word.left + word.right) / 2;
            }
            if (word.rotation != rotation)
                continue;
            to->page.words[to->page.count++] = turn(&word, rotation, page->width, page->height);
            to->characters += text_characters(word.text, word.length);
        }
        done += to->page.count;
    }
    qsort(out, TURNS, sizeof *out, compare_turned);
    return 0;
}

void turn_clear(struct turned turned[TURNS])
{
    struct word *start = NULL; /* of the one array that all of them share */
    for (int i = 0; i < TURNS; i++)
        if (turned[i].rotation == 0)
            start = turned[i].page.words;
    free(start);
}
