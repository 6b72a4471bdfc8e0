/*
 * Tables of the batch of files that are added to a vector store together.
 */
#include "api/types.h"
#include "base/error.h"

enum { MOST_FILES = 2000 };

static const struct field treadle_vector_store_file_batch_fields[] = {
    ROW_STRING(treadle_vector_store_file_batch, id, .flags = FIELD_REQUIRED,
               .doc = "vsfb_ and 32 digits."),
    ROW_CONSTANT(treadle_vector_store_file_batch, object, "vector_store.files_batch",
                 .doc = "The kind of object."),
    ROW_TIME(treadle_vector_store_file_batch, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_vector_store_file_batch, vector_store_id, .flags = FIELD_REQUIRED,
               .doc = "Its vector store."),
    ROW_ENUM(treadle_vector_store_file_batch, status, vector_store_file_status,
             .flags = FIELD_REQUIRED, .doc = "in_progress while one of its files is."),
    ROW_STRUCT(treadle_vector_store_file_batch, file_counts, treadle_file_counts,
               .flags = FIELD_REQUIRED, .doc = "Its files by status."),
};
FIELD_TYPE(treadle_vector_store_file_batch, "VectorStoreFileBatchObject",
           FIELD_OTHERS(treadle_vector_store_file_batch),
           .doc = "Files that were added to a vector store together.");

static const struct field treadle_vector_store_file_batch_create_request_fields[] = {
    ROW_STRINGS(treadle_vector_store_file_batch_create_request, file_ids, file_id_count, .min = 1,
                .max = MOST_FILES, .doc = "The files to add."),
    ROW_ARRAY(treadle_vector_store_file_batch_create_request, files, file_count,
              treadle_vector_store_file_create_request, .min = 1, .max = MOST_FILES,
              .doc = "The files to add, each with its own settings; in place of file_ids."),
    ROW_STRUCT(treadle_vector_store_file_batch_create_request, chunking_strategy,
               treadle_chunking_strategy, .doc = "How all file_ids are cut into chunks."),
    ROW_ATTRIBUTES(treadle_vector_store_file_batch_create_request, attributes,
                   .doc = "What searches may filter by, for all file_ids."),
};

static int check_files(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_vector_store_file_batch_create_request *request = object;
    (void)path;
    if (request->file_ids && request->files)
        return error_set_request(error, "invalid_value", "files",
                                 "Invalid 'files': give file_ids or files, not both.");
    if (!request->file_ids && !request->files)
        return error_set_request(error, "missing_required_parameter", "file_ids",
                                 "Missing required parameter: 'file_ids'.");
    return 0;
}

FIELD_TYPE(treadle_vector_store_file_batch_create_request, "CreateVectorStoreFileBatchRequest",
           .check = check_files, .doc = "Adds files to a vector store together.");
