/*
 * Tables of the vector store and of the files within it.
 */
#include "api/types.h"

const char *const vector_store_status_names[] = {[TREADLE_VECTOR_STORE_EXPIRED] = "expired",
                                                 [TREADLE_VECTOR_STORE_IN_PROGRESS] = "in_progress",
                                                 [TREADLE_VECTOR_STORE_COMPLETED] = "completed",
                                                 NULL};
const char *const vector_store_file_status_names[] = {
    [TREADLE_VECTOR_STORE_FILE_IN_PROGRESS] = "in_progress",
    [TREADLE_VECTOR_STORE_FILE_COMPLETED] = "completed",
    [TREADLE_VECTOR_STORE_FILE_FAILED] = "failed",
    [TREADLE_VECTOR_STORE_FILE_CANCELLED] = "cancelled",
    NULL};

static const struct field treadle_file_counts_fields[] = {
    ROW_INTEGER(treadle_file_counts, in_progress, .doc = "Files that are being read."),
    ROW_INTEGER(treadle_file_counts, completed, .doc = "Files that can be searched."),
    ROW_INTEGER(treadle_file_counts, failed, .doc = "Files that could not be read."),
    ROW_INTEGER(treadle_file_counts, cancelled, .doc = "Files that were cancelled."),
    ROW_INTEGER(treadle_file_counts, total, .doc = "All of them."),
};
FIELD_TYPE(treadle_file_counts, "FileCounts", FIELD_OTHERS(treadle_file_counts),
           .doc = "Files by status.");

static const struct field treadle_expires_after_fields[] = {
    ROW_CONSTANT(treadle_expires_after, anchor, "last_active_at", .doc = "What days count from."),
    ROW_INTEGER(treadle_expires_after, days, .min = 1, .max = 365, .doc = "Days without use."),
};
static FIELD_TYPE(treadle_expires_after, "VectorStoreExpirationAfter",
                  FIELD_OTHERS(treadle_expires_after),
                  .doc = "When something that is not used expires.");

static const struct field treadle_vector_store_fields[] = {
    ROW_STRING(treadle_vector_store, id, .flags = FIELD_REQUIRED, .doc = "vs_ and 32 digits."),
    ROW_CONSTANT(treadle_vector_store, object, "vector_store", .doc = "The kind of object."),
    ROW_TIME(treadle_vector_store, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_vector_store, name, .flags = FIELD_REQUIRED, .doc = "A name for people."),
    ROW_STRING(treadle_vector_store, description, .flags = FIELD_ALWAYS | FIELD_NULLABLE,
               .doc = "What it is for."),
    ROW_INTEGER(treadle_vector_store, usage_bytes, .doc = "Bytes of its chunks."),
    ROW_STRUCT(treadle_vector_store, file_counts, treadle_file_counts, .flags = FIELD_REQUIRED,
               .doc = "Its files by status."),
    ROW_ENUM(treadle_vector_store, status, vector_store_status, .flags = FIELD_REQUIRED,
             .doc = "Whether all of it can be searched."),
    ROW_STRUCT(treadle_vector_store, expires_after, treadle_expires_after,
               .flags = FIELD_ALWAYS | FIELD_NULLABLE, .doc = "When it expires without use."),
    ROW_MAYBE_TIME(treadle_vector_store, expires_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When it will expire."),
    ROW_MAYBE_TIME(treadle_vector_store, last_active_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was last used."),
    ROW_MAP(treadle_vector_store, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_vector_store, "VectorStoreObject", FIELD_OTHERS(treadle_vector_store),
           .doc = "Files that can be searched.");

static const struct field treadle_vector_store_create_request_fields[] = {
    ROW_STRINGS(treadle_vector_store_create_request, file_ids, file_id_count, .max = 500,
                .doc = "Files to add at once."),
    ROW_STRING(treadle_vector_store_create_request, name, .max = 256, .doc = "A name for people."),
    ROW_STRING(treadle_vector_store_create_request, description, .max = 512,
               .doc = "What it is for."),
    ROW_STRUCT(treadle_vector_store_create_request, expires_after, treadle_expires_after,
               .doc = "When it expires without use."),
    ROW_STRUCT(treadle_vector_store_create_request, chunking_strategy, treadle_chunking_strategy,
               .doc = "How the files are cut into chunks."),
    ROW_MAP(treadle_vector_store_create_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_vector_store_create_request, "CreateVectorStoreRequest",
           .doc = "Creates a vector store.");

static const struct field treadle_vector_store_modify_request_fields[] = {
    ROW_STRING(treadle_vector_store_modify_request, name, .max = 256, .doc = "A name for people."),
    ROW_STRUCT(treadle_vector_store_modify_request, expires_after, treadle_expires_after,
               .doc = "When it expires without use; null for never."),
    ROW_MAP(treadle_vector_store_modify_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_vector_store_modify_request, "UpdateVectorStoreRequest", .presence = true,
           .doc = "Changes what it names and leaves the rest.");

static const struct field treadle_file_notice_fields[] = {
    ROW_STRING(treadle_file_notice, code, .flags = FIELD_REQUIRED, .doc = "A word for programs."),
    ROW_STRING(treadle_file_notice, message, .flags = FIELD_REQUIRED,
               .doc = "A sentence for people."),
    ROW_STRING(treadle_file_notice, pages, .flags = FIELD_REQUIRED,
               .doc = "The pages it is about, as 3, 7-9."),
    ROW_INTEGER(treadle_file_notice, page_count, .doc = "How many these are."),
};
static FIELD_TYPE(treadle_file_notice, "FileNotice", FIELD_OTHERS(treadle_file_notice),
                  .doc = "Treadle's own: a notice about pages that were not completely read.");

static const struct field treadle_vector_store_file_fields[] = {
    ROW_STRING(treadle_vector_store_file, id, .flags = FIELD_REQUIRED, .doc = "The file's id."),
    ROW_CONSTANT(treadle_vector_store_file, object, "vector_store.file",
                 .doc = "The kind of object."),
    ROW_INTEGER(treadle_vector_store_file, usage_bytes, .doc = "Bytes of its chunks."),
    ROW_TIME(treadle_vector_store_file, created_at, .doc = "When it was added."),
    ROW_STRING(treadle_vector_store_file, vector_store_id, .flags = FIELD_REQUIRED,
               .doc = "Its vector store."),
    ROW_ENUM(treadle_vector_store_file, status, vector_store_file_status, .flags = FIELD_REQUIRED,
             .doc = "Whether it can be searched."),
    ROW_STRUCT(treadle_vector_store_file, last_error, treadle_last_error,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it could not be read."),
    ROW_STRUCT(treadle_vector_store_file, chunking_strategy, treadle_chunking_strategy,
               .flags = FIELD_ALWAYS, .doc = "How it was cut into chunks."),
    ROW_ATTRIBUTES(treadle_vector_store_file, attributes, .flags = FIELD_ALWAYS,
                   .doc = "What searches may filter by."),
    ROW_ARRAY(treadle_vector_store_file, notices, notice_count, treadle_file_notice,
              .doc = "Notices about pages that were not completely read."),
};
FIELD_TYPE(treadle_vector_store_file, "VectorStoreFileObject",
           FIELD_OTHERS(treadle_vector_store_file), .doc = "A file in a vector store.");

static const struct field treadle_vector_store_file_create_request_fields[] = {
    ROW_STRING(treadle_vector_store_file_create_request, file_id, .flags = FIELD_REQUIRED,
               .doc = "The file to add."),
    ROW_STRUCT(treadle_vector_store_file_create_request, chunking_strategy,
               treadle_chunking_strategy, .doc = "How it is cut into chunks."),
    ROW_ATTRIBUTES(treadle_vector_store_file_create_request, attributes,
                   .doc = "What searches may filter by."),
};
FIELD_TYPE(treadle_vector_store_file_create_request, "CreateVectorStoreFileRequest",
           .doc = "Adds a file to a vector store.");

static const struct field treadle_vector_store_file_modify_request_fields[] = {
    ROW_ATTRIBUTES(treadle_vector_store_file_modify_request, attributes,
                   .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "What searches may filter by, in place of what there was."),
};
FIELD_TYPE(treadle_vector_store_file_modify_request, "UpdateVectorStoreFileAttributesRequest",
           .doc = "Replaces the attributes of a file in a vector store.");

static const struct field treadle_vector_store_file_content_fields[] = {
    ROW_CONSTANT(treadle_vector_store_file_content, object, "vector_store.file_content.page",
                 .doc = "The kind of object."),
    ROW_ARRAY(treadle_vector_store_file_content, data, data_count, treadle_search_content,
              .flags = FIELD_REQUIRED, .doc = "The text; empty until the file was read."),
    ROW_BOOLEAN(treadle_vector_store_file_content, has_more,
                .doc = "Always false: there is one page."),
    ROW_STRING(treadle_vector_store_file_content, next_page,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Always null."),
};
FIELD_TYPE(treadle_vector_store_file_content, "VectorStoreFileContentResponse",
           FIELD_OTHERS(treadle_vector_store_file_content),
           .doc = "The text of a file as it was indexed.");
