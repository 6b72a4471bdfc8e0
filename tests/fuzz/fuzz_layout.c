/*
 * Fuzz target: the layout of pages. Each ten bytes are a word, somewhere on one of a few pages;
 * what comes out must hold every rule of a block.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "document/assemble.h"
#include "document/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { PAGES = 4, WORD_BYTES = 10 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static const char *const texts[] = {"a",
                                    "The",
                                    "words of a line",
                                    "com-",
                                    "12",
                                    "Page 3",
                                    "iv",
                                    "שלום",
                                    "(מה)",
                                    "\xD8\xA7\xD9\x84",
                                    "漢",
                                    "漢字、",
                                    "....",
                                    ". . . . .",
                                    "\xCC\x81",
                                    "1.2",
                                    "\xEF\xAC\x81\xC2\xAD",
                                    "=",
                                    "x",
                                    "\xE2\x80\xA2 item"};

static struct word make_word(const uint8_t *bytes)
{
    struct word word = {.left = (bytes[0] << 8 | bytes[1]) - 2000,
                        .base = (bytes[2] << 8 | bytes[3]) * 2 - 3000,
                        .size = bytes[4] * 20,
                        .style = bytes[5] & 63,
                        .rotation = bytes[6] & 3};
    word.text = texts[bytes[7] % (sizeof texts / sizeof *texts)];
    word.length = (uint32_t)strlen(word.text);
    word.right = word.left + bytes[8] * 40;
    word.top = word.base - word.size;
    word.bottom = word.base + word.size / 4;
    return word;
}

static void check(const struct document *document)
{
    for (size_t i = 0; i < document->block_count; i++) {
        const struct document_block *block = &document->blocks[i];
        require(block->length > 0 && block->text[block->length] == '\0');
        require(text_is_utf8(block->text, block->length) && strlen(block->text) == block->length);
        require(block->page >= 1 && block->page <= PAGES);
        require((block->kind == DOCUMENT_HEADING) == (block->level > 0));
        require(block->place.left <= block->place.right);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct sheaf sheaf = {.arena = arena_new(0), .count = PAGES};
    struct document document = {.blocks = NULL};
    struct blocks blocks;
    size_t count = length / WORD_BYTES;
    struct word *words = calloc(count + 1, sizeof *words);
    require(sheaf.arena && words);
    sheaf.sheets = arena_array(sheaf.arena, PAGES, sizeof *sheaf.sheets);
    require(sheaf.sheets);
    blocks_init(&blocks, sheaf.arena, 1 << 24);
    for (size_t p = 0; p < PAGES; p++) {
        struct page page = {.width = 61200, .height = 79200, .words = words};
        for (size_t i = 0; i < count; i++)
            if (bytes[i * WORD_BYTES + 9] % PAGES == p)
                words[page.count++] = make_word(bytes + i * WORD_BYTES);
        require(rows_make(&sheaf.sheets[p], &page, sheaf.arena, NULL) == 0);
    }
    require(assemble_blocks(&blocks, &sheaf, NULL) == 0);
    require(blocks_finish(&blocks, &document, NULL) == 0);
    check(&document);
    blocks_clear(&blocks);
    arena_free(sheaf.arena);
    free(words);
    return 0;
}
