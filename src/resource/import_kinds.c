/*
 * Imports: the kinds of objects: what is repaired, and how each is stored.
 *
 * Runs that were active can never continue here, so they are expired, and their thread is free.
 * Files of vector stores are read again, so their counts and states begin anew. A time of expiry
 * that has passed is dropped, since the object would be removed at once.
 */
#include "resource/import_internal.h"

#include <unistd.h>

#include "base/error.h"
#include "search/queue.h"
#include "store/assistant_record.h"
#include "store/code_file_record.h"
#include "store/file_record.h"
#include "store/message_record.h"
#include "store/run_record.h"
#include "store/run_step_record.h"
#include "store/thread_record.h"
#include "store/vector_store_file_record.h"
#include "store/vector_store_record.h"

static const struct treadle_integer nothing = {TREADLE_NULL, 0};

static int drop_expiry(struct import *import, struct treadle_integer *expires_at, const char *id,
                       bool *dropped, struct treadle_error *error)
{
    *dropped = expires_at->state == TREADLE_SET && expires_at->value <= import->now;
    if (!*dropped)
        return 0;
    *expires_at = nothing;
    return import_note(import, "expiry_dropped", "The time of expiry had passed, and was dropped.",
                       id, error);
}

/* ---- Files and vector stores ---------------------------------------------------------------- */

static int prepare_file(struct import *import, union import_object *object,
                        struct treadle_error *error)
{
    struct treadle_file *file = &object->file;
    bool dropped;
    int rc = drop_expiry(import, &file->expires_at, file->id, &dropped, error);
    if (!rc && import->sum.sha256[0] && file->bytes != (int64_t)import->sum.length) {
        file->bytes = (int64_t)import->sum.length;
        rc = import_note(import, "size_differs",
                         "The content has another size than the object says; the real one is kept.",
                         file->id, error);
    }
    return rc;
}

static int insert_file(struct import *import, union import_object *object,
                       struct treadle_error *error)
{
    const char *sum = import->sum.sha256[0] ? import->sum.sha256 : NULL;
    int rc = file_record_insert(import->session, import->project, &object->file, sum, import->arena,
                                error);
    if (!rc && !sum)
        rc = import_note(import, "content_missing",
                         "There is no content for this file. It cannot be read or searched.",
                         object->file.id, error);
    return rc;
}

static int prepare_store(struct import *import, union import_object *object,
                         struct treadle_error *error)
{
    struct treadle_vector_store *store = &object->store;
    bool dropped = false;
    int rc = store->status == TREADLE_VECTOR_STORE_EXPIRED
                 ? 0
                 : drop_expiry(import, &store->expires_at, store->id, &dropped, error);
    if (dropped)
        store->expires_after = NULL;
    if (store->last_active_at.state != TREADLE_SET)
        store->last_active_at = (struct treadle_integer)TREADLE_VALUE(store->created_at);
    store->usage_bytes = 0;
    store->file_counts = arena_alloc(import->arena, sizeof *store->file_counts);
    return rc || store->file_counts ? rc : error_set_memory(error);
}

static int insert_store(struct import *import, union import_object *object,
                        struct treadle_error *error)
{
    return vector_store_insert(import->session, import->project, NULL, &object->store,
                               import->arena, error);
}

static int replace_store(struct import *import, union import_object *object,
                         struct treadle_error *error)
{
    const struct treadle_vector_store *new = &object->store;
    struct treadle_vector_store store;
    int rc =
        vector_store_load(import->session, import->project, new->id, import->arena, &store, error);
    if (rc)
        return rc;
    store.name = new->name;
    store.description = new->description;
    store.metadata = new->metadata;
    return vector_store_save(import->session, &store, import->arena, error);
}

static void mask_store(union import_object *object)
{
    struct treadle_vector_store *store = &object->store;
    store->status = TREADLE_VECTOR_STORE_COMPLETED;
    store->usage_bytes = 0;
    store->file_counts = NULL;
    store->last_active_at = store->expires_at = nothing;
}

static bool has_content(const struct import *import, const char *id)
{
    struct treadle_error ignored;
    uint64_t length;
    int descriptor;
    if (blob_read(import->services->blobs, id, &descriptor, &length, &ignored))
        return false;
    close(descriptor);
    return true;
}

static int prepare_store_file(struct import *import, union import_object *object,
                              struct treadle_error *error)
{
    struct treadle_vector_store_file *file = &object->store_file;
    (void)import;
    (void)error;
    file->usage_bytes = 0;
    file->last_error = NULL;
    file->notice_count = 0;
    if (file->status != TREADLE_VECTOR_STORE_FILE_CANCELLED)
        file->status = TREADLE_VECTOR_STORE_FILE_IN_PROGRESS;
    return 0;
}

static int insert_store_file(struct import *import, union import_object *object,
                             struct treadle_error *error)
{
    static struct treadle_last_error missing = {
        .code = "invalid_file",
        .message = "The content of this file was not in what was imported. Upload the file and "
                   "add it to the vector store."};
    struct treadle_vector_store_file *file = &object->store_file;
    struct treadle_vector_store store;
    struct treadle_file content;
    int rc = vector_store_load(import->session, import->project, file->vector_store_id,
                               import->arena, &store, error);
    if (rc == TREADLE_ENOTFOUND || (!rc && store.status == TREADLE_VECTOR_STORE_EXPIRED))
        return import_note(import, "vector_store_missing",
                           "Its vector store is not there or has expired; left out.", file->id,
                           error);
    if (rc)
        return rc;
    rc = file_record_load(import->session, import->project, file->id, import->arena, &content,
                          error);
    if (rc && rc != TREADLE_ENOTFOUND)
        return rc;
    if (file->status == TREADLE_VECTOR_STORE_FILE_IN_PROGRESS &&
        (rc || !has_content(import, file->id))) {
        file->status = TREADLE_VECTOR_STORE_FILE_FAILED;
        file->last_error = &missing;
    }
    rc = vector_store_file_record_insert(import->session, import->project, file, NULL,
                                         queue_level(rc ? 0 : content.bytes), import->arena, error);
    if (rc)
        return rc;
    vector_store_count(&store, 0, file->status, 0);
    return vector_store_save(import->session, &store, import->arena, error);
}

static int replace_store_file(struct import *import, union import_object *object,
                              struct treadle_error *error)
{
    const struct treadle_vector_store_file *new = &object->store_file;
    struct treadle_vector_store_file file;
    int rc = vector_store_file_record_load(import->session, import->project, new->vector_store_id,
                                           new->id, import->arena, &file, error);
    if (rc)
        return rc;
    file.attributes = new->attributes;
    return vector_store_file_record_save(import->session, &file, import->arena, error);
}

static void mask_store_file(union import_object *object)
{
    struct treadle_vector_store_file *file = &object->store_file;
    file->status = TREADLE_VECTOR_STORE_FILE_COMPLETED;
    file->usage_bytes = 0;
    file->last_error = NULL;
    file->notice_count = 0;
}

/* ---- Assistants and threads ----------------------------------------------------------------- */

static int prepare_assistant(struct import *import, union import_object *object,
                             struct treadle_error *error)
{
    struct treadle_assistant *assistant = &object->assistant;
    if (assistant->temperature.state == TREADLE_ABSENT)
        assistant->temperature = (struct treadle_number)TREADLE_VALUE(1.0);
    if (assistant->top_p.state == TREADLE_ABSENT)
        assistant->top_p = (struct treadle_number)TREADLE_VALUE(1.0);
    if (assistant->response_format)
        return 0;
    assistant->response_format = arena_alloc(import->arena, sizeof *assistant->response_format);
    if (!assistant->response_format)
        return error_set_memory(error);
    assistant->response_format->word = "auto";
    return 0;
}

static int index_assistant(struct import *import, const struct treadle_assistant *assistant,
                           struct treadle_error *error)
{
    return code_file_record_index(import->session, CODE_HOLDER_ASSISTANT, assistant->id,
                                  assistant->tool_resources, error);
}

static int insert_assistant(struct import *import, union import_object *object,
                            struct treadle_error *error)
{
    int rc = assistant_record_insert(import->session, import->project, &object->assistant,
                                     import->arena, error);
    return rc ? rc : index_assistant(import, &object->assistant, error);
}

static int replace_assistant(struct import *import, union import_object *object,
                             struct treadle_error *error)
{
    int rc = assistant_record_save(import->session, import->project, &object->assistant,
                                   import->arena, error);
    return rc ? rc : index_assistant(import, &object->assistant, error);
}

static int index_thread(struct import *import, const struct treadle_thread *thread,
                        struct treadle_error *error)
{
    int rc =
        thread_record_index(import->session, import->project, thread->id, thread->metadata, error);
    return rc ? rc
              : code_file_record_index(import->session, CODE_HOLDER_THREAD, thread->id,
                                       thread->tool_resources, error);
}

static int insert_thread(struct import *import, union import_object *object,
                         struct treadle_error *error)
{
    int rc = thread_record_insert(import->session, import->project, &object->thread, import->arena,
                                  error);
    return rc ? rc : index_thread(import, &object->thread, error);
}

static int replace_thread(struct import *import, union import_object *object,
                          struct treadle_error *error)
{
    int rc =
        thread_record_save(import->session, import->project, &object->thread, import->arena, error);
    return rc ? rc : index_thread(import, &object->thread, error);
}

/* ---- What threads hold ---------------------------------------------------------------------- */

static int prepare_message(struct import *import, union import_object *object,
                           struct treadle_error *error)
{
    struct treadle_message *message = &object->message;
    if (!message->status)
        message->status = TREADLE_MESSAGE_COMPLETED;
    if (message->status != TREADLE_MESSAGE_IN_PROGRESS)
        return 0;
    message->status = TREADLE_MESSAGE_INCOMPLETE;
    message->incomplete_details = arena_alloc(import->arena, sizeof *message->incomplete_details);
    if (!message->incomplete_details)
        return error_set_memory(error);
    message->incomplete_details->reason = "run_expired";
    return import_note(import, "message_incomplete",
                       "The message was being written; it is incomplete.", message->id, error);
}

static int insert_message(struct import *import, union import_object *object,
                          struct treadle_error *error)
{
    const char *body;
    return message_record_insert(import->session, import->project, &object->message, import->arena,
                                 &body, error);
}

static int replace_message(struct import *import, union import_object *object,
                           struct treadle_error *error)
{
    return message_record_save(import->session, import->project, &object->message, import->arena,
                               error);
}

static int prepare_run(struct import *import, union import_object *object,
                       struct treadle_error *error)
{
    struct treadle_run *run = &object->run;
    bool active = !run->status || run->status == TREADLE_RUN_QUEUED ||
                  run->status == TREADLE_RUN_IN_PROGRESS ||
                  run->status == TREADLE_RUN_REQUIRES_ACTION ||
                  run->status == TREADLE_RUN_CANCELLING;
    run->expires_at = nothing;
    if (!active)
        return 0;
    run->status = TREADLE_RUN_EXPIRED;
    run->required_action = NULL;
    run->completed_at = nothing;
    return import_note(import, "run_expired",
                       "The run was active. It cannot continue here, so it is expired.", run->id,
                       error);
}

static int insert_run(struct import *import, union import_object *object,
                      struct treadle_error *error)
{
    const char *body;
    return run_record_insert(import->session, import->project, &object->run, import->arena, &body,
                             error);
}

static int replace_run(struct import *import, union import_object *object,
                       struct treadle_error *error)
{
    const char *body;
    return run_record_change(import->session, &object->run, import->arena, &body, error);
}

static int prepare_step(struct import *import, union import_object *object,
                        struct treadle_error *error)
{
    struct treadle_run_step *step = &object->step;
    (void)import;
    (void)error;
    if (step->status == TREADLE_STEP_IN_PROGRESS || !step->status) {
        step->status = TREADLE_STEP_EXPIRED;
        step->expires_at = nothing;
    }
    return 0;
}

/* The step without the content of its search results, which is sent only on demand. */
static int strip(const struct import *import, const struct treadle_run_step *step, bool *stripped,
                 struct treadle_run_step *out, struct treadle_error *error)
{
    *stripped = false;
    int rc = field_copy(&treadle_run_step_type, step, import->arena, out);
    if (rc)
        return error_set_memory(error);
    const struct treadle_step_details *details = out->step_details;
    for (size_t i = 0; details && i < details->tool_call_count; i++) {
        struct treadle_file_search_call *search = details->tool_calls[i].file_search;
        for (size_t j = 0; search && j < search->result_count; j++) {
            *stripped |= search->results[j].content_count > 0;
            search->results[j].content = NULL;
            search->results[j].content_count = 0;
        }
    }
    return 0;
}

static int save_step(struct import *import, const struct treadle_run_step *step, bool new,
                     struct treadle_error *error)
{
    struct treadle_run_step plain;
    bool stripped;
    int rc = strip(import, step, &stripped, &plain, error);
    if (rc)
        return rc;
    const char *body = field_text(&treadle_run_step_type, &plain, import->arena);
    const char *detail = stripped ? field_text(&treadle_run_step_type, step, import->arena) : NULL;
    if (!body || (stripped && !detail))
        return error_set_memory(error);
    if (new)
        rc = run_step_record_insert(import->session, import->project, step, body, error);
    return rc ? rc : run_step_record_save(import->session, step, body, detail, error);
}

static int insert_step(struct import *import, union import_object *object,
                       struct treadle_error *error)
{
    return save_step(import, &object->step, true, error);
}

static int replace_step(struct import *import, union import_object *object,
                        struct treadle_error *error)
{
    return save_step(import, &object->step, false, error);
}

const struct import_kind import_kinds[EXPORT_KINDS] = {
    [EXPORT_FILES] = {.type = &treadle_file_type, .prepare = prepare_file, .insert = insert_file},
    [EXPORT_VECTOR_STORES] = {.type = &treadle_vector_store_type,
                              .prepare = prepare_store,
                              .insert = insert_store,
                              .replace = replace_store,
                              .mask = mask_store},
    [EXPORT_VECTOR_STORE_FILES] = {.type = &treadle_vector_store_file_type,
                                   .prepare = prepare_store_file,
                                   .insert = insert_store_file,
                                   .replace = replace_store_file,
                                   .mask = mask_store_file},
    [EXPORT_ASSISTANTS] = {.type = &treadle_assistant_type,
                           .prepare = prepare_assistant,
                           .insert = insert_assistant,
                           .replace = replace_assistant},
    [EXPORT_THREADS] = {.type = &treadle_thread_type,
                        .insert = insert_thread,
                        .replace = replace_thread},
    [EXPORT_MESSAGES] = {.type = &treadle_message_type,
                         .prepare = prepare_message,
                         .insert = insert_message,
                         .replace = replace_message},
    [EXPORT_RUNS] = {.type = &treadle_run_type,
                     .prepare = prepare_run,
                     .insert = insert_run,
                     .replace = replace_run},
    [EXPORT_RUN_STEPS] = {.type = &treadle_run_step_type,
                          .prepare = prepare_step,
                          .insert = insert_step,
                          .replace = replace_step},
};
