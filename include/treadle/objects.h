/*
 * The objects of the Assistants API as C structs: what goes over the wire, typed.
 *
 * Every struct here is declared once more as a table of rows in src/api/ (one file per resource),
 * and it is that table which parses, validates, prints and documents it. Member names are the
 * wire names. How absence is told:
 *   - a pointer (string, struct, array, map, raw JSON) is NULL when the member is absent or null;
 *     an array that is present and empty has a pointer that is not NULL and a count of 0;
 *   - an enumeration is 0 when absent, null, or a value that this version does not know;
 *   - a scalar that may be absent or null is a struct with a `state`;
 *   - a request in which null means something else than absence has a `presence` member, read
 *     with treadle_member_state and written with treadle_member_set_null (client.h).
 * Times are Unix seconds. Strings are UTF-8 without NUL. Everything that a struct points to is
 * owned by whoever made it: for replies of libtreadle that is the reply (client.h).
 */
#ifndef TREADLE_OBJECTS_H
#define TREADLE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Presence and small values -------------------------------------------------------------- */

enum treadle_state { TREADLE_ABSENT, TREADLE_NULL, TREADLE_SET };

struct treadle_integer {
    enum treadle_state state;
    int64_t value;
};

struct treadle_number {
    enum treadle_state state;
    double value;
};

struct treadle_boolean {
    enum treadle_state state;
    bool value;
};

/* Values for designated initialisers, as in `.temperature = TREADLE_VALUE(0.2)`. */
#define TREADLE_VALUE(v)                                                                           \
    {                                                                                              \
        TREADLE_SET, (v)                                                                           \
    }

/* Which members a parsed object had, one bit a row of its table. */
struct treadle_presence {
    uint64_t set;  /* there, null or not */
    uint64_t null; /* there and null */
};

/* Metadata: text to text. */
struct treadle_pair {
    const char *key;
    const char *value;
};

struct treadle_map {
    size_t count;
    struct treadle_pair *pairs;
};

/* Attributes: text to text, number or boolean. */
enum treadle_value_kind { TREADLE_VALUE_STRING = 1, TREADLE_VALUE_NUMBER, TREADLE_VALUE_BOOLEAN };

struct treadle_attribute {
    const char *key;
    enum treadle_value_kind kind;
    const char *string;
    double number;
    bool boolean;
};

struct treadle_attributes {
    size_t count;
    struct treadle_attribute *items;
};

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
};

struct treadle_ranking_options {
    const char *ranker;
    double score_threshold;
    const char *hybrid_search; /* raw JSON; always null from Treadle */
};

struct treadle_file_search_options {
    struct treadle_integer max_num_results;
    struct treadle_ranking_options *ranking_options;
};

struct treadle_tool {
    enum treadle_tool_type type;
    struct treadle_file_search_options *file_search; /* with TREADLE_TOOL_FILE_SEARCH */
    struct treadle_function *function;               /* with TREADLE_TOOL_FUNCTION */
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
};

struct treadle_chunking_strategy {
    enum treadle_chunking_type type;
    struct treadle_static_chunking *static_chunking; /* wire name: static */
};

/* Creates a vector store in passing, within tool_resources of a creation request. */
struct treadle_vector_store_helper {
    const char **file_ids;
    size_t file_id_count;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_map *metadata;
};

struct treadle_code_interpreter_resources {
    const char **file_ids;
    size_t file_id_count;
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
};

struct treadle_response_format_object {
    enum treadle_response_format_type type;
    struct treadle_json_schema *json_schema;
};

/* Either the word "auto" or an object. */
struct treadle_response_format {
    const char *word;
    struct treadle_response_format_object *object;
};

struct treadle_function_name {
    const char *name;
};

struct treadle_tool_choice_object {
    enum treadle_tool_type type;
    struct treadle_function_name *function;
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

/* ---- Message -------------------------------------------------------------------------------- */

enum treadle_role { TREADLE_ROLE_USER = 1, TREADLE_ROLE_ASSISTANT };

enum treadle_annotation_type { TREADLE_ANNOTATION_FILE_CITATION = 1, TREADLE_ANNOTATION_FILE_PATH };

struct treadle_file_citation {
    const char *file_id;
    struct treadle_integer page; /* Treadle's own: the page cited, where the file has pages */
};

struct treadle_file_path {
    const char *file_id;
};

/* `text` stands in the content at [start_index, end_index), counted in characters. */
struct treadle_annotation {
    enum treadle_annotation_type type;
    const char *text;
    int64_t start_index;
    int64_t end_index;
    struct treadle_file_citation *file_citation;
    struct treadle_file_path *file_path;
};

struct treadle_text {
    const char *value;
    struct treadle_annotation *annotations;
    size_t annotation_count;
};

enum treadle_image_detail {
    TREADLE_IMAGE_DETAIL_AUTO = 1,
    TREADLE_IMAGE_DETAIL_LOW,
    TREADLE_IMAGE_DETAIL_HIGH
};

struct treadle_image_file {
    const char *file_id;
    enum treadle_image_detail detail;
};

struct treadle_image_url {
    const char *url;
    enum treadle_image_detail detail;
};

enum treadle_content_type {
    TREADLE_CONTENT_TEXT = 1,
    TREADLE_CONTENT_IMAGE_FILE,
    TREADLE_CONTENT_IMAGE_URL,
    TREADLE_CONTENT_REFUSAL
};

struct treadle_content {
    enum treadle_content_type type;
    struct treadle_text *text;
    struct treadle_image_file *image_file;
    struct treadle_image_url *image_url;
    const char *refusal;
};

/* A part of a message as it is sent: its text is a plain string. */
struct treadle_content_request {
    enum treadle_content_type type;
    const char *text;
    struct treadle_image_file *image_file;
    struct treadle_image_url *image_url;
};

/* Either a string or a list of parts. */
struct treadle_message_content {
    const char *text;
    struct treadle_content_request *parts;
    size_t part_count;
};

struct treadle_attachment_tool {
    enum treadle_tool_type type;
};

struct treadle_attachment {
    const char *file_id;
    struct treadle_attachment_tool *tools;
    size_t tool_count;
};

enum treadle_message_status {
    TREADLE_MESSAGE_IN_PROGRESS = 1,
    TREADLE_MESSAGE_COMPLETED,
    TREADLE_MESSAGE_INCOMPLETE
};

struct treadle_incomplete_details {
    const char *reason;
};

struct treadle_message {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *thread_id;
    enum treadle_message_status status;
    struct treadle_incomplete_details *incomplete_details;
    struct treadle_integer completed_at;
    struct treadle_integer incomplete_at;
    enum treadle_role role;
    struct treadle_content *content;
    size_t content_count;
    const char *assistant_id;
    const char *run_id;
    struct treadle_attachment *attachments;
    size_t attachment_count;
    struct treadle_map *metadata;
};

struct treadle_message_create_request {
    enum treadle_role role;
    struct treadle_message_content *content;
    struct treadle_attachment *attachments;
    size_t attachment_count;
    struct treadle_map *metadata;
};

/* ---- Thread --------------------------------------------------------------------------------- */

struct treadle_thread {
    const char *id;
    const char *object;
    int64_t created_at;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
};

struct treadle_thread_create_request {
    struct treadle_message_create_request *messages;
    size_t message_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
};

struct treadle_thread_modify_request {
    struct treadle_presence presence;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
};

/* Treadle's own: what all ended runs of a thread used. */
struct treadle_thread_usage {
    const char *object;
    const char *thread_id;
    int64_t run_count;
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
};

/* Changes nothing but the metadata: of messages and of runs. */
struct treadle_metadata_request {
    struct treadle_presence presence;
    struct treadle_map *metadata;
};

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
};

struct treadle_token_details {
    int64_t cached_tokens;
};

struct treadle_completion_token_details {
    int64_t reasoning_tokens;
};

struct treadle_usage {
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
    struct treadle_token_details *prompt_token_details;
    struct treadle_completion_token_details *completion_tokens_details;
};

struct treadle_required_function {
    const char *name;
    const char *arguments;
};

struct treadle_required_tool_call {
    const char *id;
    enum treadle_tool_type type;
    struct treadle_required_function *function;
};

struct treadle_submit_tool_outputs {
    struct treadle_required_tool_call *tool_calls;
    size_t tool_call_count;
};

struct treadle_required_action {
    const char *type;
    struct treadle_submit_tool_outputs *submit_tool_outputs;
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

/* What a function gave, for the call that asked for it. */
struct treadle_tool_output {
    const char *tool_call_id;
    const char *output;
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
};

struct treadle_function_call {
    const char *name;
    const char *arguments;
    const char *output; /* NULL until it was submitted */
};

enum treadle_code_output_type { TREADLE_CODE_OUTPUT_LOGS = 1, TREADLE_CODE_OUTPUT_IMAGE };

struct treadle_code_image {
    const char *file_id;
};

struct treadle_code_output {
    enum treadle_code_output_type type;
    const char *logs;
    struct treadle_code_image *image;
};

struct treadle_code_interpreter_call {
    const char *input;
    struct treadle_code_output *outputs;
    size_t output_count;
};

struct treadle_search_content {
    const char *type; /* always "text" */
    const char *text;
};

struct treadle_file_search_result {
    const char *file_id;
    const char *file_name;
    double score; /* 0 to 1 */
    struct treadle_attributes *attributes;
    struct treadle_search_content *content; /* only when asked for with include[] */
    size_t content_count;
};

struct treadle_search_ranking {
    const char *ranker;
    double score_threshold;
};

struct treadle_file_search_call {
    struct treadle_search_ranking *ranking_options;
    struct treadle_file_search_result *results;
    size_t result_count;
};

struct treadle_tool_call {
    const char *id;
    enum treadle_tool_type type;
    struct treadle_function_call *function;
    struct treadle_code_interpreter_call *code_interpreter;
    struct treadle_file_search_call *file_search;
};

struct treadle_step_details {
    enum treadle_run_step_type type;
    struct treadle_message_creation *message_creation;
    struct treadle_tool_call *tool_calls;
    size_t tool_call_count;
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
};

/* ---- File ----------------------------------------------------------------------------------- */

enum treadle_file_purpose {
    TREADLE_PURPOSE_ASSISTANTS = 1,
    TREADLE_PURPOSE_ASSISTANTS_OUTPUT,
    TREADLE_PURPOSE_BATCH,
    TREADLE_PURPOSE_BATCH_OUTPUT,
    TREADLE_PURPOSE_FINE_TUNE,
    TREADLE_PURPOSE_FINE_TUNE_RESULTS,
    TREADLE_PURPOSE_VISION,
    TREADLE_PURPOSE_USER_DATA,
    TREADLE_PURPOSE_EVALS
};

enum treadle_file_status { TREADLE_FILE_UPLOADED = 1, TREADLE_FILE_PROCESSED, TREADLE_FILE_ERROR };

struct treadle_file {
    const char *id;
    const char *object;
    int64_t bytes;
    int64_t created_at;
    struct treadle_integer expires_at;
    const char *filename;
    enum treadle_file_purpose purpose;
    enum treadle_file_status status;
    const char *status_details;
};

/* ---- Upload --------------------------------------------------------------------------------- */

/* Goes away that long after its creation. */
struct treadle_file_expires_after {
    const char *anchor; /* always "created_at" */
    int64_t seconds;
};

struct treadle_upload_create_request {
    const char *filename;
    enum treadle_file_purpose purpose;
    int64_t bytes;
    const char *mime_type;
    struct treadle_file_expires_after *expires_after;
};

struct treadle_upload_complete_request {
    const char **part_ids; /* in the order of the file */
    size_t part_id_count;
    const char *md5; /* of the whole, 32 hexadecimal digits */
};

enum treadle_upload_status {
    TREADLE_UPLOAD_PENDING = 1,
    TREADLE_UPLOAD_COMPLETED,
    TREADLE_UPLOAD_CANCELLED,
    TREADLE_UPLOAD_EXPIRED
};

struct treadle_upload {
    const char *id;
    const char *object;
    int64_t bytes;
    int64_t created_at;
    int64_t expires_at;
    const char *filename;
    enum treadle_file_purpose purpose;
    enum treadle_upload_status status;
    struct treadle_file *file; /* once it is completed */
};

struct treadle_upload_part {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *upload_id;
};

/* ---- Vector store --------------------------------------------------------------------------- */

struct treadle_file_counts {
    int64_t in_progress;
    int64_t completed;
    int64_t failed;
    int64_t cancelled;
    int64_t total;
};

struct treadle_expires_after {
    const char *anchor; /* always "last_active_at" */
    int64_t days;
};

enum treadle_vector_store_status {
    TREADLE_VECTOR_STORE_EXPIRED = 1,
    TREADLE_VECTOR_STORE_IN_PROGRESS,
    TREADLE_VECTOR_STORE_COMPLETED
};

struct treadle_vector_store {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *name;
    const char *description;
    int64_t usage_bytes;
    struct treadle_file_counts *file_counts;
    enum treadle_vector_store_status status;
    struct treadle_expires_after *expires_after;
    struct treadle_integer expires_at;
    struct treadle_integer last_active_at;
    struct treadle_map *metadata;
};

struct treadle_vector_store_create_request {
    const char **file_ids;
    size_t file_id_count;
    const char *name;
    const char *description;
    struct treadle_expires_after *expires_after;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_map *metadata;
};

struct treadle_vector_store_modify_request {
    struct treadle_presence presence;
    const char *name;
    struct treadle_expires_after *expires_after;
    struct treadle_map *metadata;
};

enum treadle_vector_store_file_status {
    TREADLE_VECTOR_STORE_FILE_IN_PROGRESS = 1,
    TREADLE_VECTOR_STORE_FILE_COMPLETED,
    TREADLE_VECTOR_STORE_FILE_FAILED,
    TREADLE_VECTOR_STORE_FILE_CANCELLED
};

struct treadle_vector_store_file {
    const char *id; /* the id of the file */
    const char *object;
    int64_t usage_bytes;
    int64_t created_at;
    const char *vector_store_id;
    enum treadle_vector_store_file_status status;
    struct treadle_last_error *last_error;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
};

struct treadle_vector_store_file_create_request {
    const char *file_id;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
};

struct treadle_vector_store_file_modify_request {
    struct treadle_attributes *attributes;
};

/* The text of a file as it was indexed. */
struct treadle_vector_store_file_content {
    const char *object;
    struct treadle_search_content *data;
    size_t data_count;
    bool has_more;
    const char *next_page;
};

/* Files that were added together. Its words of status are those of a file. */
struct treadle_vector_store_file_batch {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *vector_store_id;
    enum treadle_vector_store_file_status status;
    struct treadle_file_counts *file_counts;
};

/* Either `file_ids`, which share what else is sent, or `files`, each with its own. */
struct treadle_vector_store_file_batch_create_request {
    const char **file_ids;
    size_t file_id_count;
    struct treadle_vector_store_file_create_request *files;
    size_t file_count;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
};

/* ---- Keys (Treadle's own) ------------------------------------------------------------------- */

struct treadle_key {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *project;
    const char *name;
    bool admin;
    struct treadle_integer expires_at;
    struct treadle_integer revoked_at;
    struct treadle_integer last_used_at;
    const char *key; /* its text, in the reply to its creation alone */
};

struct treadle_key_create_request {
    const char *project;
    const char *name;
    struct treadle_boolean admin;
    struct treadle_integer expires_at;
};

struct treadle_backup {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *path; /* on the server's machine */
};

/* ---- Models, embeddings --------------------------------------------------------------------- */

struct treadle_model {
    const char *id;
    const char *object;
    int64_t created;
    const char *owned_by;
    const char *shutdown_date; /* always null from Treadle */
};

struct treadle_model_list {
    const char *object;
    struct treadle_model *data;
    size_t data_count;
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
};

struct treadle_embedding_usage {
    int64_t prompt_tokens;
    int64_t total_tokens;
};

struct treadle_embedding_list {
    const char *object;
    struct treadle_embedding *data;
    size_t data_count;
    const char *model;
    struct treadle_embedding_usage *usage;
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
};

struct treadle_chat_tool_call {
    const char *id;
    const char *type; /* always "function" */
    struct treadle_chat_function *function;
};

/* `content` is raw JSON: a string, an array of parts, or null. */
struct treadle_chat_message {
    enum treadle_chat_role role;
    const char *content;
    const char *name;
    const char *refusal;
    struct treadle_chat_tool_call *tool_calls;
    size_t tool_call_count;
    const char *tool_call_id;
};

struct treadle_chat_tool {
    const char *type; /* always "function" */
    struct treadle_function *function;
};

struct treadle_chat_tool_choice_object {
    const char *type; /* always "function" */
    struct treadle_function_name *function;
};

/* Either "none", "auto", "required", or an object. */
struct treadle_chat_tool_choice {
    const char *word;
    struct treadle_chat_tool_choice_object *object;
};

struct treadle_chat_stream_options {
    struct treadle_boolean include_usage;
    struct treadle_boolean include_obfuscation;
};

/* Members of type const char * that are no plain text are raw JSON. */
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
};

struct treadle_chat_choice {
    int64_t index;
    struct treadle_chat_answer *message;
    const char *logprobs; /* always null from Treadle */
    enum treadle_chat_finish finish_reason;
};

struct treadle_chat_usage {
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
};

struct treadle_chat_completion {
    const char *id;
    const char *object;
    int64_t created;
    const char *model;
    struct treadle_chat_choice *choices;
    size_t choice_count;
    struct treadle_chat_usage *usage;
};

/* Pieces of a completion as they are streamed. */
struct treadle_chat_function_delta {
    const char *name;
    const char *arguments;
};

struct treadle_chat_tool_call_delta {
    int64_t index;
    const char *id;
    const char *type;
    struct treadle_chat_function_delta *function;
};

struct treadle_chat_delta {
    const char *role;
    const char *content;
    struct treadle_chat_tool_call_delta *tool_calls;
    size_t tool_call_count;
};

struct treadle_chat_chunk_choice {
    int64_t index;
    struct treadle_chat_delta *delta;
    const char *logprobs; /* always null from Treadle */
    enum treadle_chat_finish finish_reason;
};

struct treadle_chat_chunk {
    const char *id;
    const char *object;
    int64_t created;
    const char *model;
    struct treadle_chat_chunk_choice *choices;
    size_t choice_count;
    struct treadle_chat_usage *usage;
};

/* ---- Pages, deletions ----------------------------------------------------------------------- */

/* One page of a list; the ids are those of its first and last object, NULL when it is empty. */
#define TREADLE_DECLARE_PAGE(tag, item)                                                            \
    struct tag {                                                                                   \
        const char *object;                                                                        \
        item *data;                                                                                \
        size_t data_count;                                                                         \
        const char *first_id;                                                                      \
        const char *last_id;                                                                       \
        bool has_more;                                                                             \
    }

TREADLE_DECLARE_PAGE(treadle_assistant_page, struct treadle_assistant);
TREADLE_DECLARE_PAGE(treadle_thread_page, struct treadle_thread);
TREADLE_DECLARE_PAGE(treadle_message_page, struct treadle_message);
TREADLE_DECLARE_PAGE(treadle_run_page, struct treadle_run);
TREADLE_DECLARE_PAGE(treadle_run_step_page, struct treadle_run_step);
TREADLE_DECLARE_PAGE(treadle_file_page, struct treadle_file);
TREADLE_DECLARE_PAGE(treadle_vector_store_page, struct treadle_vector_store);
TREADLE_DECLARE_PAGE(treadle_vector_store_file_page, struct treadle_vector_store_file);
TREADLE_DECLARE_PAGE(treadle_key_page, struct treadle_key);

struct treadle_deletion {
    const char *id;
    const char *object; /* as "thread.deleted" */
    bool deleted;
};

#ifdef __cplusplus
}
#endif

#endif
