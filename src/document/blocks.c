/*
 * Blocks: a list that grows in a buffer until its number is known.
 */
#include "document/blocks.h"

#include <string.h>

#include "base/error.h"

enum { BLOCK_COST = 32 };

void blocks_init(struct blocks *blocks, struct arena *arena, uint64_t max_text)
{
    *blocks = (struct blocks){.arena = arena, .budget = max_text};
    buffer_init(&blocks->list, (size_t)1 << 30);
    buffer_init(&blocks->text, (size_t)max_text);
}

void blocks_clear(struct blocks *blocks)
{
    buffer_clear(&blocks->list);
    buffer_clear(&blocks->text);
}

void blocks_place(struct blocks *blocks, const struct document_place *place)
{
    struct document_place *whole = &blocks->place;
    if (blocks->text.length == 0)
        *whole = *place;
    whole->left = place->left < whole->left ? place->left : whole->left;
    whole->top = place->top < whole->top ? place->top : whole->top;
    whole->right = place->right > whole->right ? place->right : whole->right;
    whole->bottom = place->bottom > whole->bottom ? place->bottom : whole->bottom;
}

int blocks_add(struct blocks *blocks, enum document_block_kind kind, int level, int page,
               struct treadle_error *error)
{
    struct buffer *text = &blocks->text;
    if (text->failed)
        return buffer_error(text, "the document holds more text than is allowed", error);
    if (text->length + BLOCK_COST > blocks->budget)
        return error_set(error, TREADLE_ELIMIT, "the document holds more text than is allowed");
    if (text->length == 0)
        return 0;
    if (blocks->stop && atomic_load(blocks->stop))
        return error_set(error, TREADLE_ESTATE, "reading the document was stopped");
    struct document_block block = {.kind = kind,
                                   .level = level,
                                   .page = page,
                                   .place = blocks->place,
                                   .header = blocks->header,
                                   .length = text->length};
    block.text = arena_copy(blocks->arena, text->data, text->length);
    if (!block.text || buffer_append(&blocks->list, &block, sizeof block))
        return error_set_memory(error);
    blocks->budget -= text->length + BLOCK_COST;
    buffer_reset(text);
    blocks->place = (struct document_place){0};
    blocks->header = NULL;
    return 0;
}

int blocks_finish(struct blocks *blocks, struct document *document, struct treadle_error *error)
{
    size_t count = blocks->list.length / sizeof(struct document_block);
    document->blocks = arena_array(blocks->arena, count, sizeof *document->blocks);
    if (!document->blocks)
        return error_set_memory(error);
    if (count > 0)
        memcpy(document->blocks, blocks->list.data, blocks->list.length);
    document->block_count = count;
    return 0;
}
