/*
 * Which handler answers which endpoint.
 */
#include "resource/handlers.h"

static const resource_handler handlers[ENDPOINT_COUNT] = {
    [ENDPOINT_ASSISTANT_CREATE] = assistant_create,
    [ENDPOINT_ASSISTANT_LIST] = assistant_list,
    [ENDPOINT_ASSISTANT_RETRIEVE] = assistant_retrieve,
    [ENDPOINT_ASSISTANT_MODIFY] = assistant_modify,
    [ENDPOINT_ASSISTANT_DELETE] = assistant_delete,
    [ENDPOINT_THREAD_CREATE] = thread_create,
    [ENDPOINT_THREAD_RETRIEVE] = thread_retrieve,
    [ENDPOINT_THREAD_MODIFY] = thread_modify,
    [ENDPOINT_THREAD_DELETE] = thread_delete,
    [ENDPOINT_THREAD_RUN_CREATE] = run_create_with_thread,
    [ENDPOINT_MESSAGE_CREATE] = message_create,
    [ENDPOINT_MESSAGE_LIST] = message_list,
    [ENDPOINT_MESSAGE_RETRIEVE] = message_retrieve,
    [ENDPOINT_MESSAGE_MODIFY] = message_modify,
    [ENDPOINT_MESSAGE_DELETE] = message_delete,
    [ENDPOINT_RUN_CREATE] = run_create,
    [ENDPOINT_RUN_LIST] = run_list,
    [ENDPOINT_RUN_RETRIEVE] = run_retrieve,
    [ENDPOINT_RUN_MODIFY] = run_modify,
    [ENDPOINT_RUN_CANCEL] = run_cancel,
    [ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS] = run_submit_tool_outputs,
    [ENDPOINT_RUN_STEP_LIST] = run_step_list,
    [ENDPOINT_RUN_STEP_RETRIEVE] = run_step_retrieve,
    [ENDPOINT_RUN_LIST_ALL] = run_list_all,
    [ENDPOINT_RUN_FIND] = run_find,
    [ENDPOINT_FILE_CREATE] = file_create,
    [ENDPOINT_FILE_LIST] = file_list,
    [ENDPOINT_FILE_RETRIEVE] = file_retrieve,
    [ENDPOINT_FILE_CONTENT] = file_content,
    [ENDPOINT_FILE_DELETE] = file_delete,
    [ENDPOINT_UPLOAD_CREATE] = upload_create,
    [ENDPOINT_UPLOAD_PART_CREATE] = upload_part_create,
    [ENDPOINT_UPLOAD_COMPLETE] = upload_complete,
    [ENDPOINT_UPLOAD_CANCEL] = upload_cancel,
    [ENDPOINT_VECTOR_STORE_CREATE] = vector_store_create,
    [ENDPOINT_VECTOR_STORE_LIST] = vector_store_list,
    [ENDPOINT_VECTOR_STORE_RETRIEVE] = vector_store_retrieve,
    [ENDPOINT_VECTOR_STORE_MODIFY] = vector_store_modify,
    [ENDPOINT_VECTOR_STORE_DELETE] = vector_store_delete,
    [ENDPOINT_VECTOR_STORE_FILE_CREATE] = vector_store_file_create,
    [ENDPOINT_VECTOR_STORE_FILE_LIST] = vector_store_file_list,
    [ENDPOINT_VECTOR_STORE_FILE_RETRIEVE] = vector_store_file_retrieve,
    [ENDPOINT_VECTOR_STORE_FILE_MODIFY] = vector_store_file_modify,
    [ENDPOINT_VECTOR_STORE_FILE_CONTENT] = vector_store_file_content,
    [ENDPOINT_VECTOR_STORE_BATCH_CREATE] = vector_store_batch_create,
    [ENDPOINT_VECTOR_STORE_BATCH_RETRIEVE] = vector_store_batch_retrieve,
    [ENDPOINT_VECTOR_STORE_BATCH_CANCEL] = vector_store_batch_cancel_files,
    [ENDPOINT_VECTOR_STORE_BATCH_FILE_LIST] = vector_store_batch_list_files,
    [ENDPOINT_VECTOR_STORE_FILE_DELETE] = vector_store_file_delete,
    [ENDPOINT_KEY_CREATE] = key_create,
    [ENDPOINT_KEY_LIST] = key_list,
    [ENDPOINT_KEY_REVOKE] = key_revoke,
};

resource_handler resource_find(enum endpoint_id id)
{
    return handlers[id];
}
