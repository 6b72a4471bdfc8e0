/*
 * Blocks: a document that is being made.
 */
#ifndef DOCUMENT_BLOCKS_H
#define DOCUMENT_BLOCKS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "document/document.h"

struct blocks {
    struct arena *arena;
    struct buffer list; /* an array of struct document_block */
    /* Of the block that is being made: */
    struct buffer text;
    struct document_place place;
    const char *header;      /* in the arena */
    uint64_t budget;         /* bytes of text that may still come */
    const atomic_bool *stop; /* no more blocks once it is true; may be NULL */
};

/* `max_text` bounds the text of all blocks together. */
void blocks_init(struct blocks *blocks, struct arena *arena, uint64_t max_text);
void blocks_clear(struct blocks *blocks);

/* Widens the place of the block that is being made. */
void blocks_place(struct blocks *blocks, const struct document_place *place);

/* Ends the block that is being made and adds it; nothing when its text is empty. */
int blocks_add(struct blocks *blocks, enum document_block_kind kind, int level, int page,
               struct treadle_error *error);

/* Moves the blocks into the document's arena. */
int blocks_finish(struct blocks *blocks, struct document *document, struct treadle_error *error);

#endif
