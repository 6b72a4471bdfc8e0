/*
 * Tables of pages of lists and of deletions.
 */
#include "api/types.h"

#define PAGE(T, item, wire_name)                                                                   \
    static const struct field T##_fields[] = {                                                     \
        ROW_CONSTANT(T, object, "list", .doc = "The kind of object."),                             \
        ROW_ARRAY(T, data, data_count, item, .flags = FIELD_REQUIRED, .doc = "The objects."),      \
        ROW_STRING(T, first_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,                          \
                   .doc = "The first object's id; null when there is none."),                      \
        ROW_STRING(T, last_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,                           \
                   .doc = "The last object's id; null when there is none."),                       \
        ROW_BOOLEAN(T, has_more, .doc = "Whether there are further ones."),                        \
    };                                                                                             \
    FIELD_TYPE(T, wire_name, .doc = "A page of a list.")

PAGE(treadle_assistant_page, treadle_assistant, "ListAssistantsResponse");
PAGE(treadle_thread_page, treadle_thread, "ListThreadsResponse");
PAGE(treadle_message_page, treadle_message, "ListMessagesResponse");
PAGE(treadle_run_page, treadle_run, "ListRunsResponse");
PAGE(treadle_run_step_page, treadle_run_step, "ListRunStepsResponse");
PAGE(treadle_file_page, treadle_file, "ListFilesResponse");
PAGE(treadle_vector_store_page, treadle_vector_store, "ListVectorStoresResponse");
PAGE(treadle_vector_store_file_page, treadle_vector_store_file, "ListVectorStoreFilesResponse");
PAGE(treadle_key_page, treadle_key, "TreadleListKeysResponse");

static const struct field treadle_deletion_fields[] = {
    ROW_STRING(treadle_deletion, id, .flags = FIELD_REQUIRED, .doc = "What was deleted."),
    ROW_STRING(treadle_deletion, object, .flags = FIELD_REQUIRED, .doc = "As thread.deleted."),
    ROW_BOOLEAN(treadle_deletion, deleted, .doc = "Always true."),
};
FIELD_TYPE(treadle_deletion, "Deletion", .doc = "Says that an object was deleted.");
