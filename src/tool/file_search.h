/*
 * The file_search tool: what a run does when its model asks to search. The model's arguments name
 * one or several queries; each searches the vector stores that the run may use, the results are
 * merged (a chunk once, with its best score), and are returned in two forms: as they are recorded
 * in the run step, and as passages for the model, each with the marker by which the model cites it.
 */
#ifndef TOOL_FILE_SEARCH_H
#define TOOL_FILE_SEARCH_H

#include "base/arena.h"
#include "base/buffer.h"
#include "model/model.h"
#include "search/search.h"
#include "treadle/objects.h"

/* The only ranker. */
#define FILE_SEARCH_RANKER "default_2024_08_21"

struct file_search_request {
    struct search *search;
    const char *const *store_ids;
    size_t store_count;
    const struct treadle_file_search_options *options; /* the tool's settings, may be NULL */
    const char *arguments; /* JSON from the model: {"queries": [string, …]} */
    unsigned turn;         /* the first number of the markers */
    size_t first_result;   /* the second number of the first marker */
};

struct file_search_outcome {
    struct treadle_file_search_call call; /* results with their content */
    const struct search_result *results;  /* best first */
    const struct model_passage *passages; /* one for each result, in the same order */
    size_t count;
    const char *complaint; /* for the model, where its arguments name no query; else NULL */
};

/* The tool as it is offered to models. */
extern const struct model_tool file_search_tool;

/* Searches; everything in `out` is made in the arena. Arguments that name no query find nothing. */
int file_search_run(const struct file_search_request *request, struct arena *arena,
                    struct file_search_outcome *out, struct treadle_error *error);

/* Appends, as JSON, what is needed to recall a search beside the recorded call: its arguments, and
 * where the pages of its results start. */
void file_search_remember(const char *arguments, const struct file_search_outcome *outcome,
                          struct buffer *out);

/* Makes the result of the search again from the recorded call with its content, and from the
 * memory. `turn` and `first_result` are as in a request. */
int file_search_recall(const struct treadle_file_search_call *call, const char *remembered,
                       unsigned turn, size_t first_result, struct arena *arena,
                       const char **arguments, struct file_search_outcome *out,
                       struct treadle_error *error);

#endif
