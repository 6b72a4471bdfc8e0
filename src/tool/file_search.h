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
#include "tool/passage.h"
#include "treadle/objects.h"

/* The only ranker. */
#define FILE_SEARCH_RANKER "default_2024_08_21"

struct file_search_request {
    struct search *search;
    const char *const *store_ids;
    size_t store_count;
    const struct treadle_file_search_options *options; /* the tool's settings, may be NULL */
    const char *arguments; /* JSON from the model: {"queries": [string, …]} */
    const char *question;  /* what the user said last: searched for where the arguments name
                              nothing; may be NULL */
    int64_t room;          /* tokens that the model holds; 0: unknown */
    unsigned turn;         /* the first number of the markers */
    size_t first_result;   /* the second number of the first marker */
};

struct file_search_outcome {
    struct treadle_file_search_call call; /* results with their content */
    const struct search_result *results;  /* best first */
    struct passages passages;             /* of them */
    size_t count;
    const char *complaint; /* for the model, where there is nothing to search for; else NULL */
};

/* The tool as it is offered to models. */
extern const struct model_tool file_search_tool;

/* What the arguments of a call name to search for. */
enum { FILE_SEARCH_QUERIES = 8 };
int file_search_queries(const char *arguments, const char *question, struct arena *arena,
                        const char *out[FILE_SEARCH_QUERIES], size_t *count,
                        struct treadle_error *error);

/* Searches; everything in `out` is made in the arena. Without a query and a question nothing is
 * found. */
int file_search_run(const struct file_search_request *request, struct arena *arena,
                    struct file_search_outcome *out, struct treadle_error *error);

/* Appends, as JSON, what is needed to recall a search beside the recorded call: its arguments, and
 * where the pages of its results start. */
void file_search_remember(const char *arguments, const struct file_search_outcome *outcome,
                          struct buffer *out);

/* Makes the result of the search again from the recorded call with its content, and from the
 * memory. Of the request, what a search needs is not used, and its arguments are set. */
int file_search_recall(const struct treadle_file_search_call *call, const char *remembered,
                       struct file_search_request *request, struct arena *arena,
                       struct file_search_outcome *out, struct treadle_error *error);

#endif
