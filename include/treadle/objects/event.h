/*
 * Stream events: what a run reports while it is executed, and the pieces in which its objects grow.
 * Part of treadle/objects.h, which says what holds for all objects.
 *
 * Pieces of one object are joined by their `index`: texts follow each other, everything else comes
 * once.
 */
#ifndef TREADLE_OBJECTS_EVENT_H
#define TREADLE_OBJECTS_EVENT_H

#include "treadle/objects/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Events --------------------------------------------------------------------------------- */

enum treadle_event_type {
    TREADLE_EVENT_THREAD_CREATED = 1,
    TREADLE_EVENT_RUN_CREATED,
    TREADLE_EVENT_RUN_QUEUED,
    TREADLE_EVENT_RUN_IN_PROGRESS,
    TREADLE_EVENT_RUN_REQUIRES_ACTION,
    TREADLE_EVENT_RUN_COMPLETED,
    TREADLE_EVENT_RUN_INCOMPLETE,
    TREADLE_EVENT_RUN_FAILED,
    TREADLE_EVENT_RUN_CANCELLING,
    TREADLE_EVENT_RUN_CANCELLED,
    TREADLE_EVENT_RUN_EXPIRED,
    TREADLE_EVENT_STEP_CREATED,
    TREADLE_EVENT_STEP_IN_PROGRESS,
    TREADLE_EVENT_STEP_DELTA,
    TREADLE_EVENT_STEP_COMPLETED,
    TREADLE_EVENT_STEP_FAILED,
    TREADLE_EVENT_STEP_CANCELLED,
    TREADLE_EVENT_STEP_EXPIRED,
    TREADLE_EVENT_MESSAGE_CREATED,
    TREADLE_EVENT_MESSAGE_IN_PROGRESS,
    TREADLE_EVENT_MESSAGE_DELTA,
    TREADLE_EVENT_MESSAGE_COMPLETED,
    TREADLE_EVENT_MESSAGE_INCOMPLETE,
    TREADLE_EVENT_ERROR,
    TREADLE_EVENT_DONE
};

/* ---- Pieces of a message -------------------------------------------------------------------- */

struct treadle_file_citation_delta {
    const char *file_id;
    const char *quote;
    struct treadle_integer page; /* Treadle's own: the page cited, where the file has pages */
    const char *page_label; /* Treadle's own: what it calls itself, as "iv"; NULL: its number */
    const char *others;
};

struct treadle_annotation_delta {
    int64_t index;
    enum treadle_annotation_type type;
    const char *text;
    struct treadle_integer start_index;
    struct treadle_integer end_index;
    struct treadle_file_citation_delta *file_citation;
    struct treadle_file_path *file_path;
    const char *others;
};

struct treadle_text_delta {
    const char *value;
    struct treadle_annotation_delta *annotations;
    size_t annotation_count;
    const char *others;
};

struct treadle_content_delta {
    int64_t index; /* of the part in the message */
    enum treadle_content_type type;
    struct treadle_text_delta *text;
    struct treadle_image_file *image_file;
    struct treadle_image_url *image_url;
    const char *refusal;
    const char *others;
};

struct treadle_message_change {
    enum treadle_role role;
    struct treadle_content_delta *content;
    size_t content_count;
    const char *others;
};

struct treadle_message_delta {
    const char *id; /* of the message */
    const char *object;
    struct treadle_message_change *delta;
    const char *others;
};

/* ---- Pieces of a run step ------------------------------------------------------------------- */

struct treadle_function_call_delta {
    struct treadle_presence presence; /* whether `output` is null or absent */
    const char *name;
    const char *arguments;
    const char *output;
};

struct treadle_code_output_delta {
    int64_t index;
    enum treadle_code_output_type type;
    const char *logs;
    struct treadle_code_image *image;
    const char *others;
};

struct treadle_code_interpreter_call_delta {
    const char *input;
    struct treadle_code_output_delta *outputs;
    size_t output_count;
    const char *others;
};

struct treadle_tool_call_delta {
    int64_t index; /* of the call in the step */
    const char *id;
    enum treadle_tool_type type;
    struct treadle_code_interpreter_call_delta *code_interpreter;
    struct treadle_file_search_call *file_search;
    struct treadle_function_call_delta *function;
    const char *others;
};

struct treadle_step_details_delta {
    enum treadle_run_step_type type;
    struct treadle_message_creation *message_creation;
    struct treadle_tool_call_delta *tool_calls;
    size_t tool_call_count;
    const char *others;
};

struct treadle_run_step_change {
    struct treadle_step_details_delta *step_details;
    const char *others;
};

struct treadle_run_step_delta {
    const char *id; /* of the step */
    const char *object;
    struct treadle_run_step_change *delta;
    const char *others;
};

#ifdef __cplusplus
}
#endif

#endif
