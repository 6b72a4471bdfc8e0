/*
 * Citations: from the markers in a model's text to the annotations of a message.
 */
#ifndef TOOL_CITATION_H
#define TOOL_CITATION_H

#include "base/arena.h"
#include "model/model.h"
#include "search/search.h"
#include "treadle/objects.h"

/* What may be cited: passages and the results that they came from, in the same order. */
struct citation_source {
    const struct model_passage *passage;
    const struct search_result *result;
};

/* Makes the content of a message from a model's text: each marker of a known passage gets an
 * annotation with its place in characters, its file, and the page that fits the statement before
 * it best; a marker that belongs to none is taken out. All in the arena. */
int citation_resolve(const char *text, const struct citation_source *sources, size_t source_count,
                     struct arena *arena, struct treadle_text *out, struct treadle_error *error);

#endif
