/*
 * Tables of the run: the object, its parts, and the requests that create it.
 */
#include <stdio.h>

#include "api/types.h"
#include "base/error.h"

const char *const run_status_names[] = {[TREADLE_RUN_QUEUED] = "queued",
                                        [TREADLE_RUN_IN_PROGRESS] = "in_progress",
                                        [TREADLE_RUN_REQUIRES_ACTION] = "requires_action",
                                        [TREADLE_RUN_CANCELLING] = "cancelling",
                                        [TREADLE_RUN_CANCELLED] = "cancelled",
                                        [TREADLE_RUN_FAILED] = "failed",
                                        [TREADLE_RUN_COMPLETED] = "completed",
                                        [TREADLE_RUN_INCOMPLETE] = "incomplete",
                                        [TREADLE_RUN_EXPIRED] = "expired",
                                        NULL};

/* ---- Parts ---------------------------------------------------------------------------------- */

static const struct field treadle_last_error_fields[] = {
    ROW_STRING(treadle_last_error, code, .flags = FIELD_REQUIRED, .doc = "What kind of error."),
    ROW_STRING(treadle_last_error, message, .flags = FIELD_REQUIRED, .doc = "What went wrong."),
};
FIELD_TYPE(treadle_last_error, "LastError", FIELD_OTHERS(treadle_last_error),
           .doc = "Why something failed.");

static const struct field treadle_token_details_fields[] = {
    ROW_INTEGER(treadle_token_details, cached_tokens, .doc = "Tokens that came from a cache."),
};
static FIELD_TYPE(treadle_token_details, "PromptTokenDetails", FIELD_OTHERS(treadle_token_details),
                  .doc = "Prompt tokens in detail.");

static const struct field treadle_completion_token_details_fields[] = {
    ROW_INTEGER(treadle_completion_token_details, reasoning_tokens, .doc = "Tokens of reasoning."),
};
static FIELD_TYPE(treadle_completion_token_details, "CompletionTokensDetails",
                  FIELD_OTHERS(treadle_completion_token_details),
                  .doc = "Completion tokens in detail.");

static const struct field treadle_usage_fields[] = {
    ROW_INTEGER(treadle_usage, prompt_tokens, .doc = "Tokens given to the model."),
    ROW_INTEGER(treadle_usage, completion_tokens, .doc = "Tokens that the model wrote."),
    ROW_INTEGER(treadle_usage, total_tokens, .doc = "Both."),
    ROW_STRUCT(treadle_usage, prompt_token_details, treadle_token_details,
               .doc = "Prompt tokens in detail."),
    ROW_STRUCT(treadle_usage, completion_tokens_details, treadle_completion_token_details,
               .doc = "Completion tokens in detail."),
};
FIELD_TYPE(treadle_usage, "RunCompletionUsage", FIELD_OTHERS(treadle_usage), .doc = "Tokens used.");

static const struct field treadle_required_function_fields[] = {
    ROW_STRING(treadle_required_function, name, .flags = FIELD_REQUIRED, .doc = "The function."),
    ROW_STRING(treadle_required_function, arguments, .flags = FIELD_REQUIRED,
               .doc = "Its arguments as JSON text."),
};
static FIELD_TYPE(treadle_required_function, "RequiredFunction",
                  FIELD_OTHERS(treadle_required_function), .doc = "A function to call.");

static const struct field treadle_required_tool_call_fields[] = {
    ROW_STRING(treadle_required_tool_call, id, .flags = FIELD_REQUIRED, .doc = "The call's id."),
    ROW_ENUM(treadle_required_tool_call, type, tool_type, .flags = FIELD_REQUIRED,
             .doc = "Always function."),
    ROW_STRUCT(treadle_required_tool_call, function, treadle_required_function,
               .flags = FIELD_REQUIRED, .doc = "What to call."),
};
static FIELD_TYPE(treadle_required_tool_call, "RunToolCallObject",
                  FIELD_OTHERS(treadle_required_tool_call),
                  .doc = "A call that waits for its output.");

static const struct field treadle_submit_tool_outputs_fields[] = {
    ROW_ARRAY(treadle_submit_tool_outputs, tool_calls, tool_call_count, treadle_required_tool_call,
              .flags = FIELD_REQUIRED, .doc = "The calls that wait."),
};
static FIELD_TYPE(treadle_submit_tool_outputs, "SubmitToolOutputs",
                  FIELD_OTHERS(treadle_submit_tool_outputs), .doc = "Outputs that are due.");

static const struct field treadle_required_action_fields[] = {
    ROW_CONSTANT(treadle_required_action, type, "submit_tool_outputs",
                 .doc = "What is to be done."),
    ROW_STRUCT(treadle_required_action, submit_tool_outputs, treadle_submit_tool_outputs,
               .flags = FIELD_REQUIRED, .doc = "The outputs that are due."),
};
static FIELD_TYPE(treadle_required_action, "RequiredAction", FIELD_OTHERS(treadle_required_action),
                  .doc = "What a run waits for.");

/* ---- Run ------------------------------------------------------------------------------------ */

static const struct field treadle_run_fields[] = {
    ROW_STRING(treadle_run, id, .flags = FIELD_REQUIRED, .doc = "run_ and 24 characters."),
    ROW_CONSTANT(treadle_run, object, "thread.run", .doc = "The kind of object."),
    ROW_TIME(treadle_run, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_run, assistant_id, .flags = FIELD_REQUIRED, .doc = "Its assistant."),
    ROW_STRING(treadle_run, thread_id, .flags = FIELD_REQUIRED, .doc = "Its thread."),
    ROW_ENUM(treadle_run, status, run_status, .flags = FIELD_REQUIRED, .doc = "Its status."),
    ROW_MAYBE_TIME(treadle_run, started_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it last began to run."),
    ROW_MAYBE_TIME(treadle_run, expires_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it will expire; null once it has ended."),
    ROW_MAYBE_TIME(treadle_run, cancelled_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was cancelled."),
    ROW_MAYBE_TIME(treadle_run, failed_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it failed."),
    ROW_MAYBE_TIME(treadle_run, completed_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was completed."),
    ROW_STRUCT(treadle_run, required_action, treadle_required_action,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "What it waits for."),
    ROW_STRUCT(treadle_run, last_error, treadle_last_error,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it failed."),
    ROW_STRING(treadle_run, model, .flags = FIELD_REQUIRED, .doc = "The model in use."),
    ROW_STRING(treadle_run, instructions, .flags = FIELD_REQUIRED,
               .doc = "The instructions in force."),
    ROW_ARRAY(treadle_run, tools, tool_count, treadle_tool, .flags = FIELD_REQUIRED,
              .doc = "The tools in force."),
    ROW_STRUCT(treadle_run, tool_resources, treadle_tool_resources, .flags = FIELD_ALWAYS,
               .doc = "What its tools work on."),
    ROW_MAP(treadle_run, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
    ROW_MAYBE_NUMBER(treadle_run, temperature, FIELD_ALWAYS | FIELD_NULLABLE,
                     .doc = "Sampling temperature."),
    ROW_MAYBE_NUMBER(treadle_run, top_p, FIELD_ALWAYS | FIELD_NULLABLE, .doc = "Nucleus sampling."),
    ROW_ENUM(treadle_run, reasoning_effort, reasoning_effort,
             .flags = FIELD_ALWAYS | FIELD_NULLABLE, .doc = "How long a reasoning model thinks."),
    ROW_MAYBE_INTEGER(treadle_run, max_completion_tokens, FIELD_REQUIRED | FIELD_NULLABLE,
                      .doc = "The most tokens that its models may write."),
    ROW_MAYBE_INTEGER(treadle_run, max_prompt_tokens, FIELD_REQUIRED | FIELD_NULLABLE,
                      .doc = "The most tokens that its models may be given."),
    ROW_STRUCT(treadle_run, incomplete_details, treadle_incomplete_details,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it is incomplete."),
    ROW_STRUCT(treadle_run, usage, treadle_usage, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "Tokens used; null until it has ended."),
    ROW_STRUCT(treadle_run, truncation_strategy, treadle_truncation_strategy,
               .flags = FIELD_REQUIRED, .doc = "How the thread is shortened."),
    ROW_STRUCT(treadle_run, response_format, treadle_response_format, .flags = FIELD_REQUIRED,
               .doc = "The form of the answer."),
    ROW_STRUCT(treadle_run, tool_choice, treadle_tool_choice, .flags = FIELD_REQUIRED,
               .doc = "Which tools may or must be used."),
    ROW_BOOLEAN(treadle_run, parallel_tool_calls, .doc = "Whether several calls may come at once."),
    ROW_STRINGS(treadle_run, unavailable_tools, unavailable_tool_count, .flags = FIELD_OWN,
                .doc = "The kinds of its tools that this server does not have, which the model is "
                       "not offered; absent where there are none."),
};
FIELD_TYPE(treadle_run, "RunObject", FIELD_OTHERS(treadle_run),
           .doc = "An execution of an assistant on a thread.");

static const struct field treadle_run_times_fields[] = {
    ROW_CONSTANT(treadle_run_times, object, "thread.run.times", .doc = "The kind of object."),
    ROW_STRING(treadle_run_times, run_id, .flags = FIELD_REQUIRED, .doc = "The run."),
    ROW_INTEGER(treadle_run_times, queue_us, .doc = "Waiting to be claimed, in microseconds."),
    ROW_INTEGER(treadle_run_times, model_us, .doc = "Waiting for the model, in microseconds."),
    ROW_INTEGER(treadle_run_times, tool_us, .doc = "Running tools, in microseconds."),
    ROW_MAYBE_INTEGER(treadle_run_times, first_us, FIELD_REQUIRED | FIELD_NULLABLE,
                      .doc = "From the claim to the model's first word, in microseconds."),
};
FIELD_TYPE(treadle_run_times, "RunTimesObject", FIELD_OTHERS(treadle_run_times),
           .doc = "What a run has spent its time on.");

/* ---- Requests ------------------------------------------------------------------------------- */

/* What both ways of creating a run take. */
#define RUN_ROWS(T)                                                                                \
    ROW_STRING(T, model, .min = 1, .max = 256, .doc = "In place of the assistant's."),             \
        ROW_STRING(T, instructions, .max = 256000, .doc = "In place of the assistant's."),         \
        ROW_ARRAY(T, tools, tool_count, treadle_tool, .max = 128,                                  \
                  .doc = "In place of the assistant's."),                                          \
        ROW_MAP(T, metadata, .doc = "The user's own data."),                                       \
        ROW_MAYBE_NUMBER(T, temperature, 0, .min = 0, .max = 2,                                    \
                         .doc = "In place of the assistant's."),                                   \
        ROW_MAYBE_NUMBER(T, top_p, 0, .min = 0, .max = 1, .doc = "In place of the assistant's."),  \
        ROW_MAYBE_BOOLEAN(T, stream, 0, .doc = "Answer with a stream of events."),                 \
        ROW_MAYBE_INTEGER(T, max_prompt_tokens, 0, .min = 1, .max = 1e9,                           \
                          .doc = "The most tokens that its models may be given."),                 \
        ROW_MAYBE_INTEGER(T, max_completion_tokens, 0, .min = 1, .max = 1e9,                       \
                          .doc = "The most tokens that its models may write."),                    \
        ROW_STRUCT(T, truncation_strategy, treadle_truncation_strategy,                            \
                   .doc = "How the thread is shortened."),                                         \
        ROW_STRUCT(T, tool_choice, treadle_tool_choice,                                            \
                   .doc = "Which tools may or must be used."),                                     \
        ROW_MAYBE_BOOLEAN(T, parallel_tool_calls, 0,                                               \
                          .doc = "Whether several calls may come at once."),                       \
        ROW_STRUCT(T, response_format, treadle_response_format,                                    \
                   .doc = "In place of the assistant's.")

static const struct field treadle_run_create_request_fields[] = {
    ROW_STRING(treadle_run_create_request, assistant_id, .flags = FIELD_REQUIRED,
               .doc = "The assistant to run."),
    RUN_ROWS(treadle_run_create_request),
    ROW_STRING(treadle_run_create_request, additional_instructions, .max = 256000,
               .doc = "Added after the instructions."),
    ROW_ARRAY(treadle_run_create_request, additional_messages, additional_message_count,
              treadle_message_create_request, .max = 32, .doc = "Added to the thread first."),
    ROW_ENUM(treadle_run_create_request, reasoning_effort, reasoning_effort,
             .doc = "In place of the assistant's."),
};
FIELD_TYPE(treadle_run_create_request, "CreateRunRequest", .doc = "Runs an assistant on a thread.");

static const struct field treadle_thread_run_create_request_fields[] = {
    ROW_STRING(treadle_thread_run_create_request, assistant_id, .flags = FIELD_REQUIRED,
               .doc = "The assistant to run."),
    ROW_STRUCT(treadle_thread_run_create_request, thread, treadle_thread_create_request,
               .doc = "The thread to make."),
    RUN_ROWS(treadle_thread_run_create_request),
    ROW_STRUCT(treadle_thread_run_create_request, tool_resources, treadle_tool_resources,
               .doc = "In place of the assistant's."),
};
FIELD_TYPE(treadle_thread_run_create_request, "CreateThreadAndRunRequest",
           .doc = "Makes a thread and runs an assistant on it.");

/* ---- Outputs of functions ------------------------------------------------------------------- */

static const struct field treadle_tool_output_fields[] = {
    ROW_STRING(treadle_tool_output, tool_call_id, .doc = "The call that it answers."),
    ROW_STRING(treadle_tool_output, output, .doc = "The output of the function."),
};

static int check_output(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_tool_output *output = object;
    char param[192];
    if (output->tool_call_id)
        return 0;
    snprintf(param, sizeof param, "%s.tool_call_id", path);
    return error_set_request(error, "missing_required_parameter", param,
                             "Missing required parameter: '%s'.", param);
}

static FIELD_TYPE(treadle_tool_output, "ToolOutput", FIELD_OTHERS(treadle_tool_output),
                  .check = check_output, .doc = "The output of a function.");

static const struct field treadle_tool_outputs_request_fields[] = {
    ROW_ARRAY(treadle_tool_outputs_request, tool_outputs, tool_output_count, treadle_tool_output,
              .flags = FIELD_REQUIRED, .max = 128, .doc = "The outputs of all calls that wait."),
    ROW_MAYBE_BOOLEAN(treadle_tool_outputs_request, stream, 0,
                      .doc = "Answer with a stream of events."),
};
FIELD_TYPE(treadle_tool_outputs_request, "SubmitToolOutputsRunRequest",
           .doc = "Continues a run that waits for the outputs of functions.");
