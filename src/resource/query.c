/*
 * Query parameters.
 */
#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "resource/resource.h"

enum { LIMIT = 20, MOST = 100, FILES_LIMIT = 10000 };

#define CONTENT "step_details.tool_calls[*].file_search.results[*].content"

static int parse_limit(const char *text, int64_t most, size_t *out, struct treadle_error *error)
{
    int64_t value;
    if (text_to_integer(text, INT64_MIN, INT64_MAX, &value))
        return error_set_request(error, "invalid_type", "limit",
                                 "Invalid type for 'limit': expected an integer, but got a string "
                                 "instead.");
    if (value < 1)
        return error_set_request(error, "integer_below_min_value", "limit",
                                 "Invalid 'limit': integer below minimum value. Expected a value "
                                 ">= 1, but got %lld instead.",
                                 (long long)value);
    if (value > most)
        return error_set_request(error, "integer_above_max_value", "limit",
                                 "Invalid 'limit': integer above maximum value. Expected a value "
                                 "<= %lld, but got %lld instead.",
                                 (long long)most, (long long)value);
    *out = (size_t)value;
    return 0;
}

static int parse_page(const struct http_request *request, bool files, struct resource_query *query,
                      struct treadle_error *error)
{
    const char *limit = http_query(request, "limit");
    const char *order = http_query(request, "order");
    query->page.limit = files ? FILES_LIMIT : LIMIT;
    if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
        return error_set_request(error, "invalid_value", "order",
                                 "Invalid value: '%.64s'. Supported values are: 'asc' and 'desc'.",
                                 order);
    query->page.ascending = order && strcmp(order, "asc") == 0;
    query->page.after = http_query(request, "after");
    query->page.before = files ? NULL : http_query(request, "before");
    return limit ? parse_limit(limit, files ? FILES_LIMIT : MOST, &query->page.limit, error) : 0;
}

static int parse_word(const struct http_request *request, const char *name,
                      const char *const *words, const char **out, struct treadle_error *error)
{
    const char *value = http_query(request, name);
    if (value && !field_value(words, value))
        return field_refuse_word(words, value, name, error);
    if (value)
        *out = value;
    return 0;
}

static int parse_include(const struct http_request *request, struct resource_query *query,
                         struct treadle_error *error)
{
    for (size_t i = 0; i < request->query_count; i++) {
        const struct http_field *field = &request->query[i];
        if (strcmp(field->name, "include[]") != 0 && strcmp(field->name, "include") != 0)
            continue;
        if (strcmp(field->value, CONTENT) != 0)
            return error_set_request(
                error, "invalid_value", "include",
                "Invalid value: '%.100s'. Supported values are: '" CONTENT "'.", field->value);
        query->include_content = true;
    }
    return 0;
}

/* metadata[key]=value, several times. The key is copied into the request's arena. */
static int parse_metadata(const struct http_request *request, struct resource_query *query,
                          struct treadle_error *error)
{
    static const char prefix[] = "metadata[";
    for (size_t i = 0; i < request->query_count; i++) {
        const struct http_field *field = &request->query[i];
        size_t length = strlen(field->name);
        if (!text_starts_with(field->name, prefix) || !text_ends_with(field->name, "]"))
            continue;
        if (query->pair_count == RESOURCE_MOST_PAIRS)
            return error_set_request(error, "invalid_value", "metadata",
                                     "Invalid 'metadata': at most %d pairs can be asked for.",
                                     RESOURCE_MOST_PAIRS);
        const char *key =
            arena_copy(request->arena, field->name + strlen(prefix), length - strlen(prefix) - 1);
        if (!key)
            return error_set_memory(error);
        query->pairs[query->pair_count++] = (struct treadle_pair){key, field->value};
    }
    return 0;
}

/* A browser that connects again repeats the address and adds the header, which is newer. */
static int parse_event(const struct http_request *request, int64_t *out,
                       struct treadle_error *error)
{
    const char *last = http_header(request, "last-event-id");
    const char *text = last ? last : http_query(request, "after");
    if (!text || !text_to_integer(text, 0, INT64_MAX, out))
        return 0;
    return error_set_request(error, "invalid_value", last ? "Last-Event-ID" : "after",
                             "Invalid value: '%.64s'. Expected the number of an event.", text);
}

int resource_parse_query(const struct endpoint *endpoint, const struct http_request *request,
                         struct resource_query *out, struct treadle_error *error)
{
    struct resource_query query = {0};
    unsigned takes = endpoint->query;
    int rc = 0;
    if (takes & (ENDPOINT_PAGE | ENDPOINT_FILE_PAGE))
        rc = parse_page(request, takes & ENDPOINT_FILE_PAGE, &query, error);
    if (!rc && takes & ENDPOINT_INCLUDE)
        rc = parse_include(request, &query, error);
    if (!rc && takes & ENDPOINT_PURPOSE)
        rc = parse_word(request, "purpose", file_purpose_names, &query.purpose, error);
    if (!rc && takes & ENDPOINT_FILTER)
        rc = parse_word(request, "filter", vector_store_file_status_names, &query.filter, error);
    if (!rc && takes & ENDPOINT_STATUS)
        rc = parse_word(request, "status", run_status_names, &query.status, error);
    if (!rc && takes & ENDPOINT_METADATA)
        rc = parse_metadata(request, &query, error);
    if (!rc && takes & ENDPOINT_EVENT)
        rc = parse_event(request, &query.after_event, error);
    if (takes & ENDPOINT_RUN_ID)
        query.run_id = http_query(request, "run_id");
    if (!rc)
        *out = query;
    return rc;
}
