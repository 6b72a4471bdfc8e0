/*
 * Files, uploads, vector stores.
 *
 * Part of treadle/objects.h, which says what holds for all objects.
 */
#ifndef TREADLE_OBJECTS_FILE_H
#define TREADLE_OBJECTS_FILE_H

#include "treadle/objects/assistant.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- File ----------------------------------------------------------------------------------- */

enum treadle_file_purpose {
    TREADLE_PURPOSE_ASSISTANTS = 1,
    TREADLE_PURPOSE_ASSISTANTS_OUTPUT,
    TREADLE_PURPOSE_BATCH,
    TREADLE_PURPOSE_BATCH_OUTPUT,
    TREADLE_PURPOSE_FINE_TUNE,
    TREADLE_PURPOSE_FINE_TUNE_RESULTS,
    TREADLE_PURPOSE_VISION,
    TREADLE_PURPOSE_USER_DATA,
    TREADLE_PURPOSE_EVALS
};

enum treadle_file_status { TREADLE_FILE_UPLOADED = 1, TREADLE_FILE_PROCESSED, TREADLE_FILE_ERROR };

struct treadle_file {
    const char *id;
    const char *object;
    int64_t bytes;
    int64_t created_at;
    struct treadle_integer expires_at;
    const char *filename;
    enum treadle_file_purpose purpose;
    enum treadle_file_status status;
    const char *status_details;
    const char *others;
};

/* ---- Upload --------------------------------------------------------------------------------- */

/* Removed that long after its creation. */
struct treadle_file_expires_after {
    const char *anchor; /* always "created_at" */
    int64_t seconds;
    const char *others;
};

struct treadle_upload_create_request {
    const char *filename;
    enum treadle_file_purpose purpose;
    int64_t bytes;
    const char *mime_type;
    struct treadle_file_expires_after *expires_after;
};

struct treadle_upload_complete_request {
    const char **part_ids; /* in the order of the file */
    size_t part_id_count;
    const char *md5; /* of the whole, 32 hexadecimal digits */
};

enum treadle_upload_status {
    TREADLE_UPLOAD_PENDING = 1,
    TREADLE_UPLOAD_COMPLETED,
    TREADLE_UPLOAD_CANCELLED,
    TREADLE_UPLOAD_EXPIRED
};

struct treadle_upload {
    const char *id;
    const char *object;
    int64_t bytes;
    int64_t created_at;
    int64_t expires_at;
    const char *filename;
    enum treadle_file_purpose purpose;
    enum treadle_upload_status status;
    struct treadle_file *file; /* once it is completed */
    const char *others;
};

struct treadle_upload_part {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *upload_id;
    const char *others;
};

/* ---- Vector store --------------------------------------------------------------------------- */

struct treadle_file_counts {
    int64_t in_progress;
    int64_t completed;
    int64_t failed;
    int64_t cancelled;
    int64_t total;
    const char *others;
};

struct treadle_expires_after {
    const char *anchor; /* always "last_active_at" */
    int64_t days;
    const char *others;
};

enum treadle_vector_store_status {
    TREADLE_VECTOR_STORE_EXPIRED = 1,
    TREADLE_VECTOR_STORE_IN_PROGRESS,
    TREADLE_VECTOR_STORE_COMPLETED
};

struct treadle_vector_store {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *name;
    const char *description;
    int64_t usage_bytes;
    struct treadle_file_counts *file_counts;
    enum treadle_vector_store_status status;
    struct treadle_expires_after *expires_after;
    struct treadle_integer expires_at;
    struct treadle_integer last_active_at;
    struct treadle_map *metadata;
    const char *others;
};

struct treadle_vector_store_create_request {
    const char **file_ids;
    size_t file_id_count;
    const char *name;
    const char *description;
    struct treadle_expires_after *expires_after;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_map *metadata;
};

struct treadle_vector_store_modify_request {
    struct treadle_presence presence;
    const char *name;
    struct treadle_expires_after *expires_after;
    struct treadle_map *metadata;
};

enum treadle_vector_store_file_status {
    TREADLE_VECTOR_STORE_FILE_IN_PROGRESS = 1,
    TREADLE_VECTOR_STORE_FILE_COMPLETED,
    TREADLE_VECTOR_STORE_FILE_FAILED,
    TREADLE_VECTOR_STORE_FILE_CANCELLED
};

/* Treadle's own: a notice about pages that were not completely read. */
struct treadle_file_notice {
    const char *code;    /* a word for programs, such as "page_timeout" */
    const char *message; /* a sentence for people */
    const char *pages;   /* "3, 7-9" */
    int64_t page_count;
    const char *others;
};

struct treadle_vector_store_file {
    const char *id; /* the id of the file */
    const char *object;
    int64_t usage_bytes;
    int64_t created_at;
    const char *vector_store_id;
    enum treadle_vector_store_file_status status;
    struct treadle_last_error *last_error;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
    struct treadle_file_notice *notices; /* of a file that was read, except for some pages */
    size_t notice_count;
    const char *others;
};

struct treadle_vector_store_file_create_request {
    const char *file_id;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
};

struct treadle_vector_store_file_modify_request {
    struct treadle_attributes *attributes;
};

/* The text of a file as it was indexed. */
struct treadle_vector_store_file_content {
    const char *object;
    struct treadle_search_content *data;
    size_t data_count;
    bool has_more;
    const char *next_page;
    const char *others;
};

enum treadle_search_ranker {
    TREADLE_RANKER_NONE = 1,
    TREADLE_RANKER_AUTO,
    TREADLE_RANKER_2024_11_15
};

struct treadle_vector_store_search_ranking {
    enum treadle_search_ranker ranker;
    struct treadle_number score_threshold; /* results below it are left out */
    const char *others;
};

/* `query` is raw JSON: a string or an array of strings; `filters` is a filter as JSON. */
struct treadle_vector_store_search_request {
    const char *query;
    struct treadle_boolean rewrite_query;
    struct treadle_integer max_num_results; /* of a page; 10 where it is absent */
    const char *filters;
    struct treadle_vector_store_search_ranking *ranking_options;
    const char *page; /* Treadle's own: `next_page` of the page before */
};

/* A chunk that was found. The members after the content are Treadle's own: the passage of it that
 * fits best. */
struct treadle_vector_store_search_result {
    const char *file_id;
    const char *filename;
    double score; /* 0 to 1 */
    struct treadle_attributes *attributes;
    struct treadle_search_content *content;
    size_t content_count;
    struct treadle_integer page;      /* where the passage begins; absent without pages */
    struct treadle_integer last_page; /* and where it ends */
    const char *page_label;           /* what the first calls itself, as "iv"; NULL: its number */
    const char *heading;              /* the headings above it; may be NULL */
    struct treadle_integer start_index,
        end_index; /* its place in the content's text, in characters */
    const char *others;
};

struct treadle_vector_store_search_page {
    const char *object;
    const char **search_query; /* what was looked for */
    size_t search_query_count;
    struct treadle_vector_store_search_result *data;
    size_t data_count;
    bool has_more;
    const char *next_page; /* NULL when there is none */
};

/* Files that were added together. Its status has the words of a file's. */
struct treadle_vector_store_file_batch {
    const char *id;
    const char *object;
    int64_t created_at;
    const char *vector_store_id;
    enum treadle_vector_store_file_status status;
    struct treadle_file_counts *file_counts;
    const char *others;
};

/* Either `file_ids`, which share the other members, or `files`, each with its own. */
struct treadle_vector_store_file_batch_create_request {
    const char **file_ids;
    size_t file_id_count;
    struct treadle_vector_store_file_create_request *files;
    size_t file_count;
    struct treadle_chunking_strategy *chunking_strategy;
    struct treadle_attributes *attributes;
};

#ifdef __cplusplus
}
#endif

#endif
