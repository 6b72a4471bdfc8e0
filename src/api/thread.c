/*
 * Tables of the thread, and of the request that changes metadata alone.
 */
#include "api/types.h"

static const struct field treadle_thread_fields[] = {
    ROW_STRING(treadle_thread, id, .flags = FIELD_REQUIRED, .doc = "thread_ and 24 characters."),
    ROW_CONSTANT(treadle_thread, object, "thread", .doc = "The kind of object."),
    ROW_TIME(treadle_thread, created_at, .doc = "When it was made."),
    ROW_STRUCT(treadle_thread, tool_resources, treadle_tool_resources, .flags = FIELD_REQUIRED,
               .doc = "What tools work on in this thread."),
    ROW_MAP(treadle_thread, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_thread, "ThreadObject", FIELD_OTHERS(treadle_thread), .doc = "A conversation.");

static const struct field treadle_thread_create_request_fields[] = {
    ROW_ARRAY(treadle_thread_create_request, messages, message_count,
              treadle_message_create_request, .max = 32, .doc = "The first messages."),
    ROW_STRUCT_AS(treadle_thread_create_request, tool_resources, treadle_tool_resources,
                  treadle_tool_resources_creation, .doc = "What tools work on in this thread."),
    ROW_MAP(treadle_thread_create_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_thread_create_request, "CreateThreadRequest", .doc = "Creates a thread.");

static const struct field treadle_thread_modify_request_fields[] = {
    ROW_STRUCT(treadle_thread_modify_request, tool_resources, treadle_tool_resources,
               .doc = "What tools work on in this thread."),
    ROW_MAP(treadle_thread_modify_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_thread_modify_request, "ModifyThreadRequest", .presence = true,
           .doc = "Changes what it names and leaves the rest.");

static const struct field treadle_thread_usage_fields[] = {
    ROW_CONSTANT(treadle_thread_usage, object, "thread.usage", .doc = "The kind of object."),
    ROW_STRING(treadle_thread_usage, thread_id, .flags = FIELD_REQUIRED, .doc = "The thread."),
    ROW_INTEGER(treadle_thread_usage, run_count, .doc = "How many of its runs have ended."),
    ROW_INTEGER(treadle_thread_usage, prompt_tokens, .doc = "Tokens given to their models."),
    ROW_INTEGER(treadle_thread_usage, completion_tokens, .doc = "Tokens that the models wrote."),
    ROW_INTEGER(treadle_thread_usage, total_tokens, .doc = "Both."),
};
FIELD_TYPE(treadle_thread_usage, "ThreadUsage", FIELD_OTHERS(treadle_thread_usage),
           .doc = "What all ended runs of a thread used together. Treadle's own.");

static const struct field treadle_metadata_request_fields[] = {
    ROW_MAP(treadle_metadata_request, metadata, .doc = "The user's own data."),
};
FIELD_TYPE(treadle_metadata_request, "ModifyMetadataRequest", .presence = true,
           .doc = "Changes the metadata of a message or run.");
