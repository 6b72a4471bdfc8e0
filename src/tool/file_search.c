/*
 * The file_search tool.
 */
#include "tool/file_search.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"

enum { MOST_QUERIES = FILE_SEARCH_QUERIES, DEFAULT_RESULTS = 20 };

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

/* Of an argument that models also name otherwise. */
static const json_t *find_queries(const json_t *root)
{
    static const char *const names[] = {"queries", "query", "q", "search_query", "input", "text"};
    const json_t *found = json_is_object(root) ? NULL : root;
    for (size_t i = 0; !found && i < sizeof names / sizeof names[0]; i++)
        found = json_object_get(root, names[i]);
    return found;
}

/* Adds a text, or those of a list; a list may be printed in a text. */
static int add_queries(const json_t *value, struct arena *arena, const char **out, size_t *count)
{
    const char *text = json_string_value(value);
    json_t *inner = NULL;
    if (text && text[strspn(text, " \t\r\n")] == '[' &&
        json_read(text, strlen(text), JSON_READ_REPEATED, &inner, NULL) == TREADLE_EMEMORY)
        return TREADLE_EMEMORY;
    const json_t *list = json_is_array(inner) ? inner : value;
    for (size_t i = 0; i < json_array_size(list) && *count < MOST_QUERIES; i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one && one[0])
            out[(*count)++] = arena_string(arena, one);
    }
    if (text && text[0] && !json_is_array(list) && *count < MOST_QUERIES)
        out[(*count)++] = arena_string(arena, text);
    json_decref(inner);
    return 0;
}

/* Small models rarely keep to a form. What names no query at all is a search for the question. */
int file_search_queries(const char *arguments, const char *question, struct arena *arena,
                        const char *out[FILE_SEARCH_QUERIES], size_t *count,
                        struct treadle_error *error)
{
    json_t *root = NULL;
    size_t found = 0;
    struct treadle_error ignored;
    int rc = json_read(arguments, strlen(arguments), JSON_READ_REPEATED, &root, &ignored);
    if (rc != TREADLE_EMEMORY)
        rc = add_queries(find_queries(root), arena, out, &found);
    /* A text without quotation marks; but not JSON that was cut off. */
    const char *bare = arguments + strspn(arguments, " \t\r\n");
    if (!rc && !root && bare[0] && !strchr("{[\"", bare[0]))
        out[found++] = arena_string(arena, bare);
    if (!rc && !found && question && question[0])
        out[found++] = arena_string(arena, question);
    json_decref(root);
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
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
    int rc = file_search_queries(request->arguments, request->question, arena, queries,
                                 &query_count, error);
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
    if (!applied || !recorded)
        return error_set_memory(error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = record_result(&results[i], arena, &recorded[i]);
    if (rc)
        return error_set_memory(error);
    const struct passages_request shows = {.results = results,
                                           .count = count,
                                           .queries = queries,
                                           .query_count = query_count,
                                           .room = request->room,
                                           .turn = request->turn,
                                           .first = request->first_result};
    struct passages passages;
    rc = passages_make(&shows, arena, &passages, error);
    if (rc)
        return rc;
    *applied =
        (struct treadle_search_ranking){.ranker = FILE_SEARCH_RANKER, .score_threshold = threshold};
    *out = (struct file_search_outcome){
        .call = {.ranking_options = applied, .results = recorded, .result_count = count},
        .results = results,
        .passages = passages,
        .count = count,
        .complaint = query_count ? NULL : no_query,
    };
    return 0;
}
