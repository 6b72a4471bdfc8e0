/*
 * Chat completion requests: from the model contract to the wire.
 *
 * Passages of a file search become text: each with its marker, its place, and a line at each page,
 * so that a model can write markers after its statements and name pages.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "openai/openai_request.h"
#include "openai/openai_server.h"

enum { LARGEST_PASSAGES = 8 << 20, LARGEST_REQUEST = 256 << 20 };

static const char how_to_cite[] =
    "Passages from the files follow. After each statement that rests on a passage, write the "
    "marker of that passage exactly as it is here, brackets included.\n";

static const char *const role_words[] = {[MODEL_SYSTEM] = "system",
                                         [MODEL_USER] = "user",
                                         [MODEL_ASSISTANT] = "assistant",
                                         [MODEL_TOOL] = "tool"};

/* ---- Passages ------------------------------------------------------------------------------- */

static void print_passage(const struct model_passage *passage, struct buffer *out)
{
    const char *text = passage->text ? passage->text : "";
    size_t length = strlen(text), at = 0;
    buffer_append_format(out, "\n%s from %s", passage->marker ? passage->marker : "",
                         passage->filename ? passage->filename : "a file");
    if (passage->heading && passage->heading[0])
        buffer_append_format(out, ", under \"%s\"", passage->heading);
    buffer_append_char(out, '\n');
    for (size_t i = 0; i < passage->page_count; i++) {
        const struct model_page *page = &passage->pages[i];
        size_t from = page->offset < length ? page->offset : length;
        if (from > at)
            buffer_append(out, text + at, from - at);
        at = from > at ? from : at;
        if (page->page > 0)
            buffer_append_format(out, "%s[page %d]\n", i ? "\n" : "", page->page);
    }
    buffer_append(out, text + at, length - at);
    buffer_append_char(out, '\n');
}

static json_t *passages_text(const struct model_message *message)
{
    struct buffer text;
    buffer_init(&text, LARGEST_PASSAGES);
    buffer_append_string(&text, message->passage_count ? how_to_cite : "No passage was found.");
    for (size_t i = 0; i < message->passage_count; i++)
        print_passage(&message->passages[i], &text);
    json_t *value = text.failed ? NULL : json_stringn(text.data, text.length);
    buffer_clear(&text);
    return value;
}

/* `value`, unless `failed`: then it is dropped, and NULL is what is made of it. */
static json_t *made(json_t *value, int failed)
{
    if (!failed)
        return value;
    json_decref(value);
    return NULL;
}

/* ---- Messages ------------------------------------------------------------------------------- */

static json_t *parse(const char *text)
{
    json_t *value = NULL;
    json_read(text, strlen(text), JSON_READ_REPEATED, &value, NULL);
    return value;
}

static json_t *message_content(const struct model_message *message,
                               const struct openai_images *images)
{
    if (message->role == MODEL_TOOL && !message->text)
        return passages_text(message);
    if (message->content) {
        json_t *content = parse(message->content);
        return made(content, openai_images_inline(images, content));
    }
    if (message->text)
        return json_string(message->text);
    return message->call_count ? json_null() : json_string("");
}

static json_t *message_calls(const struct model_message *message)
{
    json_t *calls = json_array();
    int failed = 0;
    for (size_t i = 0; !failed && i < message->call_count; i++) {
        const struct model_call_request *call = &message->calls[i];
        failed = json_array_append_new(
            calls, json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", call->id ? call->id : "", "type",
                             "function", "function", "name", call->name, "arguments",
                             call->arguments ? call->arguments : ""));
    }
    return made(calls, failed);
}

static json_t *print_message(const struct model_message *message,
                             const struct openai_images *images)
{
    json_t *value = json_pack("{s:s, s:o}", "role", role_words[message->role], "content",
                              message_content(message, images));
    int failed = value ? 0 : -1;
    if (!failed && message->name)
        failed = json_object_set_new(value, "name", json_string(message->name));
    if (!failed && message->call_count)
        failed = json_object_set_new(value, "tool_calls", message_calls(message));
    if (!failed && message->role == MODEL_TOOL)
        failed = json_object_set_new(value, "tool_call_id",
                                     json_string(message->call_id ? message->call_id : ""));
    return made(value, failed);
}

/* Nothing but who says what, as most are. */
static bool is_plain(const struct model_message *message)
{
    return message->text && !message->content && !message->name && !message->call_count &&
           message->role != MODEL_TOOL;
}

/* A long thread is some hundred thousand bytes: texts go straight into the request. */
static int append_message(const struct model_message *message, const struct openai_images *images,
                          struct buffer *out)
{
    if (is_plain(message)) {
        buffer_append_format(out, "{\"role\":\"%s\",\"content\":", role_words[message->role]);
        json_print_string(message->text, out);
        buffer_append_char(out, '}');
        return 0;
    }
    json_t *value = print_message(message, images);
    if (value)
        json_print(value, out);
    json_decref(value);
    return value ? 0 : -1;
}

static int append_messages(const struct model_request *request, const struct openai_images *images,
                           struct buffer *out)
{
    int failed = 0;
    buffer_append_string(out, ",\"messages\":");
    for (size_t i = 0; !failed && i < request->message_count; i++) {
        buffer_append_char(out, i ? ',' : '[');
        failed = append_message(&request->messages[i], images, out);
    }
    buffer_append_string(out, request->message_count ? "]" : "[]");
    return failed;
}

/* The user's last message, after the results of tools. */
static int append_question(const struct model_message *question, const char *results,
                           const struct openai_images *images, struct buffer *out)
{
    const char *text = question->text ? question->text : "";
    json_t *content = question->content ? message_content(question, images) : NULL;
    int failed = question->content && !content ? -1 : 0;
    buffer_append_string(out, "{\"role\":\"user\",\"content\":");
    if (content) {
        failed = json_array_insert_new(content, 0,
                                       json_pack("{s:s, s:s}", "type", "text", "text", results));
        json_print(content, out);
    } else {
        struct buffer whole;
        buffer_init(&whole, LARGEST_PASSAGES);
        buffer_append_string(&whole, results);
        buffer_append_string(&whole, text);
        json_print_string(whole.data ? whole.data : "", out);
        failed |= whole.failed;
        buffer_clear(&whole);
    }
    json_decref(content);
    buffer_append_char(out, '}');
    return failed;
}

static int append_plain_messages(const struct model_request *request,
                                 const struct openai_images *images, struct buffer *out)
{
    static const struct model_message none = {.role = MODEL_USER};
    size_t question = openai_plain_question(request), shown = 0;
    struct buffer results;
    buffer_init(&results, LARGEST_PASSAGES);
    openai_plain_print_results(request, &results);
    int failed = results.failed;
    const char *text = results.data ? results.data : "";
    buffer_append_string(out, ",\"messages\":[");
    for (size_t i = 0; !failed && i < request->message_count; i++) {
        struct model_message message = request->messages[i];
        message.call_count = 0;
        if (!openai_plain_shows(&request->messages[i]))
            continue;
        if (shown++)
            buffer_append_char(out, ',');
        failed = i == question && text[0] ? append_question(&message, text, images, out)
                                          : append_message(&message, images, out);
    }
    if (!failed && question == request->message_count && text[0]) {
        buffer_append_string(out, shown ? "," : "");
        failed = append_question(&none, text, images, out);
    }
    buffer_append_char(out, ']');
    buffer_clear(&results);
    return failed;
}

/* ---- Tools ---------------------------------------------------------------------------------- */

static json_t *print_tool(const struct model_tool *tool)
{
    json_t *function = json_pack("{s:s}", "name", tool->name);
    int failed = function ? 0 : -1;
    if (!failed && tool->description)
        failed = json_object_set_new(function, "description", json_string(tool->description));
    if (!failed && tool->parameters)
        failed = json_object_set_new(function, "parameters", parse(tool->parameters));
    if (!failed && tool->strict.state == TREADLE_SET)
        failed = json_object_set_new(function, "strict", json_boolean(tool->strict.value));
    return json_pack("{s:s, s:o}", "type", "function", "function", made(function, failed));
}

static json_t *print_choice(const struct model_request *request)
{
    switch (request->tool_choice) {
    case MODEL_CHOICE_NONE:
        return json_string("none");
    case MODEL_CHOICE_REQUIRED:
        return json_string("required");
    case MODEL_CHOICE_NAMED:
        return json_pack("{s:s, s:{s:s}}", "type", "function", "function", "name",
                         request->tool_name ? request->tool_name : "");
    default:
        return json_string("auto");
    }
}

/* Servers refuse choices where there is nothing to choose from. */
static int add_tools(json_t *body, const struct model_request *request)
{
    json_t *tools = json_array();
    if (!request->tool_count) {
        json_decref(tools);
        return 0;
    }
    int failed = json_object_set_new(body, "tools", tools);
    for (size_t i = 0; !failed && i < request->tool_count; i++)
        failed = json_array_append_new(tools, print_tool(&request->tools[i]));
    if (!failed)
        failed = json_object_set_new(body, "tool_choice", print_choice(request));
    if (!failed && request->parallel_tool_calls.state == TREADLE_SET)
        failed = json_object_set_new(body, "parallel_tool_calls",
                                     json_boolean(request->parallel_tool_calls.value));
    return failed;
}

/* ---- The rest ------------------------------------------------------------------------------- */

/* Those members of `text` that the body does not have yet, or will have. */
static int add_further(json_t *body, const char *text)
{
    json_t *further = text ? parse(text) : NULL;
    int failed = text && !further ? -1 : 0;
    const char *key;
    json_t *value;
    json_object_foreach(further, key, value)
    {
        if (!failed && !json_object_get(body, key) && strcmp(key, "messages") != 0)
            failed = json_object_set(body, key, value);
    }
    json_decref(further);
    return failed;
}

static int add_settings(json_t *body, const struct model_request *request)
{
    int failed = 0;
    if (request->temperature.state == TREADLE_SET)
        failed |= json_object_set_new(body, "temperature", json_real(request->temperature.value));
    if (request->top_p.state == TREADLE_SET)
        failed |= json_object_set_new(body, "top_p", json_real(request->top_p.value));
    if (request->max_completion_tokens.state == TREADLE_SET)
        failed |= json_object_set_new(
            body, request->old_limit_name ? "max_tokens" : "max_completion_tokens",
            json_integer(request->max_completion_tokens.value));
    if (request->response_format)
        failed |= json_object_set_new(body, "response_format", parse(request->response_format));
    if (request->reasoning_effort)
        failed |=
            json_object_set_new(body, "reasoning_effort", json_string(request->reasoning_effort));
    return failed ? failed : add_further(body, request->further);
}

static int add_metadata(json_t *body, const struct treadle_map *metadata)
{
    json_t *object = json_object();
    int failed = json_object_set_new(body, "metadata", object);
    for (size_t i = 0; !failed && i < metadata->count; i++)
        failed = json_object_set_new(object, metadata->pairs[i].key,
                                     json_string(metadata->pairs[i].value));
    return failed;
}

int openai_request_print(const struct model_request *request, const char *model, unsigned extras,
                         const struct openai_images *images, char **out, size_t *length,
                         struct treadle_error *error)
{
    json_t *body = json_pack("{s:s, s:b}", "model", model, "stream", 1);
    bool plain = request->no_calls || (request->tool_count && !(extras & OPENAI_TOOLS));
    int failed = body ? 0 : -1;
    if (!failed && extras & OPENAI_TOOLS)
        failed = add_tools(body, request);
    if (!failed)
        failed = add_settings(body, request);
    if (!failed && extras & OPENAI_METADATA && request->metadata && request->metadata->count)
        failed = add_metadata(body, request->metadata);
    if (!failed && extras & OPENAI_STREAM_OPTIONS)
        failed =
            json_object_set_new(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
    struct buffer text;
    buffer_init(&text, LARGEST_REQUEST);
    if (!failed) {
        json_print(body, &text);
        /* The messages are the last member. */
        text.length -= text.length > 0;
        failed = plain ? append_plain_messages(request, images, &text)
                       : append_messages(request, images, &text);
        buffer_append_char(&text, '}');
    }
    json_decref(body);
    /* Everything in it was checked when it came, so nothing but memory can be wanting. */
    int rc = failed ? error_set_memory(error) : 0;
    if (!rc && text.failed)
        rc = buffer_error(&text, "The request to the model server is too large.", error);
    if (rc) {
        buffer_clear(&text);
        return rc;
    }
    *length = text.length;
    *out = buffer_take(&text);
    return 0;
}
