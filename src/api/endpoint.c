/*
 * Endpoints: the table, and two walks over it: from a path to its row, from a row to a path.
 */
#include "api/endpoint.h"

#include <string.h>

#include "api/types.h"

#define NONE ENDPOINT_NO_BODY
#define JSON ENDPOINT_JSON

static const struct endpoint endpoints[ENDPOINT_COUNT] = {
    [ENDPOINT_ASSISTANT_CREATE] = {"POST", "/assistants", JSON, 0,
                                   &treadle_assistant_create_request_type, &treadle_assistant_type,
                                   "Create an assistant.", .name = "createAssistant"},
    [ENDPOINT_ASSISTANT_LIST] = {"GET", "/assistants", NONE, ENDPOINT_PAGE, NULL,
                                 &treadle_assistant_page_type, "List assistants.",
                                 .name = "listAssistants"},
    [ENDPOINT_ASSISTANT_RETRIEVE] = {"GET", "/assistants/{assistant_id}", NONE, 0, NULL,
                                     &treadle_assistant_type, "Retrieve an assistant.",
                                     .name = "getAssistant"},
    [ENDPOINT_ASSISTANT_MODIFY] = {"POST", "/assistants/{assistant_id}", JSON, 0,
                                   &treadle_assistant_modify_request_type, &treadle_assistant_type,
                                   "Modify an assistant.", .name = "modifyAssistant"},
    [ENDPOINT_ASSISTANT_DELETE] = {"DELETE", "/assistants/{assistant_id}", NONE, 0, NULL,
                                   &treadle_deletion_type, "Delete an assistant.",
                                   .name = "deleteAssistant"},

    [ENDPOINT_THREAD_CREATE] = {"POST", "/threads", JSON, 0, &treadle_thread_create_request_type,
                                &treadle_thread_type, "Create a thread.", .name = "createThread"},
    [ENDPOINT_THREAD_RETRIEVE] = {"GET", "/threads/{thread_id}", NONE, 0, NULL,
                                  &treadle_thread_type, "Retrieve a thread.", .name = "getThread"},
    [ENDPOINT_THREAD_MODIFY] = {"POST", "/threads/{thread_id}", JSON, 0,
                                &treadle_thread_modify_request_type, &treadle_thread_type,
                                "Modify a thread.", .name = "modifyThread"},
    [ENDPOINT_THREAD_LIST] = {"GET", "/threads", NONE, ENDPOINT_PAGE | ENDPOINT_METADATA, NULL,
                              &treadle_thread_page_type, "List threads. Treadle's own.",
                              .name = "listThreads", .own = true},
    [ENDPOINT_THREAD_USAGE] = {"GET", "/threads/{thread_id}/usage", NONE, 0, NULL,
                               &treadle_thread_usage_type,
                               "Retrieve what the ended runs of a thread have used. Treadle's own.",
                               .name = "getThreadUsage", .own = true},
    [ENDPOINT_THREAD_DELETE] = {"DELETE", "/threads/{thread_id}", NONE, 0, NULL,
                                &treadle_deletion_type, "Delete a thread.", .name = "deleteThread"},
    [ENDPOINT_THREAD_RUN_CREATE] = {"POST", "/threads/runs", JSON, 0,
                                    &treadle_thread_run_create_request_type, &treadle_run_type,
                                    "Create a thread and run it.", .name = "createThreadAndRun"},

    [ENDPOINT_MESSAGE_CREATE] = {"POST", "/threads/{thread_id}/messages", JSON, 0,
                                 &treadle_message_create_request_type, &treadle_message_type,
                                 "Add a message.", .name = "createMessage"},
    [ENDPOINT_MESSAGE_LIST] = {"GET", "/threads/{thread_id}/messages", NONE,
                               ENDPOINT_PAGE | ENDPOINT_RUN_ID, NULL, &treadle_message_page_type,
                               "List messages.", .name = "listMessages"},
    [ENDPOINT_MESSAGE_RETRIEVE] = {"GET", "/threads/{thread_id}/messages/{message_id}", NONE, 0,
                                   NULL, &treadle_message_type, "Retrieve a message.",
                                   .name = "getMessage"},
    [ENDPOINT_MESSAGE_MODIFY] = {"POST", "/threads/{thread_id}/messages/{message_id}", JSON, 0,
                                 &treadle_metadata_request_type, &treadle_message_type,
                                 "Modify a message.", .name = "modifyMessage"},
    [ENDPOINT_MESSAGE_DELETE] = {"DELETE", "/threads/{thread_id}/messages/{message_id}", NONE, 0,
                                 NULL, &treadle_deletion_type, "Delete a message.",
                                 .name = "deleteMessage"},

    [ENDPOINT_RUN_CREATE] = {"POST", "/threads/{thread_id}/runs", JSON, ENDPOINT_INCLUDE,
                             &treadle_run_create_request_type, &treadle_run_type, "Create a run.",
                             .name = "createRun"},
    [ENDPOINT_RUN_LIST] = {"GET", "/threads/{thread_id}/runs", NONE, ENDPOINT_PAGE, NULL,
                           &treadle_run_page_type, "List the runs of a thread.",
                           .name = "listRuns"},
    [ENDPOINT_RUN_RETRIEVE] = {"GET", "/threads/{thread_id}/runs/{run_id}", NONE, 0, NULL,
                               &treadle_run_type, "Retrieve a run.", .name = "getRun"},
    [ENDPOINT_RUN_MODIFY] = {"POST", "/threads/{thread_id}/runs/{run_id}", JSON, 0,
                             &treadle_metadata_request_type, &treadle_run_type, "Modify a run.",
                             .name = "modifyRun"},
    [ENDPOINT_RUN_CANCEL] = {"POST", "/threads/{thread_id}/runs/{run_id}/cancel", NONE, 0, NULL,
                             &treadle_run_type, "Cancel a run.", "cancelRun"},
    [ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS] = {"POST",
                                          "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
                                          JSON, 0, &treadle_tool_outputs_request_type,
                                          &treadle_run_type,
                                          "Submit the outputs of functions that a run waits for.",
                                          "submitToolOuputsToRun"},
    [ENDPOINT_RUN_STEP_LIST] = {"GET", "/threads/{thread_id}/runs/{run_id}/steps", NONE,
                                ENDPOINT_PAGE | ENDPOINT_INCLUDE, NULL, &treadle_run_step_page_type,
                                "List the steps of a run.", .name = "listRunSteps"},
    [ENDPOINT_RUN_STEP_RETRIEVE] = {"GET", "/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
                                    NONE, ENDPOINT_INCLUDE, NULL, &treadle_run_step_type,
                                    "Retrieve a run step.", .name = "getRunStep"},
    [ENDPOINT_RUN_LIST_ALL] = {"GET", "/runs", NONE, ENDPOINT_PAGE | ENDPOINT_STATUS, NULL,
                               &treadle_run_page_type, "List the runs of all threads.",
                               .name = "listAllRuns", .own = true},
    [ENDPOINT_RUN_FIND] = {"GET", "/runs/{run_id}", NONE, 0, NULL, &treadle_run_type,
                           "Retrieve a run without naming its thread.", .name = "findRun",
                           .own = true},

    [ENDPOINT_FILE_CREATE] = {"POST", "/files", ENDPOINT_MULTIPART, 0, NULL, &treadle_file_type,
                              "Upload a file.", .name = "createFile"},
    [ENDPOINT_FILE_LIST] = {"GET", "/files", NONE, ENDPOINT_FILE_PAGE | ENDPOINT_PURPOSE, NULL,
                            &treadle_file_page_type, "List files.", .name = "listFiles"},
    [ENDPOINT_FILE_RETRIEVE] = {"GET", "/files/{file_id}", NONE, 0, NULL, &treadle_file_type,
                                "Retrieve a file.", .name = "retrieveFile"},
    [ENDPOINT_FILE_CONTENT] = {"GET", "/files/{file_id}/content", NONE, 0, NULL, NULL,
                               "Retrieve a file's content.", .name = "downloadFile"},
    [ENDPOINT_FILE_DELETE] = {"DELETE", "/files/{file_id}", NONE, 0, NULL, &treadle_deletion_type,
                              "Delete a file.", .name = "deleteFile"},

    [ENDPOINT_UPLOAD_CREATE] = {"POST", "/uploads", JSON, 0, &treadle_upload_create_request_type,
                                &treadle_upload_type, "Begin an upload.", "createUpload"},
    [ENDPOINT_UPLOAD_PART_CREATE] = {"POST", "/uploads/{upload_id}/parts", ENDPOINT_MULTIPART, 0,
                                     NULL, &treadle_upload_part_type, "Add a part to an upload.",
                                     "addUploadPart"},
    [ENDPOINT_UPLOAD_COMPLETE] = {"POST", "/uploads/{upload_id}/complete", JSON, 0,
                                  &treadle_upload_complete_request_type, &treadle_upload_type,
                                  "Make a file of the parts of an upload.", "completeUpload"},
    [ENDPOINT_UPLOAD_CANCEL] = {"POST", "/uploads/{upload_id}/cancel", NONE, 0, NULL,
                                &treadle_upload_type, "Cancel an upload.", "cancelUpload"},
    [ENDPOINT_VECTOR_STORE_CREATE] = {"POST", "/vector_stores", JSON, 0,
                                      &treadle_vector_store_create_request_type,
                                      &treadle_vector_store_type, "Create a vector store.",
                                      .name = "createVectorStore"},
    [ENDPOINT_VECTOR_STORE_LIST] = {"GET", "/vector_stores", NONE, ENDPOINT_PAGE, NULL,
                                    &treadle_vector_store_page_type, "List vector stores.",
                                    .name = "listVectorStores"},
    [ENDPOINT_VECTOR_STORE_RETRIEVE] = {"GET", "/vector_stores/{vector_store_id}", NONE, 0, NULL,
                                        &treadle_vector_store_type, "Retrieve a vector store.",
                                        .name = "getVectorStore"},
    [ENDPOINT_VECTOR_STORE_MODIFY] = {"POST", "/vector_stores/{vector_store_id}", JSON, 0,
                                      &treadle_vector_store_modify_request_type,
                                      &treadle_vector_store_type, "Modify a vector store.",
                                      .name = "modifyVectorStore"},
    [ENDPOINT_VECTOR_STORE_DELETE] = {"DELETE", "/vector_stores/{vector_store_id}", NONE, 0, NULL,
                                      &treadle_deletion_type, "Delete a vector store.",
                                      .name = "deleteVectorStore"},
    [ENDPOINT_VECTOR_STORE_FILE_CREATE] = {"POST", "/vector_stores/{vector_store_id}/files", JSON,
                                           0, &treadle_vector_store_file_create_request_type,
                                           &treadle_vector_store_file_type,
                                           "Add a file to a vector store.",
                                           .name = "createVectorStoreFile"},
    [ENDPOINT_VECTOR_STORE_FILE_LIST] = {"GET", "/vector_stores/{vector_store_id}/files", NONE,
                                         ENDPOINT_PAGE | ENDPOINT_FILTER, NULL,
                                         &treadle_vector_store_file_page_type,
                                         "List the files of a vector store.",
                                         .name = "listVectorStoreFiles"},
    [ENDPOINT_VECTOR_STORE_FILE_RETRIEVE] = {"GET",
                                             "/vector_stores/{vector_store_id}/files/{file_id}",
                                             NONE, 0, NULL, &treadle_vector_store_file_type,
                                             "Retrieve a file of a vector store.",
                                             .name = "getVectorStoreFile"},
    [ENDPOINT_VECTOR_STORE_FILE_MODIFY] = {"POST",
                                           "/vector_stores/{vector_store_id}/files/{file_id}", JSON,
                                           0, &treadle_vector_store_file_modify_request_type,
                                           &treadle_vector_store_file_type,
                                           "Replace the attributes of a file of a vector store.",
                                           "updateVectorStoreFileAttributes"},
    [ENDPOINT_VECTOR_STORE_FILE_CONTENT] =
        {"GET", "/vector_stores/{vector_store_id}/files/{file_id}/content", NONE, 0, NULL,
         &treadle_vector_store_file_content_type, "Retrieve the text of a file of a vector store.",
         "retrieveVectorStoreFileContent"},
    [ENDPOINT_VECTOR_STORE_BATCH_CREATE] = {"POST", "/vector_stores/{vector_store_id}/file_batches",
                                            JSON, 0,
                                            &treadle_vector_store_file_batch_create_request_type,
                                            &treadle_vector_store_file_batch_type,
                                            "Add files to a vector store together.",
                                            "createVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_RETRIEVE] =
        {"GET", "/vector_stores/{vector_store_id}/file_batches/{batch_id}", NONE, 0, NULL,
         &treadle_vector_store_file_batch_type, "Retrieve a batch of files.",
         "getVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_CANCEL] =
        {"POST", "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel", NONE, 0, NULL,
         &treadle_vector_store_file_batch_type, "Cancel what is left of a batch of files.",
         "cancelVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_FILE_LIST] =
        {"GET", "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files", NONE,
         ENDPOINT_PAGE | ENDPOINT_FILTER, NULL, &treadle_vector_store_file_page_type,
         "List the files of a batch.", "listFilesInVectorStoreBatch"},
    [ENDPOINT_VECTOR_STORE_FILE_DELETE] = {"DELETE",
                                           "/vector_stores/{vector_store_id}/files/{file_id}", NONE,
                                           0, NULL, &treadle_deletion_type,
                                           "Take a file out of a vector store.",
                                           .name = "deleteVectorStoreFile"},

    [ENDPOINT_MODEL_LIST] = {"GET", "/models", NONE, 0, NULL, &treadle_model_list_type,
                             "List the models.", .name = "listModels"},
    [ENDPOINT_MODEL_RETRIEVE] = {"GET", "/models/{model}", NONE, 0, NULL, &treadle_model_type,
                                 "Retrieve a model.", .name = "retrieveModel", .rest = true},
    [ENDPOINT_MODEL_DELETE] = {"DELETE", "/models/{model}", NONE, 0, NULL, &treadle_deletion_type,
                               "Refused: no model here is yours to delete.", .name = "deleteModel",
                               .rest = true},
    [ENDPOINT_EMBEDDING_CREATE] = {"POST", "/embeddings", JSON, 0,
                                   &treadle_embedding_create_request_type,
                                   &treadle_embedding_list_type, "Turn texts into vectors.",
                                   .name = "createEmbedding"},
    [ENDPOINT_CHAT_CREATE] = {"POST", "/chat/completions", JSON, 0,
                              &treadle_chat_create_request_type, &treadle_chat_completion_type,
                              "Ask a model for the next message.", .name = "createChatCompletion"},

    [ENDPOINT_BACKUP_CREATE] = {"POST", "/treadle/backups", NONE, 0, NULL, &treadle_backup_type,
                                "Copy the store, for its owner to take away. Treadle's own.",
                                .name = "createBackup", .own = true, .owner = true},
    [ENDPOINT_KEY_CREATE] = {"POST", "/treadle/keys", JSON, 0, &treadle_key_create_request_type,
                             &treadle_key_type, "Make a key. Treadle's own.", .name = "createKey",
                             .own = true, .owner = true},
    [ENDPOINT_KEY_LIST] = {"GET", "/treadle/keys", NONE, ENDPOINT_PAGE, NULL,
                           &treadle_key_page_type, "List the keys of all projects. Treadle's own.",
                           .name = "listKeys", .own = true, .owner = true},
    [ENDPOINT_KEY_REVOKE] = {"POST", "/treadle/keys/{key_id}/revoke", NONE, 0, NULL,
                             &treadle_key_type, "Revoke a key. Treadle's own.", .name = "revokeKey",
                             .own = true, .owner = true},
};

const struct endpoint *endpoint_get(enum endpoint_id id)
{
    return &endpoints[id];
}

/* Whether the segments fit the path; parameters go to `arguments`. */
static bool path_fits(const struct endpoint *endpoint, const char *const *segments, size_t count,
                      const char **arguments)
{
    size_t used = 0, argument = 0;
    for (const char *at = endpoint->path; *at == '/'; used++) {
        at++;
        if (used == count || !segments[used][0])
            return false;
        if (*at == '{') {
            arguments[argument++] = segments[used];
            at += strcspn(at, "/");
            continue;
        }
        const char *segment = segments[used];
        while (*segment && *segment == *at) {
            segment++;
            at++;
        }
        if (*segment || (*at && *at != '/'))
            return false;
    }
    return endpoint->rest ? used <= count : used == count;
}

static enum endpoint_method method_bit(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return ENDPOINT_GET;
    if (strcmp(method, "POST") == 0)
        return ENDPOINT_POST;
    return strcmp(method, "DELETE") == 0 ? ENDPOINT_DELETE : 0;
}

static size_t parameter_count(const char *path)
{
    size_t count = 0;
    for (const char *c = path; *c; c++)
        count += *c == '{';
    return count;
}

/* The methods that the path takes. */
static unsigned find_allowed(const char *const *segments, size_t count)
{
    const char *arguments[ENDPOINT_ARGUMENTS];
    unsigned allowed = 0;
    for (int i = 0; i < ENDPOINT_COUNT; i++)
        if (path_fits(&endpoints[i], segments, count, arguments))
            allowed |= method_bit(endpoints[i].method);
    return allowed;
}

int endpoint_find(const char *method, const char *const *segments, size_t count,
                  struct endpoint_match *out)
{
    struct endpoint_match best = {.allowed = 0}, match = best;
    enum endpoint_method wanted = method_bit(method);
    size_t fewest = SIZE_MAX;
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        if (method_bit(endpoints[i].method) != wanted ||
            !path_fits(&endpoints[i], segments, count, match.arguments))
            continue;
        /* A word in the path wins over a parameter: POST /threads/runs is no thread's id. */
        size_t parameters = parameter_count(endpoints[i].path);
        if (parameters < fewest) {
            best = match;
            best.id = (enum endpoint_id)i;
            fewest = parameters;
        }
    }
    if (fewest == SIZE_MAX)
        best.allowed = find_allowed(segments, count);
    *out = best;
    if (fewest != SIZE_MAX)
        return 0;
    return best.allowed ? TREADLE_ESTATE : TREADLE_ENOTFOUND;
}

static void append_encoded(const char *text, struct buffer *out)
{
    for (const char *c = text; *c; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= 'a' && *c <= 'z') || strchr("-_.~", *c);
        if (plain)
            buffer_append_char(out, *c);
        else
            buffer_append_format(out, "%%%02X", (unsigned char)*c);
    }
}

int endpoint_path(enum endpoint_id id, const char *const *arguments, struct buffer *out)
{
    for (const char *at = endpoints[id].path; *at;) {
        if (*at != '{') {
            buffer_append_char(out, *at++);
            continue;
        }
        /* "." and ".." would be taken for steps along the path by whatever stands between. */
        const char *argument = *arguments++;
        if (!argument || !argument[0] || strcmp(argument, ".") == 0 || strcmp(argument, "..") == 0)
            return TREADLE_EINVALID;
        append_encoded(argument, out);
        at += strcspn(at, "}") + 1;
    }
    return out->failed ? TREADLE_ELIMIT : 0;
}
