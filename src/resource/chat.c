/*
 * Chat completions, whole and streamed. The head of a stream is sent with the first piece of the
 * answer, so a failure before that becomes a proper error reply. A later failure becomes an event
 * with the error, and the stream ends without its [DONE].
 */
#include "resource/chat.h"

#include <string.h>

#include "api/error.h"
#include "base/clock.h"
#include "base/error.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "resource/later.h"

enum { LARGEST_ANSWER = 16 << 20, LARGEST_CHUNK = 17 << 20, MOST_CALLS = 128 };

struct made_call {
    const char *id, *name;
    struct buffer arguments;
};

struct chat {
    struct later later;
    struct model_request request;
    const char *id;
    int64_t created;
    bool streams, with_usage, opened;
    struct buffer chunk; /* being printed */
    /* Of an answer that is not streamed: */
    struct buffer text, refusal;
    struct made_call calls[MOST_CALLS];
    size_t call_count;
    int broken; /* why a piece is lost: later pieces would hide the gap; 0: none is */
};

static enum treadle_chat_finish finish_of(enum model_finish finish)
{
    switch (finish) {
    case MODEL_TOOL_CALLS:
        return TREADLE_CHAT_TOOL_CALLS;
    case MODEL_LENGTH:
        return TREADLE_CHAT_LENGTH;
    case MODEL_CONTENT_FILTER:
        return TREADLE_CHAT_CONTENT_FILTER;
    default:
        return TREADLE_CHAT_STOP;
    }
}

struct used {
    struct treadle_chat_usage usage;
    struct treadle_chat_prompt_details prompt;
    struct treadle_chat_completion_details completion;
};

static struct treadle_chat_usage *count(const struct model_usage *usage, struct used *out)
{
    bool detailed = usage->cached_tokens || usage->reasoning_tokens;
    *out = (struct used){
        .usage = {.prompt_tokens = usage->prompt_tokens,
                  .completion_tokens = usage->completion_tokens,
                  .total_tokens = usage->prompt_tokens + usage->completion_tokens,
                  .prompt_tokens_details = detailed ? &out->prompt : NULL,
                  .completion_tokens_details = detailed ? &out->completion : NULL},
        .prompt = {.cached_tokens = usage->cached_tokens},
        .completion = {.reasoning_tokens = usage->reasoning_tokens},
    };
    return &out->usage;
}

/* ---- Streamed ------------------------------------------------------------------------------- */

static void stop_model(struct chat *chat)
{
    if (!atomic_exchange(&chat->later.cancelled, true))
        model_cancel(chat->later.model);
}

/* A piece is lost: the answer ends with an error. */
static void lose(struct chat *chat)
{
    chat->broken = TREADLE_EMEMORY;
    stop_model(chat);
}

/*
 * Sends the chunk. A client that reads too slowly is disconnected, and the model is stopped.
 */
static void send_event(struct chat *chat)
{
    buffer_append_string(&chat->chunk, "\n\n");
    if (chat->chunk.failed)
        lose(chat);
    else if (http_stream_write(chat->later.stream, chat->chunk.data, chat->chunk.length))
        stop_model(chat);
    buffer_reset(&chat->chunk);
}

static void send_chunk(struct chat *chat, struct treadle_chat_chunk_choice *choice,
                       struct treadle_chat_usage *usage)
{
    struct treadle_chat_chunk chunk = {.id = chat->id,
                                       .created = chat->created,
                                       .model = chat->request.model,
                                       .choices = choice,
                                       .choice_count = choice ? 1 : 0,
                                       .usage = usage};
    buffer_append_string(&chat->chunk, "data: ");
    field_print(&treadle_chat_chunk_type, &chunk, &chat->chunk);
    send_event(chat);
}

static void send_delta(struct chat *chat, struct treadle_chat_delta *delta)
{
    struct treadle_chat_chunk_choice choice = {.delta = delta};
    struct treadle_chat_delta first = {.role = "assistant", .content = ""};
    if (chat->broken)
        return;
    if (!chat->opened) {
        chat->opened = true;
        http_stream_open(chat->later.stream, "text/event-stream; charset=utf-8");
        choice.delta = &first;
        send_chunk(chat, &choice, NULL);
        choice.delta = delta;
    }
    if (delta)
        send_chunk(chat, &choice, NULL);
}

static void stream_text(struct chat *chat, const char *text, size_t length, bool refusal)
{
    struct buffer piece;
    buffer_init(&piece, LARGEST_ANSWER);
    buffer_append(&piece, text, length);
    struct treadle_chat_delta delta = {.content = refusal ? NULL : piece.data,
                                       .refusal = refusal ? piece.data : NULL};
    if (piece.failed)
        lose(chat);
    else
        send_delta(chat, &delta);
    buffer_clear(&piece);
}

static void stream_call(struct chat *chat, size_t index, const char *id, const char *name,
                        const char *arguments, size_t length)
{
    struct buffer piece;
    buffer_init(&piece, LARGEST_ANSWER);
    buffer_append(&piece, arguments, length);
    struct treadle_chat_function_delta function = {.name = name, .arguments = piece.data};
    struct treadle_chat_tool_call_delta call = {
        .index = (int64_t)index, .id = id, .type = id ? "function" : NULL, .function = &function};
    struct treadle_chat_delta delta = {.tool_calls = &call, .tool_call_count = 1};
    if (piece.failed)
        lose(chat);
    else
        send_delta(chat, &delta);
    buffer_clear(&piece);
}

static void end_stream_badly(struct chat *chat, const struct treadle_error *error)
{
    if (!chat->opened) {
        later_fail(&chat->later, error);
        return;
    }
    buffer_append_string(&chat->chunk, "data: ");
    error_print(error, &chat->chunk);
    send_event(chat);
    http_stream_close(chat->later.stream);
}

static void end_without_memory(struct chat *chat)
{
    struct treadle_error error;
    error_set_wire(&error, 503, "server_error", NULL, NULL,
                   "The server had no memory for the rest of the answer.");
    end_stream_badly(chat, &error);
}

static void end_stream(struct chat *chat, const struct model_outcome *outcome)
{
    struct treadle_chat_delta none = {.role = NULL};
    struct treadle_chat_chunk_choice last = {.delta = &none,
                                             .finish_reason = finish_of(outcome->finish)};
    struct used used;
    send_delta(chat, NULL);
    if (!chat->broken)
        send_chunk(chat, &last, NULL);
    if (!chat->broken && chat->with_usage)
        send_chunk(chat, NULL, count(&outcome->usage, &used));
    if (chat->broken) {
        end_without_memory(chat);
        return;
    }
    buffer_append_string(&chat->chunk, "data: [DONE]");
    send_event(chat);
    http_stream_close(chat->later.stream);
}

/* ---- Whole ---------------------------------------------------------------------------------- */

static void gather_call(struct chat *chat, size_t index, const char *id, const char *name,
                        const char *arguments, size_t length)
{
    if (index >= MOST_CALLS || index > chat->call_count) {
        chat->broken = TREADLE_ELIMIT;
        return;
    }
    struct made_call *call = &chat->calls[index];
    if (index == chat->call_count) {
        chat->call_count++;
        buffer_init(&call->arguments, LARGEST_ANSWER);
        call->id = arena_string(chat->later.arena, id);
        call->name = arena_string(chat->later.arena, name);
        if (!call->id || !call->name)
            chat->broken = TREADLE_EMEMORY;
    }
    if (!chat->broken)
        chat->broken = buffer_append(&call->arguments, arguments, length);
}

static struct treadle_chat_tool_call *made_calls(struct chat *chat)
{
    struct treadle_chat_tool_call *calls =
        arena_array(chat->later.arena, chat->call_count, sizeof *calls);
    struct treadle_chat_function *functions =
        arena_array(chat->later.arena, chat->call_count, sizeof *functions);
    for (size_t i = 0; calls && functions && i < chat->call_count; i++) {
        const struct made_call *call = &chat->calls[i];
        functions[i] = (struct treadle_chat_function){
            .name = call->name, .arguments = call->arguments.data ? call->arguments.data : ""};
        calls[i] = (struct treadle_chat_tool_call){
            .id = call->id, .type = NULL, .function = &functions[i]};
    }
    return functions ? calls : NULL;
}

static void answer_whole(struct chat *chat, const struct model_outcome *outcome)
{
    struct treadle_error error;
    struct used used;
    struct treadle_chat_tool_call *calls = chat->call_count ? made_calls(chat) : NULL;
    int rc = chat->text.failed ? chat->text.failed : chat->refusal.failed;
    if (chat->broken)
        rc = chat->broken;
    else if (chat->call_count && !calls)
        rc = TREADLE_EMEMORY;
    if (rc) {
        error_set_wire(&error, rc == TREADLE_EMEMORY ? 503 : 502, "server_error", NULL, NULL,
                       rc == TREADLE_EMEMORY ? "The server had no memory for the answer."
                                             : ERROR_ANSWER_TOO_LARGE);
        later_fail(&chat->later, &error);
        return;
    }
    bool silent = chat->call_count || chat->refusal.data;
    struct treadle_chat_answer answer = {.content = chat->text.data ? chat->text.data
                                                    : silent        ? NULL
                                                                    : "",
                                         .refusal = chat->refusal.data,
                                         .tool_calls = calls,
                                         .tool_call_count = chat->call_count};
    struct treadle_chat_choice choice = {.message = &answer,
                                         .finish_reason = finish_of(outcome->finish)};
    struct treadle_chat_completion completion = {.id = chat->id,
                                                 .created = chat->created,
                                                 .model = chat->request.model,
                                                 .choices = &choice,
                                                 .choice_count = 1,
                                                 .usage = count(&outcome->usage, &used)};
    later_reply(&chat->later, &treadle_chat_completion_type, &completion);
}

/* ---- The sink ------------------------------------------------------------------------------- */

static void on_text(void *context, const char *text, size_t length)
{
    struct chat *chat = context;
    if (chat->streams)
        stream_text(chat, text, length, false);
    else
        buffer_append(&chat->text, text, length);
}

static void on_refusal(void *context, const char *text, size_t length)
{
    struct chat *chat = context;
    if (chat->streams)
        stream_text(chat, text, length, true);
    else
        buffer_append(&chat->refusal, text, length);
}

static void on_call(void *context, size_t index, const char *id, const char *name,
                    const char *arguments, size_t length)
{
    struct chat *chat = context;
    if (chat->streams)
        stream_call(chat, index, id, name, arguments, length);
    else
        gather_call(chat, index, id, name, arguments, length);
}

static void on_done(void *context, const struct model_outcome *outcome)
{
    struct chat *chat = context;
    if (chat->streams && chat->broken)
        end_without_memory(chat);
    /* A cancelled answer has no reader, so nothing is sent. */
    else if (outcome->finish == MODEL_CANCELLED && !outcome->error)
        http_stream_close(chat->later.stream);
    else if (outcome->error)
        end_stream_badly(chat, outcome->error);
    else if (chat->streams)
        end_stream(chat, outcome);
    else
        answer_whole(chat, outcome);
    buffer_clear(&chat->chunk);
    buffer_clear(&chat->text);
    buffer_clear(&chat->refusal);
    for (size_t i = 0; i < chat->call_count; i++)
        buffer_clear(&chat->calls[i].arguments);
    later_end(&chat->later);
}

struct resource_plan chat_create(struct resource_call *call, struct treadle_error *error)
{
    const struct treadle_chat_create_request *body = call->body;
    const struct treadle_chat_stream_options *options = body->stream_options;
    struct chat *chat = arena_alloc(call->arena, sizeof *chat);
    if (!chat)
        return resource_answer(error_set_memory(error));
    chat->id = resource_id(call, "chatcmpl-");
    chat->created = clock_seconds();
    chat->streams = body->stream.state == TREADLE_SET && body->stream.value;
    chat->with_usage =
        options && options->include_usage.state == TREADLE_SET && options->include_usage.value;
    buffer_init(&chat->chunk, LARGEST_CHUNK);
    buffer_init(&chat->text, LARGEST_ANSWER);
    buffer_init(&chat->refusal, LARGEST_ANSWER);
    int rc = chat->id ? chat_read(call, &chat->request, error) : error_set_memory(error);
    chat->request.cancelled = &chat->later.cancelled;
    if (!rc)
        rc = later_begin(&chat->later, call, error);
    if (rc)
        return resource_answer(rc);
    const struct model_sink sink = {.context = chat,
                                    .text = on_text,
                                    .tool_call = on_call,
                                    .done = on_done,
                                    .refusal = on_refusal};
    model_start(chat->later.model, &chat->request, &sink);
    return (struct resource_plan){.kind = RESOURCE_LATER};
}
