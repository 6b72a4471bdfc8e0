/*
 * Runs and run steps.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_RUN_H
#define TREADLE_OBJECTS_RUN_H

#include "treadle/objects/thread.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Run ------------------------------------------------------------------------------------ */

enum treadle_run_status {
    TREADLE_RUN_QUEUED = 1,
    TREADLE_RUN_IN_PROGRESS,
    TREADLE_RUN_REQUIRES_ACTION,
    TREADLE_RUN_CANCELLING,
    TREADLE_RUN_CANCELLED,
    TREADLE_RUN_FAILED,
    TREADLE_RUN_COMPLETED,
    TREADLE_RUN_INCOMPLETE,
    TREADLE_RUN_EXPIRED
};

struct treadle_last_error {
    const char *code;
    const char *message;
    const char *others;
};

struct treadle_token_details {
    int64_t cached_tokens;
    const char *others;
};

struct treadle_completion_token_details {
    int64_t reasoning_tokens;
    const char *others;
};

struct treadle_usage {
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
    struct treadle_token_details *prompt_token_details;
    struct treadle_completion_token_details *completion_tokens_details;
    const char *others;
};

struct treadle_required_function {
    const char *name;
    const char *arguments;
    const char *others;
};

struct treadle_required_tool_call {
    const char *id;
    enum treadle_tool_type type;
    struct treadle_required_function *function;
    const char *others;
};

struct treadle_submit_tool_outputs {
    struct treadle_required_tool_call *tool_calls;
    size_t tool_call_count;
    const char *others;
};

struct treadle_required_action {
    const char *type;
    struct treadle_submit_tool_outputs *submit_tool_outputs;
    const char *others;
};

struct treadle_run {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *assistant_id;
    const char *thread_id;
    enum treadle_run_status status;
    struct treadle_integer started_at;
    struct treadle_integer expires_at;
    struct treadle_integer cancelled_at;
    struct treadle_integer failed_at;
    struct treadle_integer completed_at;
    struct treadle_required_action *required_action;
    struct treadle_last_error *last_error;
    const char *model;
    const char *instructions;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    enum treadle_reasoning_effort reasoning_effort;
    struct treadle_integer max_completion_tokens;
    struct treadle_integer max_prompt_tokens;
    struct treadle_incomplete_details *incomplete_details;
    struct treadle_usage *usage;
    struct treadle_truncation_strategy *truncation_strategy;
    struct treadle_response_format *response_format;
    struct treadle_tool_choice *tool_choice;
    bool parallel_tool_calls;
    const char **unavailable_tools; /* kinds that the server does not have; Treadle's own */
    size_t unavailable_tool_count;
    const char *others;
};

/* Treadle's own: what a run has spent its time on, in microseconds. For a run in progress, the time
 * until it last waited for outputs. */
struct treadle_run_times {
    const char *object;
    const char *run_id;
    int64_t queue_us;                /* waiting to be claimed */
    int64_t model_us;                /* waiting for the model */
    int64_t tool_us;                 /* running tools */
    struct treadle_integer first_us; /* from the claim to the model's first word */
    const char *others;
};

struct treadle_run_create_request {
    const char *assistant_id;
    const char *model;
    const char *instructions;
    const char *additional_instructions;
    struct treadle_message_create_request *additional_messages;
    size_t additional_message_count;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    enum treadle_reasoning_effort reasoning_effort;
    struct treadle_boolean stream;
    struct treadle_integer max_prompt_tokens;
    struct treadle_integer max_completion_tokens;
    struct treadle_truncation_strategy *truncation_strategy;
    struct treadle_tool_choice *tool_choice;
    struct treadle_boolean parallel_tool_calls;
    struct treadle_response_format *response_format;
};

/* Creates a thread and runs it at once. */
struct treadle_thread_run_create_request {
    const char *assistant_id;
    struct treadle_thread_create_request *thread;
    const char *model;
    const char *instructions;
    struct treadle_tool *tools;
    size_t tool_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    struct treadle_number temperature;
    struct treadle_number top_p;
    struct treadle_boolean stream;
    struct treadle_integer max_prompt_tokens;
    struct treadle_integer max_completion_tokens;
    struct treadle_truncation_strategy *truncation_strategy;
    struct treadle_tool_choice *tool_choice;
    struct treadle_boolean parallel_tool_calls;
    struct treadle_response_format *response_format;
};

/* The output of a function, for the call that requested it. */
struct treadle_tool_output {
    const char *tool_call_id;
    const char *output;
    const char *others;
};

struct treadle_tool_outputs_request {
    struct treadle_tool_output *tool_outputs;
    size_t tool_output_count;
    struct treadle_boolean stream;
};

/* ---- Run step ------------------------------------------------------------------------------- */

enum treadle_run_step_type { TREADLE_STEP_MESSAGE_CREATION = 1, TREADLE_STEP_TOOL_CALLS };

enum treadle_run_step_status {
    TREADLE_STEP_IN_PROGRESS = 1,
    TREADLE_STEP_CANCELLED,
    TREADLE_STEP_FAILED,
    TREADLE_STEP_COMPLETED,
    TREADLE_STEP_EXPIRED
};

struct treadle_message_creation {
    const char *message_id;
    const char *others;
};

struct treadle_function_call {
    const char *name;
    const char *arguments;
    const char *output; /* NULL until it was submitted */
    const char *others;
};

enum treadle_code_output_type { TREADLE_CODE_OUTPUT_LOGS = 1, TREADLE_CODE_OUTPUT_IMAGE };

struct treadle_code_image {
    const char *file_id;
    const char *others;
};

struct treadle_code_output {
    enum treadle_code_output_type type;
    const char *logs;
    struct treadle_code_image *image;
    const char *others;
};

struct treadle_code_interpreter_call {
    const char *input;
    struct treadle_code_output *outputs;
    size_t output_count;
    const char *others;
};

struct treadle_search_content {
    const char *type; /* always "text" */
    const char *text;
    const char *others;
};

struct treadle_file_search_result {
    const char *file_id;
    const char *file_name;
    double score; /* 0 to 1 */
    struct treadle_attributes *attributes;
    struct treadle_search_content *content; /* only when requested with include[] */
    size_t content_count;
    const char *others;
};

struct treadle_search_ranking {
    const char *ranker;
    double score_threshold;
    const char *others;
};

struct treadle_file_search_call {
    struct treadle_search_ranking *ranking_options;
    struct treadle_file_search_result *results;
    size_t result_count;
    const char *others;
};

struct treadle_tool_call {
    const char *id;
    enum treadle_tool_type type;
    struct treadle_function_call *function;
    struct treadle_code_interpreter_call *code_interpreter;
    struct treadle_file_search_call *file_search;
    const char *others;
};

struct treadle_step_details {
    enum treadle_run_step_type type;
    struct treadle_message_creation *message_creation;
    struct treadle_tool_call *tool_calls;
    size_t tool_call_count;
    const char *others;
};

struct treadle_run_step {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *assistant_id;
    const char *thread_id;
    const char *run_id;
    enum treadle_run_step_type type;
    enum treadle_run_step_status status;
    struct treadle_step_details *step_details;
    struct treadle_last_error *last_error;
    struct treadle_integer expired_at;
    struct treadle_integer cancelled_at;
    struct treadle_integer failed_at;
    struct treadle_integer completed_at;
    struct treadle_integer expires_at;
    struct treadle_map *metadata;
    struct treadle_usage *usage;
    const char *others;
};

#ifdef __cplusplus
}
#endif

#endif
