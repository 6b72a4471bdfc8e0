/*
 * Passages.
 */
#include "tool/passage.h"

#include <string.h>

#include "base/error.h"

enum {
    SMALL_ROOM = 16384, /* tokens; a model that holds more is shown whole chunks */
    EXCERPT_PARTS = 3,  /* of ROOM_PARTS: how much of the room excerpts may take */
    ROOM_PARTS = 8
};

/* The marker's delimiters and control characters must not come from a file's name. */
static const char *marker_name(const char *filename, struct arena *arena)
{
    static const char *const delimiters[] = {"【", "】", "†"};
    char *name = arena_string(arena, filename);
    if (!name)
        return NULL;
    for (size_t i = 0; i < sizeof delimiters / sizeof delimiters[0]; i++)
        for (char *at; (at = strstr(name, delimiters[i]));)
            memset(at, '_', strlen(delimiters[i]));
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '_';
    return name;
}

/* The pages of a stretch of the text; its first page is that of its start. */
static int make_pages(const struct search_result *result, size_t start, size_t end,
                      struct arena *arena, struct model_passage *out)
{
    struct model_page *pages = arena_array(arena, result->page_count, sizeof *pages);
    size_t count = 0;
    if (!pages)
        return TREADLE_EMEMORY;
    for (size_t i = 0; i < result->page_count && (!i || result->pages[i].offset < end); i++) {
        const struct search_page *page = &result->pages[i];
        bool first = page->offset <= start;
        pages[first ? 0 : count] =
            (struct model_page){first ? 0 : page->offset - start, page->page};
        count = first ? 1 : count + 1;
    }
    out->pages = pages;
    out->page_count = count;
    return 0;
}

/* What is near in meaning in a stretch of the text. */
static int make_near(const struct search_result *result, size_t start, size_t end,
                     struct arena *arena, struct model_passage *out)
{
    struct model_near *near = arena_array(arena, result->near_count, sizeof *near);
    if (!near)
        return TREADLE_EMEMORY;
    out->near = near;
    for (size_t i = 0; i < result->near_count; i++) {
        const struct search_near *part = &result->near[i];
        size_t from = part->start > start ? part->start : start;
        size_t to = part->start + part->length < end ? part->start + part->length : end;
        if (to > from)
            near[out->near_count++] = (struct model_near){from - start, to - from, part->nearness};
    }
    return 0;
}

static int make(const struct search_result *result, size_t start, size_t end, const char *marker,
                struct arena *arena, struct model_passage *out)
{
    bool whole = !start && !result->text[end];
    struct model_passage passage = {
        .marker = marker,
        .filename = result->filename,
        .heading = result->heading,
        .text = whole ? result->text : arena_copy(arena, result->text + start, end - start),
        .score = result->score,
    };
    if (!passage.text || make_pages(result, start, end, arena, &passage) ||
        make_near(result, start, end, arena, &passage))
        return TREADLE_EMEMORY;
    *out = passage;
    return 0;
}

static int make_all(const struct passages_request *request, struct arena *arena,
                    struct model_passage *all)
{
    int rc = 0;
    for (size_t i = 0; i < request->count && !rc; i++) {
        const struct search_result *result = &request->results[i];
        const char *name = marker_name(result->filename, arena);
        const char *marker =
            name ? arena_format(arena, "【%u:%zu†%s】", request->turn, request->first + i, name)
                 : NULL;
        rc = marker ? make(result, 0, strlen(result->text), marker, arena, &all[i])
                    : TREADLE_EMEMORY;
    }
    return rc;
}

/* Chunks overlap, so two of them may have one excerpt. */
static bool is_shown(const struct model_passage *shown, size_t count,
                     const struct model_passage *passage)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(shown[i].filename, passage->filename) == 0 &&
            (strstr(shown[i].text, passage->text) || strstr(passage->text, shown[i].text)))
            return true;
    return false;
}

static int show_excerpts(const struct passages_request *request, const struct model_passage *all,
                         struct arena *arena, struct model_passage *shown, size_t *count,
                         struct treadle_error *error)
{
    int64_t left = request->room * EXCERPT_PARTS / ROOM_PARTS;
    for (size_t i = 0; i < request->count; i++) {
        struct model_passage passage;
        size_t start, end;
        int rc = search_excerpt(&request->results[i], request->queries, request->query_count, arena,
                                &start, &end, error);
        if (rc)
            return rc;
        if (make(&request->results[i], start, end, all[i].marker, arena, &passage))
            return error_set_memory(error);
        if (is_shown(shown, *count, &passage))
            continue;
        const struct model_message message = {.passages = &passage, .passage_count = 1};
        const struct estimate estimate = estimate_message(&message);
        left -= estimate_tokens(&estimate, &estimate_plain);
        if (left < 0 && *count)
            break;
        shown[(*count)++] = passage;
    }
    return 0;
}

int passages_make(const struct passages_request *request, struct arena *arena, struct passages *out,
                  struct treadle_error *error)
{
    struct model_passage *all = arena_array(arena, request->count, sizeof *all);
    struct model_passage *shown = all;
    size_t count = request->count;
    int rc = all ? make_all(request, arena, all) : TREADLE_EMEMORY;
    if (rc)
        return error_set_memory(error);
    if (request->room > 0 && request->room <= SMALL_ROOM) {
        shown = arena_array(arena, count, sizeof *shown);
        count = 0;
        rc = shown ? show_excerpts(request, all, arena, shown, &count, error)
                   : error_set_memory(error);
    }
    if (rc)
        return rc;
    *out = (struct passages){all, shown, count};
    return 0;
}
