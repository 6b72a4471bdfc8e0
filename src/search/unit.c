/*
 * Units: splits blocks, and computes a unit's terms when a chunk first needs them.
 */
#include "search/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "search/chunk.h"

enum {
    DOCUMENT_TOKENS = 5000000,
    WHOLE_SHARE = 8,     /* a block of up to this part of a chunk is never split */
    SCRATCH = 256 << 20, /* for one block's sentences or one unit's words */
    TERMS = 64 << 20,
    TITLE_BYTES = 120,
    TITLE_WORDS = 14,
    SAME_HEADINGS = 8 /* as many make a pattern */
};

static int add(struct search_units *units, const struct document_block *block, size_t start,
               size_t end, struct treadle_error *error)
{
    /* Leading blanks of a block are the indentation of code. */
    while (start > 0 && start < end && block->text[start] == ' ')
        start++;
    while (end > start && block->text[end - 1] == ' ')
        end--;
    if (start == end)
        return 0;
    struct search_unit *items = array_grow(units->items, units->count, &units->room, sizeof *items);
    if (!items)
        return error_set_memory(error);
    units->items = items;
    struct search_unit *unit = &units->items[units->count];
    *unit = (struct search_unit){
        .text = block->text + start,
        .length = end - start,
        .tokens = language_tokens(block->text + start, end - start),
        .page = block->page,
        .label = units->labels && block->page > 0 ? units->labels[block->page - 1] : NULL,
        .goes_on = start > 0};
    if (block->kind == DOCUMENT_HEADING)
        unit->level = block->level > 0 ? block->level : 1;
    unit->clutter = search_is_clutter(unit->text, unit->length);
    units->count++;
    units->tokens += unit->tokens;
    if (units->tokens > DOCUMENT_TOKENS)
        return error_set(error, TREADLE_ELIMIT, "The file has more than %d tokens of text.",
                         DOCUMENT_TOKENS);
    return 0;
}

/* Where to cut [start, end) so that the first piece has at most `limit` tokens: at a space where
 * there is one. */
static size_t cut(const char *text, size_t start, size_t end, size_t limit)
{
    size_t stop = end;
    if (stop - start > limit * 8)
        stop = start + text_cut(text + start, limit * 8);
    while (language_tokens(text + start, stop - start) > limit && stop - start > 4)
        stop = start + text_cut(text + start, (stop - start) / 4 * 3);
    if (stop == end)
        return end;
    for (size_t space = stop; space > start + (stop - start) / 2; space--)
        if (text[space] == ' ')
            return space;
    return stop > start ? stop : end;
}

static int add_sentence(struct search_units *units, const struct document_block *block,
                        size_t start, size_t end, size_t limit, struct treadle_error *error)
{
    while (start < end) {
        size_t stop = cut(block->text, start, end, limit);
        int rc = add(units, block, start, stop, error);
        if (rc)
            return rc;
        start = stop;
    }
    return 0;
}

static int add_block(struct search_units *units, const struct document_block *block,
                     struct language *language, size_t limit, struct treadle_error *error)
{
    size_t tokens = language_tokens(block->text, block->length);
    if (tokens <= limit / WHOLE_SHARE)
        return add(units, block, 0, block->length, error);
    if (tokens > DOCUMENT_TOKENS)
        return error_set(error, TREADLE_ELIMIT, "The file has more than %d tokens of text.",
                         DOCUMENT_TOKENS);
    struct arena *arena = arena_new(SCRATCH);
    struct language_span *spans;
    size_t count;
    if (!arena)
        return error_set_memory(error);
    int rc = language_sentences(language, block->text, block->length, arena, &spans, &count, error);
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_sentence(units, block, spans[i].start, spans[i].end, limit, error);
    arena_free(arena);
    return rc;
}

static bool is_title(const struct search_unit *unit)
{
    size_t spaces = 0;
    if (unit->level || unit->clutter || unit->goes_on || unit->length > TITLE_BYTES ||
        strchr(".,:;!?)", unit->text[unit->length - 1]))
        return false;
    for (size_t i = 0; i < unit->length; i++)
        spaces += unit->text[i] == ' ';
    return spaces < TITLE_WORDS;
}

/* A heading, and whether a title comes before it. */
struct opening {
    const struct search_unit *unit;
    bool titled;
};

static int by_text(const void *a, const void *b)
{
    const struct search_unit *one = ((const struct opening *)a)->unit;
    const struct search_unit *other = ((const struct opening *)b)->unit;
    size_t length = one->length < other->length ? one->length : other->length;
    int order = memcmp(one->text, other->text, length);
    return order ? order : (one->length > other->length) - (one->length < other->length);
}

/* The titles before headings [from, to) of the list, which all read the same, become headings one
 * level higher, if nearly all of them have one. */
static void raise_titles(struct search_units *units, const struct opening *openings, size_t from,
                         size_t to)
{
    size_t titled = 0;
    for (size_t i = from; i < to; i++)
        titled += openings[i].titled;
    if (to - from < SAME_HEADINGS || titled * 10 < (to - from) * 9)
        return;
    for (size_t i = from; i < to; i++) {
        struct search_unit *title = units->items + (openings[i].unit - units->items) - 1;
        if (openings[i].titled)
            title->level = openings[i].unit->level > 1 ? openings[i].unit->level - 1 : 1;
    }
}

/* Reference manuals begin every entry in the same way: a title, then a heading such as
 * "Description". Such titles are often set like text, but name the subject of the entry. */
static int find_titles(struct search_units *units, struct treadle_error *error)
{
    struct opening *openings = calloc(units->count + 1, sizeof *openings);
    size_t count = 0;
    if (!openings)
        return error_set_memory(error);
    for (size_t i = 1; i < units->count; i++)
        if (units->items[i].level && !units->items[i].goes_on)
            openings[count++] = (struct opening){.unit = &units->items[i],
                                                 .titled = is_title(&units->items[i - 1])};
    qsort(openings, count, sizeof *openings, by_text);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && by_text(&openings[from], &openings[to]) == 0;)
            to++;
        raise_titles(units, openings, from, to);
    }
    free(openings);
    return 0;
}

int search_units_make(struct search_units *units, const struct document *document,
                      struct language *language, size_t limit, struct treadle_error *error)
{
    units->labels = document->labels;
    for (size_t i = 0; i < document->block_count; i++) {
        int rc = add_block(units, &document->blocks[i], language, limit, error);
        if (rc)
            return rc;
    }
    return find_titles(units, error);
}

void search_units_clear(struct search_units *units)
{
    for (size_t i = 0; i < units->count; i++)
        free(units->items[i].terms);
    free(units->items);
    *units = (struct search_units){0};
}

int search_unit_terms(struct search_unit *unit, struct language *language,
                      struct treadle_error *error)
{
    if (unit->terms)
        return 0;
    struct arena *arena = arena_new(SCRATCH);
    struct language_word *words;
    size_t count;
    if (!arena)
        return error_set_memory(error);
    struct buffer terms;
    buffer_init(&terms, TERMS);
    int rc = language_words(language, unit->text, unit->length, arena, &words, &count, error);
    if (rc)
        goto done;
    buffer_append(&terms, "", 0);
    for (size_t i = 0; i < count; i++) {
        if (words[i].stopword)
            continue;
        buffer_append_string(&terms, words[i].term);
        buffer_append_char(&terms, ' ');
        unit->term_count++;
    }
    size_t length = terms.length;
    rc = terms.failed ? error_set_memory(error) : 0;
    if (!rc && (unit->terms = buffer_take(&terms)))
        unit->terms_length = length;
    else if (!rc)
        rc = error_set_memory(error);
done:
    buffer_clear(&terms);
    arena_free(arena);
    return rc;
}
