/*
 * Description.
 *
 * Two things are not in the tables of endpoints and objects and are therefore here: the query
 * parameters, and the parts of a multipart body. Operations and members that the published contract
 * does not have carry "x-treadle-extension".
 */
#include "api/description.h"

#include <string.h>

#include "api/endpoint.h"
#include "api/error.h"
#include "api/json.h"
#include "api/types.h"

#define SCHEMAS "#/components/schemas/"

enum { MOST_TYPES = 512 };

/* ---- What the tables do not have ------------------------------------------------------------ */

struct parameter {
    unsigned bit; /* of enum endpoint_query */
    const char *name;
    const char *schema;       /* JSON, without the braces; NULL: one of `names` */
    const char *const *names; /* as of a field's row */
    const char *doc;
};

static const struct parameter parameters[] = {
    {ENDPOINT_PAGE, "limit", "\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20",
     NULL, "How many objects a page has."},
    {ENDPOINT_FILE_PAGE, "limit",
     "\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":10000", NULL,
     "How many objects a page has."},
    {ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, "order",
     "\"type\":\"string\",\"enum\":[\"asc\",\"desc\"],\"default\":\"desc\"", NULL,
     "Oldest or newest first."},
    {ENDPOINT_PAGE | ENDPOINT_FILE_PAGE, "after", "\"type\":\"string\"", NULL,
     "The id of an object: the page starts after it."},
    {ENDPOINT_PAGE, "before", "\"type\":\"string\"", NULL,
     "The id of an object: the page ends before it."},
    {ENDPOINT_RUN_ID, "run_id", "\"type\":\"string\"", NULL, "Only messages of that run."},
    {ENDPOINT_INCLUDE, "include[]",
     "\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":["
     "\"step_details.tool_calls[*].file_search.results[*].content\"]}",
     NULL, "What to send in addition."},
    {ENDPOINT_PURPOSE, "purpose", NULL, file_purpose_names, "Only files for that."},
    {ENDPOINT_FILTER, "filter", NULL, vector_store_file_status_names, "Only files of that status."},
    {ENDPOINT_METADATA, "metadata",
     "\"type\":\"object\",\"maxProperties\":4,\"additionalProperties\":{\"type\":\"string\"}", NULL,
     "Only objects with these pairs of metadata, each given as metadata[key]=value."},
    {ENDPOINT_EVENT, "after", "\"type\":\"integer\",\"minimum\":0,\"default\":0", NULL,
     "The number of an event: the stream starts after it."},
    {ENDPOINT_STATUS, "status", NULL, run_status_names, "Only runs of that status."},
};

struct part {
    const char *path; /* of the endpoint */
    const char *name;
    const char *schema; /* as of a parameter */
    const char *const *names;
    bool required;
    const char *doc;
};

#define BINARY "\"type\":\"string\",\"contentMediaType\":\"application/octet-stream\""

static const struct part parts[] = {
    {"/files", "file", BINARY, NULL, true, "The content, with a file name."},
    {"/files", "purpose", NULL, file_purpose_names, true, "What it is for."},
    {"/files", "expires_after[anchor]", "\"type\":\"string\",\"const\":\"created_at\"", NULL, false,
     "What the seconds count from."},
    {"/files", "expires_after[seconds]",
     "\"type\":\"integer\",\"minimum\":3600,\"maximum\":2592000", NULL, false,
     "How long the file stays."},
    {"/uploads/{upload_id}/parts", "data", BINARY, NULL, true, "The bytes of the part."},
};

/* ---- Small pieces --------------------------------------------------------------------------- */

static void put(struct buffer *out, const char *text)
{
    buffer_append_string(out, text);
}

/* "name": with a comma before it unless it is the first. */
static void put_key(struct buffer *out, bool *first, const char *name)
{
    if (!*first)
        put(out, ",");
    *first = false;
    json_print_string(name, out);
    put(out, ":");
}

static void put_schema(struct buffer *out, const char *schema, const char *const *names)
{
    put(out, "{");
    if (schema) {
        put(out, schema);
    } else {
        put(out, "\"type\":\"string\",\"enum\":[");
        for (int i = 1; names[i]; i++) {
            put(out, i > 1 ? "," : "");
            json_print_string(names[i], out);
        }
        put(out, "]");
    }
    put(out, "}");
}

static void put_reference(struct buffer *out, const struct treadle_type *type)
{
    buffer_append_format(out, "{\"$ref\":\"" SCHEMAS "%s\"}", type->name);
}

/* ---- Operations ----------------------------------------------------------------------------- */

static void put_path_parameters(struct buffer *out, const char *path, bool *first)
{
    while ((path = strchr(path, '{'))) {
        size_t length = strcspn(++path, "}");
        buffer_append_format(out,
                             "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,"
                             "\"schema\":{\"type\":\"string\"}}",
                             *first ? "" : ",", (int)length, path);
        *first = false;
    }
}

static void put_query_parameters(struct buffer *out, unsigned query, bool *first)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const struct parameter *parameter = &parameters[i];
        if (!(parameter->bit & query))
            continue;
        bool object = parameter->bit == ENDPOINT_METADATA;
        buffer_append_format(
            out, "%s{\"name\":\"%s\",\"in\":\"query\",%s\"description\":", *first ? "" : ",",
            parameter->name, object ? "\"style\":\"deepObject\"," : "");
        json_print_string(parameter->doc, out);
        put(out, ",\"schema\":");
        put_schema(out, parameter->schema, parameter->names);
        put(out, "}");
        *first = false;
    }
}

static void put_form(struct buffer *out, const char *path)
{
    bool first = true;
    put(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(parts[i].path, path) != 0)
            continue;
        put_key(out, &first, parts[i].name);
        put(out, "{\"description\":");
        json_print_string(parts[i].doc, out);
        put(out, ",\"allOf\":[");
        put_schema(out, parts[i].schema, parts[i].names);
        put(out, "]}");
    }
    put(out, "},\"required\":[");
    first = true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strcmp(parts[i].path, path) != 0 || !parts[i].required)
            continue;
        put(out, first ? "" : ",");
        first = false;
        json_print_string(parts[i].name, out);
    }
    put(out, "]}");
}

/* Whether a body without any of its members is refused. */
static bool needs_body(const struct treadle_type *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].flags & FIELD_REQUIRED)
            return true;
    return false;
}

static void put_request(struct buffer *out, const struct endpoint *endpoint)
{
    switch (endpoint->body) {
    case ENDPOINT_NO_BODY:
        break;
    case ENDPOINT_JSON:
        buffer_append_format(
            out, ",\"requestBody\":{\"required\":%s,\"content\":{\"application/json\":{\"schema\":",
            needs_body(endpoint->request) ? "true" : "false");
        put_reference(out, endpoint->request);
        put(out, "}}}");
        break;
    case ENDPOINT_MULTIPART:
        put(out, ",\"requestBody\":{\"required\":true,\"content\":"
                 "{\"multipart/form-data\":{\"schema\":");
        put_form(out, endpoint->path);
        put(out, "}}}");
        break;
    }
}

static void put_responses(struct buffer *out, const struct endpoint *endpoint)
{
    put(out, ",\"responses\":{\"200\":{\"description\":\"Success.\",\"content\":{");
    if (endpoint->reply) {
        put(out, "\"application/json\":{\"schema\":");
        put_reference(out, endpoint->reply);
        put(out, endpoint->streams ? "}," : "}");
    }
    if (endpoint->streams) {
        put(out, "\"text/event-stream\":{\"schema\":{\"type\":\"string\"}}");
    } else if (!endpoint->reply) {
        put(out, "\"application/octet-stream\":{\"schema\":{" BINARY "}}");
    }
    put(out, "}},\"default\":{\"$ref\":\"#/components/responses/Error\"}}");
}

static void put_operation(struct buffer *out, const struct endpoint *endpoint)
{
    bool first = true;
    put(out, "{\"operationId\":");
    json_print_string(endpoint->name, out);
    put(out, ",\"summary\":");
    json_print_string(endpoint->doc, out);
    if (endpoint->own)
        put(out, ",\"x-treadle-extension\":true");
    if (endpoint->owner)
        put(out, ",\"x-treadle-owner\":true");
    put(out, ",\"parameters\":[");
    put_path_parameters(out, endpoint->path, &first);
    put_query_parameters(out, endpoint->query, &first);
    put(out, "]");
    put_request(out, endpoint);
    put_responses(out, endpoint);
    put(out, "}");
}

static const char *method_key(const char *method)
{
    static const char *const keys[][2] = {{"GET", "get"}, {"POST", "post"}, {"DELETE", "delete"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i][0], method) == 0)
            return keys[i][1];
    return method;
}

static bool is_first_of_path(size_t index)
{
    const char *path = endpoint_get((enum endpoint_id)index)->path;
    for (size_t i = 0; i < index; i++)
        if (strcmp(endpoint_get((enum endpoint_id)i)->path, path) == 0)
            return false;
    return true;
}

static void put_paths(struct buffer *out)
{
    bool first_path = true;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (!is_first_of_path(i))
            continue;
        const char *path = endpoint_get((enum endpoint_id)i)->path;
        bool first = true;
        put_key(out, &first_path, path);
        put(out, "{");
        for (size_t j = i; j < ENDPOINT_COUNT; j++) {
            const struct endpoint *endpoint = endpoint_get((enum endpoint_id)j);
            if (strcmp(endpoint->path, path) != 0)
                continue;
            put_key(out, &first, method_key(endpoint->method));
            put_operation(out, endpoint);
        }
        put(out, "}");
    }
}

/* ---- Objects -------------------------------------------------------------------------------- */

struct types {
    const struct treadle_type *items[MOST_TYPES];
    size_t count;
    bool full;
};

/* Adds a type and all that are below it, each once. */
static void gather(struct types *types, const struct treadle_type *type)
{
    if (!type)
        return;
    for (size_t i = 0; i < types->count; i++)
        if (types->items[i] == type)
            return;
    if (types->count == MOST_TYPES) {
        types->full = true;
        return;
    }
    types->items[types->count++] = type;
    for (size_t i = 0; i < type->field_count; i++)
        gather(types, type->fields[i].type);
}

static void put_schemas(struct buffer *out)
{
    struct types types = {.count = 0};
    bool first = true;
    gather(&types, error_envelope_type);
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint *endpoint = endpoint_get((enum endpoint_id)i);
        gather(&types, endpoint->request);
        gather(&types, endpoint->reply);
    }
    for (size_t i = 0; i < types.count; i++) {
        put_key(out, &first, types.items[i]->name);
        field_describe(types.items[i], SCHEMAS, out);
    }
    if (types.full)
        out->failed = TREADLE_ELIMIT;
}

void description_print(const char *version, struct buffer *out)
{
    put(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Treadle\",\"version\":");
    json_print_string(version, out);
    put(out, ",\"description\":\"The Assistants API on your own machine.\","
             "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}},"
             "\"servers\":[{\"url\":\"http://127.0.0.1:8383/v1\"}],"
             /* A server that only this machine can reach may take requests without a key. */
             "\"security\":[{\"key\":[]},{}],\"paths\":{");
    put_paths(out);
    put(out, "},\"components\":{\"schemas\":{");
    put_schemas(out);
    put(out, "},\"responses\":{\"Error\":{\"description\":\"What went wrong.\",\"headers\":"
             "{\"x-request-id\":{\"description\":\"Names the request, as in the log.\","
             "\"schema\":{\"type\":\"string\"}}},\"content\":{\"application/json\":{\"schema\":");
    put_reference(out, error_envelope_type);
    put(out, "}}}},\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\","
             "\"description\":\"A key of 'treadle key create'.\"}}}}");
}
