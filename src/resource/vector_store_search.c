/*
 * Searching a vector store: the files that pass the filter, then the search, then a page of its
 * results with the files' attributes. A page is a part of one ranking: `next_page` is the number of
 * results before it.
 */
#include <jansson.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "base/text.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "resource/vector_store_filter.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

enum { DEFAULT_RESULTS = 10, MOST_QUERIES = 16, MOST_BEFORE = 1000, QUERY_BYTES = 32 << 10 };

struct store_search {
    const char *queries[MOST_QUERIES]; /* as they are looked for */
    size_t query_count;
    size_t before, limit;
    double threshold;
    struct store_filter *filter; /* NULL: none */
    const char *files;           /* those that pass, as a JSON array; NULL: all */
    bool expires;                /* so a search counts as use of the store */
    struct search_result *results;
    size_t count; /* of this page and those before, and one more if there is one */
};

/* ---- The request ---------------------------------------------------------------------------- */

static int bad_query(struct treadle_error *error, const char *what)
{
    return error_set_request(error, "invalid_value", "query", "Invalid 'query': %s.", what);
}

static int read_queries(struct store_search *search, const json_t *json, bool rewrite,
                        struct arena *arena, struct treadle_error *error)
{
    size_t count = json_is_string(json) ? 1 : json_array_size(json);
    if (!json_is_string(json) && !json_is_array(json))
        return error_set_request(error, "invalid_type", "query",
                                 "Invalid type for 'query': expected a string or an array, but got "
                                 "%s instead.",
                                 json_type_name(json));
    if (count == 0 || count > MOST_QUERIES)
        return bad_query(error, "there must be 1 to 16 texts");
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_is_string(json) ? json : json_array_get(json, i));
        if (!text || !*text)
            return bad_query(error, "each text must be a string that is not empty");
        if (strlen(text) > QUERY_BYTES)
            return bad_query(error, "a text has more than 32,768 bytes");
        search->queries[i] = rewrite ? search_rewrite(text, arena) : arena_string(arena, text);
        if (!search->queries[i])
            return error_set_memory(error);
    }
    search->query_count = count;
    return 0;
}

static int read_request(struct store_search *search, struct resource_call *call,
                        struct treadle_error *error)
{
    const struct treadle_vector_store_search_request *request = call->body;
    const struct treadle_vector_store_search_ranking *ranking = request->ranking_options;
    int64_t before = 0;
    json_t *query = NULL;
    if (request->page && text_to_integer(request->page, 1, MOST_BEFORE, &before))
        return error_set_request(error, "invalid_value", "page",
                                 "Invalid 'page': it must be the 'next_page' of a page.");
    search->before = (size_t)before;
    search->limit = request->max_num_results.state == TREADLE_SET
                        ? (size_t)request->max_num_results.value
                        : DEFAULT_RESULTS;
    if (ranking && ranking->score_threshold.state == TREADLE_SET)
        search->threshold = ranking->score_threshold.value;
    int rc = json_parse(request->query, strlen(request->query), &query, error);
    if (!rc)
        rc = read_queries(search, query,
                          request->rewrite_query.state == TREADLE_SET &&
                              request->rewrite_query.value,
                          call->arena, error);
    json_decref(query);
    if (!rc && request->filters)
        rc = store_filter_read(&search->filter, request->filters, call->arena, error);
    return rc;
}

/* ---- Before the search ---------------------------------------------------------------------- */

struct listing {
    const struct store_filter *filter;
    struct buffer files; /* of those that pass, a JSON array */
};

static int list_file(void *context, const struct treadle_vector_store_file *file,
                     struct treadle_error *error)
{
    struct listing *listing = context;
    (void)error;
    if (store_filter_passes(listing->filter, file->attributes))
        buffer_append_format(&listing->files, "%s\"%s\"", listing->files.length > 1 ? "," : "",
                             file->id);
    return 0;
}

static int list_files(struct db_session *session, struct resource_call *call,
                      struct store_search *search, struct treadle_error *error)
{
    struct listing listing = {.filter = search->filter};
    struct buffer *files = &listing.files;
    buffer_init(files, 1 << 24);
    buffer_append_char(files, '[');
    int rc = vector_store_file_record_each_completed(session, call->arguments[0], call->arena,
                                                     list_file, &listing, error);
    buffer_append_char(files, ']');
    if (!rc &&
        (files->failed || !(search->files = arena_copy(call->arena, files->data, files->length))))
        rc = error_set_memory(error);
    buffer_clear(files);
    return rc;
}

static int prepare(struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    struct store_search *search = call->state;
    struct treadle_vector_store store;
    const char *id = call->arguments[0];
    int rc = vector_store_load(session, call->project, id, call->arena, &store, error);
    if (rc)
        return resource_not_found(rc, "vector store", id, error);
    if (store.status == TREADLE_VECTOR_STORE_EXPIRED)
        return error_set_request(error, "vector_store_expired", NULL,
                                 "The vector store '%.100s' has expired, so it cannot be searched.",
                                 call->arguments[0]);
    search->expires = store.expires_after != NULL;
    return search->filter ? list_files(session, call, search, error) : 0;
}

/* ---- After it ------------------------------------------------------------------------------- */

static int page_at(const struct search_result *result, size_t offset)
{
    int page = 0;
    for (size_t i = 0; i < result->page_count; i++)
        if (i == 0 || result->pages[i].offset <= offset)
            page = result->pages[i].page;
    return page;
}

static int load_attributes(struct db_session *session, struct resource_call *call,
                           const char *file_id, struct treadle_attributes **out,
                           struct treadle_error *error)
{
    struct treadle_vector_store_file file = {.attributes = NULL};
    int rc = vector_store_file_record_load(session, call->project, call->arguments[0], file_id,
                                           call->arena, &file, error);
    if (rc && rc != TREADLE_ENOTFOUND)
        return rc;
    *out = rc ? NULL : file.attributes;
    return 0;
}

static int fill(struct db_session *session, struct resource_call *call,
                const struct search_result *result, struct treadle_vector_store_search_result *out,
                struct treadle_error *error)
{
    struct treadle_search_content *content = arena_alloc(call->arena, sizeof *content);
    if (!content)
        return error_set_memory(error);
    *content = (struct treadle_search_content){.text = result->text};
    *out = (struct treadle_vector_store_search_result){
        .file_id = result->file_id,
        .filename = result->filename,
        .score = result->score,
        .content = content,
        .content_count = 1,
        .heading = result->heading,
        .start_index = {TREADLE_SET, (int64_t)text_characters(result->text, result->start)},
        .end_index = {TREADLE_SET, (int64_t)text_characters(result->text, result->end)}};
    int first = page_at(result, result->start);
    if (first > 0) {
        out->page = (struct treadle_integer){TREADLE_SET, first};
        out->page_label = search_page_label(result, first);
        out->last_page = (struct treadle_integer){
            TREADLE_SET, page_at(result, result->end ? result->end - 1 : 0)};
    }
    return load_attributes(session, call, result->file_id, &out->attributes, error);
}

static int reply(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    const struct store_search *search = call->state;
    size_t last = search->before + search->limit;
    size_t end = search->count < last ? search->count : last;
    size_t count = end > search->before ? end - search->before : 0;
    struct treadle_vector_store_search_page page = {.search_query = (const char **)search->queries,
                                                    .search_query_count = search->query_count,
                                                    .data_count = count,
                                                    .has_more = search->count > last &&
                                                                last <= MOST_BEFORE};
    page.data = arena_array(call->arena, count + 1, sizeof *page.data);
    if (page.has_more)
        page.next_page = arena_format(call->arena, "%zu", last);
    if (!page.data || (page.has_more && !page.next_page))
        return error_set_memory(error);
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++)
        rc = fill(session, call, &search->results[search->before + i], &page.data[i], error);
    if (!rc && search->expires)
        rc = vector_store_touch(session, call->arguments[0], call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_vector_store_search_page_type, &page, error);
}

static struct resource_plan look(struct resource_call *call, int rc, struct treadle_error *error)
{
    struct store_search *search = call->state;
    if (rc)
        return resource_answer(rc);
    const struct search_query query = {.store_ids = call->arguments,
                                       .store_count = 1,
                                       .files = search->files,
                                       .max_results = search->before + search->limit + 1,
                                       .score_threshold = search->threshold};
    rc = search_run_all(call->services->search, &query, search->queries, search->query_count,
                        call->arena, &search->results, &search->count, error);
    if (rc)
        return resource_answer(rc);
    return search->expires ? resource_write(reply, NULL) : resource_read(reply, NULL);
}

struct resource_plan vector_store_search(struct resource_call *call, struct treadle_error *error)
{
    struct store_search *search = arena_alloc(call->arena, sizeof *search);
    if (!search)
        return resource_answer(error_set_memory(error));
    *search = (struct store_search){.count = 0};
    call->state = search;
    int rc = read_request(search, call, error);
    return rc ? resource_answer(rc) : resource_read(prepare, look);
}
