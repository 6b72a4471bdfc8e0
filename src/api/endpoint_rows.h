/*
 * The endpoints: one row each, which says everything about it. For files that define ENDPOINT (and
 * READS, WRITES and PLANS, where they use the second part); no include guard, on purpose.
 *
 * ENDPOINT(id, handler, method, path, name, members of struct endpoint …)
 *
 * The handler is a function of the file of src/resource/ that is named after its resource: READS(f)
 * and WRITES(f) name work that runs within a transaction and makes the reply; PLANS(f) names a
 * function that decides what is to be done (resource/resource.h). A row without its handler does
 * not link. The name is the operation id of the published contract.
 */
ENDPOINT(ASSISTANT_CREATE, WRITES(assistant_create), POST, "/assistants", "createAssistant",
         .body = ENDPOINT_JSON, .request = &treadle_assistant_create_request_type,
         .reply = &treadle_assistant_type, .quick = true, .doc = "Create an assistant.")
ENDPOINT(ASSISTANT_LIST, READS(assistant_list), GET, "/assistants", "listAssistants",
         .query = ENDPOINT_PAGE, .reply = &treadle_assistant_page_type, .doc = "List assistants.")
ENDPOINT(ASSISTANT_RETRIEVE, READS(assistant_retrieve), GET, "/assistants/{assistant_id}",
         "getAssistant", .reply = &treadle_assistant_type, .quick = true,
         .doc = "Retrieve an assistant.")
ENDPOINT(ASSISTANT_MODIFY, WRITES(assistant_modify), POST, "/assistants/{assistant_id}",
         "modifyAssistant", .body = ENDPOINT_JSON,
         .request = &treadle_assistant_modify_request_type, .reply = &treadle_assistant_type,
         .quick = true, .doc = "Modify an assistant.")
ENDPOINT(ASSISTANT_DELETE, WRITES(assistant_delete), DELETE, "/assistants/{assistant_id}",
         "deleteAssistant", .reply = &treadle_deletion_type, .quick = true,
         .doc = "Delete an assistant.")

ENDPOINT(THREAD_CREATE, WRITES(thread_create), POST, "/threads", "createThread",
         .body = ENDPOINT_JSON, .request = &treadle_thread_create_request_type,
         .reply = &treadle_thread_type, .quick = true, .doc = "Create a thread.")
ENDPOINT(THREAD_RETRIEVE, READS(thread_retrieve), GET, "/threads/{thread_id}", "getThread",
         .reply = &treadle_thread_type, .quick = true, .doc = "Retrieve a thread.")
ENDPOINT(THREAD_MODIFY, WRITES(thread_modify), POST, "/threads/{thread_id}", "modifyThread",
         .body = ENDPOINT_JSON, .request = &treadle_thread_modify_request_type,
         .reply = &treadle_thread_type, .quick = true, .doc = "Modify a thread.")
ENDPOINT(THREAD_LIST, READS(thread_list), GET, "/threads", "listThreads",
         .query = ENDPOINT_PAGE | ENDPOINT_METADATA, .reply = &treadle_thread_page_type,
         .own = true, .shared = true, .doc = "List threads. Treadle's own.")
ENDPOINT(THREAD_USAGE, READS(thread_usage), GET, "/threads/{thread_id}/usage", "getThreadUsage",
         .reply = &treadle_thread_usage_type, .own = true,
         .doc = "Retrieve the usage of a thread's ended runs. Treadle's own.")
ENDPOINT(THREAD_DELETE, PLANS(thread_delete), DELETE, "/threads/{thread_id}", "deleteThread",
         .reply = &treadle_deletion_type, .doc = "Delete a thread.")

ENDPOINT(THREAD_RUN_CREATE, PLANS(run_create_with_thread), POST, "/threads/runs",
         "createThreadAndRun", .body = ENDPOINT_JSON,
         .request = &treadle_thread_run_create_request_type, .reply = &treadle_run_type,
         .streams = true, .quick = true, .doc = "Create a thread and run it.")

ENDPOINT(MESSAGE_CREATE, PLANS(message_create), POST, "/threads/{thread_id}/messages",
         "createMessage", .body = ENDPOINT_JSON, .request = &treadle_message_create_request_type,
         .reply = &treadle_message_type, .quick = true, .doc = "Add a message.")
ENDPOINT(MESSAGE_LIST, READS(message_list), GET, "/threads/{thread_id}/messages", "listMessages",
         .query = ENDPOINT_PAGE | ENDPOINT_RUN_ID, .reply = &treadle_message_page_type,
         .doc = "List messages.")
ENDPOINT(MESSAGE_RETRIEVE, READS(message_retrieve), GET,
         "/threads/{thread_id}/messages/{message_id}", "getMessage", .reply = &treadle_message_type,
         .quick = true, .doc = "Retrieve a message.")
ENDPOINT(MESSAGE_MODIFY, WRITES(message_modify), POST, "/threads/{thread_id}/messages/{message_id}",
         "modifyMessage", .body = ENDPOINT_JSON, .request = &treadle_metadata_request_type,
         .reply = &treadle_message_type, .quick = true, .doc = "Modify a message.")
ENDPOINT(MESSAGE_DELETE, WRITES(message_delete), DELETE,
         "/threads/{thread_id}/messages/{message_id}", "deleteMessage",
         .reply = &treadle_deletion_type, .quick = true, .doc = "Delete a message.")

ENDPOINT(RUN_CREATE, PLANS(run_create), POST, "/threads/{thread_id}/runs", "createRun",
         .body = ENDPOINT_JSON, .query = ENDPOINT_INCLUDE,
         .request = &treadle_run_create_request_type, .reply = &treadle_run_type, .streams = true,
         .quick = true, .doc = "Create a run.")
ENDPOINT(RUN_LIST, READS(run_list), GET, "/threads/{thread_id}/runs", "listRuns",
         .query = ENDPOINT_PAGE, .reply = &treadle_run_page_type, .quick = true,
         .doc = "List the runs of a thread.")
ENDPOINT(RUN_RETRIEVE, READS(run_retrieve), GET, "/threads/{thread_id}/runs/{run_id}", "getRun",
         .reply = &treadle_run_type, .quick = true, .doc = "Retrieve a run.")
ENDPOINT(RUN_MODIFY, WRITES(run_modify), POST, "/threads/{thread_id}/runs/{run_id}", "modifyRun",
         .body = ENDPOINT_JSON, .request = &treadle_metadata_request_type,
         .reply = &treadle_run_type, .quick = true, .doc = "Modify a run.")
ENDPOINT(RUN_CANCEL, PLANS(run_cancel), POST, "/threads/{thread_id}/runs/{run_id}/cancel",
         "cancelRun", .reply = &treadle_run_type, .doc = "Cancel a run.")
ENDPOINT(RUN_SUBMIT_TOOL_OUTPUTS, PLANS(run_submit_tool_outputs), POST,
         "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs", "submitToolOuputsToRun",
         .body = ENDPOINT_JSON, .request = &treadle_tool_outputs_request_type,
         .reply = &treadle_run_type, .streams = true, .quick = true,
         .doc = "Submit the outputs of functions that a run waits for.")
ENDPOINT(RUN_STEP_LIST, READS(run_step_list), GET, "/threads/{thread_id}/runs/{run_id}/steps",
         "listRunSteps", .query = ENDPOINT_PAGE | ENDPOINT_INCLUDE,
         .reply = &treadle_run_step_page_type, .quick = true, .doc = "List the steps of a run.")
ENDPOINT(RUN_STEP_RETRIEVE, READS(run_step_retrieve), GET,
         "/threads/{thread_id}/runs/{run_id}/steps/{step_id}", "getRunStep",
         .query = ENDPOINT_INCLUDE, .reply = &treadle_run_step_type, .quick = true,
         .doc = "Retrieve a run step.")
ENDPOINT(RUN_EVENTS, PLANS(run_events), GET, "/threads/{thread_id}/runs/{run_id}/events",
         "listRunEvents", .query = ENDPOINT_EVENT | ENDPOINT_INCLUDE, .streams = true, .own = true,
         .doc = "Follow a run, or read its events again. Treadle's own.")
ENDPOINT(RUN_LIST_ALL, READS(run_list_all), GET, "/runs", "listAllRuns",
         .query = ENDPOINT_PAGE | ENDPOINT_STATUS, .reply = &treadle_run_page_type, .own = true,
         .doc = "List the runs of all threads.")
ENDPOINT(RUN_FIND, READS(run_find), GET, "/runs/{run_id}", "findRun", .reply = &treadle_run_type,
         .own = true, .quick = true, .doc = "Retrieve a run without naming its thread.")
ENDPOINT(RUN_TIMES, READS(run_times), GET, "/runs/{run_id}/times", "getRunTimes",
         .reply = &treadle_run_times_type, .own = true,
         .doc = "Retrieve what a run has spent its time on. Treadle's own.")

ENDPOINT(FILE_CREATE, PLANS(file_create), POST, "/files", "createFile", .body = ENDPOINT_MULTIPART,
         .limit = ENDPOINT_FILE_BYTES, .reply = &treadle_file_type, .doc = "Upload a file.")
ENDPOINT(FILE_LIST, READS(file_list), GET, "/files", "listFiles",
         .query = ENDPOINT_FILE_PAGE | ENDPOINT_PURPOSE, .reply = &treadle_file_page_type,
         .doc = "List files.")
ENDPOINT(FILE_RETRIEVE, READS(file_retrieve), GET, "/files/{file_id}", "retrieveFile",
         .reply = &treadle_file_type, .doc = "Retrieve a file.")
ENDPOINT(FILE_CONTENT, PLANS(file_content), GET, "/files/{file_id}/content", "downloadFile",
         .doc = "Retrieve a file's content.")
ENDPOINT(FILE_DELETE, PLANS(file_delete), DELETE, "/files/{file_id}", "deleteFile",
         .reply = &treadle_deletion_type, .doc = "Delete a file.")

ENDPOINT(UPLOAD_CREATE, WRITES(upload_create), POST, "/uploads", "createUpload",
         .body = ENDPOINT_JSON, .request = &treadle_upload_create_request_type,
         .reply = &treadle_upload_type, .doc = "Begin an upload.")
ENDPOINT(UPLOAD_PART_CREATE, PLANS(upload_part_create), POST, "/uploads/{upload_id}/parts",
         "addUploadPart", .body = ENDPOINT_MULTIPART, .limit = ENDPOINT_PART_BYTES,
         .reply = &treadle_upload_part_type, .doc = "Add a part to an upload.")
ENDPOINT(UPLOAD_COMPLETE, PLANS(upload_complete), POST, "/uploads/{upload_id}/complete",
         "completeUpload", .body = ENDPOINT_JSON, .request = &treadle_upload_complete_request_type,
         .reply = &treadle_upload_type, .doc = "Make a file of the parts of an upload.")
ENDPOINT(UPLOAD_CANCEL, PLANS(upload_cancel), POST, "/uploads/{upload_id}/cancel", "cancelUpload",
         .reply = &treadle_upload_type, .doc = "Cancel an upload.")

ENDPOINT(VECTOR_STORE_CREATE, WRITES(vector_store_create), POST, "/vector_stores",
         "createVectorStore", .body = ENDPOINT_JSON,
         .request = &treadle_vector_store_create_request_type, .reply = &treadle_vector_store_type,
         .doc = "Create a vector store.")
ENDPOINT(VECTOR_STORE_LIST, READS(vector_store_list), GET, "/vector_stores", "listVectorStores",
         .query = ENDPOINT_PAGE, .reply = &treadle_vector_store_page_type,
         .doc = "List vector stores.")
ENDPOINT(VECTOR_STORE_RETRIEVE, READS(vector_store_retrieve), GET,
         "/vector_stores/{vector_store_id}", "getVectorStore", .reply = &treadle_vector_store_type,
         .doc = "Retrieve a vector store.")
ENDPOINT(VECTOR_STORE_MODIFY, WRITES(vector_store_modify), POST, "/vector_stores/{vector_store_id}",
         "modifyVectorStore", .body = ENDPOINT_JSON,
         .request = &treadle_vector_store_modify_request_type, .reply = &treadle_vector_store_type,
         .doc = "Modify a vector store.")
ENDPOINT(VECTOR_STORE_DELETE, PLANS(vector_store_delete), DELETE,
         "/vector_stores/{vector_store_id}", "deleteVectorStore", .reply = &treadle_deletion_type,
         .doc = "Delete a vector store.")

ENDPOINT(VECTOR_STORE_SEARCH, PLANS(vector_store_search), POST,
         "/vector_stores/{vector_store_id}/search", "searchVectorStore", .body = ENDPOINT_JSON,
         .request = &treadle_vector_store_search_request_type,
         .reply = &treadle_vector_store_search_page_type, .doc = "Search a vector store.")
ENDPOINT(VECTOR_STORE_FILE_CREATE, WRITES(vector_store_file_create), POST,
         "/vector_stores/{vector_store_id}/files", "createVectorStoreFile", .body = ENDPOINT_JSON,
         .request = &treadle_vector_store_file_create_request_type,
         .reply = &treadle_vector_store_file_type, .doc = "Add a file to a vector store.")
ENDPOINT(VECTOR_STORE_FILE_LIST, READS(vector_store_file_list), GET,
         "/vector_stores/{vector_store_id}/files", "listVectorStoreFiles",
         .query = ENDPOINT_PAGE | ENDPOINT_FILTER, .reply = &treadle_vector_store_file_page_type,
         .doc = "List the files of a vector store.")
ENDPOINT(VECTOR_STORE_FILE_RETRIEVE, READS(vector_store_file_retrieve), GET,
         "/vector_stores/{vector_store_id}/files/{file_id}", "getVectorStoreFile",
         .reply = &treadle_vector_store_file_type, .doc = "Retrieve a file of a vector store.")
ENDPOINT(VECTOR_STORE_FILE_MODIFY, WRITES(vector_store_file_modify), POST,
         "/vector_stores/{vector_store_id}/files/{file_id}", "updateVectorStoreFileAttributes",
         .body = ENDPOINT_JSON, .request = &treadle_vector_store_file_modify_request_type,
         .reply = &treadle_vector_store_file_type,
         .doc = "Replace the attributes of a file of a vector store.")
ENDPOINT(VECTOR_STORE_FILE_CONTENT, PLANS(vector_store_file_content), GET,
         "/vector_stores/{vector_store_id}/files/{file_id}/content",
         "retrieveVectorStoreFileContent", .reply = &treadle_vector_store_file_content_type,
         .doc = "Retrieve the text of a file of a vector store.")
ENDPOINT(VECTOR_STORE_BATCH_CREATE, WRITES(vector_store_batch_create), POST,
         "/vector_stores/{vector_store_id}/file_batches", "createVectorStoreFileBatch",
         .body = ENDPOINT_JSON, .request = &treadle_vector_store_file_batch_create_request_type,
         .reply = &treadle_vector_store_file_batch_type,
         .doc = "Add files to a vector store together.")
ENDPOINT(VECTOR_STORE_BATCH_RETRIEVE, READS(vector_store_batch_retrieve), GET,
         "/vector_stores/{vector_store_id}/file_batches/{batch_id}", "getVectorStoreFileBatch",
         .reply = &treadle_vector_store_file_batch_type, .doc = "Retrieve a batch of files.")
ENDPOINT(VECTOR_STORE_BATCH_CANCEL, WRITES(vector_store_batch_cancel_files), POST,
         "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
         "cancelVectorStoreFileBatch", .reply = &treadle_vector_store_file_batch_type,
         .doc = "Cancel the unread files of a batch.")
ENDPOINT(VECTOR_STORE_BATCH_FILE_LIST, READS(vector_store_batch_list_files), GET,
         "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
         "listFilesInVectorStoreBatch", .query = ENDPOINT_PAGE | ENDPOINT_FILTER,
         .reply = &treadle_vector_store_file_page_type, .doc = "List the files of a batch.")
ENDPOINT(VECTOR_STORE_FILE_DELETE, PLANS(vector_store_file_delete), DELETE,
         "/vector_stores/{vector_store_id}/files/{file_id}", "deleteVectorStoreFile",
         .reply = &treadle_deletion_type, .doc = "Remove a file from a vector store.")

ENDPOINT(MODEL_LIST, PLANS(model_list), GET, "/models", "listModels",
         .reply = &treadle_model_list_type, .doc = "List the models.")
ENDPOINT(MODEL_RETRIEVE, PLANS(model_retrieve), GET, "/models/{model}", "retrieveModel",
         .reply = &treadle_model_type, .rest = true, .doc = "Retrieve a model.")
ENDPOINT(MODEL_DELETE, PLANS(model_delete), DELETE, "/models/{model}", "deleteModel",
         .reply = &treadle_deletion_type, .rest = true,
         .doc = "Refused: no model here is yours to delete.")
ENDPOINT(EMBEDDING_CREATE, PLANS(embedding_create), POST, "/embeddings", "createEmbedding",
         .body = ENDPOINT_JSON, .request = &treadle_embedding_create_request_type,
         .reply = &treadle_embedding_list_type, .doc = "Turn texts into vectors.")
ENDPOINT(CHAT_CREATE, PLANS(chat_create), POST, "/chat/completions", "createChatCompletion",
         .body = ENDPOINT_JSON, .request = &treadle_chat_create_request_type,
         .reply = &treadle_chat_completion_type, .doc = "Ask a model for the next message.")

ENDPOINT(BACKUP_CREATE, PLANS(backup_create), POST, "/treadle/backups", "createBackup",
         .reply = &treadle_backup_type, .own = true, .owner = true,
         .doc = "Copy the store, for its owner. Treadle's own.")
ENDPOINT(EXPORT_CREATE, PLANS(export_create), POST, "/treadle/exports", "createExport",
         .body = ENDPOINT_JSON, .request = &treadle_export_create_request_type,
         .reply = &treadle_export_type, .own = true, .owner = true,
         .doc = "Copy objects as the protocol prints them, for the store's owner. Treadle's own.")
ENDPOINT(IMPORT_CREATE, PLANS(import_create), POST, "/treadle/imports", "createImport",
         .body = ENDPOINT_JSON, .request = &treadle_import_create_request_type,
         .reply = &treadle_import_type, .own = true, .owner = true,
         .doc = "Store objects with their ids, for the store's owner. Treadle's own.")
ENDPOINT(KEY_CREATE, PLANS(key_create), POST, "/treadle/keys", "createKey", .body = ENDPOINT_JSON,
         .request = &treadle_key_create_request_type, .reply = &treadle_key_type, .own = true,
         .owner = true, .doc = "Make a key. Treadle's own.")
ENDPOINT(KEY_LIST, READS(key_list), GET, "/treadle/keys", "listKeys", .query = ENDPOINT_PAGE,
         .reply = &treadle_key_page_type, .own = true, .owner = true,
         .doc = "List the keys of all projects. Treadle's own.")
ENDPOINT(KEY_REVOKE, PLANS(key_revoke), POST, "/treadle/keys/{key_id}/revoke", "revokeKey",
         .reply = &treadle_key_type, .own = true, .owner = true,
         .doc = "Revoke a key. Treadle's own.")
