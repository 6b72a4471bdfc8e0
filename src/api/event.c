/*
 * Tables of stream events: which object each carries, and the pieces of messages and run steps.
 */
#include "api/types.h"

const char *const event_names[] = {
    [TREADLE_EVENT_THREAD_CREATED] = "thread.created",
    [TREADLE_EVENT_RUN_CREATED] = "thread.run.created",
    [TREADLE_EVENT_RUN_QUEUED] = "thread.run.queued",
    [TREADLE_EVENT_RUN_IN_PROGRESS] = "thread.run.in_progress",
    [TREADLE_EVENT_RUN_REQUIRES_ACTION] = "thread.run.requires_action",
    [TREADLE_EVENT_RUN_COMPLETED] = "thread.run.completed",
    [TREADLE_EVENT_RUN_INCOMPLETE] = "thread.run.incomplete",
    [TREADLE_EVENT_RUN_FAILED] = "thread.run.failed",
    [TREADLE_EVENT_RUN_CANCELLING] = "thread.run.cancelling",
    [TREADLE_EVENT_RUN_CANCELLED] = "thread.run.cancelled",
    [TREADLE_EVENT_RUN_EXPIRED] = "thread.run.expired",
    [TREADLE_EVENT_STEP_CREATED] = "thread.run.step.created",
    [TREADLE_EVENT_STEP_IN_PROGRESS] = "thread.run.step.in_progress",
    [TREADLE_EVENT_STEP_DELTA] = "thread.run.step.delta",
    [TREADLE_EVENT_STEP_COMPLETED] = "thread.run.step.completed",
    [TREADLE_EVENT_STEP_FAILED] = "thread.run.step.failed",
    [TREADLE_EVENT_STEP_CANCELLED] = "thread.run.step.cancelled",
    [TREADLE_EVENT_STEP_EXPIRED] = "thread.run.step.expired",
    [TREADLE_EVENT_MESSAGE_CREATED] = "thread.message.created",
    [TREADLE_EVENT_MESSAGE_IN_PROGRESS] = "thread.message.in_progress",
    [TREADLE_EVENT_MESSAGE_DELTA] = "thread.message.delta",
    [TREADLE_EVENT_MESSAGE_COMPLETED] = "thread.message.completed",
    [TREADLE_EVENT_MESSAGE_INCOMPLETE] = "thread.message.incomplete",
    [TREADLE_EVENT_ERROR] = "error",
    [TREADLE_EVENT_DONE] = "done",
    NULL};

const struct treadle_type *event_type(enum treadle_event_type event)
{
    if (event == TREADLE_EVENT_THREAD_CREATED)
        return &treadle_thread_type;
    if (event == TREADLE_EVENT_STEP_DELTA)
        return &treadle_run_step_delta_type;
    if (event == TREADLE_EVENT_MESSAGE_DELTA)
        return &treadle_message_delta_type;
    if (event >= TREADLE_EVENT_RUN_CREATED && event <= TREADLE_EVENT_RUN_EXPIRED)
        return &treadle_run_type;
    if (event >= TREADLE_EVENT_STEP_CREATED && event <= TREADLE_EVENT_STEP_EXPIRED)
        return &treadle_run_step_type;
    if (event >= TREADLE_EVENT_MESSAGE_CREATED && event <= TREADLE_EVENT_MESSAGE_INCOMPLETE)
        return &treadle_message_type;
    return NULL;
}

bool event_ends_stream(enum treadle_event_type event)
{
    switch (event) {
    case TREADLE_EVENT_RUN_REQUIRES_ACTION:
    case TREADLE_EVENT_RUN_COMPLETED:
    case TREADLE_EVENT_RUN_INCOMPLETE:
    case TREADLE_EVENT_RUN_FAILED:
    case TREADLE_EVENT_RUN_CANCELLED:
    case TREADLE_EVENT_RUN_EXPIRED:
        return true;
    default:
        return false;
    }
}

/* ---- Pieces of a message -------------------------------------------------------------------- */

static const struct field treadle_file_citation_delta_fields[] = {
    ROW_STRING(treadle_file_citation_delta, file_id, .doc = "The file cited."),
    ROW_STRING(treadle_file_citation_delta, quote,
               .doc = "What of the file supports the statement."),
    ROW_MAYBE_INTEGER(treadle_file_citation_delta, page, FIELD_OWN,
                      .doc = "The page cited, counted from 1, where the file has pages. "
                             "Treadle's own."),
    ROW_STRING(treadle_file_citation_delta, page_label, .flags = FIELD_OWN,
               .doc = "What the page calls itself where that is not its number, as \"iv\". "
                      "Treadle's own."),
};
static FIELD_TYPE(treadle_file_citation_delta, "FileCitationDelta",
                  FIELD_OTHERS(treadle_file_citation_delta),
                  .doc = "Where a statement comes from.");

static const struct field treadle_annotation_delta_fields[] = {
    ROW_INTEGER(treadle_annotation_delta, index, .doc = "Which annotation of the text."),
    ROW_ENUM(treadle_annotation_delta, type, annotation_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of annotation."),
    ROW_STRING(treadle_annotation_delta, text, .doc = "The annotated text."),
    ROW_MAYBE_INTEGER(treadle_annotation_delta, start_index, 0,
                      .doc = "Where it starts, in characters."),
    ROW_MAYBE_INTEGER(treadle_annotation_delta, end_index, 0,
                      .doc = "Where it ends, in characters."),
    ROW_STRUCT(treadle_annotation_delta, file_citation, treadle_file_citation_delta,
               .when = TREADLE_ANNOTATION_FILE_CITATION, .doc = "The file cited."),
    ROW_STRUCT(treadle_annotation_delta, file_path, treadle_file_path,
               .when = TREADLE_ANNOTATION_FILE_PATH, .doc = "The file made."),
};
static FIELD_TYPE(treadle_annotation_delta, "AnnotationDelta",
                  FIELD_OTHERS(treadle_annotation_delta), .doc = "An annotation.");

static const struct field treadle_text_delta_fields[] = {
    ROW_STRING(treadle_text_delta, value, .doc = "A piece of the text."),
    ROW_ARRAY(treadle_text_delta, annotations, annotation_count, treadle_annotation_delta,
              .doc = "Annotations of this piece; an empty list with the first."),
};
static FIELD_TYPE(treadle_text_delta, "TextDelta", FIELD_OTHERS(treadle_text_delta),
                  .doc = "A piece of text.");

static const struct field treadle_content_delta_fields[] = {
    ROW_INTEGER(treadle_content_delta, index, .doc = "Which part of the message."),
    ROW_ENUM(treadle_content_delta, type, content_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of part."),
    ROW_STRUCT(treadle_content_delta, text, treadle_text_delta, .when = TREADLE_CONTENT_TEXT,
               .doc = "Text."),
    ROW_STRUCT(treadle_content_delta, image_file, treadle_image_file,
               .when = TREADLE_CONTENT_IMAGE_FILE, .doc = "An image file."),
    ROW_STRUCT(treadle_content_delta, image_url, treadle_image_url,
               .when = TREADLE_CONTENT_IMAGE_URL, .doc = "An image elsewhere."),
    ROW_STRING(treadle_content_delta, refusal, .when = TREADLE_CONTENT_REFUSAL,
               .doc = "A piece of why the model refused."),
};
static FIELD_TYPE(treadle_content_delta, "MessageContentDelta", FIELD_OTHERS(treadle_content_delta),
                  .doc = "A piece of a part.");

static const struct field treadle_message_change_fields[] = {
    ROW_ENUM(treadle_message_change, role, role, .doc = "Who speaks."),
    ROW_ARRAY(treadle_message_change, content, content_count, treadle_content_delta,
              .doc = "Pieces of the content."),
};
static FIELD_TYPE(treadle_message_change, "MessageChange", FIELD_OTHERS(treadle_message_change),
                  .doc = "What was added.");

static const struct field treadle_message_delta_fields[] = {
    ROW_STRING(treadle_message_delta, id, .flags = FIELD_REQUIRED, .doc = "The message."),
    ROW_CONSTANT(treadle_message_delta, object, "thread.message.delta",
                 .doc = "The kind of object."),
    ROW_STRUCT(treadle_message_delta, delta, treadle_message_change, .flags = FIELD_REQUIRED,
               .doc = "What was added."),
};
FIELD_TYPE(treadle_message_delta, "MessageDeltaObject", FIELD_OTHERS(treadle_message_delta),
           .doc = "A piece of a message.");

/* ---- Pieces of a run step ------------------------------------------------------------------- */

static const struct field treadle_function_call_delta_fields[] = {
    ROW_STRING(treadle_function_call_delta, name, .doc = "The function, with the first piece."),
    ROW_STRING(treadle_function_call_delta, arguments, .doc = "A piece of the arguments."),
    ROW_STRING(treadle_function_call_delta, output, .flags = FIELD_NULLABLE,
               .doc = "Null, with the first piece."),
};
const struct treadle_type treadle_function_call_delta_type = {
    .name = "FunctionCallDelta",
    .size = sizeof(struct treadle_function_call_delta),
    .fields = treadle_function_call_delta_fields,
    .field_count = sizeof treadle_function_call_delta_fields / sizeof(struct field),
    .presence = true,
    .doc = "A piece of a call of a function."};

static const struct field treadle_code_output_delta_fields[] = {
    ROW_INTEGER(treadle_code_output_delta, index, .doc = "Which output."),
    ROW_ENUM(treadle_code_output_delta, type, code_output_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of output."),
    ROW_STRING(treadle_code_output_delta, logs, .when = TREADLE_CODE_OUTPUT_LOGS,
               .doc = "What it printed."),
    ROW_STRUCT(treadle_code_output_delta, image, treadle_code_image,
               .when = TREADLE_CODE_OUTPUT_IMAGE, .doc = "What it drew."),
};
static FIELD_TYPE(treadle_code_output_delta, "CodeOutputDelta",
                  FIELD_OTHERS(treadle_code_output_delta), .doc = "A piece of output.");

static const struct field treadle_code_interpreter_call_delta_fields[] = {
    ROW_STRING(treadle_code_interpreter_call_delta, input, .doc = "A piece of the code."),
    ROW_ARRAY(treadle_code_interpreter_call_delta, outputs, output_count, treadle_code_output_delta,
              .doc = "Its outputs."),
};
static FIELD_TYPE(treadle_code_interpreter_call_delta, "CodeInterpreterCallDelta",
                  FIELD_OTHERS(treadle_code_interpreter_call_delta),
                  .doc = "A piece of code that was run.");

static const struct field treadle_tool_call_delta_fields[] = {
    ROW_INTEGER(treadle_tool_call_delta, index, .doc = "Which call of the step."),
    ROW_STRING(treadle_tool_call_delta, id, .doc = "The call's id, with the first piece."),
    ROW_ENUM(treadle_tool_call_delta, type, tool_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of tool."),
    ROW_STRUCT(treadle_tool_call_delta, code_interpreter, treadle_code_interpreter_call_delta,
               .when = TREADLE_TOOL_CODE_INTERPRETER, .doc = "Code."),
    ROW_STRUCT(treadle_tool_call_delta, file_search, treadle_file_search_call,
               .flags = FIELD_REQUIRED, .when = TREADLE_TOOL_FILE_SEARCH, .doc = "A search."),
    ROW_STRUCT(treadle_tool_call_delta, function, treadle_function_call_delta,
               .when = TREADLE_TOOL_FUNCTION, .doc = "A function."),
};
static FIELD_TYPE(treadle_tool_call_delta, "RunStepToolCallDelta",
                  FIELD_OTHERS(treadle_tool_call_delta), .doc = "A piece of a call.");

static const struct field treadle_step_details_delta_fields[] = {
    ROW_ENUM(treadle_step_details_delta, type, run_step_type,
             .flags = FIELD_REQUIRED | FIELD_DISCRIMINATOR, .doc = "The kind of step."),
    ROW_STRUCT(treadle_step_details_delta, message_creation, treadle_message_creation,
               .when = TREADLE_STEP_MESSAGE_CREATION, .doc = "The message."),
    ROW_ARRAY(treadle_step_details_delta, tool_calls, tool_call_count, treadle_tool_call_delta,
              .when = TREADLE_STEP_TOOL_CALLS, .doc = "Pieces of the calls."),
};
static FIELD_TYPE(treadle_step_details_delta, "RunStepDetailsDelta",
                  FIELD_OTHERS(treadle_step_details_delta), .doc = "A piece of a step.");

static const struct field treadle_run_step_change_fields[] = {
    ROW_STRUCT(treadle_run_step_change, step_details, treadle_step_details_delta,
               .doc = "Pieces of what the step did."),
};
static FIELD_TYPE(treadle_run_step_change, "RunStepChange", FIELD_OTHERS(treadle_run_step_change),
                  .doc = "What was added.");

static const struct field treadle_run_step_delta_fields[] = {
    ROW_STRING(treadle_run_step_delta, id, .flags = FIELD_REQUIRED, .doc = "The step."),
    ROW_CONSTANT(treadle_run_step_delta, object, "thread.run.step.delta",
                 .doc = "The kind of object."),
    ROW_STRUCT(treadle_run_step_delta, delta, treadle_run_step_change, .flags = FIELD_REQUIRED,
               .doc = "What was added."),
};
FIELD_TYPE(treadle_run_step_delta, "RunStepDeltaObject", FIELD_OTHERS(treadle_run_step_delta),
           .doc = "A piece of a run step.");
