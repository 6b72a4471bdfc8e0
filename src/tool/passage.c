/*
 * Passages.
 */
#include "tool/passage.h"

#include <string.h>

#include "base/error.h"

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

int passage_make(const struct search_result *result, unsigned turn, size_t index,
                 struct arena *arena, struct model_passage *out)
{
    const char *name = marker_name(result->filename, arena);
    struct model_page *pages = arena_array(arena, result->page_count, sizeof *pages);
    if (!name || !pages)
        return TREADLE_EMEMORY;
    for (size_t i = 0; i < result->page_count; i++)
        pages[i] = (struct model_page){result->pages[i].offset, result->pages[i].page};
    *out = (struct model_passage){
        .marker = arena_format(arena, "【%u:%zu†%s】", turn, index, name),
        .filename = result->filename,
        .heading = result->heading,
        .text = result->text,
        .score = result->score,
        .pages = pages,
        .page_count = result->page_count,
    };
    return out->marker ? 0 : TREADLE_EMEMORY;
}
