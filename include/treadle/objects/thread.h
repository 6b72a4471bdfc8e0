/*
 * Messages and their threads.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_THREAD_H
#define TREADLE_OBJECTS_THREAD_H

#include "treadle/objects/assistant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Message -------------------------------------------------------------------------------- */

enum treadle_role { TREADLE_ROLE_USER = 1, TREADLE_ROLE_ASSISTANT };

enum treadle_annotation_type { TREADLE_ANNOTATION_FILE_CITATION = 1, TREADLE_ANNOTATION_FILE_PATH };

struct treadle_file_citation {
    const char *file_id;
    const char *quote; /* Treadle's own: the part of the file that supports the statement */
    struct treadle_integer page; /* Treadle's own: the page cited, where the file has pages */
    const char *page_label; /* Treadle's own: what it calls itself, as "iv"; NULL: its number */
    const char *others;
};

struct treadle_file_path {
    const char *file_id;
    const char *others;
};

/* `text` is in the content at [start_index, end_index), counted in characters. */
struct treadle_annotation {
    enum treadle_annotation_type type;
    const char *text;
    int64_t start_index;
    int64_t end_index;
    struct treadle_file_citation *file_citation;
    struct treadle_file_path *file_path;
    const char *others;
};

struct treadle_text {
    const char *value;
    struct treadle_annotation *annotations;
    size_t annotation_count;
    const char *others;
};

enum treadle_image_detail {
    TREADLE_IMAGE_DETAIL_AUTO = 1,
    TREADLE_IMAGE_DETAIL_LOW,
    TREADLE_IMAGE_DETAIL_HIGH
};

struct treadle_image_file {
    const char *file_id;
    enum treadle_image_detail detail;
    const char *others;
};

struct treadle_image_url {
    const char *url;
    enum treadle_image_detail detail;
    const char *others;
};

enum treadle_content_type {
    TREADLE_CONTENT_TEXT = 1,
    TREADLE_CONTENT_IMAGE_FILE,
    TREADLE_CONTENT_IMAGE_URL,
    TREADLE_CONTENT_REFUSAL
};

struct treadle_content {
    enum treadle_content_type type;
    struct treadle_text *text;
    struct treadle_image_file *image_file;
    struct treadle_image_url *image_url;
    const char *refusal;
    const char *others;
};

/* A part of a message as it is sent: its text is a plain string. */
struct treadle_content_request {
    enum treadle_content_type type;
    const char *text;
    struct treadle_image_file *image_file;
    struct treadle_image_url *image_url;
};

/* Either a string or a list of parts. */
struct treadle_message_content {
    const char *text;
    struct treadle_content_request *parts;
    size_t part_count;
};

struct treadle_attachment_tool {
    enum treadle_tool_type type;
    const char *others;
};

struct treadle_attachment {
    const char *file_id;
    struct treadle_attachment_tool *tools;
    size_t tool_count;
    const char *others;
};

enum treadle_message_status {
    TREADLE_MESSAGE_IN_PROGRESS = 1,
    TREADLE_MESSAGE_COMPLETED,
    TREADLE_MESSAGE_INCOMPLETE
};

struct treadle_incomplete_details {
    const char *reason;
    const char *others;
};

struct treadle_message {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *thread_id;
    enum treadle_message_status status;
    struct treadle_incomplete_details *incomplete_details;
    struct treadle_integer completed_at;
    struct treadle_integer incomplete_at;
    enum treadle_role role;
    struct treadle_content *content;
    size_t content_count;
    const char *assistant_id;
    const char *run_id;
    struct treadle_attachment *attachments;
    size_t attachment_count;
    struct treadle_map *metadata;
    const char *others;
};

struct treadle_message_create_request {
    enum treadle_role role;
    struct treadle_message_content *content;
    struct treadle_attachment *attachments;
    size_t attachment_count;
    struct treadle_map *metadata;
};

/* ---- Thread --------------------------------------------------------------------------------- */

struct treadle_thread {
    const char *id;
    const char *object;
    int64_t created_at;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
    const char *others;
};

struct treadle_thread_create_request {
    struct treadle_message_create_request *messages;
    size_t message_count;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
};

struct treadle_thread_modify_request {
    struct treadle_presence presence;
    struct treadle_tool_resources *tool_resources;
    struct treadle_map *metadata;
};

/* Treadle's own: what all ended runs of a thread used. */
struct treadle_thread_usage {
    const char *object;
    const char *thread_id;
    int64_t run_count;
    int64_t prompt_tokens;
    int64_t completion_tokens;
    int64_t total_tokens;
    const char *others;
};

/* Changes the metadata alone: of messages and of runs. */
struct treadle_metadata_request {
    struct treadle_presence presence;
    struct treadle_map *metadata;
};

#ifdef __cplusplus
}
#endif

#endif
