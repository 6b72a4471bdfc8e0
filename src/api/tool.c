/*
 * Tables of what assistants, threads and runs share: tools, tool resources, chunking, response
 * format, tool choice, truncation.
 */
#include <stdio.h>
#include <string.h>

#include "api/types.h"
#include "base/error.h"

const char *const tool_type_names[] = {[TREADLE_TOOL_CODE_INTERPRETER] = "code_interpreter",
                                       [TREADLE_TOOL_FILE_SEARCH] = "file_search",
                                       [TREADLE_TOOL_FUNCTION] = "function",
                                       NULL};

const char *const reasoning_effort_names[] = {
    [TREADLE_REASONING_NONE] = "none", [TREADLE_REASONING_MINIMAL] = "minimal",
    [TREADLE_REASONING_LOW] = "low",   [TREADLE_REASONING_MEDIUM] = "medium",
    [TREADLE_REASONING_HIGH] = "high", [TREADLE_REASONING_XHIGH] = "xhigh",
    [TREADLE_REASONING_MAX] = "max",   NULL};

static const char *const chunking_type_names[] = {[TREADLE_CHUNKING_AUTO] = "auto",
                                                  [TREADLE_CHUNKING_STATIC] = "static",
                                                  [TREADLE_CHUNKING_OTHER] = "other",
                                                  NULL};

static const char *const response_format_type_names[] = {
    [TREADLE_RESPONSE_FORMAT_TEXT] = "text",
    [TREADLE_RESPONSE_FORMAT_JSON_OBJECT] = "json_object",
    [TREADLE_RESPONSE_FORMAT_JSON_SCHEMA] = "json_schema",
    NULL};

static const char *const truncation_type_names[] = {
    [TREADLE_TRUNCATION_AUTO] = "auto", [TREADLE_TRUNCATION_LAST_MESSAGES] = "last_messages", NULL};

/* ---- Tools ---------------------------------------------------------------------------------- */

static const struct field treadle_function_fields[] = {
    ROW_STRING(treadle_function, name, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
               .pattern = "_-", .doc = "Its name, with which the model calls it."),
    ROW_STRING(treadle_function, description, .doc = "What it does; the model chooses by it."),
    ROW_RAW(treadle_function, parameters, .doc = "A JSON schema of its arguments."),
    ROW_MAYBE_BOOLEAN(treadle_function, strict, 0,
                      .doc = "Whether the model must keep to the schema."),
};
FIELD_TYPE(treadle_function, "FunctionObject", FIELD_OTHERS(treadle_function),
           .doc = "A function that a model may call.");

static const struct field treadle_ranking_options_fields[] = {
    ROW_STRING(treadle_ranking_options, ranker, .doc = "auto or default_2024_08_21."),
    ROW_NUMBER(treadle_ranking_options, score_threshold, .min = 0, .max = 1,
               .doc = "Results that score less are dropped."),
    ROW_RAW(treadle_ranking_options, hybrid_search, .flags = FIELD_NULLABLE | FIELD_ALWAYS,
            .doc = "Weights of embedding and text matches; null here."),
};

static int check_ranking(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_ranking_options *options = object;
    if (!options->ranker || strcmp(options->ranker, "auto") == 0 ||
        strcmp(options->ranker, "default_2024_08_21") == 0)
        return 0;
    char param[192];
    snprintf(param, sizeof param, "%s.ranker", path);
    return error_set_request(error, "invalid_value", param,
                             "Invalid value: '%.64s'. Supported values are: 'auto' and "
                             "'default_2024_08_21'.",
                             options->ranker);
}

static FIELD_TYPE(treadle_ranking_options, "FileSearchRankingOptions",
                  FIELD_OTHERS(treadle_ranking_options), .check = check_ranking,
                  .doc = "How results of a file search are ranked.");

static const struct field treadle_file_search_options_fields[] = {
    ROW_MAYBE_INTEGER(treadle_file_search_options, max_num_results, 0, .min = 1, .max = 50,
                      .doc = "The most results of one search; 20 where it is absent."),
    ROW_STRUCT(treadle_file_search_options, ranking_options, treadle_ranking_options,
               .doc = "How results are ranked."),
};
static FIELD_TYPE(treadle_file_search_options, "FileSearchOptions",
                  FIELD_OTHERS(treadle_file_search_options),
                  .doc = "Settings of the file search tool.");

static const struct field treadle_tool_fields[] = {
    ROW_ENUM(treadle_tool, type, tool_type, .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR,
             .doc = "The kind of tool."),
    ROW_STRUCT(treadle_tool, file_search, treadle_file_search_options,
               .when = TREADLE_TOOL_FILE_SEARCH, .doc = "Settings of the search."),
    ROW_STRUCT(treadle_tool, function, treadle_function, .flags = FIELD_REQUIRED,
               .when = TREADLE_TOOL_FUNCTION, .doc = "The function."),
};
FIELD_TYPE(treadle_tool, "AssistantTool", FIELD_OTHERS(treadle_tool),
           .doc = "A tool that a run may call.");

/* ---- Chunking ------------------------------------------------------------------------------- */

static const struct field treadle_static_chunking_fields[] = {
    ROW_INTEGER(treadle_static_chunking, max_chunk_size_tokens, .min = 100, .max = 4096,
                .doc = "The most tokens of a chunk."),
    ROW_INTEGER(treadle_static_chunking, chunk_overlap_tokens, .min = 0, .max = 2048,
                .doc = "Tokens that neighbours share; at most half of the above."),
};

static int check_chunking(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_static_chunking *chunking = object;
    if (chunking->chunk_overlap_tokens * 2 <= chunking->max_chunk_size_tokens)
        return 0;
    char param[192];
    snprintf(param, sizeof param, "%s.chunk_overlap_tokens", path);
    return error_set_request(error, "invalid_value", param,
                             "Invalid '%s': the overlap must not exceed half of "
                             "max_chunk_size_tokens.",
                             param);
}

static FIELD_TYPE(treadle_static_chunking, "StaticChunkingStrategy",
                  FIELD_OTHERS(treadle_static_chunking), .check = check_chunking,
                  .doc = "Chunks of a given size.");

static const struct field treadle_chunking_strategy_fields[] = {
    ROW_ENUM(treadle_chunking_strategy, type, chunking_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "auto is 800 with 400 overlap."),
    ROW_STRUCT_NAMED(treadle_chunking_strategy, static_chunking, "static", treadle_static_chunking,
                     .flags = FIELD_REQUIRED, .when = TREADLE_CHUNKING_STATIC, .doc = "The sizes."),
};

static int check_strategy(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_chunking_strategy *strategy = object;
    char param[192];
    if (strategy->type != TREADLE_CHUNKING_OTHER)
        return 0;
    snprintf(param, sizeof param, "%s.type", path);
    return error_set_request(error, "invalid_value", param,
                             "Invalid value: 'other'. Supported values are: 'auto' and 'static'.");
}

FIELD_TYPE(treadle_chunking_strategy, "ChunkingStrategy", FIELD_OTHERS(treadle_chunking_strategy),
           .check = check_strategy, .doc = "How a file is cut into chunks.");

/* ---- Tool resources ------------------------------------------------------------------------- */

static const struct field treadle_code_interpreter_resources_fields[] = {
    ROW_STRINGS(treadle_code_interpreter_resources, file_ids, file_id_count, .max = 20,
                .flags = FIELD_ALWAYS, .doc = "Files that code may read."),
};
static FIELD_TYPE(treadle_code_interpreter_resources, "CodeInterpreterResources",
                  FIELD_OTHERS(treadle_code_interpreter_resources),
                  .doc = "What the code interpreter works on.");

static const struct field treadle_vector_store_helper_fields[] = {
    ROW_STRINGS(treadle_vector_store_helper, file_ids, file_id_count, .max = 10000,
                .doc = "Files to add to the new store."),
    ROW_STRUCT(treadle_vector_store_helper, chunking_strategy, treadle_chunking_strategy,
               .doc = "How they are cut into chunks."),
    ROW_MAP(treadle_vector_store_helper, metadata, .doc = "Metadata of the new store."),
};
static FIELD_TYPE(treadle_vector_store_helper, "VectorStoreHelper",
                  FIELD_OTHERS(treadle_vector_store_helper), .doc = "A vector store to create.");

#define VECTOR_STORE_IDS                                                                           \
    ROW_STRINGS(treadle_file_search_resources, vector_store_ids, vector_store_id_count, .max = 1,  \
                .doc = "The vector store to search.")
static const struct field treadle_file_search_resources_fields[] = {VECTOR_STORE_IDS};
static FIELD_TYPE(treadle_file_search_resources, "FileSearchResources",
                  .doc = "What file search works on.");

static const struct field treadle_tool_resources_fields[] = {
    ROW_STRUCT(treadle_tool_resources, code_interpreter, treadle_code_interpreter_resources,
               .doc = "For code_interpreter."),
    ROW_STRUCT(treadle_tool_resources, file_search, treadle_file_search_resources,
               .doc = "For file_search."),
};
FIELD_TYPE(treadle_tool_resources, "ToolResources", FIELD_OTHERS(treadle_tool_resources),
           .doc = "What tools work on.");

/* Requests that create an assistant or a thread may create a vector store with it. */
static const struct field file_search_creation_fields[] = {
    VECTOR_STORE_IDS,
    ROW_ARRAY(treadle_file_search_resources, vector_stores, vector_store_count,
              treadle_vector_store_helper, .max = 1,
              .doc = "A vector store to make; not together with vector_store_ids."),
};
#undef VECTOR_STORE_IDS

static int check_search_resources(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_file_search_resources *resources = object;
    if (!resources->vector_store_ids || !resources->vector_stores)
        return 0;
    return error_set_request(error, "invalid_value", path,
                             "Invalid '%s': give vector_store_ids or vector_stores, not both.",
                             path);
}

static const struct treadle_type file_search_creation_type = {
    .name = "CreateFileSearchResources",
    .size = sizeof(struct treadle_file_search_resources),
    .fields = file_search_creation_fields,
    .field_count = sizeof file_search_creation_fields / sizeof file_search_creation_fields[0],
    .check = check_search_resources,
    .doc = "What file search works on, or a vector store to make for it.",
};

static const struct field tool_creation_fields[] = {
    ROW_STRUCT(treadle_tool_resources, code_interpreter, treadle_code_interpreter_resources,
               .doc = "For code_interpreter."),
    ROW_STRUCT_AS(treadle_tool_resources, file_search, treadle_file_search_resources,
                  file_search_creation, .doc = "For file_search."),
};
const struct treadle_type treadle_tool_resources_creation_type = {
    .name = "CreateToolResources",
    .size = sizeof(struct treadle_tool_resources),
    .fields = tool_creation_fields,
    .field_count = sizeof tool_creation_fields / sizeof tool_creation_fields[0],
    .doc = "What tools work on.",
};

/* ---- Words or objects ----------------------------------------------------------------------- */

static const struct field treadle_json_schema_fields[] = {
    ROW_STRING(treadle_json_schema, name, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
               .pattern = "_-", .doc = "The schema's name."),
    ROW_STRING(treadle_json_schema, description, .doc = "What the answer is for."),
    ROW_RAW(treadle_json_schema, schema, .doc = "The schema."),
    ROW_MAYBE_BOOLEAN(treadle_json_schema, strict, 0, .doc = "Whether the model must keep to it."),
};
static FIELD_TYPE(treadle_json_schema, "JsonSchema", FIELD_OTHERS(treadle_json_schema),
                  .doc = "The form of a model's answer.");

static const struct field treadle_response_format_object_fields[] = {
    ROW_ENUM(treadle_response_format_object, type, response_format_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of answer."),
    ROW_STRUCT(treadle_response_format_object, json_schema, treadle_json_schema,
               .flags = FIELD_REQUIRED, .when = TREADLE_RESPONSE_FORMAT_JSON_SCHEMA,
               .doc = "The form of the answer."),
};
FIELD_TYPE(treadle_response_format_object, "ResponseFormat",
           FIELD_OTHERS(treadle_response_format_object),
           .doc = "A form that the model's answer must have.");

static const struct field treadle_response_format_fields[] = {
    ROW_STRING(treadle_response_format, word, .doc = "auto"),
    ROW_STRUCT(treadle_response_format, object, treadle_response_format_object, .doc = "a form"),
};

static int check_word(const char *word, const char *const *known, const char *path,
                      struct treadle_error *error)
{
    char list[128] = "";
    for (size_t i = 0; known[i]; i++) {
        size_t length = strlen(list);
        if (!word || strcmp(word, known[i]) == 0)
            return 0;
        snprintf(list + length, sizeof list - length, "%s'%s'", i ? ", " : "", known[i]);
    }
    return error_set_request(error, "invalid_value", path,
                             "Invalid value: '%.64s'. Supported values are: %s, or an object.",
                             word, list);
}

static int check_response_format(const void *object, const char *path, struct treadle_error *error)
{
    static const char *const known[] = {"auto", NULL};
    return check_word(((const struct treadle_response_format *)object)->word, known, path, error);
}

FIELD_TYPE(treadle_response_format, "AssistantsApiResponseFormatOption", .alternate = true,
           .check = check_response_format, .doc = "The word auto, or a form.");

static const struct field treadle_function_name_fields[] = {
    ROW_STRING(treadle_function_name, name, .flags = FIELD_REQUIRED, .doc = "The function."),
};
FIELD_TYPE(treadle_function_name, "FunctionName", FIELD_OTHERS(treadle_function_name),
           .doc = "A function by name.");

static const struct field treadle_tool_choice_object_fields[] = {
    ROW_ENUM(treadle_tool_choice_object, type, tool_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of tool."),
    ROW_STRUCT(treadle_tool_choice_object, function, treadle_function_name, .flags = FIELD_REQUIRED,
               .when = TREADLE_TOOL_FUNCTION, .doc = "Which function."),
};
static FIELD_TYPE(treadle_tool_choice_object, "AssistantsNamedToolChoice",
                  FIELD_OTHERS(treadle_tool_choice_object), .doc = "A tool that must be called.");

static const struct field treadle_tool_choice_fields[] = {
    ROW_STRING(treadle_tool_choice, word, .doc = "none, auto or required"),
    ROW_STRUCT(treadle_tool_choice, object, treadle_tool_choice_object, .doc = "a tool"),
};

static int check_tool_choice(const void *object, const char *path, struct treadle_error *error)
{
    static const char *const known[] = {"none", "auto", "required", NULL};
    return check_word(((const struct treadle_tool_choice *)object)->word, known, path, error);
}

FIELD_TYPE(treadle_tool_choice, "AssistantsApiToolChoiceOption", .alternate = true,
           .check = check_tool_choice, .doc = "Which tools the first model call may or must use.");

static const struct field treadle_truncation_strategy_fields[] = {
    ROW_ENUM(treadle_truncation_strategy, type, truncation_type, .flags = FIELD_REQUIRED,
             .doc = "auto fits the thread to the model; last_messages keeps the newest."),
    ROW_MAYBE_INTEGER(treadle_truncation_strategy, last_messages, FIELD_NULLABLE | FIELD_ALWAYS,
                      .min = 1, .max = 1e9, .doc = "How many messages are kept."),
};

static int check_truncation(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_truncation_strategy *strategy = object;
    char param[192];
    if (strategy->type != TREADLE_TRUNCATION_LAST_MESSAGES ||
        strategy->last_messages.state == TREADLE_SET)
        return 0;
    snprintf(param, sizeof param, "%s.last_messages", path);
    return error_set_request(error, "missing_required_parameter", param,
                             "Missing required parameter: '%s'.", param);
}

FIELD_TYPE(treadle_truncation_strategy, "TruncationObject",
           FIELD_OTHERS(treadle_truncation_strategy), .check = check_truncation,
           .doc = "How a thread that is too long for the model is shortened.");
