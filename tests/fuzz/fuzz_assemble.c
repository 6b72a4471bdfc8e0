/*
 * Fuzzing page assembly: the bytes are pages of words at any place, size, turn and style, each of a
 * few letters of many scripts. They are said as a reader would say them, so whatever is received
 * must become blocks: each of one line of text, on a page that there is, and within the bound.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "document/assemble.h"
#include "document/receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PAGES = 12, WORD_BYTES = 10, MOST_TEXT = 1 << 20, GRID = 300 };

struct input {
    const uint8_t *bytes;
    size_t left;
};

static unsigned take(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->bytes++;
}

static void say(struct buffer *out, enum frame_kind kind, const void *body, size_t size)
{
    struct frame frame = {.kind = kind, .length = (uint32_t)size};
    buffer_append(out, &frame, sizeof frame);
    buffer_append(out, body, size);
}

static void say_word(struct buffer *out, struct input *input)
{
    static const char *const texts[] = {
        "a", "The",  "hyphen-", "ation", "12.5",      "(a)", "-", "•", ".....", "URL:/",
        "é", "漢字", "שלום",    "1.1",   "x\xCC\x81", "fi",  "ﬁ", "¼", "end.",  "A B"};
    char body[sizeof(struct frame_word) + 32];
    const char *text = texts[take(input) % (sizeof texts / sizeof *texts)];
    struct frame_word word = {.length = (uint32_t)strlen(text)};
    word.left = (int32_t)take(input) * GRID;
    word.top = (int32_t)(take(input) | take(input) << 8) * 10;
    word.right = word.left + (int32_t)take(input) * GRID / 4;
    word.size = (int32_t)take(input) * 20;
    word.bottom = word.top + word.size;
    word.base = word.top + (int32_t)take(input) * 8;
    word.style = (uint16_t)(take(input) & 63);
    word.rotation = (uint16_t)(take(input) % 4);
    memcpy(body, &word, sizeof word);
    memcpy(body + sizeof word, text, word.length);
    say(out, FRAME_WORDS, body, sizeof word + word.length);
}

/* What a reader would say of these pages. */
static void say_pages(struct buffer *out, struct input *input)
{
    struct frame_document document = {.pages = 1 + take(input) % MOST_PAGES};
    size_t words = input->left / WORD_BYTES / document.pages + 1;
    say(out, FRAME_READY, &(struct frame_ready){1}, sizeof(struct frame_ready));
    say(out, FRAME_DOCUMENT, &document, sizeof document);
    for (uint32_t number = 1; number <= document.pages; number++) {
        struct frame_page page = {.number = number};
        struct frame_size size = {.width = 61200, .height = 79200};
        say(out, FRAME_PAGE, &page, sizeof page);
        say(out, FRAME_SIZE, &size, sizeof size);
        for (size_t i = 0; i < words && input->left > 0; i++)
            say_word(out, input);
    }
    say(out, FRAME_END, NULL, 0);
}

static void check_blocks(const struct blocks *blocks, const struct sheaf *sheaf)
{
    const struct document_block *list = (const struct document_block *)(void *)blocks->list.data;
    for (size_t i = 0; i < blocks->list.length / sizeof *list; i++) {
        const struct document_block *block = &list[i];
        if (block->length == 0 || !text_is_utf8(block->text, block->length) ||
            memchr(block->text, '\n', block->length) || memchr(block->text, '\0', block->length) ||
            block->page < 1 || (size_t)block->page > sheaf->count || block->level < 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.bytes = data, .left = size};
    struct sheaf sheaf = {.arena = arena_new((size_t)256 << 20)};
    struct arena *arena = arena_new((size_t)64 << 20);
    struct receiver receiver;
    struct blocks blocks;
    struct buffer said;
    struct treadle_error error;
    uint64_t budget = MOST_TEXT;
    buffer_init(&said, (size_t)16 << 20);
    say_pages(&said, &input);
    if (!arena || !sheaf.arena || said.failed)
        abort();
    receive_init(&receiver, &sheaf, 0, 1, 0, &budget);
    blocks_init(&blocks, arena, MOST_TEXT);
    int rc = receive_bytes(&receiver, said.data, said.length, &error);
    if (!rc)
        rc = assemble_blocks(&blocks, &sheaf, &error);
    if (!rc)
        check_blocks(&blocks, &sheaf);
    blocks_clear(&blocks);
    receive_clear(&receiver);
    buffer_clear(&said);
    arena_free(arena);
    arena_free(sheaf.arena);
    return 0;
}
