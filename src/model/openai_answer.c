/*
 * Answers of chat completion servers: chunks of a stream, or a whole completion where a server
 * does not stream; the first byte tells which.
 *
 * Servers differ in how they number the pieces of tool calls. Here a piece belongs to the call of
 * its index, but starts a new call when it brings an id that is another than that call's; without
 * an index it belongs to the last call, or starts one when it brings an id. Arguments wait until
 * the name of their call is known. Calls without an id get one.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/ident.h"
#include "language/language.h"
#include "model/openai.h"
#include "model/remote_error.h"
#include "model/sse.h"

enum { LARGEST_EVENT = 4 << 20, LARGEST_ANSWER = 16 << 20, MOST_CALLS = 128, LONGEST_NAME = 256 };

struct call {
    int64_t index; /* the server's; -1 for none */
    bool has_id;
    char id[128];
    struct buffer name;
    struct buffer arguments; /* until the call is announced */
    bool announced;
    size_t number; /* the sink's, in the order in which names became known */
};

struct openai_answer {
    struct model_sink sink;
    const char *key;
    struct sse sse;
    struct buffer whole; /* of a server that does not stream */
    bool is_whole, begun;
    size_t received;
    struct buffer text; /* for an estimate of its tokens */
    struct call calls[MOST_CALLS];
    size_t call_count;
    size_t announced_count;
    size_t argument_bytes;
    bool passed_on; /* something went to the sink */
    bool finished, ended;
    enum model_finish finish;
    bool has_usage;
    struct model_usage usage;
    struct treadle_error error;
};

/* ---- Life ----------------------------------------------------------------------------------- */

static int take_event(void *context, const char *name, const char *data, size_t length);

static void begin(struct openai_answer *answer)
{
    sse_init(&answer->sse, LARGEST_EVENT, take_event, answer);
    buffer_init(&answer->whole, LARGEST_ANSWER);
    buffer_init(&answer->text, LARGEST_ANSWER);
}

static void forget(struct openai_answer *answer)
{
    sse_clear(&answer->sse);
    buffer_clear(&answer->whole);
    buffer_clear(&answer->text);
    for (size_t i = 0; i < answer->call_count; i++) {
        buffer_clear(&answer->calls[i].name);
        buffer_clear(&answer->calls[i].arguments);
    }
}

int openai_answer_new(struct openai_answer **out, const struct model_sink *sink, const char *key)
{
    struct openai_answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        return TREADLE_EMEMORY;
    answer->sink = *sink;
    answer->key = key;
    begin(answer);
    *out = answer;
    return 0;
}

void openai_answer_free(struct openai_answer *answer)
{
    if (answer)
        forget(answer);
    free(answer);
}

bool openai_answer_restart(struct openai_answer *answer)
{
    if (answer->passed_on)
        return false;
    struct model_sink sink = answer->sink;
    const char *key = answer->key;
    forget(answer);
    memset(answer, 0, sizeof *answer);
    answer->sink = sink;
    answer->key = key;
    begin(answer);
    return true;
}

/* ---- Text ----------------------------------------------------------------------------------- */

/* Texts here have no NUL; what a server sends may. */
static void take_text(struct openai_answer *answer, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    while (length) {
        size_t piece = strnlen(text, length);
        if (piece) {
            answer->passed_on = true;
            buffer_append(&answer->text, text, piece);
            answer->sink.text(answer->sink.context, text, piece);
        }
        piece += piece < length;
        text += piece;
        length -= piece;
    }
}

/* ---- Tool calls ----------------------------------------------------------------------------- */

static struct call *add_call(struct openai_answer *answer, int64_t index)
{
    if (answer->call_count == MOST_CALLS)
        return NULL;
    struct call *call = &answer->calls[answer->call_count++];
    *call = (struct call){.index = index};
    buffer_init(&call->name, LONGEST_NAME);
    buffer_init(&call->arguments, LARGEST_ANSWER);
    return call;
}

static bool has_other_id(const struct call *call, const char *id)
{
    return call->has_id && id && *id && strcmp(call->id, id) != 0;
}

static struct call *find_call(struct openai_answer *answer, const json_t *piece, const char *id)
{
    const json_t *number = json_object_get(piece, "index");
    int64_t index = json_is_integer(number) ? json_integer_value(number) : -1;
    struct call *found = NULL;
    if (index >= 0) {
        /* The newest with that index, since an index may have come twice. */
        for (size_t i = answer->call_count; i > 0 && !found; i--)
            if (answer->calls[i - 1].index == index)
                found = &answer->calls[i - 1];
    } else if (answer->call_count) {
        found = &answer->calls[answer->call_count - 1];
    }
    if (found && !has_other_id(found, id))
        return found;
    return add_call(answer, index);
}

static void announce(struct openai_answer *answer, struct call *call)
{
    call->number = answer->announced_count++;
    if (!call->has_id)
        ident_make(call->id, "call_");
    call->has_id = call->announced = answer->passed_on = true;
    answer->sink.tool_call(
        answer->sink.context, call->number, call->id, call->name.data ? call->name.data : "",
        call->arguments.data ? call->arguments.data : "", call->arguments.length);
    buffer_clear(&call->arguments);
}

/* Arguments are text; some servers send the object itself. */
static int take_arguments(struct openai_answer *answer, struct call *call, const json_t *value)
{
    int rc = 0;
    char *printed = NULL;
    const char *text = json_string_value(value);
    size_t length = text ? strnlen(text, json_string_length(value)) : 0;
    if (json_is_object(value)) {
        printed = json_dumps(value, JSON_COMPACT);
        rc = printed ? 0 : TREADLE_EMEMORY;
        text = printed;
        length = printed ? strlen(printed) : 0;
    }
    answer->argument_bytes += length;
    if (length && call->announced)
        answer->sink.tool_call(answer->sink.context, call->number, NULL, NULL, text, length);
    else if (length)
        rc = buffer_append(&call->arguments, text, length);
    free(printed);
    return rc;
}

static int take_call(struct openai_answer *answer, const json_t *piece)
{
    const char *id = json_string_value(json_object_get(piece, "id"));
    const json_t *function = json_object_get(piece, "function");
    const char *name = json_string_value(json_object_get(function, "name"));
    struct call *call = find_call(answer, piece, id);
    if (!call)
        return error_set(&answer->error, TREADLE_ELIMIT,
                         "The model called more than %d tools at once.", MOST_CALLS);
    if (id && *id && !call->has_id && strlen(id) < sizeof call->id) {
        memcpy(call->id, id, strlen(id) + 1);
        call->has_id = true;
    }
    /* A name is repeated with each piece by some, and never parted. */
    if (name && *name && !call->name.length &&
        buffer_append_string(&call->name, name) == TREADLE_EMEMORY)
        return TREADLE_EMEMORY;
    if (!call->announced && call->name.length)
        announce(answer, call);
    return take_arguments(answer, call, json_object_get(function, "arguments"));
}

static int take_calls(struct openai_answer *answer, const json_t *message)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    const json_t *old = json_object_get(message, "function_call");
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(calls); i++)
        rc = take_call(answer, json_array_get(calls, i));
    if (!rc && json_is_object(old)) {
        json_t *piece = json_pack("{s:i, s:O}", "index", 0, "function", old);
        rc = piece ? take_call(answer, piece) : error_set_memory(&answer->error);
        json_decref(piece);
    }
    return rc;
}

/* ---- Chunks --------------------------------------------------------------------------------- */

static void take_finish(struct openai_answer *answer, const char *word)
{
    static const struct {
        const char *word;
        enum model_finish finish;
    } words[] = {{"tool_calls", MODEL_TOOL_CALLS},
                 {"function_call", MODEL_TOOL_CALLS},
                 {"length", MODEL_LENGTH},
                 {"content_filter", MODEL_CONTENT_FILTER}};
    if (!word || !*word)
        return;
    answer->finished = true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0)
            answer->finish = words[i].finish;
}

static void take_usage(struct openai_answer *answer, const json_t *usage)
{
    const json_t *prompt = json_object_get(usage, "prompt_tokens");
    const json_t *completion = json_object_get(usage, "completion_tokens");
    if (!json_is_integer(prompt) || json_integer_value(prompt) < 0 ||
        json_integer_value(completion) < 0)
        return;
    answer->has_usage = true;
    answer->usage.prompt_tokens = json_integer_value(prompt);
    answer->usage.completion_tokens = json_integer_value(completion);
}

/* A chunk, or a whole completion: the two differ in one name. */
static int take_object(struct openai_answer *answer, const json_t *object)
{
    const json_t *choice = json_array_get(json_object_get(object, "choices"), 0);
    const json_t *message = json_object_get(choice, "delta");
    int rc = 0;
    if (!message)
        message = json_object_get(choice, "message");
    take_usage(answer, json_object_get(object, "usage"));
    take_text(answer, json_object_get(message, "content"));
    take_text(answer, json_object_get(message, "refusal"));
    rc = take_calls(answer, message);
    take_finish(answer, json_string_value(json_object_get(choice, "finish_reason")));
    return rc;
}

static int take_json(struct openai_answer *answer, const char *data, size_t length)
{
    json_t *object = json_loadb(data, length, JSON_ALLOW_NUL, NULL);
    int rc = 0;
    if (!json_is_object(object)) {
        rc = error_set_wire(&answer->error, 502, "server_error", "model_server_error", NULL,
                            "The model server sent something that is no JSON object.");
        answer->error.code = rc = TREADLE_EPARSE;
    } else if (json_is_object(json_object_get(object, "error")) ||
               json_is_string(json_object_get(object, "error"))) {
        remote_error_event(&answer->error, data, length, answer->key);
        rc = TREADLE_EREMOTE;
    } else {
        rc = take_object(answer, object);
    }
    json_decref(object);
    return rc;
}

static int take_event(void *context, const char *name, const char *data, size_t length)
{
    struct openai_answer *answer = context;
    if (answer->ended)
        return 0;
    if (length == 6 && memcmp(data, "[DONE]", 6) == 0) {
        answer->ended = true;
        return 0;
    }
    if (strcmp(name, "error") == 0) {
        remote_error_event(&answer->error, data, length, answer->key);
        return TREADLE_EREMOTE;
    }
    return length ? take_json(answer, data, length) : 0;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

static int too_large(struct treadle_error *error)
{
    error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                   "The model server's answer is too large.");
    return error->code = TREADLE_ELIMIT;
}

/* Turns a code of the readers below into one with its error. */
static int conclude(struct openai_answer *answer, int rc, struct treadle_error *error)
{
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc == TREADLE_ELIMIT && !answer->error.code)
        return too_large(error);
    if (rc)
        *error = answer->error;
    return rc;
}

int openai_answer_feed(struct openai_answer *answer, const char *bytes, size_t length,
                       struct treadle_error *error)
{
    answer->received += length;
    if (answer->received > LARGEST_ANSWER)
        return too_large(error);
    for (; !answer->begun && length; bytes++, length--) {
        if (strchr(" \t\r\n", *bytes) && *bytes)
            continue;
        answer->begun = true;
        answer->is_whole = *bytes == '{';
        break;
    }
    if (!length)
        return 0;
    int rc = answer->is_whole ? buffer_append(&answer->whole, bytes, length)
                              : sse_feed(&answer->sse, bytes, length);
    return conclude(answer, rc, error);
}

static int cut_off(struct treadle_error *error)
{
    remote_error_transport(error, REMOTE_BROKE_OFF, "it has no end");
    return error->code;
}

int openai_answer_finish(struct openai_answer *answer, struct treadle_error *error)
{
    int rc = answer->is_whole ? take_json(answer, answer->whole.data, answer->whole.length)
                              : sse_finish(&answer->sse);
    /* A last event that is no JSON was cut within. */
    if (rc == TREADLE_EPARSE)
        return cut_off(error);
    if (rc)
        return conclude(answer, rc, error);
    if (!answer->finished && !answer->ended)
        return cut_off(error);
    for (size_t i = 0; i < answer->call_count; i++)
        if (!answer->calls[i].announced)
            announce(answer, &answer->calls[i]);
    if (answer->call_count && answer->finish == MODEL_STOP)
        answer->finish = MODEL_TOOL_CALLS;
    if (!answer->call_count && answer->finish == MODEL_TOOL_CALLS)
        answer->finish = MODEL_STOP;
    return 0;
}

enum model_finish openai_answer_end(const struct openai_answer *answer)
{
    return answer->finish;
}

struct model_usage openai_answer_usage(const struct openai_answer *answer,
                                       const struct model_request *request)
{
    if (answer->has_usage)
        return answer->usage;
    const char *text = answer->text.data ? answer->text.data : "";
    return (struct model_usage){
        .prompt_tokens = model_prompt_tokens(request),
        .completion_tokens = (int64_t)language_tokens(text, answer->text.length) +
                             (int64_t)(answer->argument_bytes / 4),
    };
}
