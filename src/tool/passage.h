/*
 * Passages: results of a search as they are sent to a model, each with its marker.
 */
#ifndef TOOL_PASSAGE_H
#define TOOL_PASSAGE_H

#include "base/arena.h"
#include "model/model.h"
#include "search/search.h"

/* The numbers become the marker's. 0 or TREADLE_EMEMORY. */
int passage_make(const struct search_result *result, unsigned turn, size_t index,
                 struct arena *arena, struct model_passage *out);

#endif
