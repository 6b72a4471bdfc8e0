/*
 * Chunks: a window over the document's units. It moves on by the units that the next chunk does not
 * repeat.
 */
#include "search/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "search/heading.h"
#include "search/passage.h"
#include "search/unit.h"

enum { CHUNK_TOKENS = 800, OVERLAP_TOKENS = 400, CHUNK_BYTES = 64 << 20 };

struct window {
    const struct search_units *units;
    struct language *language;
    struct heading_path path; /* at the start of the chunk */
    size_t first, last;       /* units of the current chunk: [first, last) */
    size_t before;            /* where the previous chunk ended */
    size_t *starts;           /* of those units in the text */
    size_t start_room;
    struct buffer text, heading;
    struct search_page *pages;
    size_t page_count, page_room;
    struct passages passages;
};

static int put_page(struct window *window, const struct search_unit *unit,
                    struct treadle_error *error)
{
    if (window->page_count && window->pages[window->page_count - 1].page == unit->page)
        return 0;
    struct search_page *pages =
        array_grow(window->pages, window->page_count, &window->page_room, sizeof *pages);
    if (!pages)
        return error_set_memory(error);
    window->pages = pages;
    window->pages[window->page_count++] = (struct search_page){
        .offset = window->text.length, .page = unit->page, .label = unit->label};
    return 0;
}

/* Takes units until the chunk is full; a chunk has at least one. */
static void window_fill(struct window *window, size_t limit)
{
    size_t tokens = 0;
    window->last = window->first;
    while (window->last < window->units->count) {
        tokens += window->units->items[window->last].tokens;
        if (tokens > limit && window->last > window->first)
            break;
        window->last++;
    }
}

/* The first unit of the next chunk: the highest heading among the units that may be repeated, so
 * that a section has a chunk that starts with it. */
static size_t window_next(const struct window *window, size_t overlap)
{
    const struct search_unit *items = window->units->items;
    size_t next = window->last, heading = SIZE_MAX, tokens = 0;
    while (next > window->first + 1) {
        tokens += items[next - 1].tokens;
        if (tokens > overlap)
            break;
        next--;
        if (items[next].level && (heading == SIZE_MAX || items[next].level <= items[heading].level))
            heading = next;
    }
    return heading == SIZE_MAX ? next : heading;
}

/* The unit in the middle of what two chunks share: passages before it belong to the first. */
static size_t middle(const struct window *window, size_t from, size_t to)
{
    const struct search_unit *items = window->units->items;
    size_t tokens = 0, half = 0;
    for (size_t i = from; i < to; i++)
        tokens += items[i].tokens;
    while (from < to && (half + items[from].tokens) * 2 <= tokens)
        half += items[from++].tokens;
    return from;
}

static int put_units(struct window *window, struct search_chunk *chunk, struct treadle_error *error)
{
    size_t count = window->last - window->first;
    size_t *starts = array_grow(window->starts, count, &window->start_room, sizeof *starts);
    if (!starts)
        return error_set_memory(error);
    window->starts = starts;
    for (size_t i = window->first; i < window->last; i++) {
        struct search_unit *unit = &window->units->items[i];
        if (window->text.length)
            buffer_append_char(&window->text, unit->goes_on ? ' ' : '\n');
        if (i == window->before)
            chunk->overlap = window->text.length;
        int rc = put_page(window, unit, error);
        if (rc)
            return rc;
        window->starts[i - window->first] = window->text.length;
        buffer_append(&window->text, unit->text, unit->length);
    }
    return 0;
}

static int window_emit(struct window *window, int64_t number, size_t next,
                       search_chunk_visitor visit, void *context, struct treadle_error *error)
{
    struct search_chunk chunk = {.number = number};
    bool last = window->last == window->units->count;
    buffer_reset(&window->text);
    buffer_reset(&window->heading);
    window->page_count = 0;
    heading_path_advance(&window->path, window->units, window->first, window->last);
    heading_path_print(&window->path, &window->heading);
    int rc = put_units(window, &chunk, error);
    if (rc)
        return rc;
    buffer_append(&window->heading, "", 0);
    if (window->text.failed || window->heading.failed)
        return error_set_memory(error);
    const struct passage_range range = {.starts = window->starts,
                                        .first = window->first,
                                        .until = last ? window->last
                                                      : middle(window, next, window->last)};
    rc = passages_cut(&window->passages, window->units, &range, window->language, error);
    if (rc)
        return rc;
    chunk.heading = window->heading.length ? window->heading.data : NULL;
    chunk.text = window->text.data;
    chunk.length = window->text.length;
    chunk.pages = window->pages;
    chunk.page_count = window->page_count;
    chunk.passages = window->passages.items;
    chunk.passage_count = window->passages.count;
    return visit(context, &chunk, error);
}

int search_chunk_each(const struct search_file *file, const struct document *document,
                      struct language *language, search_chunk_visitor visit, void *context,
                      struct treadle_error *error)
{
    size_t limit = file->chunk_tokens ? file->chunk_tokens : CHUNK_TOKENS;
    size_t overlap = file->chunk_tokens ? file->overlap_tokens : OVERLAP_TOKENS;
    if (limit > 4096 || limit < 16 || overlap > limit / 2)
        return error_set(error, TREADLE_EINVALID,
                         "Chunks of %zu tokens with %zu of overlap are not possible.", limit,
                         overlap);
    struct search_units units = {0};
    struct window window = {.units = &units, .language = language};
    buffer_init(&window.text, CHUNK_BYTES);
    buffer_init(&window.heading, CHUNK_BYTES);
    passages_init(&window.passages);
    int rc = search_units_make(&units, document, language, limit, error);
    for (int64_t number = 0; !rc && window.first < units.count; number++) {
        window_fill(&window, limit);
        size_t next = window.last < units.count ? window_next(&window, overlap) : units.count;
        rc = window_emit(&window, number, next, visit, context, error);
        window.before = window.last;
        window.first = next;
    }
    buffer_clear(&window.text);
    buffer_clear(&window.heading);
    passages_clear(&window.passages);
    free(window.starts);
    free(window.pages);
    search_units_clear(&units);
    return rc;
}
