/*
 * Cells: a table is drawn row by row and, where a cell has several lines, cell by cell, so its
 * cells became paragraphs beside each other. Two rows of such cells below each other, in the same
 * columns, are a table. Longer texts beside each other are columns of text and stay separate.
 */
#include "document/cells.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

enum {
    LONGEST_CELL = 240,  /* bytes */
    TALLEST_CELL = 8000, /* hundredths of a point */
    SLACK = 300
};

/* Cells beside each other. */
struct group {
    size_t start, count;
    int32_t left, top, bottom;
};

static bool is_cell(const struct document_block *block)
{
    const struct document_place *place = &block->place;
    return block->kind == DOCUMENT_PARAGRAPH && block->length <= LONGEST_CELL &&
           place->bottom > place->top && place->bottom - place->top <= TALLEST_CELL;
}

/* Whether the block continues the row of cells: right of the last and at the height of the
 * first. */
static bool continues_row(const struct group *group, const struct document_block *last,
                          const struct document_block *block)
{
    int32_t shift = block->place.top - group->top;
    return is_cell(block) && block->place.left >= last->place.right - SLACK && shift <= SLACK &&
           shift >= -SLACK;
}

static struct group find_group(const struct document_block *blocks, size_t start, size_t end)
{
    const struct document_place *place = &blocks[start].place;
    struct group group = {.start = start,
                          .count = 1,
                          .left = place->left,
                          .top = place->top,
                          .bottom = place->bottom};
    while (is_cell(&blocks[start]) && start + group.count < end &&
           continues_row(&group, &blocks[start + group.count - 1], &blocks[start + group.count])) {
        int32_t bottom = blocks[start + group.count].place.bottom;
        group.bottom = bottom > group.bottom ? bottom : group.bottom;
        group.count++;
    }
    return group;
}

static bool is_next_row(const struct group *above, const struct group *below)
{
    return below->count > 1 && below->top >= above->bottom - SLACK &&
           abs(below->left - above->left) <= SLACK;
}

static int join_group(struct blocks *blocks, struct document_block *out, const struct group *group,
                      struct treadle_error *error)
{
    const struct document_block *list = (const struct document_block *)(void *)blocks->list.data;
    struct buffer *text = &blocks->text;
    int rc = 0;
    for (size_t i = group->start; i < group->start + group->count; i++) {
        blocks_place(blocks, &list[i].place);
        if (text->length > 0)
            buffer_append_char(text, ' ');
        buffer_append(text, list[i].text, list[i].length);
    }
    struct document_block row = list[group->start];
    row.kind = DOCUMENT_ROW;
    row.place = blocks->place;
    row.length = text->length;
    row.text = text->failed ? NULL : arena_copy(blocks->arena, text->data, text->length);
    if (!row.text)
        rc = error_set_memory(error);
    else
        *out = row;
    buffer_reset(text);
    blocks->place = (struct document_place){0};
    return rc;
}

int cells_join(struct blocks *blocks, size_t first, struct treadle_error *error)
{
    struct document_block *list = (struct document_block *)(void *)blocks->list.data;
    size_t count = blocks->list.length / sizeof *list, kept = first;
    struct group above = {.count = 0};
    bool in_table = false;
    for (size_t i = first; i < count;) {
        struct group group = find_group(list, i, count);
        struct group next = {.count = 0};
        if (group.start + group.count < count)
            next = find_group(list, group.start + group.count, count);
        bool follows = in_table && is_next_row(&above, &group);
        in_table = group.count > 1 && (follows || is_next_row(&group, &next));
        if (in_table) {
            struct document_block row;
            int rc = join_group(blocks, &row, &group, error);
            if (rc)
                return rc;
            list[kept++] = row;
        } else {
            for (size_t c = 0; c < group.count; c++)
                list[kept++] = list[group.start + c];
        }
        above = group;
        i += group.count;
    }
    blocks->list.length = kept * sizeof *list;
    return 0;
}
