/*
 * Tables of the assistant: the object, and the requests that create and modify it.
 */
#include "api/types.h"

enum { NAME_LENGTH = 256, DESCRIPTION_LENGTH = 512, INSTRUCTIONS_LENGTH = 256000, TOOLS = 128 };

static const struct field treadle_assistant_fields[] = {
    ROW_STRING(treadle_assistant, id, .flags = FIELD_REQUIRED, .doc = "asst_ and 24 characters."),
    ROW_CONSTANT(treadle_assistant, object, "assistant", .doc = "The kind of object."),
    ROW_TIME(treadle_assistant, created_at, .doc = "When it was made."),
    ROW_STRING(treadle_assistant, name, .flags = FIELD_NULLABLE | FIELD_ALWAYS, .max = NAME_LENGTH,
               .doc = "A name for people."),
    ROW_STRING(treadle_assistant, description, .flags = FIELD_NULLABLE | FIELD_ALWAYS,
               .max = DESCRIPTION_LENGTH, .doc = "What it is for."),
    ROW_STRING(treadle_assistant, model, .flags = FIELD_REQUIRED, .doc = "The model that it uses."),
    ROW_STRING(treadle_assistant, instructions, .flags = FIELD_NULLABLE | FIELD_ALWAYS,
               .max = INSTRUCTIONS_LENGTH, .doc = "The system message of its runs."),
    ROW_ARRAY(treadle_assistant, tools, tool_count, treadle_tool, .flags = FIELD_REQUIRED,
              .max = TOOLS, .doc = "What its runs may call."),
    ROW_STRUCT(treadle_assistant, tool_resources, treadle_tool_resources, .flags = FIELD_ALWAYS,
               .doc = "What its tools work on."),
    ROW_MAP(treadle_assistant, metadata, .flags = FIELD_REQUIRED, .doc = "The user's own data."),
    ROW_MAYBE_NUMBER(treadle_assistant, temperature, FIELD_NULLABLE | FIELD_ALWAYS, .min = 0,
                     .max = 2, .doc = "Sampling temperature."),
    ROW_MAYBE_NUMBER(treadle_assistant, top_p, FIELD_NULLABLE | FIELD_ALWAYS, .min = 0, .max = 1,
                     .doc = "Nucleus sampling."),
    ROW_STRUCT(treadle_assistant, response_format, treadle_response_format, .flags = FIELD_ALWAYS,
               .doc = "The form of its answers."),
    ROW_ENUM(treadle_assistant, reasoning_effort, reasoning_effort,
             .flags = FIELD_NULLABLE | FIELD_ALWAYS, .doc = "How long a reasoning model thinks."),
};
FIELD_TYPE(treadle_assistant, "AssistantObject", FIELD_OTHERS(treadle_assistant),
           .doc = "A model with instructions and tools.");

/* Creating and modifying take the same members; only what must be there differs. */
#define REQUEST_ROWS(T, model_flags, resources)                                                    \
    ROW_STRING(T, model, .flags = model_flags, .min = 1, .max = 256, .doc = "The model to use."),  \
        ROW_STRING(T, name, .max = NAME_LENGTH, .doc = "A name for people."),                      \
        ROW_STRING(T, description, .max = DESCRIPTION_LENGTH, .doc = "What it is for."),           \
        ROW_STRING(T, instructions, .max = INSTRUCTIONS_LENGTH,                                    \
                   .doc = "The system message of its runs."),                                      \
        ROW_ENUM(T, reasoning_effort, reasoning_effort,                                            \
                 .doc = "How long a reasoning model thinks."),                                     \
        ROW_ARRAY(T, tools, tool_count, treadle_tool, .max = TOOLS,                                \
                  .doc = "What its runs may call."),                                               \
        ROW_STRUCT_AS(T, tool_resources, treadle_tool_resources, resources,                        \
                      .doc = "What its tools work on."),                                           \
        ROW_MAP(T, metadata, .doc = "The user's own data."),                                       \
        ROW_MAYBE_NUMBER(T, temperature, 0, .min = 0, .max = 2, .doc = "Sampling temperature."),   \
        ROW_MAYBE_NUMBER(T, top_p, 0, .min = 0, .max = 1, .doc = "Nucleus sampling."),             \
        ROW_STRUCT(T, response_format, treadle_response_format, .doc = "The form of its answers.")

static const struct field treadle_assistant_create_request_fields[] = {
    REQUEST_ROWS(treadle_assistant_create_request, FIELD_REQUIRED, treadle_tool_resources_creation),
};
FIELD_TYPE(treadle_assistant_create_request, "CreateAssistantRequest",
           .doc = "Creates an assistant.");

static const struct field treadle_assistant_modify_request_fields[] = {
    REQUEST_ROWS(treadle_assistant_modify_request, 0, treadle_tool_resources),
};
FIELD_TYPE(treadle_assistant_modify_request, "ModifyAssistantRequest", .presence = true,
           .doc = "Changes what it names and leaves the rest.");
