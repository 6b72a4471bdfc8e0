/*
 * Answers of chat completion servers: chunks of a stream, or a whole completion where a server
 * does not stream; the first byte shows which.
 *
 * The reasoning of a model is no part of its answer: only its tokens count.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "base/sse.h"
#include "language/language.h"
#include "openai/openai_calls.h"
#include "openai/openai_server.h"
#include "openai/openai_text.h"
#include "openai/remote_error.h"
#include "openai/stencil.h"

enum {
    LARGEST_EVENT = 4 << 20,
    LARGEST_ANSWER = 16 << 20,
    LARGEST_STREAM = 128 << 20, /* of events, which are many times the text that they bring */
    COUNT_BYTES = 4096,         /* after so much text its tokens are counted */
    TOKEN_BYTES = 4             /* of what is counted by its size */
};

struct openai_answer {
    struct model_sink sink;
    const char *key;
    struct sse sse;
    struct stencil stencil;
    struct buffer whole; /* of a server that does not stream */
    bool is_whole, begun;
    size_t received;
    struct buffer uncounted; /* text whose tokens are not in `text_tokens` yet */
    int64_t text_tokens;
    size_t reasoning_bytes;
    struct openai_text text;
    const struct model_request *request; /* that is answered; NULL: not known */
    bool thinks;                         /* as in openai_answer_expect */
    int text_calls;                      /* calls that were written as text */
    struct openai_calls calls;
    bool passed_on; /* text went to the sink */
    bool finished, ended;
    enum model_finish finish;
    bool has_usage;
    struct model_usage usage;
    struct treadle_error error;
};

/* ---- Life ----------------------------------------------------------------------------------- */

static void begin(struct openai_answer *answer, const struct model_sink *sink, const char *key)
{
    *answer = (struct openai_answer){.sink = *sink, .key = key};
    sse_init(&answer->sse, LARGEST_EVENT);
    stencil_init(&answer->stencil);
    buffer_init(&answer->whole, LARGEST_ANSWER);
    buffer_init(&answer->uncounted, LARGEST_ANSWER);
    openai_text_init(&answer->text, NULL, false);
}

static void forget(struct openai_answer *answer)
{
    sse_clear(&answer->sse);
    stencil_clear(&answer->stencil);
    buffer_clear(&answer->whole);
    buffer_clear(&answer->uncounted);
    openai_text_clear(&answer->text);
    openai_calls_clear(&answer->calls);
}

int openai_answer_new(struct openai_answer **out, const struct model_sink *sink, const char *key)
{
    struct openai_answer *answer = malloc(sizeof *answer);
    if (!answer)
        return TREADLE_EMEMORY;
    begin(answer, sink, key);
    *out = answer;
    return 0;
}

void openai_answer_expect(struct openai_answer *answer, const struct model_request *request,
                          bool thinks)
{
    answer->request = request;
    answer->thinks = thinks;
    openai_text_clear(&answer->text);
    openai_text_init(&answer->text, request, thinks);
}

bool openai_answer_thinks(const struct openai_answer *answer)
{
    return answer->text.was_closed;
}

void openai_answer_free(struct openai_answer *answer)
{
    if (answer)
        forget(answer);
    free(answer);
}

bool openai_answer_restart(struct openai_answer *answer)
{
    const struct model_sink sink = answer->sink;
    const struct model_request *request = answer->request;
    bool thinks = answer->thinks;
    if (answer->passed_on || answer->calls.announced)
        return false;
    forget(answer);
    begin(answer, &sink, answer->key);
    openai_answer_expect(answer, request, thinks);
    return true;
}

/* ---- Text ----------------------------------------------------------------------------------- */

typedef void (*text_sink)(void *context, const char *text, size_t length);

static int64_t count_tokens(const struct buffer *text)
{
    return text->length ? (int64_t)language_tokens(text->data, text->length) : 0;
}

static void note_text(struct openai_answer *answer, const char *text, size_t length)
{
    buffer_append(&answer->uncounted, text, length);
    if (answer->uncounted.length < COUNT_BYTES)
        return;
    answer->text_tokens += count_tokens(&answer->uncounted);
    buffer_reset(&answer->uncounted);
}

/* Texts here have no NUL; what a server sends may. */
static void pass_text(struct openai_answer *answer, text_sink sink, const char *text, size_t length)
{
    while (length) {
        size_t piece = strnlen(text, length);
        if (piece) {
            answer->passed_on = true;
            note_text(answer, text, piece);
            sink(answer->sink.context, text, piece);
        }
        piece += piece < length;
        text += piece;
        length -= piece;
    }
}

static void say(void *context, const char *text, size_t length)
{
    struct openai_answer *answer = context;
    pass_text(answer, answer->sink.text, text, length);
}

/* Numbers that no server gives, so none of its own calls continues in one of these. */
enum { FIRST_TEXT_CALL = 1 << 20 };

static int call_by_text(void *context, const char *name, const json_t *arguments)
{
    struct openai_answer *answer = context;
    json_t *none = arguments ? NULL : json_object();
    json_t *message = json_pack("{s:[{s:i, s:{s:s, s:O}}]}", "tool_calls", "index",
                                FIRST_TEXT_CALL + answer->text_calls++, "function", "name", name,
                                "arguments", arguments ? (json_t *)arguments : none);
    int rc = message ? openai_calls_take(&answer->calls, &answer->sink, message, &answer->error)
                     : TREADLE_EMEMORY;
    json_decref(message);
    json_decref(none);
    return rc;
}

static struct openai_text_target target_of(struct openai_answer *answer)
{
    return (struct openai_text_target){answer, say, call_by_text};
}

static int take_piece(struct openai_answer *answer, const char *text, size_t length)
{
    const struct openai_text_target target = target_of(answer);
    return length ? openai_text_feed(&answer->text, text, length, &target) : 0;
}

/* Text, or parts of which some are text and some are reasoning. */
static int take_text(struct openai_answer *answer, const json_t *value)
{
    int rc = take_piece(answer, json_string_value(value), json_string_length(value));
    for (size_t i = 0; i < json_array_size(value) && !rc; i++) {
        const json_t *text = json_object_get(json_array_get(value, i), "text");
        rc = take_piece(answer, json_string_value(text), json_string_length(text));
    }
    return rc;
}

static void take_refusal(struct openai_answer *answer, const json_t *value)
{
    text_sink sink = answer->sink.refusal ? answer->sink.refusal : answer->sink.text;
    pass_text(answer, sink, json_string_value(value), json_string_length(value));
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

static int64_t count_of(const json_t *object, const char *name)
{
    int64_t count = json_integer_value(json_object_get(object, name));
    return count > 0 ? count : 0;
}

static void take_usage(struct openai_answer *answer, const json_t *usage)
{
    const json_t *prompt = json_object_get(usage, "prompt_tokens");
    if (!json_is_integer(prompt) || json_integer_value(prompt) < 0 ||
        json_integer_value(json_object_get(usage, "completion_tokens")) < 0)
        return;
    answer->has_usage = true;
    answer->usage = (struct model_usage){
        .counted = true,
        .prompt_tokens = json_integer_value(prompt),
        .completion_tokens = count_of(usage, "completion_tokens"),
        .cached_tokens = count_of(json_object_get(usage, "prompt_tokens_details"), "cached_tokens"),
        .reasoning_tokens =
            count_of(json_object_get(usage, "completion_tokens_details"), "reasoning_tokens"),
    };
}

static const json_t *message_of(const json_t *choice)
{
    const json_t *delta = json_object_get(choice, "delta");
    return delta ? delta : json_object_get(choice, "message");
}

/* A chunk, or a whole completion: the two differ in one name. */
static int take_object(struct openai_answer *answer, const json_t *object)
{
    const struct model_sink *sink = &answer->sink;
    const json_t *choice = json_array_get(json_object_get(object, "choices"), 0);
    const json_t *message = message_of(choice);
    take_usage(answer, json_object_get(object, "usage"));
    answer->reasoning_bytes += json_string_length(json_object_get(message, "reasoning_content")) +
                               json_string_length(json_object_get(message, "reasoning"));
    /* The server takes reasoning out of the text itself. */
    if (answer->reasoning_bytes)
        answer->text.unopened = false;
    int rc = take_text(answer, json_object_get(message, "content"));
    take_refusal(answer, json_object_get(message, "refusal"));
    if (!rc)
        rc = openai_calls_take(&answer->calls, sink, message, &answer->error);
    take_finish(answer, json_string_value(json_object_get(choice, "finish_reason")));
    return rc;
}

/* Whether the members that matter are those of plain text, so that the next chunk may differ from
 * this one in its text alone. */
static bool is_text_alone(const json_t *object)
{
    static const char *const others[] = {"refusal", "reasoning_content", "reasoning", "tool_calls",
                                         "function_call"};
    const json_t *choice = json_array_get(json_object_get(object, "choices"), 0);
    const json_t *message = message_of(choice);
    bool alone = json_is_string(json_object_get(message, "content")) &&
                 !json_is_string(json_object_get(choice, "finish_reason"));
    for (size_t i = 0; alone && i < sizeof others / sizeof others[0]; i++) {
        const json_t *other = json_object_get(message, others[i]);
        alone = !other || json_is_null(other);
    }
    return alone;
}

static int take_json(struct openai_answer *answer, const char *data, size_t length)
{
    json_t *object = NULL;
    int rc = json_read(data, length, JSON_READ_REPEATED | JSON_READ_ZERO, &object, &answer->error);
    if (rc == TREADLE_EMEMORY)
        return rc;
    if (!json_is_object(object)) {
        rc = error_set_wire(&answer->error, 502, "server_error", "model_server_error", NULL,
                            "The model server sent something that is no JSON object.");
        answer->error.code = rc = TREADLE_EPARSE;
    } else if (json_is_object(json_object_get(object, "error")) ||
               json_is_string(json_object_get(object, "error"))) {
        rc = remote_error_event(data, length, answer->key, &answer->error);
    } else {
        rc = take_object(answer, object);
        if (!rc && !answer->is_whole && is_text_alone(object))
            stencil_learn(&answer->stencil, data, length);
    }
    json_decref(object);
    return rc;
}

static int take_data(struct openai_answer *answer, const char *data, size_t length)
{
    const char *text;
    size_t text_length;
    if (!stencil_match(&answer->stencil, data, length, &text, &text_length))
        return take_json(answer, data, length);
    return take_piece(answer, text, text_length);
}

static int take_event(struct openai_answer *answer)
{
    const char *data = answer->sse.data.data;
    size_t length = answer->sse.data.length;
    if (answer->ended)
        return 0;
    if (length == 6 && memcmp(data, "[DONE]", 6) == 0) {
        answer->ended = true;
        return 0;
    }
    if (strcmp(answer->sse.name, "error") == 0)
        return remote_error_event(data, length, answer->key, &answer->error);
    return length ? take_data(answer, data, length) : 0;
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

static int too_large(struct treadle_error *error)
{
    error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                   "The model server's answer is too large.");
    return error->code = TREADLE_ELIMIT;
}

static int take_events(struct openai_answer *answer, const char *bytes, size_t length)
{
    int rc;
    while ((rc = sse_read(&answer->sse, &bytes, &length)) > 0) {
        rc = take_event(answer);
        if (rc)
            break;
    }
    return rc;
}

static int take_last_event(struct openai_answer *answer)
{
    int rc = sse_finish(&answer->sse);
    return rc > 0 ? take_event(answer) : rc;
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

static int no_api(struct treadle_error *error)
{
    error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                   "The model server answered with a page for people: is its address right?");
    return error->code = TREADLE_EPARSE;
}

int openai_answer_feed(struct openai_answer *answer, const char *bytes, size_t length,
                       struct treadle_error *error)
{
    answer->received += length;
    if (answer->received > LARGEST_STREAM)
        return too_large(error);
    for (; !answer->begun && length; bytes++, length--) {
        if (strchr(" \t\r\n", *bytes) && *bytes)
            continue;
        if (*bytes == '<')
            return no_api(error);
        answer->begun = true;
        answer->is_whole = *bytes == '{';
        break;
    }
    if (!length)
        return 0;
    int rc = answer->is_whole ? buffer_append(&answer->whole, bytes, length)
                              : take_events(answer, bytes, length);
    return conclude(answer, rc, error);
}

static int cut_off(struct treadle_error *error)
{
    remote_error_transport(LOOP_CUT_OFF, "it has no end", error);
    return error->code;
}

int openai_answer_finish(struct openai_answer *answer, struct treadle_error *error)
{
    int rc = answer->is_whole ? take_json(answer, answer->whole.data, answer->whole.length)
                              : take_last_event(answer);
    /* A last event that is no JSON was cut within. */
    if (rc == TREADLE_EPARSE)
        return cut_off(error);
    if (rc)
        return conclude(answer, rc, error);
    if (!answer->finished && !answer->ended)
        return cut_off(error);
    const struct openai_text_target target = target_of(answer);
    rc = openai_text_finish(&answer->text, &target);
    answer->reasoning_bytes += answer->text.reasoning;
    if (rc)
        return conclude(answer, rc, error);
    openai_calls_finish(&answer->calls, &answer->sink);
    if (answer->calls.count && answer->finish == MODEL_STOP)
        answer->finish = MODEL_TOOL_CALLS;
    if (!answer->calls.count && answer->finish == MODEL_TOOL_CALLS)
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
    int64_t reasoning = (int64_t)(answer->reasoning_bytes / TOKEN_BYTES);
    return (struct model_usage){
        .prompt_tokens = model_prompt_tokens(request),
        .completion_tokens = answer->text_tokens + count_tokens(&answer->uncounted) + reasoning +
                             (int64_t)(answer->calls.argument_bytes / TOKEN_BYTES),
        .reasoning_tokens = reasoning,
    };
}
