/*
 * Tables of the upload: a large file that is sent in parts.
 */
#include <stdio.h>

#include "api/types.h"
#include "base/error.h"

const char *const upload_status_names[] = {[TREADLE_UPLOAD_PENDING] = "pending",
                                           [TREADLE_UPLOAD_COMPLETED] = "completed",
                                           [TREADLE_UPLOAD_CANCELLED] = "cancelled",
                                           [TREADLE_UPLOAD_EXPIRED] = "expired",
                                           NULL};

/* 8 GiB, as the service had it. */
#define LARGEST_UPLOAD 8589934592.0

enum { MOST_PARTS = 2000, LARGEST_NAME = 1024, LARGEST_MIME_TYPE = 256, MD5_DIGITS = 32 };

static const struct field treadle_upload_fields[] = {
    ROW_STRING(treadle_upload, id, .flags = FIELD_REQUIRED, .doc = "upload_ and 32 digits."),
    ROW_CONSTANT(treadle_upload, object, "upload", .doc = "The kind of object."),
    ROW_INTEGER(treadle_upload, bytes, .doc = "How long the file will be."),
    ROW_TIME(treadle_upload, created_at, .doc = "When it was made."),
    ROW_TIME(treadle_upload, expires_at, .doc = "Until when it must be completed."),
    ROW_STRING(treadle_upload, filename, .flags = FIELD_REQUIRED, .doc = "The file's name."),
    ROW_ENUM(treadle_upload, purpose, file_purpose, .flags = FIELD_REQUIRED,
             .doc = "What the file is for."),
    ROW_ENUM(treadle_upload, status, upload_status, .flags = FIELD_REQUIRED,
             .doc = "Whether parts may be added."),
    ROW_STRUCT(treadle_upload, file, treadle_file, .flags = FIELD_ALWAYS | FIELD_NULLABLE,
               .doc = "The file, once the upload is completed."),
};
FIELD_TYPE(treadle_upload, "Upload", FIELD_OTHERS(treadle_upload),
           .doc = "A file that is sent in parts.");

static const struct field treadle_upload_part_fields[] = {
    ROW_STRING(treadle_upload_part, id, .flags = FIELD_REQUIRED, .doc = "part_ and 32 digits."),
    ROW_CONSTANT(treadle_upload_part, object, "upload.part", .doc = "The kind of object."),
    ROW_TIME(treadle_upload_part, created_at, .doc = "When it was sent."),
    ROW_STRING(treadle_upload_part, upload_id, .flags = FIELD_REQUIRED, .doc = "Its upload."),
};
FIELD_TYPE(treadle_upload_part, "UploadPart", FIELD_OTHERS(treadle_upload_part),
           .doc = "A part of an upload.");

static const struct field treadle_upload_create_request_fields[] = {
    ROW_STRING(treadle_upload_create_request, filename, .flags = FIELD_REQUIRED, .min = 1,
               .max = LARGEST_NAME, .doc = "The file's name."),
    ROW_ENUM(treadle_upload_create_request, purpose, file_purpose, .flags = FIELD_REQUIRED,
             .doc = "What the file is for."),
    ROW_INTEGER(treadle_upload_create_request, bytes, .min = 1, .max = LARGEST_UPLOAD,
                .doc = "How long the file is."),
    ROW_STRING(treadle_upload_create_request, mime_type, .flags = FIELD_REQUIRED, .min = 1,
               .max = LARGEST_MIME_TYPE, .doc = "What kind of file it is."),
    ROW_STRUCT(treadle_upload_create_request, expires_after, treadle_file_expires_after,
               .doc = "When the file is removed."),
};

static int check_purpose(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_upload_create_request *request = object;
    (void)path;
    if (request->purpose != TREADLE_PURPOSE_ASSISTANTS_OUTPUT &&
        request->purpose != TREADLE_PURPOSE_BATCH_OUTPUT &&
        request->purpose != TREADLE_PURPOSE_FINE_TUNE_RESULTS)
        return 0;
    return error_set_request(error, "invalid_value", "purpose",
                             "Invalid value: '%s'. What runs and jobs write cannot be uploaded.",
                             field_word(file_purpose_names, (int)request->purpose));
}

FIELD_TYPE(treadle_upload_create_request, "CreateUploadRequest", .check = check_purpose,
           .doc = "Begins an upload.");

static const struct field treadle_upload_complete_request_fields[] = {
    ROW_STRINGS(treadle_upload_complete_request, part_ids, part_id_count, .flags = FIELD_REQUIRED,
                .min = 1, .max = MOST_PARTS, .doc = "All parts, in the order of the file."),
    ROW_STRING(treadle_upload_complete_request, md5, .min = MD5_DIGITS, .max = MD5_DIGITS,
               .doc = "The MD5 sum of the whole file, in hexadecimal digits."),
};
FIELD_TYPE(treadle_upload_complete_request, "CompleteUploadRequest",
           .doc = "Makes a file of the parts.");
