/*
 * Recalling a search: a run that waited for outputs may continue in another process, and its model
 * may still cite what was found before.
 *
            print_page(&result->pages[j], j == 0, out);
        buffer_append_string(out, "],\"near\":[");
        for (size_t j = 0; j < result->near_count; j++)
            buffer_append_format(out, "%s[%zu,%zu,%d]", j ? "," : "", result->near[j].start,
                                 result->near[j].length, (int)(result->near[j].nearness * 1000));
 */
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "tool/file_search.h"

static void print_page(const struct search_page *page, bool first, struct buffer *out)
{
    buffer_append_format(out, "%s[%zu,%d", first ? "" : ",", page->offset, page->page);
    if (page->label) {
        buffer_append_char(out, ',');
        json_print_string(page->label, out);
    }
    buffer_append_char(out, ']');
}

void file_search_remember(const char *arguments, const struct file_search_outcome *outcome,
                          struct buffer *out)
{
    buffer_append_string(out, "{\"arguments\":");
    json_print_string(arguments, out);
    buffer_append_string(out, ",\"results\":[");
    for (size_t i = 0; i < outcome->count; i++) {
        const struct search_result *result = &outcome->results[i];
        buffer_append_string(out, i ? ",{\"heading\":" : "{\"heading\":");
        if (result->heading)
            json_print_string(result->heading, out);
        else
            buffer_append_string(out, "null");
        buffer_append_string(out, ",\"pages\":[");
        for (size_t j = 0; j < result->page_count; j++)
            print_page(&result->pages[j], j == 0, out);
        buffer_append_string(out, "],\"near\":[");
        for (size_t j = 0; j < result->near_count; j++)
            buffer_append_format(out, "%s[%zu,%zu,%d]", j ? "," : "", result->near[j].start,
                                 result->near[j].length, (int)(result->near[j].nearness * 1000));
        buffer_append_string(out, "]}");
    }
    buffer_append_string(out, "]}");
}

/* At least one page, the first at the start, each within the text. */
static int recall_pages(json_t *pages, size_t length, struct arena *arena,
                        struct search_result *out)
{
    size_t count = json_array_size(pages);
    struct search_page *made = arena_array(arena, count + 1, sizeof *made);
    if (!made)
        return TREADLE_EMEMORY;
    out->pages = made;
    out->page_count = count ? count : 1;
    for (size_t i = 0; i < count; i++) {
        json_int_t offset = json_integer_value(json_array_get(json_array_get(pages, i), 0));
        json_int_t page = json_integer_value(json_array_get(json_array_get(pages, i), 1));
        made[i].offset = i && offset > 0 && (size_t)offset < length ? (size_t)offset : 0;
        made[i].page = page > 0 && page < INT32_MAX ? (int)page : 0;
        const char *label = json_string_value(json_array_get(json_array_get(pages, i), 2));
        made[i].label = label ? arena_string(arena, label) : NULL;
        if (label && !made[i].label)
            return TREADLE_EMEMORY;
    }
    return 0;
}

/* What was near in meaning; what does not lie within the text is left out. */
static int recall_near(json_t *near, size_t length, struct arena *arena, struct search_result *out)
{
    size_t count = json_array_size(near);
    struct search_near *made = arena_array(arena, count + 1, sizeof *made);
    if (!made)
        return TREADLE_EMEMORY;
    out->near = made;
    for (size_t i = 0; i < count; i++) {
        const json_t *part = json_array_get(near, i);
        json_int_t start = json_integer_value(json_array_get(part, 0));
        json_int_t size = json_integer_value(json_array_get(part, 1));
        json_int_t nearness = json_integer_value(json_array_get(part, 2));
        if (start >= 0 && size > 0 && (size_t)start < length &&
            (size_t)size <= length - (size_t)start)
            made[out->near_count++] =
                (struct search_near){(size_t)start, (size_t)size, (float)nearness / 1000};
    }
    return 0;
}

static int recall_result(const struct treadle_file_search_result *recorded, json_t *remembered,
                         struct arena *arena, struct search_result *out)
{
    const char *text = recorded->content_count ? recorded->content[0].text : "";
    *out = (struct search_result){
        .store_id = "",
        .file_id = recorded->file_id,
        .filename = recorded->file_name,
        .score = recorded->score,
        .heading = arena_string(arena, json_string_value(json_object_get(remembered, "heading"))),
        .text = text,
    };
    int rc = recall_near(json_object_get(remembered, "near"), strlen(text), arena, out);
    return rc ? rc : recall_pages(json_object_get(remembered, "pages"), strlen(text), arena, out);
}

int file_search_recall(const struct treadle_file_search_call *call, const char *remembered,
                       struct file_search_request *request, struct arena *arena,
                       struct file_search_outcome *out, struct treadle_error *error)
{
    size_t count = call->result_count, query_count = 0;
    struct search_result *results = arena_array(arena, count, sizeof *results);
    const char *queries[FILE_SEARCH_QUERIES];
    struct passages passages;
    json_t *root = NULL;
    int rc =
        remembered ? json_read(remembered, strlen(remembered), JSON_READ_STRICT, &root, error) : 0;
    const char *asked = json_string_value(json_object_get(root, "arguments"));
    json_t *more = json_object_get(root, "results");
    request->arguments = arena_string(arena, asked ? asked : "{}");
    if (!results || !request->arguments)
        rc = error_set_memory(error);
    for (size_t i = 0; i < count && !rc; i++)
        if (recall_result(&call->results[i], json_array_get(more, i), arena, &results[i]))
            rc = error_set_memory(error);
    json_decref(root);
    if (!rc)
        rc = file_search_queries(request->arguments, request->question, arena, queries,
                                 &query_count, error);
    const struct passages_request shows = {.results = results,
                                           .count = count,
                                           .queries = queries,
                                           .query_count = query_count,
                                           .room = request->room,
                                           .turn = request->turn,
                                           .first = request->first_result};
    if (!rc)
        rc = passages_make(&shows, arena, &passages, error);
    if (rc)
        return rc;
    *out = (struct file_search_outcome){
        .call = *call, .results = results, .passages = passages, .count = count};
    return 0;
}
