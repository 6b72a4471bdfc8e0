/*
 * Passages: about 220 tokens with the headings above them. A heading begins a passage, unless the
 * one before it would become too short.
 */
#include "search/passage.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"

enum { PASSAGE_TOKENS = 220, FEWEST_TOKENS = 24, TEXTS = 64 << 20 };

static const double clutter_weight = 0.25;

void passages_init(struct passages *passages)
{
    *passages = (struct passages){.count = 0};
    buffer_init(&passages->texts, TEXTS);
}

void passages_clear(struct passages *passages)
{
    buffer_clear(&passages->texts);
    free(passages->items);
    free(passages->offsets);
}

static size_t path_tokens(const struct heading_path *path)
{
    size_t tokens = 0;
    for (size_t level = 0; level < HEADING_LEVELS; level++)
        tokens += path->levels[level] ? path->levels[level]->tokens : 0;
    return tokens < PASSAGE_TOKENS / 2 ? tokens : PASSAGE_TOKENS / 2;
}

/* The unit after the passage that starts at the next one. */
static size_t passage_end(const struct passages *passages, const struct search_units *units,
                          size_t until)
{
    const struct search_unit *items = units->items;
    size_t tokens = 0, limit = PASSAGE_TOKENS - path_tokens(&passages->path);
    size_t end = passages->next, text = 0;
    while (end < until) {
        bool begins = items[end].level && !items[end].goes_on && text >= FEWEST_TOKENS;
        if (end > passages->next && (begins || tokens + items[end].tokens > limit))
            break;
        tokens += items[end].tokens;
        text += items[end].level ? 0 : items[end].tokens;
        end++;
    }
    return end;
}

static struct search_passage *new_passage(struct passages *passages)
{
    size_t item_room = passages->room, offset_room = passages->room;
    struct search_passage *items =
        array_grow(passages->items, passages->count, &item_room, sizeof *items);
    if (items)
        passages->items = items;
    struct passage_texts *offsets =
        array_grow(passages->offsets, passages->count, &offset_room, sizeof *offsets);
    if (offsets)
        passages->offsets = offsets;
    if (!items || !offsets)
        return NULL;
    passages->room = item_room;
    return &passages->items[passages->count++];
}

static int put_passage(struct passages *passages, const struct search_units *units, size_t end,
                       const struct passage_range *range, struct language *language,
                       struct treadle_error *error)
{
    struct search_passage *passage = new_passage(passages);
    struct buffer *texts = &passages->texts;
    size_t tokens = 0, clutter = 0;
    if (!passage)
        return error_set_memory(error);
    struct passage_texts *offsets = &passages->offsets[passages->count - 1];
    offsets->heading = texts->length;
    struct buffer heading;
    buffer_init(&heading, TEXTS);
    heading_path_print(&passages->path, &heading);
    buffer_append(texts, heading.length ? heading.data : "", heading.length);
    int failed = heading.failed;
    buffer_clear(&heading);
    buffer_append_char(texts, '\0');
    offsets->above = texts->length;
    int rc = heading_path_terms(&passages->path, language, texts, error);
    for (size_t i = passages->next; !rc && i < end; i++) {
        rc = search_unit_terms(&units->items[i], language, error);
        if (!rc && units->items[i].level)
            buffer_append(texts, units->items[i].terms, units->items[i].terms_length);
        tokens += units->items[i].tokens;
        clutter += units->items[i].clutter ? units->items[i].tokens : 0;
    }
    if (rc)
        return rc;
    buffer_append_char(texts, '\0');
    offsets->body = texts->length;
    for (size_t i = passages->next; i < end; i++)
        buffer_append(texts, units->items[i].terms, units->items[i].terms_length);
    buffer_append_char(texts, '\0');
    passage->weight = tokens ? 1 - (1 - clutter_weight) * (double)clutter / (double)tokens : 1;
    passage->start = range->starts[passages->next - range->first];
    passage->end = range->starts[end - 1 - range->first] + units->items[end - 1].length;
    return failed || texts->failed ? error_set_memory(error) : 0;
}

/* Drops the terms of a passage's units; a heading of the path makes its own again. */
static void forget(const struct search_units *units, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        struct search_unit *unit = &units->items[i];
        if (unit->level)
            continue;
        free(unit->terms);
        unit->terms = NULL;
        unit->term_count = 0;
    }
}

/* The texts do not grow any more, so pointers into them stay valid. */
static void resolve(struct passages *passages)
{
    const char *texts = passages->texts.data;
    for (size_t i = 0; i < passages->count; i++) {
        struct search_passage *passage = &passages->items[i];
        const struct passage_texts *offsets = &passages->offsets[i];
        passage->heading = texts[offsets->heading] ? texts + offsets->heading : NULL;
        passage->above = texts + offsets->above;
        passage->body = texts + offsets->body;
    }
}

int passages_cut(struct passages *passages, const struct search_units *units,
                 const struct passage_range *range, struct language *language,
                 struct treadle_error *error)
{
    int rc = 0;
    passages->count = 0;
    buffer_reset(&passages->texts);
    while (!rc && passages->next < range->until) {
        heading_path_advance(&passages->path, units, passages->next, range->until);
        size_t end = passage_end(passages, units, range->until);
        rc = put_passage(passages, units, end, range, language, error);
        forget(units, passages->next, end);
        passages->next = end;
    }
    if (!rc)
        resolve(passages);
    return rc;
}
