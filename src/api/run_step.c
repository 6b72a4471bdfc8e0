/*
 * Tables of the run step: the object, both kinds of details, all three kinds of tool call.
 */
#include "api/types.h"

const char *const run_step_type_names[] = {[TREADLE_STEP_MESSAGE_CREATION] = "message_creation",
                                           [TREADLE_STEP_TOOL_CALLS] = "tool_calls",
                                           NULL};
const char *const run_step_status_names[] = {
    [TREADLE_STEP_IN_PROGRESS] = "in_progress", [TREADLE_STEP_CANCELLED] = "cancelled",
    [TREADLE_STEP_FAILED] = "failed",           [TREADLE_STEP_COMPLETED] = "completed",
    [TREADLE_STEP_EXPIRED] = "expired",         NULL};
const char *const code_output_type_names[] = {
    [TREADLE_CODE_OUTPUT_LOGS] = "logs", [TREADLE_CODE_OUTPUT_IMAGE] = "image", NULL};

/* ---- Function ------------------------------------------------------------------------------- */

static const struct field treadle_function_call_fields[] = {
    ROW_STRING(treadle_function_call, name, .flags = FIELD_REQUIRED, .doc = "The function."),
    ROW_STRING(treadle_function_call, arguments, .flags = FIELD_REQUIRED,
               .doc = "Its arguments as JSON text."),
    ROW_STRING(treadle_function_call, output, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "What was submitted for it; null until then."),
};
static FIELD_TYPE(treadle_function_call, "FunctionCall", FIELD_OTHERS(treadle_function_call),
                  .doc = "A call of a function.");

/* ---- Code interpreter ----------------------------------------------------------------------- */

static const struct field treadle_code_image_fields[] = {
    ROW_STRING(treadle_code_image, file_id, .flags = FIELD_REQUIRED, .doc = "The image."),
};
FIELD_TYPE(treadle_code_image, "CodeImage", FIELD_OTHERS(treadle_code_image),
           .doc = "An image that code made.");

static const struct field treadle_code_output_fields[] = {
    ROW_ENUM(treadle_code_output, type, code_output_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of output."),
    ROW_STRING(treadle_code_output, logs, .flags = FIELD_REQUIRED, .when = TREADLE_CODE_OUTPUT_LOGS,
               .doc = "What it printed."),
    ROW_STRUCT(treadle_code_output, image, treadle_code_image, .flags = FIELD_REQUIRED,
               .when = TREADLE_CODE_OUTPUT_IMAGE, .doc = "What it drew."),
};
static FIELD_TYPE(treadle_code_output, "CodeOutput", FIELD_OTHERS(treadle_code_output),
                  .doc = "The output of code.");

static const struct field treadle_code_interpreter_call_fields[] = {
    ROW_STRING(treadle_code_interpreter_call, input, .flags = FIELD_REQUIRED, .doc = "The code."),
    ROW_ARRAY(treadle_code_interpreter_call, outputs, output_count, treadle_code_output,
              .flags = FIELD_REQUIRED, .doc = "Its outputs."),
};
static FIELD_TYPE(treadle_code_interpreter_call, "CodeInterpreterCall",
                  FIELD_OTHERS(treadle_code_interpreter_call), .doc = "Code that was run.");

/* ---- File search ---------------------------------------------------------------------------- */

static const struct field treadle_search_content_fields[] = {
    ROW_CONSTANT(treadle_search_content, type, "text", .doc = "The kind of content."),
    ROW_STRING(treadle_search_content, text, .flags = FIELD_REQUIRED, .doc = "The chunk's text."),
};
FIELD_TYPE(treadle_search_content, "SearchContent", FIELD_OTHERS(treadle_search_content),
           .doc = "Text of a file.");

static const struct field treadle_file_search_result_fields[] = {
    ROW_STRING(treadle_file_search_result, file_id, .flags = FIELD_REQUIRED, .doc = "The file."),
    ROW_STRING(treadle_file_search_result, file_name, .flags = FIELD_REQUIRED, .doc = "Its name."),
    ROW_NUMBER(treadle_file_search_result, score, .min = 0, .max = 1,
               .doc = "How well it fits the query, 0 to 1."),
    ROW_ATTRIBUTES(treadle_file_search_result, attributes, .flags = FIELD_ALWAYS,
                   .doc = "The file's attributes in its vector store."),
    ROW_ARRAY(treadle_file_search_result, content, content_count, treadle_search_content,
              .doc = "The chunk's text, when it was asked for."),
};
static FIELD_TYPE(treadle_file_search_result, "RunStepDetailsToolCallsFileSearchResultObject",
                  FIELD_OTHERS(treadle_file_search_result), .doc = "A chunk that was found.");

static const struct field treadle_search_ranking_fields[] = {
    ROW_STRING(treadle_search_ranking, ranker, .flags = FIELD_REQUIRED, .doc = "The ranker."),
    ROW_NUMBER(treadle_search_ranking, score_threshold, .min = 0, .max = 1,
               .doc = "Results that score less were dropped."),
};
static FIELD_TYPE(treadle_search_ranking, "RunStepDetailsToolCallsFileSearchRankingOptionsObject",
                  FIELD_OTHERS(treadle_search_ranking), .doc = "How results were ranked.");

static const struct field treadle_file_search_call_fields[] = {
    ROW_STRUCT(treadle_file_search_call, ranking_options, treadle_search_ranking,
               .doc = "How results were ranked."),
    ROW_ARRAY(treadle_file_search_call, results, result_count, treadle_file_search_result,
              .flags = FIELD_ALWAYS, .doc = "What was found, best first."),
};
FIELD_TYPE(treadle_file_search_call, "FileSearchCall", FIELD_OTHERS(treadle_file_search_call),
           .doc = "A search of files.");

/* ---- Step ----------------------------------------------------------------------------------- */

static const struct field treadle_tool_call_fields[] = {
    ROW_STRING(treadle_tool_call, id, .flags = FIELD_REQUIRED, .doc = "call_ and 24 characters."),
    ROW_ENUM(treadle_tool_call, type, tool_type, .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR,
             .doc = "The kind of tool."),
    ROW_STRUCT(treadle_tool_call, code_interpreter, treadle_code_interpreter_call,
               .flags = FIELD_REQUIRED, .when = TREADLE_TOOL_CODE_INTERPRETER, .doc = "Code."),
    ROW_STRUCT(treadle_tool_call, file_search, treadle_file_search_call, .flags = FIELD_REQUIRED,
               .when = TREADLE_TOOL_FILE_SEARCH, .doc = "A search."),
    ROW_STRUCT(treadle_tool_call, function, treadle_function_call, .flags = FIELD_REQUIRED,
               .when = TREADLE_TOOL_FUNCTION, .doc = "A function."),
};
FIELD_TYPE(treadle_tool_call, "RunStepToolCall", FIELD_OTHERS(treadle_tool_call),
           .doc = "A call of a tool.");

static const struct field treadle_message_creation_fields[] = {
    ROW_STRING(treadle_message_creation, message_id, .flags = FIELD_REQUIRED,
               .doc = "The message that the step writes."),
};
FIELD_TYPE(treadle_message_creation, "MessageCreation", FIELD_OTHERS(treadle_message_creation),
           .doc = "A message being written.");

static const struct field treadle_step_details_fields[] = {
    ROW_ENUM(treadle_step_details, type, run_step_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of step."),
    ROW_STRUCT(treadle_step_details, message_creation, treadle_message_creation,
               .flags = FIELD_REQUIRED, .when = TREADLE_STEP_MESSAGE_CREATION,
               .doc = "The message."),
    ROW_ARRAY(treadle_step_details, tool_calls, tool_call_count, treadle_tool_call,
              .flags = FIELD_REQUIRED, .when = TREADLE_STEP_TOOL_CALLS, .doc = "The calls."),
};
FIELD_TYPE(treadle_step_details, "RunStepDetails", FIELD_OTHERS(treadle_step_details),
           .doc = "What a step did.");

static const struct field treadle_run_step_fields[] = {
    ROW_STRING(treadle_run_step, id, .flags = FIELD_REQUIRED, .doc = "step_ and 24 characters."),
    ROW_CONSTANT(treadle_run_step, object, "thread.run.step", .doc = "The kind of object."),
    ROW_TIME(treadle_run_step, created_at, .doc = "When it began."),
    ROW_STRING(treadle_run_step, assistant_id, .flags = FIELD_REQUIRED, .doc = "Its assistant."),
    ROW_STRING(treadle_run_step, thread_id, .flags = FIELD_REQUIRED, .doc = "Its thread."),
    ROW_STRING(treadle_run_step, run_id, .flags = FIELD_REQUIRED, .doc = "Its run."),
    ROW_ENUM(treadle_run_step, type, run_step_type, .flags = FIELD_REQUIRED,
             .doc = "The kind of step."),
    ROW_ENUM(treadle_run_step, status, run_step_status, .flags = FIELD_REQUIRED,
             .doc = "Its status."),
    ROW_STRUCT(treadle_run_step, step_details, treadle_step_details, .flags = FIELD_REQUIRED,
               .doc = "What it did."),
    ROW_STRUCT(treadle_run_step, last_error, treadle_last_error,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it failed."),
    ROW_MAYBE_TIME(treadle_run_step, expired_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When its run expired."),
    ROW_MAYBE_TIME(treadle_run_step, cancelled_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was cancelled."),
    ROW_MAYBE_TIME(treadle_run_step, failed_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it failed."),
    ROW_MAYBE_TIME(treadle_run_step, completed_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was completed."),
    ROW_MAYBE_TIME(treadle_run_step, expires_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When its run will expire; null once it has ended."),
    ROW_MAP(treadle_run_step, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
    ROW_STRUCT(treadle_run_step, usage, treadle_usage, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "Tokens used; null while it is in progress."),
};
FIELD_TYPE(treadle_run_step, "RunStepObject", FIELD_OTHERS(treadle_run_step),
           .doc = "One thing that a run did.");
