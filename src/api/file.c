/*
 * Table of the file.
 */
#include "api/types.h"

const char *const file_purpose_names[] = {[TREADLE_PURPOSE_ASSISTANTS] = "assistants",
                                          [TREADLE_PURPOSE_ASSISTANTS_OUTPUT] = "assistants_output",
                                          [TREADLE_PURPOSE_BATCH] = "batch",
                                          [TREADLE_PURPOSE_BATCH_OUTPUT] = "batch_output",
                                          [TREADLE_PURPOSE_FINE_TUNE] = "fine-tune",
                                          [TREADLE_PURPOSE_FINE_TUNE_RESULTS] = "fine-tune-results",
                                          [TREADLE_PURPOSE_VISION] = "vision",
                                          [TREADLE_PURPOSE_USER_DATA] = "user_data",
                                          [TREADLE_PURPOSE_EVALS] = "evals",
                                          NULL};
static const char *const file_status_names[] = {[TREADLE_FILE_UPLOADED] = "uploaded",
                                                [TREADLE_FILE_PROCESSED] = "processed",
                                                [TREADLE_FILE_ERROR] = "error",
                                                NULL};

static const struct field treadle_file_fields[] = {
    ROW_STRING(treadle_file, id, .flags = FIELD_REQUIRED, .doc = "file- and 24 characters."),
    ROW_CONSTANT(treadle_file, object, "file", .doc = "The kind of object."),
    ROW_INTEGER(treadle_file, bytes, .doc = "Its length."),
    ROW_TIME(treadle_file, created_at, .doc = "When it was uploaded."),
    ROW_MAYBE_TIME(treadle_file, expires_at, FIELD_ALWAYS | FIELD_NULLABLE,
                   .doc = "When it will be removed."),
    ROW_STRING(treadle_file, filename, .flags = FIELD_REQUIRED, .doc = "Its name."),
    ROW_ENUM(treadle_file, purpose, file_purpose, .flags = FIELD_REQUIRED,
             .doc = "What it is for."),
    ROW_ENUM(treadle_file, status, file_status, .flags = FIELD_REQUIRED, .doc = "Its status."),
    ROW_STRING(treadle_file, status_details, .flags = FIELD_ALWAYS | FIELD_NULLABLE,
               .doc = "Why it failed."),
};
FIELD_TYPE(treadle_file, "OpenAIFile", FIELD_OTHERS(treadle_file),
           .doc = "A file that was uploaded or made.");

static const struct field treadle_file_expires_after_fields[] = {
    ROW_CONSTANT(treadle_file_expires_after, anchor, "created_at",
                 .doc = "What seconds count from."),
    ROW_INTEGER(treadle_file_expires_after, seconds, .min = 3600, .max = 2592000,
                .doc = "How long it stays."),
};
FIELD_TYPE(treadle_file_expires_after, "FileExpirationAfter",
           FIELD_OTHERS(treadle_file_expires_after), .doc = "When a file is removed.");
