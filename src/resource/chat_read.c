/*
 * Chat completion requests: from the protocol to the model contract. Members that only a model
 * server understands are passed on as they came. Members that would change the form of the answer
 * in a way that a driver cannot produce are refused.
 */
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "resource/chat.h"

enum { LARGEST_TEXT = 16 << 20 };

/* Members that the model contract has, or that are ignored; all others are passed on. */
static const char *const understood[] = {
    "model",           "messages",    "stream",      "stream_options",
    "tools",           "tool_choice", "temperature", "parallel_tool_calls",
    "top_p",           "max_tokens",  "store",       "max_completion_tokens",
    "response_format", "metadata",    "n",           "reasoning_effort",
    "logprobs",        "modalities",  "top_logprobs"};

/* ---- What is refused ------------------------------------------------------------------------ */

static int refuse(struct treadle_error *error, const char *param, const char *why)
{
    return error_set_request(error, "unsupported_parameter", param,
                             "Unsupported parameter: '%s': %s.", param, why);
}

static int check(const struct treadle_chat_create_request *body, struct treadle_error *error)
{
    if (body->n.state == TREADLE_SET && body->n.value != 1)
        return refuse(error, "n", "one answer is made at a time");
    if (body->logprobs.state == TREADLE_SET && body->logprobs.value)
        return refuse(error, "logprobs", "none are given");
    if (body->top_logprobs.state == TREADLE_SET && body->top_logprobs.value)
        return refuse(error, "top_logprobs", "none are given");
    if (body->audio || (body->modalities && strcmp(body->modalities, "[\"text\"]") != 0))
        return refuse(error, body->audio ? "audio" : "modalities", "answers are text");
    if (body->functions)
        return refuse(error, "functions", "use tools");
    if (body->function_call)
        return refuse(error, "function_call", "use tool_choice");
    if (body->stream_options && !(body->stream.state == TREADLE_SET && body->stream.value))
        return error_set_request(error, "invalid_value", "stream_options",
                                 "Invalid 'stream_options': only allowed with 'stream'.");
    return 0;
}

/* ---- Messages ------------------------------------------------------------------------------- */

static int bad_content(struct treadle_error *error, size_t number, const char *what)
{
    char param[64];
    snprintf(param, sizeof param, "messages[%zu].content", number);
    return error_set_request(error, "invalid_value", param, "Invalid '%s': %s.", param, what);
}

/* The texts of the parts, with line breaks between them. */
static int join_parts(const json_t *parts, size_t number, struct buffer *out,
                      struct treadle_error *error)
{
    if (!json_array_size(parts))
        return bad_content(error, number, "it must be a text or an array of parts");
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        const char *type = json_string_value(json_object_get(part, "type"));
        const json_t *text = json_object_get(part, "text");
        if (!type)
            return bad_content(error, number, "each part must be an object with a type");
        if (strcmp(type, "text") != 0)
            continue;
        if (!json_is_string(text))
            return bad_content(error, number, "a part of type text must have a text");
        if (out->length)
            buffer_append_char(out, '\n');
        buffer_append_string(out, json_string_value(text));
    }
    return 0;
}

static int read_content(struct resource_call *call, const char *content, size_t number,
                        struct model_message *out, struct treadle_error *error)
{
    struct buffer text;
    json_t *value = NULL;
    if (!content)
        return 0;
    int rc = json_parse(content, strlen(content), &value, error);
    if (rc)
        return rc;
    buffer_init(&text, LARGEST_TEXT);
    if (json_is_string(value))
        buffer_append_string(&text, json_string_value(value));
    else
        rc = join_parts(value, number, &text, error);
    if (!rc) {
        out->text = text.failed ? NULL : arena_copy(call->arena, text.data, text.length);
        out->content = json_is_array(value) ? content : NULL;
        rc = out->text ? 0 : error_set_memory(error);
    }
    json_decref(value);
    buffer_clear(&text);
    return rc;
}

static int read_calls(struct resource_call *call, const struct treadle_chat_message *from,
                      struct model_message *out, struct treadle_error *error)
{
    struct model_call_request *calls =
        arena_array(call->arena, from->tool_call_count, sizeof *calls);
    if (!calls)
        return error_set_memory(error);
    for (size_t i = 0; i < from->tool_call_count; i++)
        calls[i] =
            (struct model_call_request){from->tool_calls[i].id, from->tool_calls[i].function->name,
                                        from->tool_calls[i].function->arguments};
    out->calls = calls;
    out->call_count = from->tool_call_count;
    return 0;
}

static enum model_role role_of(enum treadle_chat_role role)
{
    switch (role) {
    case TREADLE_CHAT_DEVELOPER:
    case TREADLE_CHAT_SYSTEM:
        return MODEL_SYSTEM;
    case TREADLE_CHAT_ASSISTANT:
        return MODEL_ASSISTANT;
    case TREADLE_CHAT_TOOL:
        return MODEL_TOOL;
    default:
        return MODEL_USER;
    }
}

/* What a message needs beside its role, and what it must not have. */
static int check_message(const struct treadle_chat_message *message, size_t number,
                         struct treadle_error *error)
{
    char param[64];
    const char *refused = message->audio           ? "audio"
                          : message->function_call ? "function_call"
                                                   : NULL;
    if (refused) {
        snprintf(param, sizeof param, "messages[%zu].%s", number, refused);
        return refuse(error, param, message->audio ? "answers are text" : "use tool_calls");
    }
    bool speaks =
        message->role == TREADLE_CHAT_ASSISTANT && (message->tool_call_count || message->refusal);
    const char *missing = NULL;
    if (message->role == TREADLE_CHAT_TOOL && !message->tool_call_id)
        missing = "tool_call_id";
    else if (!message->content && !speaks)
        missing = "content";
    if (!missing)
        return 0;
    snprintf(param, sizeof param, "messages[%zu].%s", number, missing);
    return error_set_request(error, "missing_required_parameter", param,
                             "Missing required parameter: '%s'.", param);
}

static int read_message(struct resource_call *call, const struct treadle_chat_message *from,
                        size_t number, struct model_message *out, struct treadle_error *error)
{
    *out = (struct model_message){
        .role = role_of(from->role), .call_id = from->tool_call_id, .name = from->name};
    int rc = check_message(from, number, error);
    if (!rc)
        rc = read_content(call, from->content, number, out, error);
    if (!rc && !from->content && from->refusal)
        out->text = from->refusal;
    return rc ? rc : read_calls(call, from, out, error);
}

static int read_messages(struct resource_call *call, struct model_request *out,
                         struct treadle_error *error)
{
    const struct treadle_chat_create_request *body = call->body;
    struct model_message *messages =
        arena_array(call->arena, body->message_count, sizeof *messages);
    int rc = messages ? 0 : error_set_memory(error);
    for (size_t i = 0; !rc && i < body->message_count; i++)
        rc = read_message(call, &body->messages[i], i, &messages[i], error);
    out->messages = messages;
    out->message_count = body->message_count;
    return rc;
}

/* ---- Tools and settings --------------------------------------------------------------------- */

static int read_tools(struct resource_call *call, struct model_request *out,
                      struct treadle_error *error)
{
    const struct treadle_chat_create_request *body = call->body;
    struct model_tool *tools = arena_array(call->arena, body->tool_count, sizeof *tools);
    const struct treadle_chat_tool_choice *choice = body->tool_choice;
    if (!tools)
        return error_set_memory(error);
    for (size_t i = 0; i < body->tool_count; i++) {
        const struct treadle_function *function = body->tools[i].function;
        tools[i] = (struct model_tool){.name = function->name,
                                       .description = function->description,
                                       .parameters = function->parameters,
                                       .strict = function->strict};
    }
    out->tools = tools;
    out->tool_count = body->tool_count;
    if (!choice)
        return 0;
    if (!body->tool_count)
        return error_set_request(error, "invalid_value", "tool_choice",
                                 "Invalid 'tool_choice': only allowed with 'tools'.");
    if (choice->object) {
        out->tool_choice = MODEL_CHOICE_NAMED;
        out->tool_name = choice->object->function->name;
    } else if (strcmp(choice->word, "none") == 0) {
        out->tool_choice = MODEL_CHOICE_NONE;
    } else if (strcmp(choice->word, "required") == 0) {
        out->tool_choice = MODEL_CHOICE_REQUIRED;
    }
    return 0;
}

static int read_further(struct resource_call *call, struct model_request *out,
                        struct treadle_error *error)
{
    json_t *body = NULL;
    struct buffer text;
    int rc = json_parse(call->request->body, call->request->body_length, &body, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof understood / sizeof understood[0]; i++)
        json_object_del(body, understood[i]);
    buffer_init(&text, LARGEST_TEXT);
    json_print(body, &text);
    if (json_object_size(body) && !text.failed)
        out->further = arena_copy(call->arena, text.data, text.length);
    if (json_object_size(body) && !out->further)
        rc = error_set_memory(error);
    json_decref(body);
    buffer_clear(&text);
    return rc;
}

static int read_settings(struct resource_call *call, struct model_request *out,
                         struct treadle_error *error)
{
    const struct treadle_chat_create_request *body = call->body;
    const struct treadle_response_format_object *format = body->response_format;
    out->parallel_tool_calls = body->parallel_tool_calls;
    out->temperature = body->temperature;
    out->top_p = body->top_p;
    out->max_completion_tokens = body->max_completion_tokens;
    if (body->max_completion_tokens.state != TREADLE_SET) {
        out->max_completion_tokens = body->max_tokens;
        out->old_limit_name = true;
    }
    out->reasoning_effort = field_word(reasoning_effort_names, (int)body->reasoning_effort);
    if (!format || format->type == TREADLE_RESPONSE_FORMAT_TEXT)
        return 0;
    out->response_format = field_text(&treadle_response_format_object_type, format, call->arena);
    return out->response_format ? 0 : error_set_memory(error);
}

int chat_read(struct resource_call *call, struct model_request *out, struct treadle_error *error)
{
    const struct treadle_chat_create_request *body = call->body;
    *out = (struct model_request){.model = body->model};
    int rc = check(body, error);
    if (!rc)
        rc = read_messages(call, out, error);
    if (!rc)
        rc = read_tools(call, out, error);
    if (!rc)
        rc = read_settings(call, out, error);
    return rc ? rc : read_further(call, out, error);
}
