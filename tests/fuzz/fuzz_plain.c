/*
 * Fuzzing plain text: the first byte is its kind, the rest is the file. What is text must become
 * blocks of one line each, without a page, in the order of the file and within the bound; what is
 * no text must be refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "document/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_TEXT = 1 << 20 };

static void check_block(const struct document_block *block)
{
    if (block->length == 0 || block->page != 0 || !text_is_utf8(block->text, block->length) ||
        memchr(block->text, '\n', block->length) || memchr(block->text, '\0', block->length))
        abort();
    if (block->kind == DOCUMENT_HEADING ? block->level < 1 || block->level > 6 : block->level != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum plain_kind kinds[] = {PLAIN_PROSE, PLAIN_LINES, PLAIN_MARKDOWN};
    struct treadle_error error = {0};
    struct blocks blocks;
    if (size < 2)
        return 0;
    struct arena *arena = arena_new((size_t)64 << 20);
    if (!arena)
        abort();
    blocks_init(&blocks, arena, MOST_TEXT);
    const char *bytes = (const char *)data + 1;
    int rc = plain_read(&blocks, kinds[data[0] % 3], bytes, size - 1, &error);
    if (rc && rc != TREADLE_EPARSE && rc != TREADLE_ELIMIT)
        abort();
    const struct document_block *list = (const struct document_block *)(void *)blocks.list.data;
    for (size_t i = 0; !rc && i < blocks.list.length / sizeof *list; i++)
        check_block(&list[i]);
    blocks_clear(&blocks);
    arena_free(arena);
    return 0;
}
