/*
 * Passages: results of a search as a model is shown them, each with its marker. A model that holds
 * little is shown the stretch of each that answers best, and as many as it has room for.
 */
#ifndef TOOL_PASSAGE_H
#define TOOL_PASSAGE_H

#include "base/arena.h"
#include "model/model.h"
#include "search/search.h"

struct passages_request {
    const struct search_result *results; /* best first */
    size_t count;
    const char *const *queries; /* that found them */
    size_t query_count;
    int64_t room;  /* tokens that the model holds; 0: unknown, or enough */
    unsigned turn; /* the first number of the markers */
    size_t first;  /* the second number of the first marker */
};

struct passages {
    const struct model_passage *all;   /* one for each result, in the same order, with its marker */
    const struct model_passage *shown; /* to the model */
    size_t shown_count;
};

int passages_make(const struct passages_request *request, struct arena *arena, struct passages *out,
                  struct treadle_error *error);

#endif
