/*
 * The file_search tool.
 */
#include "tool/file_search.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "tool/passage.h"

enum { MOST_QUERIES = 8, DEFAULT_RESULTS = 20 };

const struct model_tool file_search_tool = {
    .name = "file_search",
    .searches = true,
    .description = "Searches the user's files and returns passages. After each statement that "
                   "rests on a passage, repeat that passage's marker exactly as it is given.",
    .parameters = "{\"type\":\"object\",\"properties\":{\"queries\":{\"type\":\"array\","
                  "\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":8,"
                  "\"description\":\"What to look for, in the words that the files would use.\"}},"
                  "\"required\":[\"queries\"],\"additionalProperties\":false}",
};

static const char no_query[] = "Nothing was searched for: the arguments must be JSON as in "
                               "{\"queries\": [\"…\"]}, with one query at least.";

/* No queries where the arguments are not JSON, or have another form. */
static int parse_queries(const char *arguments, struct arena *arena, const char **out,
                         size_t *count, struct treadle_error *error)
{
    json_t *root = NULL;
    size_t found = 0;
    struct treadle_error ignored;
    if (json_read(arguments, strlen(arguments), JSON_READ_STRICT, &root, &ignored) ==
        TREADLE_EMEMORY)
        return error_set_memory(error);
    json_t *queries = json_object_get(root, "queries");
    for (size_t i = 0; i < json_array_size(queries) && found < MOST_QUERIES; i++) {
        const char *text = json_string_value(json_array_get(queries, i));
        if (text && text[0])
            out[found++] = arena_string(arena, text);
    }
    json_decref(root);
    for (size_t i = 0; i < found; i++)
        if (!out[i])
            return error_set_memory(error);
    *count = found;
    return 0;
}

static int record_result(const struct search_result *result, struct arena *arena,
                         struct treadle_file_search_result *out)
{
    struct treadle_search_content *content = arena_alloc(arena, sizeof *content);
    if (!content)
        return TREADLE_EMEMORY;
    content->text = result->text;
    *out = (struct treadle_file_search_result){
        .file_id = result->file_id,
        .file_name = result->filename,
        .score = result->score,
        .content = content,
        .content_count = 1,
    };
    return 0;
}

int file_search_run(const struct file_search_request *request, struct arena *arena,
                    struct file_search_outcome *out, struct treadle_error *error)
{
    const struct treadle_file_search_options *options = request->options;
    bool limited = options && options->max_num_results.state == TREADLE_SET;
    size_t limit = limited ? (size_t)options->max_num_results.value : DEFAULT_RESULTS;
    const struct treadle_ranking_options *ranking = options ? options->ranking_options : NULL;
    double threshold = ranking ? ranking->score_threshold : 0;
    const char *queries[MOST_QUERIES];
    struct search_result *results = NULL;
    size_t query_count = 0, count = 0;
    int rc = parse_queries(request->arguments, arena, queries, &query_count, error);
    const struct search_query query = {.store_ids = request->store_ids,
                                       .store_count = request->store_count,
                                       .max_results = limit,
                                       .score_threshold = threshold};
    if (!rc)
        rc = search_run_all(request->search, &query, queries, query_count, arena, &results, &count,
                            error);
    if (rc)
        return rc;
    struct treadle_search_ranking *applied = arena_alloc(arena, sizeof *applied);
    struct treadle_file_search_result *recorded = arena_array(arena, count, sizeof *recorded);
    struct model_passage *passages = arena_array(arena, count, sizeof *passages);
    if (!applied || !recorded || !passages)
        return error_set_memory(error);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = record_result(&results[i], arena, &recorded[i]);
        if (!rc)
            rc = passage_make(&results[i], request->turn, request->first_result + i, arena,
                              &passages[i]);
    }
    if (rc)
        return error_set_memory(error);
    *applied = (struct treadle_search_ranking){FILE_SEARCH_RANKER, threshold};
    *out = (struct file_search_outcome){
        .call = {.ranking_options = applied, .results = recorded, .result_count = count},
        .results = results,
        .passages = passages,
        .count = count,
        .complaint = query_count ? NULL : no_query,
    };
    return 0;
}
