/*
 * All tables of the protocol: those that api/types.h names, and through their rows all others.
 *
 * tests/contract/members.py fails when a table of api/types.h is missing here.
 */
#ifndef TESTS_UNIT_FIELD_TYPES_H
#define TESTS_UNIT_FIELD_TYPES_H

#include "api/types.h"

static const struct treadle_type *const field_roots[] = {
    &treadle_function_type,
    &treadle_function_name_type,
    &treadle_tool_type,
    &treadle_chunking_strategy_type,
    &treadle_tool_resources_type,
    &treadle_tool_resources_creation_type,
    &treadle_response_format_type,
    &treadle_response_format_object_type,
    &treadle_tool_choice_type,
    &treadle_truncation_strategy_type,
    &treadle_assistant_type,
    &treadle_assistant_create_request_type,
    &treadle_assistant_modify_request_type,
    &treadle_annotation_type,
    &treadle_message_type,
    &treadle_message_create_request_type,
    &treadle_incomplete_details_type,
    &treadle_thread_type,
    &treadle_thread_create_request_type,
    &treadle_thread_modify_request_type,
    &treadle_thread_usage_type,
    &treadle_metadata_request_type,
    &treadle_run_type,
    &treadle_run_create_request_type,
    &treadle_thread_run_create_request_type,
    &treadle_tool_outputs_request_type,
    &treadle_usage_type,
    &treadle_last_error_type,
    &treadle_run_step_type,
    &treadle_step_details_type,
    &treadle_search_content_type,
    &treadle_key_type,
    &treadle_key_create_request_type,
    &treadle_file_type,
    &treadle_file_expires_after_type,
    &treadle_upload_type,
    &treadle_upload_part_type,
    &treadle_upload_create_request_type,
    &treadle_upload_complete_request_type,
    &treadle_file_counts_type,
    &treadle_tool_call_type,
    &treadle_vector_store_type,
    &treadle_vector_store_create_request_type,
    &treadle_vector_store_modify_request_type,
    &treadle_vector_store_file_type,
    &treadle_vector_store_file_create_request_type,
    &treadle_vector_store_file_modify_request_type,
    &treadle_vector_store_file_content_type,
    &treadle_vector_store_file_batch_type,
    &treadle_vector_store_file_batch_create_request_type,
    &treadle_vector_store_search_request_type,
    &treadle_assistant_page_type,
    &treadle_thread_page_type,
    &treadle_message_page_type,
    &treadle_run_page_type,
    &treadle_run_step_page_type,
    &treadle_file_page_type,
    &treadle_key_page_type,
    &treadle_backup_type,
    &treadle_import_type,
    &treadle_import_create_request_type,
    &treadle_import_kind_type,
    &treadle_import_note_type,
    &treadle_export_type,
    &treadle_export_create_request_type,
    &treadle_kind_count_type,
    &treadle_vector_store_page_type,
    &treadle_vector_store_file_page_type,
    &treadle_vector_store_search_page_type,
    &treadle_deletion_type,
    &treadle_model_type,
    &treadle_model_list_type,
    &treadle_embedding_create_request_type,
    &treadle_embedding_type,
    &treadle_embedding_list_type,
    &treadle_chat_create_request_type,
    &treadle_chat_completion_type,
    &treadle_chat_chunk_type,
    &treadle_message_delta_type,
    &treadle_run_step_delta_type,
    &treadle_run_times_type,
    &treadle_file_path_type,
    &treadle_image_file_type,
    &treadle_image_url_type,
    &treadle_code_image_type,
    &treadle_file_search_call_type,
    &treadle_message_creation_type,
    &treadle_function_call_delta_type,
};

enum { FIELD_TYPES_MOST = 200 };

static inline size_t field_types_add(const struct treadle_type **all, size_t count,
                                     const struct treadle_type *type)
{
    for (size_t i = 0; i < count; i++)
        if (all[i] == type)
            return count;
    if (count == FIELD_TYPES_MOST)
        return count;
    all[count++] = type;
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].type)
            count = field_types_add(all, count, type->fields[i].type);
    return count;
}

/* Every table, each once; `all` holds FIELD_TYPES_MOST. */
static inline size_t field_types(const struct treadle_type **all)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof field_roots / sizeof field_roots[0]; i++)
        count = field_types_add(all, count, field_roots[i]);
    return count;
}

#endif
