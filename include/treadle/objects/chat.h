/*
 * Models, embeddings, chat completions.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_CHAT_H
#define TREADLE_OBJECTS_CHAT_H

#include "treadle/objects/assistant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Models, embeddings --------------------------------------------------------------------- */

struct treadle_model {
    const char *id;
    const char *object;
    int64_t created;
    const char *owned_by;
    const char *shutdown_date; /* always null from Treadle */
    const char *others;
};

struct treadle_model_list {
    const char *object;
    struct treadle_model *data;
    size_t data_count;
    const char *others;
};

enum treadle_encoding_format { TREADLE_ENCODING_FLOAT = 1, TREADLE_ENCODING_BASE64 };

/* `input` is raw JSON: a string, an array of strings, of tokens, or of arrays of tokens. */
struct treadle_embedding_create_request {
    const char *input;
    const char *model;
    enum treadle_encoding_format encoding_format;
    struct treadle_integer dimensions;
    const char *user;
};

/* `embedding` is raw JSON: an array of numbers, or base64 of little-endian 32-bit floats. */
struct treadle_embedding {
    const char *object;
    int64_t index;
    const char *embedding;
    const char *others;
};

struct treadle_embedding_usage {
    int64_t prompt_tokens;
    int64_t total_tokens;
    const char *others;
};

struct treadle_embedding_list {
    const char *object;
    struct treadle_embedding *data;
    size_t data_count;
    const char *model;
    struct treadle_embedding_usage *usage;
    const char *others;
};

/* ---- Chat completions ----------------------------------------------------------------------- */

enum treadle_chat_role {
    TREADLE_CHAT_DEVELOPER = 1,
    TREADLE_CHAT_SYSTEM,
    TREADLE_CHAT_USER,
    TREADLE_CHAT_ASSISTANT,
    TREADLE_CHAT_TOOL
};

struct treadle_chat_function {
    const char *name;
    const char *arguments; /* JSON text, as the model wrote it */
    const char *others;
};

struct treadle_chat_tool_call {
    const char *id;
    const char *type; /* always "function" */
    struct treadle_chat_function *function;
    const char *others;
};

/* `content` is raw JSON: a string, an array of parts, or null. So are `audio` and `function_call`,
 * which Treadle accepts only as null. */
struct treadle_chat_message {
    enum treadle_chat_role role;
    const char *content;
    const char *name;
    const char *refusal;
    struct treadle_chat_tool_call *tool_calls;
    size_t tool_call_count;
    const char *tool_call_id;
    const char *audio;
    const char *function_call;
    const char *others;
};

struct treadle_chat_tool {
    const char *type; /* always "function" */
    struct treadle_function *function;
    const char *others;
};

struct treadle_chat_tool_choice_object {
    const char *type; /* always "function" */
    struct treadle_function_name *function;
    const char *others;
};

/* Either "none", "auto", "required", or an object. */
struct treadle_chat_tool_choice {
    const char *word;
    struct treadle_chat_tool_choice_object *object;
};

struct treadle_chat_stream_options {
    struct treadle_boolean include_usage;
    struct treadle_boolean include_obfuscation;
    const char *others;
};

/* Members of type const char * that are not plain text are raw JSON. */
struct treadle_chat_create_request {
    const char *model;
    struct treadle_chat_message *messages;
    size_t message_count;
    struct treadle_boolean stream;
    struct treadle_chat_stream_options *stream_options;
    struct treadle_chat_tool *tools;
    size_t tool_count;
    struct treadle_chat_tool_choice *tool_choice;
    struct treadle_boolean parallel_tool_calls;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_integer max_completion_tokens;
    struct treadle_integer max_tokens;
    struct treadle_response_format_object *response_format;
    enum treadle_reasoning_effort reasoning_effort;
    struct treadle_integer n;
    struct treadle_number frequency_penalty;
    struct treadle_number presence_penalty;
    struct treadle_integer seed;
    const char *stop;
    const char *logit_bias;
    struct treadle_boolean logprobs;
    struct treadle_integer top_logprobs;
    const char *modalities;
    const char *audio;
    const char *prediction;
    const char *web_search_options;
    const char *moderation;
    const char *prompt_cache_options;
    const char *functions;
    const char *function_call;
    const char *service_tier;
    const char *verbosity;
    struct treadle_boolean store;
    struct treadle_map *metadata;
    const char *user;
    const char *safety_identifier;
    const char *prompt_cache_key;
    const char *prompt_cache_retention;
};

enum treadle_chat_finish {
    TREADLE_CHAT_STOP = 1,
    TREADLE_CHAT_LENGTH,
    TREADLE_CHAT_TOOL_CALLS,
    TREADLE_CHAT_CONTENT_FILTER
};

struct treadle_chat_answer {
    const char *role; /* always "assistant" */
    const char *content;
    const char *refusal;
    struct treadle_chat_tool_call *tool_calls;
    size_t tool_call_count;
    const char *others;
};

struct treadle_chat_choice {
    int64_t index;
    struct treadle_chat_answer *message;
    const char *logprobs; /* always null from Treadle */
    enum treadle_chat_finish finish_reason;
    const char *others;
};

struct treadle_chat_prompt_details {
    int64_t cached_tokens;
    const char *others;
};

struct treadle_chat_completion_details {
    int64_t reasoning_tokens;
    const char *others;
};

/* The details are there where the model server reported any. */
struct treadle_chat_usage {
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
    struct treadle_chat_prompt_details *prompt_tokens_details;
    struct treadle_chat_completion_details *completion_tokens_details;
    const char *others;
};

struct treadle_chat_completion {
    const char *id;
    const char *object;
    int64_t created;
    const char *model;
    struct treadle_chat_choice *choices;
    size_t choice_count;
    struct treadle_chat_usage *usage;
    const char *others;
};

/* Pieces of a completion as they are streamed. */
struct treadle_chat_function_delta {
    const char *name;
    const char *arguments;
    const char *others;
};

struct treadle_chat_tool_call_delta {
    int64_t index;
    const char *id;
    const char *type;
    struct treadle_chat_function_delta *function;
    const char *others;
};

struct treadle_chat_delta {
    const char *role;
    const char *content;
    const char *refusal;
    struct treadle_chat_tool_call_delta *tool_calls;
    size_t tool_call_count;
    const char *others;
};

struct treadle_chat_chunk_choice {
    int64_t index;
    struct treadle_chat_delta *delta;
    const char *logprobs; /* always null from Treadle */
    enum treadle_chat_finish finish_reason;
    const char *others;
};

struct treadle_chat_chunk {
    const char *id;
    const char *object;
    int64_t created;
    const char *model;
    struct treadle_chat_chunk_choice *choices;
    size_t choice_count;
    struct treadle_chat_usage *usage;
    const char *others;
};

#ifdef __cplusplus
}
#endif

#endif
