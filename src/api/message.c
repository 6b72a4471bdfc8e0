/*
 * Tables of the message: the object with its content and annotations, and the request.
 */
#include "api/types.h"

#include "base/error.h"

const char *const role_names[] = {
    [TREADLE_ROLE_USER] = "user", [TREADLE_ROLE_ASSISTANT] = "assistant", NULL};
const char *const annotation_type_names[] = {[TREADLE_ANNOTATION_FILE_CITATION] = "file_citation",
                                             [TREADLE_ANNOTATION_FILE_PATH] = "file_path",
                                             NULL};
static const char *const image_detail_names[] = {[TREADLE_IMAGE_DETAIL_AUTO] = "auto",
                                                 [TREADLE_IMAGE_DETAIL_LOW] = "low",
                                                 [TREADLE_IMAGE_DETAIL_HIGH] = "high",
                                                 NULL};
const char *const content_type_names[] = {[TREADLE_CONTENT_TEXT] = "text",
                                          [TREADLE_CONTENT_IMAGE_FILE] = "image_file",
                                          [TREADLE_CONTENT_IMAGE_URL] = "image_url",
                                          [TREADLE_CONTENT_REFUSAL] = "refusal",
                                          NULL};
static const char *const message_status_names[] = {[TREADLE_MESSAGE_IN_PROGRESS] = "in_progress",
                                                   [TREADLE_MESSAGE_COMPLETED] = "completed",
                                                   [TREADLE_MESSAGE_INCOMPLETE] = "incomplete",
                                                   NULL};

/* ---- Annotations ---------------------------------------------------------------------------- */

static const struct field treadle_file_citation_fields[] = {
    ROW_STRING(treadle_file_citation, file_id, .flags = FIELD_REQUIRED, .doc = "The file cited."),
    ROW_STRING(treadle_file_citation, quote, .flags = FIELD_OWN,
               .doc = "What of the file supports the statement. Treadle's own."),
    ROW_MAYBE_INTEGER(treadle_file_citation, page, FIELD_OWN,
                      .doc = "The page cited, counted from 1, where the file has pages. "
                             "Treadle's own."),
    ROW_STRING(treadle_file_citation, page_label, .flags = FIELD_OWN,
               .doc = "What the page calls itself where that is not its number, as \"iv\". "
                      "Treadle's own."),
};
static FIELD_TYPE(treadle_file_citation, "FileCitation", FIELD_OTHERS(treadle_file_citation),
                  .doc = "Where a statement comes from.");

static const struct field treadle_file_path_fields[] = {
    ROW_STRING(treadle_file_path, file_id, .flags = FIELD_REQUIRED, .doc = "The file made."),
};
FIELD_TYPE(treadle_file_path, "FilePath", FIELD_OTHERS(treadle_file_path),
           .doc = "A file that code made.");

static const struct field treadle_annotation_fields[] = {
    ROW_ENUM(treadle_annotation, type, annotation_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of annotation."),
    ROW_STRING(treadle_annotation, text, .flags = FIELD_REQUIRED, .doc = "The annotated text."),
    ROW_INTEGER(treadle_annotation, start_index, .doc = "Where it starts, in characters."),
    ROW_INTEGER(treadle_annotation, end_index, .doc = "Where it ends, in characters."),
    ROW_STRUCT(treadle_annotation, file_citation, treadle_file_citation, .flags = FIELD_REQUIRED,
               .when = TREADLE_ANNOTATION_FILE_CITATION, .doc = "The file cited."),
    ROW_STRUCT(treadle_annotation, file_path, treadle_file_path, .flags = FIELD_REQUIRED,
               .when = TREADLE_ANNOTATION_FILE_PATH, .doc = "The file made."),
};
FIELD_TYPE(treadle_annotation, "Annotation", FIELD_OTHERS(treadle_annotation),
           .doc = "A place in a text that points to a file.");

/* ---- Content -------------------------------------------------------------------------------- */

static const struct field treadle_text_fields[] = {
    ROW_STRING(treadle_text, value, .flags = FIELD_REQUIRED, .doc = "The text."),
    ROW_ARRAY(treadle_text, annotations, annotation_count, treadle_annotation,
              .flags = FIELD_REQUIRED, .doc = "Its citations and files."),
};
static FIELD_TYPE(treadle_text, "Text", FIELD_OTHERS(treadle_text),
                  .doc = "Text with annotations.");

static const struct field treadle_image_file_fields[] = {
    ROW_STRING(treadle_image_file, file_id, .flags = FIELD_REQUIRED, .doc = "The image."),
    ROW_ENUM(treadle_image_file, detail, image_detail, .doc = "How closely to look; auto."),
};
FIELD_TYPE(treadle_image_file, "ImageFile", FIELD_OTHERS(treadle_image_file),
           .doc = "An image that was uploaded.");

static const struct field treadle_image_url_fields[] = {
    ROW_STRING(treadle_image_url, url, .flags = FIELD_REQUIRED, .doc = "Where the image is."),
    ROW_ENUM(treadle_image_url, detail, image_detail, .doc = "How closely to look; auto."),
};
FIELD_TYPE(treadle_image_url, "ImageUrl", FIELD_OTHERS(treadle_image_url),
           .doc = "An image somewhere else.");

static const struct field treadle_content_fields[] = {
    ROW_ENUM(treadle_content, type, content_type, .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR,
             .doc = "The kind of part."),
    ROW_STRUCT(treadle_content, text, treadle_text, .flags = FIELD_REQUIRED,
               .when = TREADLE_CONTENT_TEXT, .doc = "Text."),
    ROW_STRUCT(treadle_content, image_file, treadle_image_file, .flags = FIELD_REQUIRED,
               .when = TREADLE_CONTENT_IMAGE_FILE, .doc = "An image file."),
    ROW_STRUCT(treadle_content, image_url, treadle_image_url, .flags = FIELD_REQUIRED,
               .when = TREADLE_CONTENT_IMAGE_URL, .doc = "An image elsewhere."),
    ROW_STRING(treadle_content, refusal, .flags = FIELD_REQUIRED, .when = TREADLE_CONTENT_REFUSAL,
               .doc = "Why the model refused."),
};
static FIELD_TYPE(treadle_content, "MessageContent", FIELD_OTHERS(treadle_content),
                  .doc = "A part of a message.");

static const struct field treadle_content_request_fields[] = {
    ROW_ENUM(treadle_content_request, type, content_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of part."),
    ROW_STRING(treadle_content_request, text, .flags = FIELD_REQUIRED, .min = 1, .max = 256000,
               .when = TREADLE_CONTENT_TEXT, .doc = "Text."),
    ROW_STRUCT(treadle_content_request, image_file, treadle_image_file, .flags = FIELD_REQUIRED,
               .when = TREADLE_CONTENT_IMAGE_FILE, .doc = "An image file."),
    ROW_STRUCT(treadle_content_request, image_url, treadle_image_url, .flags = FIELD_REQUIRED,
               .when = TREADLE_CONTENT_IMAGE_URL, .doc = "An image elsewhere."),
};

static int check_part(const void *object, const char *path, struct treadle_error *error)
{
    const struct treadle_content_request *part = object;
    if (part->type != TREADLE_CONTENT_REFUSAL)
        return 0;
    return error_set_request(error, "invalid_value", path,
                             "Invalid value: 'refusal'. Supported values are: 'text', "
                             "'image_file' and 'image_url'.");
}

static FIELD_TYPE(treadle_content_request, "MessageRequestContent", .check = check_part,
                  .doc = "A part of a message that is sent.");

static const struct field treadle_message_content_fields[] = {
    ROW_STRING(treadle_message_content, text, .min = 1, .max = 256000, .doc = "Text."),
    ROW_ARRAY(treadle_message_content, parts, part_count, treadle_content_request, .min = 1,
              .max = 100, .doc = "Parts."),
};
static FIELD_TYPE(treadle_message_content, "MessageRequestContentOption", .alternate = true,
                  .doc = "Text, or parts.");

/* ---- Attachments ---------------------------------------------------------------------------- */

static const struct field treadle_attachment_tool_fields[] = {
    ROW_ENUM(treadle_attachment_tool, type, tool_type, .flags = FIELD_REQUIRED,
             .doc = "code_interpreter or file_search."),
};

static int check_attachment_tool(const void *object, const char *path, struct treadle_error *error)
{
    if (((const struct treadle_attachment_tool *)object)->type != TREADLE_TOOL_FUNCTION)
        return 0;
    return error_set_request(error, "invalid_value", path,
                             "Invalid value: 'function'. Supported values are: "
                             "'code_interpreter' and 'file_search'.");
}

static FIELD_TYPE(treadle_attachment_tool, "AttachmentTool", FIELD_OTHERS(treadle_attachment_tool),
                  .check = check_attachment_tool, .doc = "A tool that gets the file.");

static const struct field treadle_attachment_fields[] = {
    ROW_STRING(treadle_attachment, file_id, .flags = FIELD_REQUIRED, .doc = "The file."),
    ROW_ARRAY(treadle_attachment, tools, tool_count, treadle_attachment_tool, .max = 16,
              .flags = FIELD_ALWAYS, .doc = "The tools that get it; one may be named again."),
};
static FIELD_TYPE(treadle_attachment, "Attachment", FIELD_OTHERS(treadle_attachment),
                  .doc = "A file with a message.");

/* ---- Message -------------------------------------------------------------------------------- */

static const struct field treadle_incomplete_details_fields[] = {
    ROW_STRING(treadle_incomplete_details, reason, .flags = FIELD_REQUIRED, .doc = "The reason."),
};
FIELD_TYPE(treadle_incomplete_details, "IncompleteDetails",
           FIELD_OTHERS(treadle_incomplete_details), .doc = "Why something is incomplete.");

static const struct field treadle_message_fields[] = {
    ROW_STRING(treadle_message, id, .flags = FIELD_REQUIRED, .doc = "msg_ and 24 characters."),
    ROW_CONSTANT(treadle_message, object, "thread.message", .doc = "The kind of object."),
    ROW_TIME(treadle_message, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_message, thread_id, .flags = FIELD_REQUIRED, .doc = "Its thread."),
    ROW_ENUM(treadle_message, status, message_status, .flags = FIELD_REQUIRED,
             .doc = "Its status."),
    ROW_STRUCT(treadle_message, incomplete_details, treadle_incomplete_details,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .doc = "Why it is incomplete."),
    ROW_MAYBE_TIME(treadle_message, completed_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was completed."),
    ROW_MAYBE_TIME(treadle_message, incomplete_at, FIELD_REQUIRED | FIELD_NULLABLE,
                   .doc = "When it was found incomplete."),
    ROW_ENUM(treadle_message, role, role, .flags = FIELD_REQUIRED, .doc = "Who says it."),
    ROW_ARRAY(treadle_message, content, content_count, treadle_content, .flags = FIELD_REQUIRED,
              .doc = "Its parts."),
    ROW_STRING(treadle_message, assistant_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "The assistant that wrote it."),
    ROW_STRING(treadle_message, run_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .doc = "The run that wrote it."),
    ROW_ARRAY(treadle_message, attachments, attachment_count, treadle_attachment,
              .flags = FIELD_REQUIRED, .doc = "Files with it."),
    ROW_MAP(treadle_message, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_message, "MessageObject", FIELD_OTHERS(treadle_message),
           .doc = "Something said in a thread.");

static const struct field treadle_message_create_request_fields[] = {
    ROW_ENUM(treadle_message_create_request, role, role, .flags = FIELD_REQUIRED,
             .doc = "Who says it."),
    ROW_STRUCT(treadle_message_create_request, content, treadle_message_content,
               .flags = FIELD_REQUIRED, .doc = "What is said."),
    ROW_ARRAY(treadle_message_create_request, attachments, attachment_count, treadle_attachment,
              .max = 20, .doc = "Files with it."),
    ROW_MAP(treadle_message_create_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_message_create_request, "CreateMessageRequest", .doc = "Adds a message.");
