/*
 * Chunks: a window over the document's units that moves by what is not to be repeated.
 */
#include "search/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "search/unit.h"

enum {
    CHUNK_TOKENS = 800,
    OVERLAP_TOKENS = 400,
    LEVELS = 8,
    HEADING_BYTES = 300, /* of one heading, within the path */
    CHUNK_BYTES = 64 << 20
};

static const double clutter_weight = 0.25;

struct window {
    const struct search_units *units;
    struct language *language;
    struct search_unit *path[LEVELS]; /* headings above `first`, by level */
    size_t path_done;                 /* units that the path has seen */
    size_t first, last;               /* units of the chunk at hand: [first, last) */
    size_t before;                    /* where the chunk before ended */
    struct buffer text, body, heading, above;
    struct search_page *pages;
    size_t page_count, page_room;
};

static void path_enter(struct window *window, struct search_unit *unit)
{
    size_t level = (size_t)unit->level < LEVELS ? (size_t)unit->level - 1 : LEVELS - 1;
    if (unit->goes_on)
        return;
    window->path[level] = unit;
    for (size_t deeper = level + 1; deeper < LEVELS; deeper++)
        window->path[deeper] = NULL;
}

/* Brings the path to where the chunk starts, headings at its very start included. */
static void path_advance(struct window *window)
{
    struct search_unit *items = window->units->items;
    for (; window->path_done < window->first; window->path_done++)
        if (items[window->path_done].level)
            path_enter(window, &items[window->path_done]);
    for (; window->path_done < window->last && items[window->path_done].level; window->path_done++)
        path_enter(window, &items[window->path_done]);
}

static int put_heading(struct window *window, struct treadle_error *error)
{
    path_advance(window);
    for (size_t level = 0; level < LEVELS; level++) {
        struct search_unit *unit = window->path[level];
        if (!unit)
            continue;
        int code = search_unit_terms(unit, window->language, error);
        if (code)
            return code;
        if (window->heading.length)
            buffer_append_string(&window->heading, " > ");
        size_t length =
            unit->length > HEADING_BYTES ? text_cut(unit->text, HEADING_BYTES) : unit->length;
        buffer_append(&window->heading, unit->text, length);
        buffer_append(&window->above, unit->terms, unit->terms_length);
    }
    return 0;
}

static int put_page(struct window *window, int page, struct treadle_error *error)
{
    if (window->page_count && window->pages[window->page_count - 1].page == page)
        return 0;
    if (window->page_count == window->page_room) {
        size_t room = window->page_room ? window->page_room * 2 : 16;
        struct search_page *pages = reallocarray(window->pages, room, sizeof *pages);
        if (!pages)
            return error_set_memory(error);
        window->pages = pages;
        window->page_room = room;
    }
    window->pages[window->page_count++] =
        (struct search_page){.offset = window->text.length, .page = page};
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

/* The first unit of the next chunk: within what may be repeated, the highest heading, so that a
 * section has a chunk that starts with it. */
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

static int window_emit(struct window *window, int64_t number, search_chunk_visitor visit,
                       void *context, struct treadle_error *error)
{
    struct search_chunk chunk = {.number = number};
    size_t tokens = 0, clutter = 0;
    buffer_reset(&window->text);
    buffer_reset(&window->body);
    buffer_reset(&window->heading);
    buffer_reset(&window->above);
    window->page_count = 0;
    int code = put_heading(window, error);
    for (size_t i = window->first; !code && i < window->last; i++) {
        struct search_unit *unit = &window->units->items[i];
        if (window->text.length)
            buffer_append_char(&window->text, unit->goes_on ? ' ' : '\n');
        if (i == window->before)
            chunk.overlap = window->text.length;
        code = put_page(window, unit->page, error);
        if (!code)
            code = search_unit_terms(unit, window->language, error);
        if (code)
            break;
        if (i < window->before)
            chunk.overlap_terms += unit->term_count;
        buffer_append(&window->text, unit->text, unit->length);
        buffer_append(&window->body, unit->terms, unit->terms_length);
        if (unit->level)
            buffer_append(&window->above, unit->terms, unit->terms_length);
        tokens += unit->tokens;
        clutter += unit->clutter ? unit->tokens : 0;
    }
    if (code)
        return code;
    buffer_append(&window->heading, "", 0);
    buffer_append(&window->above, "", 0);
    buffer_append(&window->body, "", 0);
    if (window->text.failed || window->body.failed || window->heading.failed ||
        window->above.failed)
        return error_set_memory(error);
    chunk.heading = window->heading.length ? window->heading.data : NULL;
    chunk.text = window->text.data;
    chunk.length = window->text.length;
    chunk.body = window->body.data;
    chunk.above = window->above.data;
    chunk.pages = window->pages;
    chunk.page_count = window->page_count;
    chunk.weight = tokens ? 1 - (1 - clutter_weight) * (double)clutter / (double)tokens : 1;
    return visit(context, &chunk, error);
}

/* Drops the terms that no later chunk needs; a heading of the path makes its own again. */
static void window_forget(struct window *window, size_t next)
{
    for (size_t i = window->first; i < next; i++) {
        struct search_unit *unit = &window->units->items[i];
        if (unit->level)
            continue;
        free(unit->terms);
        unit->terms = NULL;
        unit->term_count = 0;
    }
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
    buffer_init(&window.body, CHUNK_BYTES);
    buffer_init(&window.heading, CHUNK_BYTES);
    buffer_init(&window.above, CHUNK_BYTES);
    int code = search_units_make(&units, document, language, limit, error);
    for (int64_t number = 0; !code && window.first < units.count; number++) {
        window_fill(&window, limit);
        code = window_emit(&window, number, visit, context, error);
        size_t next = window.last < units.count ? window_next(&window, overlap) : units.count;
        window_forget(&window, next);
        window.before = window.last;
        window.first = next;
    }
    buffer_clear(&window.text);
    buffer_clear(&window.body);
    buffer_clear(&window.heading);
    buffer_clear(&window.above);
    free(window.pages);
    search_units_clear(&units);
    return code;
}
