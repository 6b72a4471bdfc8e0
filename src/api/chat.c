/*
 * Tables of chat completions: the request, the completion, and the chunks of a streamed one.
 */
#include <string.h>

#include "api/types.h"
#include "base/error.h"

static const char *const chat_role_names[] = {
    [TREADLE_CHAT_DEVELOPER] = "developer", [TREADLE_CHAT_SYSTEM] = "system",
    [TREADLE_CHAT_USER] = "user",           [TREADLE_CHAT_ASSISTANT] = "assistant",
    [TREADLE_CHAT_TOOL] = "tool",           NULL};
static const char *const chat_finish_names[] = {[TREADLE_CHAT_STOP] = "stop",
                                                [TREADLE_CHAT_LENGTH] = "length",
                                                [TREADLE_CHAT_TOOL_CALLS] = "tool_calls",
                                                [TREADLE_CHAT_CONTENT_FILTER] = "content_filter",
                                                NULL};

/* ---- Messages ------------------------------------------------------------------------------- */

static const struct field treadle_chat_function_fields[] = {
    ROW_STRING(treadle_chat_function, name, .flags = FIELD_REQUIRED, .doc = "The function."),
    ROW_STRING(treadle_chat_function, arguments, .flags = FIELD_REQUIRED,
               .doc = "Its arguments, as JSON text that the model wrote."),
};
static FIELD_TYPE(treadle_chat_function, "ChatCompletionFunctionCall",
                  FIELD_OTHERS(treadle_chat_function), .doc = "A call.");

static const struct field treadle_chat_tool_call_fields[] = {
    ROW_STRING(treadle_chat_tool_call, id, .flags = FIELD_REQUIRED, .doc = "The call's id."),
    ROW_CONSTANT(treadle_chat_tool_call, type, "function", .doc = "The kind of tool."),
    ROW_STRUCT(treadle_chat_tool_call, function, treadle_chat_function, .flags = FIELD_REQUIRED,
               .doc = "What is called."),
};
static FIELD_TYPE(treadle_chat_tool_call, "ChatCompletionMessageToolCall",
                  FIELD_OTHERS(treadle_chat_tool_call), .doc = "A tool that the model called.");

static const struct field treadle_chat_message_fields[] = {
    ROW_ENUM(treadle_chat_message, role, chat_role, .flags = FIELD_REQUIRED, .doc = "Who says it."),
    ROW_RAW(treadle_chat_message, content, .flags = FIELD_NULLABLE,
            .doc = "Text, or an array of parts."),
    ROW_STRING(treadle_chat_message, name, .doc = "The name of who says it."),
    ROW_STRING(treadle_chat_message, refusal, .flags = FIELD_NULLABLE,
               .doc = "With role assistant: a refusal."),
    ROW_ARRAY(treadle_chat_message, tool_calls, tool_call_count, treadle_chat_tool_call, .max = 128,
              .doc = "With role assistant: the tools called."),
    ROW_STRING(treadle_chat_message, tool_call_id,
               .doc = "With role tool: the call that this answers."),
    ROW_RAW(treadle_chat_message, audio, .flags = FIELD_NULLABLE,
            .doc = "Only null: answers are text."),
    ROW_RAW(treadle_chat_message, function_call, .flags = FIELD_NULLABLE,
            .doc = "Only null: the older form of tool_calls."),
};

static FIELD_TYPE(treadle_chat_message, "ChatCompletionRequestMessage",
                  FIELD_OTHERS(treadle_chat_message), .doc = "A message of the conversation.");

/* ---- Tools ---------------------------------------------------------------------------------- */

static const struct field treadle_chat_tool_fields[] = {
    ROW_CONSTANT(treadle_chat_tool, type, "function", .doc = "The kind of tool."),
    ROW_STRUCT(treadle_chat_tool, function, treadle_function, .flags = FIELD_REQUIRED,
               .doc = "The function."),
};
static FIELD_TYPE(treadle_chat_tool, "ChatCompletionTool", FIELD_OTHERS(treadle_chat_tool),
                  .doc = "A function to offer.");

static const struct field treadle_chat_tool_choice_object_fields[] = {
    ROW_CONSTANT(treadle_chat_tool_choice_object, type, "function", .doc = "The kind of tool."),
    ROW_STRUCT(treadle_chat_tool_choice_object, function, treadle_function_name,
               .flags = FIELD_REQUIRED, .doc = "Which function."),
};
static FIELD_TYPE(treadle_chat_tool_choice_object, "ChatCompletionNamedToolChoice",
                  FIELD_OTHERS(treadle_chat_tool_choice_object),
                  .doc = "A function that must be called.");

static const struct field treadle_chat_tool_choice_fields[] = {
    ROW_STRING(treadle_chat_tool_choice, word, .doc = "none, auto or required"),
    ROW_STRUCT(treadle_chat_tool_choice, object, treadle_chat_tool_choice_object,
               .doc = "a function"),
};

static int check_tool_choice(const void *object, const char *path, struct treadle_error *error)
{
    const char *word = ((const struct treadle_chat_tool_choice *)object)->word;
    if (!word || strcmp(word, "none") == 0 || strcmp(word, "auto") == 0 ||
        strcmp(word, "required") == 0)
        return 0;
    return error_set_request(error, "invalid_value", path,
                             "Invalid value: '%.64s'. Supported values are: 'none', 'auto', "
                             "'required', or an object.",
                             word);
}

static FIELD_TYPE(treadle_chat_tool_choice, "ChatCompletionToolChoiceOption", .alternate = true,
                  .check = check_tool_choice, .doc = "Which tools may or must be called.");

static const struct field treadle_chat_stream_options_fields[] = {
    ROW_MAYBE_BOOLEAN(treadle_chat_stream_options, include_usage, 0,
                      .doc = "Send a last chunk with the usage."),
    ROW_MAYBE_BOOLEAN(treadle_chat_stream_options, include_obfuscation, 0,
                      .doc = "Accepted and ignored."),
};
static FIELD_TYPE(treadle_chat_stream_options, "ChatCompletionStreamOptions",
                  FIELD_OTHERS(treadle_chat_stream_options), .doc = "Options of a stream.");

/* ---- The request ---------------------------------------------------------------------------- */

#define T treadle_chat_create_request
static const struct field treadle_chat_create_request_fields[] = {
    ROW_STRING(T, model, .flags = FIELD_REQUIRED, .min = 1, .max = 512, .doc = "The model."),
    ROW_ARRAY(T, messages, message_count, treadle_chat_message, .flags = FIELD_REQUIRED, .min = 1,
              .max = 4096, .doc = "The conversation so far."),
    ROW_MAYBE_BOOLEAN(T, stream, FIELD_NULLABLE, .doc = "Send the answer as it is made."),
    ROW_STRUCT(T, stream_options, treadle_chat_stream_options, .flags = FIELD_NULLABLE,
               .doc = "Options of a stream."),
    ROW_ARRAY(T, tools, tool_count, treadle_chat_tool, .max = 128, .doc = "What may be called."),
    ROW_STRUCT(T, tool_choice, treadle_chat_tool_choice, .doc = "What must be called."),
    ROW_MAYBE_BOOLEAN(T, parallel_tool_calls, 0, .doc = "Whether several may be called at once."),
    ROW_MAYBE_NUMBER(T, temperature, FIELD_NULLABLE, .min = 0, .max = 2,
                     .doc = "How freely to choose words."),
    ROW_MAYBE_NUMBER(T, top_p, FIELD_NULLABLE, .min = 0, .max = 1,
                     .doc = "From how much of the likely words to choose."),
    ROW_MAYBE_INTEGER(T, max_completion_tokens, FIELD_NULLABLE, .min = 1, .max = 1e9,
                      .doc = "The longest answer."),
    ROW_MAYBE_INTEGER(T, max_tokens, FIELD_NULLABLE, .min = 1, .max = 1e9,
                      .doc = "The older name of max_completion_tokens."),
    ROW_STRUCT(T, response_format, treadle_response_format_object,
               .doc = "The form of the answer."),
    ROW_ENUM(T, reasoning_effort, reasoning_effort, .flags = FIELD_NULLABLE,
             .doc = "How long to think."),
    ROW_MAYBE_INTEGER(T, n, FIELD_NULLABLE, .min = 1, .max = 128,
                      .doc = "How many answers; only 1 is made."),
    ROW_MAYBE_NUMBER(T, frequency_penalty, FIELD_NULLABLE, .min = -2, .max = 2,
                     .doc = "For the model server."),
    ROW_MAYBE_NUMBER(T, presence_penalty, FIELD_NULLABLE, .min = -2, .max = 2,
                     .doc = "For the model server."),
    ROW_MAYBE_INTEGER(T, seed, FIELD_NULLABLE, .doc = "For the model server."),
    ROW_RAW(T, stop, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_RAW(T, logit_bias, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_MAYBE_BOOLEAN(T, logprobs, FIELD_NULLABLE, .doc = "Only false: none are returned."),
    ROW_MAYBE_INTEGER(T, top_logprobs, FIELD_NULLABLE, .min = 0, .max = 20,
                      .doc = "Only 0: none are returned."),
    ROW_RAW(T, modalities, .flags = FIELD_NULLABLE, .doc = "Only text."),
    ROW_RAW(T, audio, .flags = FIELD_NULLABLE, .doc = "Refused: answers are text."),
    ROW_RAW(T, prediction, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_RAW(T, web_search_options, .doc = "For the model server."),
    ROW_RAW(T, moderation, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_RAW(T, prompt_cache_options, .doc = "For the model server."),
    ROW_RAW(T, functions, .doc = "Refused: the older form of tools."),
    ROW_RAW(T, function_call, .doc = "Refused: the older form of tool_choice."),
    ROW_STRING(T, service_tier, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_STRING(T, verbosity, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_MAYBE_BOOLEAN(T, store, FIELD_NULLABLE, .doc = "Accepted and ignored."),
    ROW_MAP(T, metadata, .flags = FIELD_NULLABLE, .doc = "Accepted and ignored."),
    ROW_STRING(T, user, .doc = "Who asks, for the model server."),
    ROW_STRING(T, safety_identifier, .flags = FIELD_NULLABLE, .max = 64,
               .doc = "Who asks, for the model server."),
    ROW_STRING(T, prompt_cache_key, .flags = FIELD_NULLABLE, .doc = "For the model server."),
    ROW_STRING(T, prompt_cache_retention, .flags = FIELD_NULLABLE, .doc = "For the model server."),
};
#undef T
FIELD_TYPE(treadle_chat_create_request, "CreateChatCompletionRequest",
           .doc = "Asks a model for the next message.");

/* ---- The completion ------------------------------------------------------------------------- */

static const struct field treadle_chat_answer_fields[] = {
    ROW_CONSTANT(treadle_chat_answer, role, "assistant", .doc = "Who says it."),
    ROW_STRING(treadle_chat_answer, content, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "The text."),
    ROW_STRING(treadle_chat_answer, refusal, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "Why the model refused, where it did."),
    ROW_ARRAY(treadle_chat_answer, tool_calls, tool_call_count, treadle_chat_tool_call,
              .doc = "The tools that the model calls."),
};
static FIELD_TYPE(treadle_chat_answer, "ChatCompletionResponseMessage",
                  FIELD_OTHERS(treadle_chat_answer), .doc = "What the model says.");

static const struct field treadle_chat_choice_fields[] = {
    ROW_INTEGER(treadle_chat_choice, index, .doc = "Always 0."),
    ROW_STRUCT(treadle_chat_choice, message, treadle_chat_answer, .flags = FIELD_REQUIRED,
               .doc = "The answer."),
    ROW_RAW(treadle_chat_choice, logprobs, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
            .doc = "Always null."),
    ROW_ENUM(treadle_chat_choice, finish_reason, chat_finish, .flags = FIELD_REQUIRED,
             .doc = "Why it ends."),
};
static FIELD_TYPE(treadle_chat_choice, "ChatCompletionChoice", FIELD_OTHERS(treadle_chat_choice),
                  .doc = "An answer.");

static const struct field treadle_chat_prompt_details_fields[] = {
    ROW_INTEGER(treadle_chat_prompt_details, cached_tokens, .doc = "Those that came from a cache."),
};
static FIELD_TYPE(treadle_chat_prompt_details, "ChatPromptTokensDetails",
                  FIELD_OTHERS(treadle_chat_prompt_details),
                  .doc = "Of the tokens of the conversation.");

static const struct field treadle_chat_completion_details_fields[] = {
    ROW_INTEGER(treadle_chat_completion_details, reasoning_tokens,
                .doc = "Those of reasoning, which the answer does not show."),
};
static FIELD_TYPE(treadle_chat_completion_details, "ChatCompletionTokensDetails",
                  FIELD_OTHERS(treadle_chat_completion_details),
                  .doc = "Of the tokens of the answer.");

static const struct field treadle_chat_usage_fields[] = {
    ROW_INTEGER(treadle_chat_usage, prompt_tokens, .doc = "Tokens of the conversation."),
    ROW_INTEGER(treadle_chat_usage, completion_tokens, .doc = "Tokens of the answer."),
    ROW_INTEGER(treadle_chat_usage, total_tokens, .doc = "Both."),
    ROW_STRUCT(treadle_chat_usage, prompt_tokens_details, treadle_chat_prompt_details,
               .doc = "Where the model server reported any."),
    ROW_STRUCT(treadle_chat_usage, completion_tokens_details, treadle_chat_completion_details,
               .doc = "Where the model server reported any."),
};
static FIELD_TYPE(treadle_chat_usage, "CompletionUsage", FIELD_OTHERS(treadle_chat_usage),
                  .doc = "The tokens used.");

static const struct field treadle_chat_completion_fields[] = {
    ROW_STRING(treadle_chat_completion, id, .flags = FIELD_REQUIRED, .doc = "chatcmpl- and more."),
    ROW_CONSTANT(treadle_chat_completion, object, "chat.completion", .doc = "The kind of object."),
    ROW_TIME(treadle_chat_completion, created, .doc = "When it was made."),
    ROW_STRING(treadle_chat_completion, model, .flags = FIELD_REQUIRED, .doc = "The model."),
    ROW_ARRAY(treadle_chat_completion, choices, choice_count, treadle_chat_choice,
              .flags = FIELD_REQUIRED, .doc = "One answer."),
    ROW_STRUCT(treadle_chat_completion, usage, treadle_chat_usage, .doc = "The tokens used."),
};
FIELD_TYPE(treadle_chat_completion, "CreateChatCompletionResponse",
           FIELD_OTHERS(treadle_chat_completion), .doc = "A model's answer.");

/* ---- Chunks --------------------------------------------------------------------------------- */

static const struct field treadle_chat_function_delta_fields[] = {
    ROW_STRING(treadle_chat_function_delta, name, .doc = "The function, with the first piece."),
    ROW_STRING(treadle_chat_function_delta, arguments, .doc = "A piece of the arguments."),
};
static FIELD_TYPE(treadle_chat_function_delta, "ChatCompletionFunctionDelta",
                  FIELD_OTHERS(treadle_chat_function_delta), .doc = "A piece of a call.");

static const struct field treadle_chat_tool_call_delta_fields[] = {
    ROW_INTEGER(treadle_chat_tool_call_delta, index, .doc = "Which call."),
    ROW_STRING(treadle_chat_tool_call_delta, id, .doc = "Its id, with the first piece."),
    ROW_STRING(treadle_chat_tool_call_delta, type, .doc = "function, with the first piece."),
    ROW_STRUCT(treadle_chat_tool_call_delta, function, treadle_chat_function_delta,
               .doc = "What is called."),
};
static FIELD_TYPE(treadle_chat_tool_call_delta, "ChatCompletionMessageToolCallChunk",
                  FIELD_OTHERS(treadle_chat_tool_call_delta), .doc = "A piece of a call.");

static const struct field treadle_chat_delta_fields[] = {
    ROW_STRING(treadle_chat_delta, role, .doc = "assistant, with the first piece."),
    ROW_STRING(treadle_chat_delta, content, .doc = "A piece of the text."),
    ROW_STRING(treadle_chat_delta, refusal, .doc = "A piece of why the model refuses."),
    ROW_ARRAY(treadle_chat_delta, tool_calls, tool_call_count, treadle_chat_tool_call_delta,
              .doc = "Pieces of calls."),
};
static FIELD_TYPE(treadle_chat_delta, "ChatCompletionStreamResponseDelta",
                  FIELD_OTHERS(treadle_chat_delta), .doc = "What is new.");

static const struct field treadle_chat_chunk_choice_fields[] = {
    ROW_INTEGER(treadle_chat_chunk_choice, index, .doc = "Always 0."),
    ROW_STRUCT(treadle_chat_chunk_choice, delta, treadle_chat_delta, .flags = FIELD_REQUIRED,
               .doc = "What is new."),
    ROW_RAW(treadle_chat_chunk_choice, logprobs, .flags = FIELD_NULLABLE | FIELD_ALWAYS,
            .doc = "Always null."),
    ROW_ENUM(treadle_chat_chunk_choice, finish_reason, chat_finish,
             .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it ends, with the last piece."),
};
static FIELD_TYPE(treadle_chat_chunk_choice, "ChatCompletionChunkChoice",
                  FIELD_OTHERS(treadle_chat_chunk_choice), .doc = "A piece of an answer.");

static const struct field treadle_chat_chunk_fields[] = {
    ROW_STRING(treadle_chat_chunk, id, .flags = FIELD_REQUIRED, .doc = "The completion's id."),
    ROW_CONSTANT(treadle_chat_chunk, object, "chat.completion.chunk", .doc = "The kind of object."),
    ROW_TIME(treadle_chat_chunk, created, .doc = "When the completion was begun."),
    ROW_STRING(treadle_chat_chunk, model, .flags = FIELD_REQUIRED, .doc = "The model."),
    ROW_ARRAY(treadle_chat_chunk, choices, choice_count, treadle_chat_chunk_choice,
              .flags = FIELD_REQUIRED, .doc = "One piece; none with the usage."),
    ROW_STRUCT(treadle_chat_chunk, usage, treadle_chat_usage, .flags = FIELD_NULLABLE,
               .doc = "The tokens used, in the last chunk when requested."),
};
FIELD_TYPE(treadle_chat_chunk, "CreateChatCompletionStreamResponse",
           FIELD_OTHERS(treadle_chat_chunk), .doc = "A piece of a model's answer.");
