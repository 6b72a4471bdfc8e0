/*
 * The assistant, its tools, and the choices that it and its runs make.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_ASSISTANT_H
#define TREADLE_OBJECTS_ASSISTANT_H

#include "treadle/objects/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Tools ---------------------------------------------------------------------------------- */

enum treadle_tool_type {
    TREADLE_TOOL_CODE_INTERPRETER = 1,
    TREADLE_TOOL_FILE_SEARCH,
    TREADLE_TOOL_FUNCTION
};

/* A function that the model may call. `parameters` is a JSON schema as JSON text. */
struct treadle_function {
    const char *name;
    const char *description;
    const char *parameters;
    struct treadle_boolean strict;
    const char *others;
};

struct treadle_ranking_options {
    const char *ranker;
    double score_threshold;
    const char *hybrid_search; /* raw JSON; always null from Treadle */
    const char *others;
};

struct treadle_file_search_options {
    struct treadle_integer max_num_results;
    struct treadle_ranking_options *ranking_options;
    const char *others;
};

struct treadle_tool {
    enum treadle_tool_type type;
    struct treadle_file_search_options *file_search; /* with TREADLE_TOOL_FILE_SEARCH */
    struct treadle_function *function;               /* with TREADLE_TOOL_FUNCTION */
    const char *others;
};

/* How a file is cut into chunks; the lengths are tokens. */
enum treadle_chunking_type {
    TREADLE_CHUNKING_AUTO = 1,
    TREADLE_CHUNKING_STATIC,
    TREADLE_CHUNKING_OTHER
};

struct treadle_static_chunking {
    int64_t max_chunk_size_tokens;
    int64_t chunk_overlap_tokens;
    const char *others;
};

struct treadle_chunking_strategy {
    enum treadle_chunking_type type;
    struct treadle_static_chunking *static_chunking; /* wire name: static */
    const char *others;
};

/* Creates a vector store too, within tool_resources of a creation request. */
struct treadle_vector_store_helper {
    const char **file_ids;
    size_t file_id_count;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_map *metadata;
    const char *others;
};

struct treadle_code_interpreter_resources {
    const char **file_ids;
    size_t file_id_count;
    const char *others;
};

struct treadle_file_search_resources {
    const char **vector_store_ids;
    size_t vector_store_id_count;
    struct treadle_vector_store_helper *vector_stores; /* creation requests only */
    size_t vector_store_count;
};

struct treadle_tool_resources {
    struct treadle_code_interpreter_resources *code_interpreter;
    struct treadle_file_search_resources *file_search;
    const char *others;
};

/* ---- Choices that are a word or an object --------------------------------------------------- */

enum treadle_response_format_type {
    TREADLE_RESPONSE_FORMAT_TEXT = 1,
    TREADLE_RESPONSE_FORMAT_JSON_OBJECT,
    TREADLE_RESPONSE_FORMAT_JSON_SCHEMA
};

struct treadle_json_schema {
    const char *name;
    const char *description;
    const char *schema; /* raw JSON */
    struct treadle_boolean strict;
    const char *others;
};

struct treadle_response_format_object {
    enum treadle_response_format_type type;
    struct treadle_json_schema *json_schema;
    const char *others;
};

/* Either the word "auto" or an object. */
struct treadle_response_format {
    const char *word;
    struct treadle_response_format_object *object;
};

struct treadle_function_name {
    const char *name;
    const char *others;
};

struct treadle_tool_choice_object {
    enum treadle_tool_type type;
    struct treadle_function_name *function;
    const char *others;
};

/* Either "none", "auto", "required", or an object. */
struct treadle_tool_choice {
    const char *word;
    struct treadle_tool_choice_object *object;
};

enum treadle_reasoning_effort {
    TREADLE_REASONING_NONE = 1,
    TREADLE_REASONING_MINIMAL,
    TREADLE_REASONING_LOW,
    TREADLE_REASONING_MEDIUM,
    TREADLE_REASONING_HIGH,
    TREADLE_REASONING_XHIGH,
    TREADLE_REASONING_MAX
};

enum treadle_truncation_type { TREADLE_TRUNCATION_AUTO = 1, TREADLE_TRUNCATION_LAST_MESSAGES };

struct treadle_truncation_strategy {
    enum treadle_truncation_type type;
    struct treadle_integer last_messages;
    const char *others;
};

/* ---- Assistant ------------------------------------------------------------------------------ */

struct treadle_assistant {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *name;
    const char *description;
    const char *model;
    const char *instructions;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_response_format *response_format;
    enum treadle_reasoning_effort reasoning_effort;
    const char *others;
};

struct treadle_assistant_create_request {
    const char *model;
    const char *name;
    const char *description;
    const char *instructions;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_response_format *response_format;
    enum treadle_reasoning_effort reasoning_effort;
};

struct treadle_assistant_modify_request {
    struct treadle_presence presence;
    const char *model;
    const char *name;
    const char *description;
    const char *instructions;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_response_format *response_format;
    enum treadle_reasoning_effort reasoning_effort;
};

#ifdef __cplusplus
}
#endif

#endif
