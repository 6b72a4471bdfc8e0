/*
 * Endpoints: the table, and two walks over it: from a path to its row, from a row to a path.
 */
#include "api/endpoint.h"

#include <string.h>

#include "api/types.h"

#define JSON ENDPOINT_JSON

static const struct endpoint endpoints[ENDPOINT_COUNT] = {
    [ENDPOINT_ASSISTANT_CREATE] = {.method = "POST",
                                   .path = "/assistants",
                                   .body = JSON,
                                   .request = &treadle_assistant_create_request_type,
                                   .reply = &treadle_assistant_type,
                                   .doc = "Create an assistant.",
                                   .name = "createAssistant"},
    [ENDPOINT_ASSISTANT_LIST] = {.method = "GET",
                                 .path = "/assistants",
                                 .query = ENDPOINT_PAGE,
                                 .reply = &treadle_assistant_page_type,
                                 .doc = "List assistants.",
                                 .name = "listAssistants"},
    [ENDPOINT_ASSISTANT_RETRIEVE] = {.method = "GET",
                                     .path = "/assistants/{assistant_id}",
                                     .reply = &treadle_assistant_type,
                                     .doc = "Retrieve an assistant.",
                                     .name = "getAssistant"},
    [ENDPOINT_ASSISTANT_MODIFY] = {.method = "POST",
                                   .path = "/assistants/{assistant_id}",
                                   .body = JSON,
                                   .request = &treadle_assistant_modify_request_type,
                                   .reply = &treadle_assistant_type,
                                   .doc = "Modify an assistant.",
                                   .name = "modifyAssistant"},
    [ENDPOINT_ASSISTANT_DELETE] = {.method = "DELETE",
                                   .path = "/assistants/{assistant_id}",
                                   .reply = &treadle_deletion_type,
                                   .doc = "Delete an assistant.",
                                   .name = "deleteAssistant"},

    [ENDPOINT_THREAD_CREATE] = {.method = "POST",
                                .path = "/threads",
                                .body = JSON,
                                .request = &treadle_thread_create_request_type,
                                .reply = &treadle_thread_type,
                                .doc = "Create a thread.",
                                .name = "createThread"},
    [ENDPOINT_THREAD_RETRIEVE] = {.method = "GET",
                                  .path = "/threads/{thread_id}",
                                  .reply = &treadle_thread_type,
                                  .doc = "Retrieve a thread.",
                                  .name = "getThread"},
    [ENDPOINT_THREAD_MODIFY] = {.method = "POST",
                                .path = "/threads/{thread_id}",
                                .body = JSON,
                                .request = &treadle_thread_modify_request_type,
                                .reply = &treadle_thread_type,
                                .doc = "Modify a thread.",
                                .name = "modifyThread"},
    [ENDPOINT_THREAD_LIST] = {.method = "GET",
                              .path = "/threads",
                              .query = ENDPOINT_PAGE | ENDPOINT_METADATA,
                              .reply = &treadle_thread_page_type,
                              .doc = "List threads. Treadle's own.",
                              .name = "listThreads",
                              .own = true},
    [ENDPOINT_THREAD_USAGE] =
        {.method = "GET",
         .path = "/threads/{thread_id}/usage",
         .reply = &treadle_thread_usage_type,
         .doc = "Retrieve what the ended runs of a thread have used. Treadle's own.",
         .name = "getThreadUsage",
         .own = true},
    [ENDPOINT_THREAD_DELETE] = {.method = "DELETE",
                                .path = "/threads/{thread_id}",
                                .reply = &treadle_deletion_type,
                                .doc = "Delete a thread.",
                                .name = "deleteThread"},
    [ENDPOINT_THREAD_RUN_CREATE] = {.method = "POST",
                                    .path = "/threads/runs",
                                    .body = JSON,
                                    .request = &treadle_thread_run_create_request_type,
                                    .reply = &treadle_run_type,
                                    .streams = true,
                                    .doc = "Create a thread and run it.",
                                    .name = "createThreadAndRun"},

    [ENDPOINT_MESSAGE_CREATE] = {.method = "POST",
                                 .path = "/threads/{thread_id}/messages",
                                 .body = JSON,
                                 .request = &treadle_message_create_request_type,
                                 .reply = &treadle_message_type,
                                 .doc = "Add a message.",
                                 .name = "createMessage"},
    [ENDPOINT_MESSAGE_LIST] = {.method = "GET",
                               .path = "/threads/{thread_id}/messages",
                               .query = ENDPOINT_PAGE | ENDPOINT_RUN_ID,
                               .reply = &treadle_message_page_type,
                               .doc = "List messages.",
                               .name = "listMessages"},
    [ENDPOINT_MESSAGE_RETRIEVE] = {.method = "GET",
                                   .path = "/threads/{thread_id}/messages/{message_id}",
                                   .reply = &treadle_message_type,
                                   .doc = "Retrieve a message.",
                                   .name = "getMessage"},
    [ENDPOINT_MESSAGE_MODIFY] = {.method = "POST",
                                 .path = "/threads/{thread_id}/messages/{message_id}",
                                 .body = JSON,
                                 .request = &treadle_metadata_request_type,
                                 .reply = &treadle_message_type,
                                 .doc = "Modify a message.",
                                 .name = "modifyMessage"},
    [ENDPOINT_MESSAGE_DELETE] = {.method = "DELETE",
                                 .path = "/threads/{thread_id}/messages/{message_id}",
                                 .reply = &treadle_deletion_type,
                                 .doc = "Delete a message.",
                                 .name = "deleteMessage"},

    [ENDPOINT_RUN_CREATE] = {.method = "POST",
                             .path = "/threads/{thread_id}/runs",
                             .body = JSON,
                             .query = ENDPOINT_INCLUDE,
                             .request = &treadle_run_create_request_type,
                             .reply = &treadle_run_type,
                             .streams = true,
                             .doc = "Create a run.",
                             .name = "createRun"},
    [ENDPOINT_RUN_LIST] = {.method = "GET",
                           .path = "/threads/{thread_id}/runs",
                           .query = ENDPOINT_PAGE,
                           .reply = &treadle_run_page_type,
                           .doc = "List the runs of a thread.",
                           .name = "listRuns"},
    [ENDPOINT_RUN_RETRIEVE] = {.method = "GET",
                               .path = "/threads/{thread_id}/runs/{run_id}",
                               .reply = &treadle_run_type,
                               .doc = "Retrieve a run.",
                               .name = "getRun"},
    [ENDPOINT_RUN_MODIFY] = {.method = "POST",
                             .path = "/threads/{thread_id}/runs/{run_id}",
                             .body = JSON,
                             .request = &treadle_metadata_request_type,
                             .reply = &treadle_run_type,
                             .doc = "Modify a run.",
                             .name = "modifyRun"},
    [ENDPOINT_RUN_CANCEL] = {.method = "POST",
                             .path = "/threads/{thread_id}/runs/{run_id}/cancel",
                             .reply = &treadle_run_type,
                             .doc = "Cancel a run.",
                             .name = "cancelRun"},
    [ENDPOINT_RUN_SUBMIT_TOOL_OUTPUTS] =
        {.method = "POST",
         .path = "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
         .body = JSON,
         .request = &treadle_tool_outputs_request_type,
         .reply = &treadle_run_type,
         .streams = true,
         .doc = "Submit the outputs of functions that a run waits for.",
         .name = "submitToolOuputsToRun"},
    [ENDPOINT_RUN_STEP_LIST] = {.method = "GET",
                                .path = "/threads/{thread_id}/runs/{run_id}/steps",
                                .query = ENDPOINT_PAGE | ENDPOINT_INCLUDE,
                                .reply = &treadle_run_step_page_type,
                                .doc = "List the steps of a run.",
                                .name = "listRunSteps"},
    [ENDPOINT_RUN_STEP_RETRIEVE] = {.method = "GET",
                                    .path = "/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
                                    .query = ENDPOINT_INCLUDE,
                                    .reply = &treadle_run_step_type,
                                    .doc = "Retrieve a run step.",
                                    .name = "getRunStep"},
    [ENDPOINT_RUN_EVENTS] = {.method = "GET",
                             .path = "/threads/{thread_id}/runs/{run_id}/events",
                             .query = ENDPOINT_EVENT | ENDPOINT_INCLUDE,
                             .streams = true,
                             .doc = "Follow a run, or see again what it told. Treadle's own.",
                             .name = "listRunEvents",
                             .own = true},
    [ENDPOINT_RUN_LIST_ALL] = {.method = "GET",
                               .path = "/runs",
                               .query = ENDPOINT_PAGE | ENDPOINT_STATUS,
                               .reply = &treadle_run_page_type,
                               .doc = "List the runs of all threads.",
                               .name = "listAllRuns",
                               .own = true},
    [ENDPOINT_RUN_FIND] = {.method = "GET",
                           .path = "/runs/{run_id}",
                           .reply = &treadle_run_type,
                           .doc = "Retrieve a run without naming its thread.",
                           .name = "findRun",
                           .own = true},
    [ENDPOINT_RUN_TIMES] = {.method = "GET",
                            .path = "/runs/{run_id}/times",
                            .reply = &treadle_run_times_type,
                            .doc = "Retrieve what a run has spent its time on. Treadle's own.",
                            .name = "getRunTimes",
                            .own = true},
    [ENDPOINT_FILE_CREATE] = {.method = "POST",
                              .path = "/files",
                              .body = ENDPOINT_MULTIPART,
                              .reply = &treadle_file_type,
                              .doc = "Upload a file.",
                              .name = "createFile"},
    [ENDPOINT_FILE_LIST] = {.method = "GET",
                            .path = "/files",
                            .query = ENDPOINT_FILE_PAGE | ENDPOINT_PURPOSE,
                            .reply = &treadle_file_page_type,
                            .doc = "List files.",
                            .name = "listFiles"},
    [ENDPOINT_FILE_RETRIEVE] = {.method = "GET",
                                .path = "/files/{file_id}",
                                .reply = &treadle_file_type,
                                .doc = "Retrieve a file.",
                                .name = "retrieveFile"},
    [ENDPOINT_FILE_CONTENT] = {.method = "GET",
                               .path = "/files/{file_id}/content",
                               .doc = "Retrieve a file's content.",
                               .name = "downloadFile"},
    [ENDPOINT_FILE_DELETE] = {.method = "DELETE",
                              .path = "/files/{file_id}",
                              .reply = &treadle_deletion_type,
                              .doc = "Delete a file.",
                              .name = "deleteFile"},

    [ENDPOINT_UPLOAD_CREATE] = {.method = "POST",
                                .path = "/uploads",
                                .body = JSON,
                                .request = &treadle_upload_create_request_type,
                                .reply = &treadle_upload_type,
                                .doc = "Begin an upload.",
                                .name = "createUpload"},
    [ENDPOINT_UPLOAD_PART_CREATE] = {.method = "POST",
                                     .path = "/uploads/{upload_id}/parts",
                                     .body = ENDPOINT_MULTIPART,
                                     .reply = &treadle_upload_part_type,
                                     .doc = "Add a part to an upload.",
                                     .name = "addUploadPart"},
    [ENDPOINT_UPLOAD_COMPLETE] = {.method = "POST",
                                  .path = "/uploads/{upload_id}/complete",
                                  .body = JSON,
                                  .request = &treadle_upload_complete_request_type,
                                  .reply = &treadle_upload_type,
                                  .doc = "Make a file of the parts of an upload.",
                                  .name = "completeUpload"},
    [ENDPOINT_UPLOAD_CANCEL] = {.method = "POST",
                                .path = "/uploads/{upload_id}/cancel",
                                .reply = &treadle_upload_type,
                                .doc = "Cancel an upload.",
                                .name = "cancelUpload"},
    [ENDPOINT_VECTOR_STORE_CREATE] = {.method = "POST",
                                      .path = "/vector_stores",
                                      .body = JSON,
                                      .request = &treadle_vector_store_create_request_type,
                                      .reply = &treadle_vector_store_type,
                                      .doc = "Create a vector store.",
                                      .name = "createVectorStore"},
    [ENDPOINT_VECTOR_STORE_LIST] = {.method = "GET",
                                    .path = "/vector_stores",
                                    .query = ENDPOINT_PAGE,
                                    .reply = &treadle_vector_store_page_type,
                                    .doc = "List vector stores.",
                                    .name = "listVectorStores"},
    [ENDPOINT_VECTOR_STORE_RETRIEVE] = {.method = "GET",
                                        .path = "/vector_stores/{vector_store_id}",
                                        .reply = &treadle_vector_store_type,
                                        .doc = "Retrieve a vector store.",
                                        .name = "getVectorStore"},
    [ENDPOINT_VECTOR_STORE_MODIFY] = {.method = "POST",
                                      .path = "/vector_stores/{vector_store_id}",
                                      .body = JSON,
                                      .request = &treadle_vector_store_modify_request_type,
                                      .reply = &treadle_vector_store_type,
                                      .doc = "Modify a vector store.",
                                      .name = "modifyVectorStore"},
    [ENDPOINT_VECTOR_STORE_DELETE] = {.method = "DELETE",
                                      .path = "/vector_stores/{vector_store_id}",
                                      .reply = &treadle_deletion_type,
                                      .doc = "Delete a vector store.",
                                      .name = "deleteVectorStore"},
    [ENDPOINT_VECTOR_STORE_FILE_CREATE] = {.method = "POST",
                                           .path = "/vector_stores/{vector_store_id}/files",
                                           .body = JSON,
                                           .request =
                                               &treadle_vector_store_file_create_request_type,
                                           .reply = &treadle_vector_store_file_type,
                                           .doc = "Add a file to a vector store.",
                                           .name = "createVectorStoreFile"},
    [ENDPOINT_VECTOR_STORE_FILE_LIST] = {.method = "GET",
                                         .path = "/vector_stores/{vector_store_id}/files",
                                         .query = ENDPOINT_PAGE | ENDPOINT_FILTER,
                                         .reply = &treadle_vector_store_file_page_type,
                                         .doc = "List the files of a vector store.",
                                         .name = "listVectorStoreFiles"},
    [ENDPOINT_VECTOR_STORE_FILE_RETRIEVE] = {.method = "GET",
                                             .path =
                                                 "/vector_stores/{vector_store_id}/files/{file_id}",
                                             .reply = &treadle_vector_store_file_type,
                                             .doc = "Retrieve a file of a vector store.",
                                             .name = "getVectorStoreFile"},
    [ENDPOINT_VECTOR_STORE_FILE_MODIFY] =
        {.method = "POST",
         .path = "/vector_stores/{vector_store_id}/files/{file_id}",
         .body = JSON,
         .request = &treadle_vector_store_file_modify_request_type,
         .reply = &treadle_vector_store_file_type,
         .doc = "Replace the attributes of a file of a vector store.",
         .name = "updateVectorStoreFileAttributes"},
    [ENDPOINT_VECTOR_STORE_FILE_CONTENT] =
        {.method = "GET",
         .path = "/vector_stores/{vector_store_id}/files/{file_id}/content",
         .reply = &treadle_vector_store_file_content_type,
         .doc = "Retrieve the text of a file of a vector store.",
         .name = "retrieveVectorStoreFileContent"},
    [ENDPOINT_VECTOR_STORE_BATCH_CREATE] =
        {.method = "POST",
         .path = "/vector_stores/{vector_store_id}/file_batches",
         .body = JSON,
         .request = &treadle_vector_store_file_batch_create_request_type,
         .reply = &treadle_vector_store_file_batch_type,
         .doc = "Add files to a vector store together.",
         .name = "createVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_RETRIEVE] =
        {.method = "GET",
         .path = "/vector_stores/{vector_store_id}/file_batches/{batch_id}",
         .reply = &treadle_vector_store_file_batch_type,
         .doc = "Retrieve a batch of files.",
         .name = "getVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_CANCEL] =
        {.method = "POST",
         .path = "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
         .reply = &treadle_vector_store_file_batch_type,
         .doc = "Cancel what is left of a batch of files.",
         .name = "cancelVectorStoreFileBatch"},
    [ENDPOINT_VECTOR_STORE_BATCH_FILE_LIST] =
        {.method = "GET",
         .path = "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
         .query = ENDPOINT_PAGE | ENDPOINT_FILTER,
         .reply = &treadle_vector_store_file_page_type,
         .doc = "List the files of a batch.",
         .name = "listFilesInVectorStoreBatch"},
    [ENDPOINT_VECTOR_STORE_FILE_DELETE] = {.method = "DELETE",
                                           .path =
                                               "/vector_stores/{vector_store_id}/files/{file_id}",
                                           .reply = &treadle_deletion_type,
                                           .doc = "Take a file out of a vector store.",
                                           .name = "deleteVectorStoreFile"},

    [ENDPOINT_MODEL_LIST] = {.method = "GET",
                             .path = "/models",
                             .reply = &treadle_model_list_type,
                             .doc = "List the models.",
                             .name = "listModels"},
    [ENDPOINT_MODEL_RETRIEVE] = {.method = "GET",
                                 .path = "/models/{model}",
                                 .reply = &treadle_model_type,
                                 .doc = "Retrieve a model.",
                                 .name = "retrieveModel",
                                 .rest = true},
    [ENDPOINT_MODEL_DELETE] = {.method = "DELETE",
                               .path = "/models/{model}",
                               .reply = &treadle_deletion_type,
                               .doc = "Refused: no model here is yours to delete.",
                               .name = "deleteModel",
                               .rest = true},
    [ENDPOINT_EMBEDDING_CREATE] = {.method = "POST",
                                   .path = "/embeddings",
                                   .body = JSON,
                                   .request = &treadle_embedding_create_request_type,
                                   .reply = &treadle_embedding_list_type,
                                   .doc = "Turn texts into vectors.",
                                   .name = "createEmbedding"},
    [ENDPOINT_CHAT_CREATE] = {.method = "POST",
                              .path = "/chat/completions",
                              .body = JSON,
                              .request = &treadle_chat_create_request_type,
                              .reply = &treadle_chat_completion_type,
                              .doc = "Ask a model for the next message.",
                              .name = "createChatCompletion"},

    [ENDPOINT_BACKUP_CREATE] = {.method = "POST",
                                .path = "/treadle/backups",
                                .reply = &treadle_backup_type,
                                .doc = "Copy the store, for its owner to take away. Treadle's own.",
                                .name = "createBackup",
                                .own = true,
                                .owner = true},
    [ENDPOINT_KEY_CREATE] = {.method = "POST",
                             .path = "/treadle/keys",
                             .body = JSON,
                             .request = &treadle_key_create_request_type,
                             .reply = &treadle_key_type,
                             .doc = "Make a key. Treadle's own.",
                             .name = "createKey",
                             .own = true,
                             .owner = true},
    [ENDPOINT_KEY_LIST] = {.method = "GET",
                           .path = "/treadle/keys",
                           .query = ENDPOINT_PAGE,
                           .reply = &treadle_key_page_type,
                           .doc = "List the keys of all projects. Treadle's own.",
                           .name = "listKeys",
                           .own = true,
                           .owner = true},
    [ENDPOINT_KEY_REVOKE] = {.method = "POST",
                             .path = "/treadle/keys/{key_id}/revoke",
                             .reply = &treadle_key_type,
                             .doc = "Revoke a key. Treadle's own.",
                             .name = "revokeKey",
                             .own = true,
                             .owner = true},
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
            while (*at && *at != '/')
                at++;
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

/* First letters tell most rows apart without a call. */
static bool may_fit(const struct endpoint *endpoint, const char *method, const char *segment)
{
    char letter = method[0] == 'H' ? 'G' : method[0];
    return endpoint->method[0] == letter && endpoint->path[1] == segment[0];
}

int endpoint_find(const char *method, const char *const *segments, size_t count,
                  struct endpoint_match *out)
{
    struct endpoint_match best = {.allowed = 0}, match = best;
    enum endpoint_method wanted = method_bit(method);
    size_t fewest = SIZE_MAX;
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        if (!count || !may_fit(&endpoints[i], method, segments[0]) ||
            method_bit(endpoints[i].method) != wanted ||
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
