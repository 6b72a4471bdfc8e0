/*
 * Types: the tables of all API objects, by the tag of the struct that each describes.
 *
 * One file a resource defines them; the words of enumerations that several resources use are
 * here too.
 */
#ifndef API_TYPES_H
#define API_TYPES_H

#include "api/field.h"

/* tool.c */
extern const char *const tool_type_names[];
extern const char *const reasoning_effort_names[];
extern const struct treadle_type treadle_function_type;
extern const struct treadle_type treadle_function_name_type;
extern const struct treadle_type treadle_tool_type;
extern const struct treadle_type treadle_chunking_strategy_type;
extern const struct treadle_type treadle_tool_resources_type;
extern const struct treadle_type treadle_tool_resources_creation_type; /* may make a vector store */
extern const struct treadle_type treadle_response_format_type;
extern const struct treadle_type treadle_response_format_object_type;
extern const struct treadle_type treadle_tool_choice_type;
extern const struct treadle_type treadle_truncation_strategy_type;

/* assistant.c */
extern const struct treadle_type treadle_assistant_type;
extern const struct treadle_type treadle_assistant_create_request_type;
extern const struct treadle_type treadle_assistant_modify_request_type;

/* message.c */
extern const char *const role_names[];
extern const char *const annotation_type_names[];
extern const char *const content_type_names[];
extern const struct treadle_type treadle_file_path_type;
extern const struct treadle_type treadle_image_file_type;
extern const struct treadle_type treadle_image_url_type;
extern const struct treadle_type treadle_annotation_type;
extern const struct treadle_type treadle_message_type;
extern const struct treadle_type treadle_message_create_request_type;
extern const struct treadle_type treadle_incomplete_details_type;

/* thread.c */
extern const struct treadle_type treadle_thread_type;
extern const struct treadle_type treadle_thread_create_request_type;
extern const struct treadle_type treadle_thread_modify_request_type;
extern const struct treadle_type treadle_thread_usage_type;
extern const struct treadle_type treadle_metadata_request_type;

/* run.c */
extern const char *const run_status_names[];
extern const struct treadle_type treadle_run_type;
extern const struct treadle_type treadle_run_create_request_type;
extern const struct treadle_type treadle_thread_run_create_request_type;
extern const struct treadle_type treadle_tool_outputs_request_type;
extern const struct treadle_type treadle_usage_type;
extern const struct treadle_type treadle_run_times_type;
extern const struct treadle_type treadle_last_error_type;

/* run_step.c */
extern const struct treadle_type treadle_tool_call_type;
extern const char *const run_step_type_names[];
extern const char *const run_step_status_names[];
extern const char *const code_output_type_names[];
extern const struct treadle_type treadle_code_image_type;
extern const struct treadle_type treadle_file_search_call_type;
extern const struct treadle_type treadle_message_creation_type;
extern const struct treadle_type treadle_run_step_type;
extern const struct treadle_type treadle_step_details_type;
extern const struct treadle_type treadle_search_content_type;

/* event.c */
extern const char *const event_names[];
extern const struct treadle_type treadle_message_delta_type;
extern const struct treadle_type treadle_run_step_delta_type;
extern const struct treadle_type treadle_function_call_delta_type;

/* The table of what an event carries; NULL where it carries no object. */
const struct treadle_type *event_type(enum treadle_event_type event);

/* Whether a stream ends after it: the run has ended, or waits for outputs. */
bool event_ends_stream(enum treadle_event_type event);

/* file.c */
extern const char *const file_purpose_names[];
extern const struct treadle_type treadle_file_type;
extern const struct treadle_type treadle_file_expires_after_type;

/* upload.c */
extern const char *const upload_status_names[];
extern const struct treadle_type treadle_upload_type;
extern const struct treadle_type treadle_upload_part_type;
extern const struct treadle_type treadle_upload_create_request_type;
extern const struct treadle_type treadle_upload_complete_request_type;

/* vector_store.c */
extern const char *const vector_store_status_names[];
extern const char *const vector_store_file_status_names[];
extern const struct treadle_type treadle_file_counts_type;
extern const struct treadle_type treadle_vector_store_type;
extern const struct treadle_type treadle_vector_store_create_request_type;
extern const struct treadle_type treadle_vector_store_modify_request_type;
extern const struct treadle_type treadle_vector_store_file_type;
extern const struct treadle_type treadle_vector_store_file_create_request_type;
extern const struct treadle_type treadle_vector_store_file_modify_request_type;
extern const struct treadle_type treadle_vector_store_file_content_type;

/* vector_store_search.c */
extern const struct treadle_type treadle_vector_store_search_request_type;
extern const struct treadle_type treadle_vector_store_search_page_type;

/* vector_store_batch.c */
extern const struct treadle_type treadle_vector_store_file_batch_type;
extern const struct treadle_type treadle_vector_store_file_batch_create_request_type;

/* key.c */
extern const struct treadle_type treadle_key_type;
extern const struct treadle_type treadle_key_create_request_type;

/* model.c */
extern const struct treadle_type treadle_model_type;
extern const struct treadle_type treadle_model_list_type;
extern const struct treadle_type treadle_embedding_create_request_type;
extern const struct treadle_type treadle_embedding_type;
extern const struct treadle_type treadle_embedding_list_type;

/* chat.c */
extern const struct treadle_type treadle_chat_create_request_type;
extern const struct treadle_type treadle_chat_completion_type;
extern const struct treadle_type treadle_chat_chunk_type;

/* backup.c */
extern const struct treadle_type treadle_backup_type;

/* import.c */
extern const struct treadle_type treadle_import_type, treadle_import_create_request_type,
    treadle_import_kind_type, treadle_import_note_type;

/* export.c */
extern const struct treadle_type treadle_export_type, treadle_export_create_request_type,
    treadle_kind_count_type;

/* page.c */
extern const struct treadle_type treadle_assistant_page_type;
extern const struct treadle_type treadle_thread_page_type;
extern const struct treadle_type treadle_message_page_type;
extern const struct treadle_type treadle_run_page_type;
extern const struct treadle_type treadle_run_step_page_type;
extern const struct treadle_type treadle_file_page_type;
extern const struct treadle_type treadle_vector_store_page_type;
extern const struct treadle_type treadle_vector_store_file_page_type;
extern const struct treadle_type treadle_key_page_type;
extern const struct treadle_type treadle_deletion_type;

#endif
