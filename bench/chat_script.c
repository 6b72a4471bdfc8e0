/*
 * Scripts of chat answers: the request is searched for what matters instead of being parsed, since
 * it comes from a program that is known to print JSON without spaces.
 */
#include "chat_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { LARGEST = 64 << 20, MOST_TOKENS = 100000, MOST_CALLS = 64, TOKEN_SIZE = 80 };

#define MARK "bench tokens="
#define CHUNK_HEAD                                                                                 \
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":0,"         \
    "\"model\":\"bench\",\"choices\":["
#define DELTA_HEAD CHUNK_HEAD "{\"index\":0,\"delta\":{"
#define USAGE      "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%u,\"total_tokens\":%u}}"

/* ---- Reading -------------------------------------------------------------------------------- */

static const char *find_last(const char *text, const char *sought)
{
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, sought)); at++)
        found = at;
    return found;
}

struct chat_script chat_script_read(const char *body, const struct chat_script *usual)
{
    struct chat_script script = *usual;
    const char *mark = find_last(body, MARK);
    if (mark)
        sscanf(mark, MARK "%u rate=%lf calls=%u", &script.tokens, &script.rate, &script.calls);
    if (script.tokens > MOST_TOKENS)
        script.tokens = MOST_TOKENS;
    if (script.calls > MOST_CALLS)
        script.calls = MOST_CALLS;
    if (strstr(mark ? mark : body, "\"role\":\"tool\""))
        script.calls = 0;
    script.streamed = strstr(body, "\"stream\":true") != NULL;
    script.wants_usage = strstr(body, "\"include_usage\":true") != NULL;
    script.start = clock_monotonic_us();
    return script;
}

/* ---- Pieces --------------------------------------------------------------------------------- */

static int64_t due(const struct chat_script *script)
{
    return script->start + (script->rate > 0 ? (int64_t)(script->next * 1e6 / script->rate) : 0);
}

static void print_token(const struct chat_script *script, int64_t now, struct buffer *out)
{
    char text[TOKEN_SIZE];
    int length = snprintf(text, sizeof text, "%u@%" PRId64 "+%" PRId64 " ", script->next,
                          due(script), now - due(script));
    buffer_append(out, text, (size_t)length);
}

static void print_calls(const struct chat_script *script, struct buffer *out)
{
    for (unsigned i = 0; i < script->calls; i++)
        buffer_append_format(out,
                             "%s{\"index\":%u,\"id\":\"call_%u\",\"type\":\"function\","
                             "\"function\":{\"name\":\"bench\","
                             "\"arguments\":\"{\\\"number\\\":%u}\"}}",
                             i ? "," : "\"tool_calls\":[", i, i, i);
    buffer_append_char(out, ']');
}

static const char *finish(const struct chat_script *script)
{
    return script->calls ? "tool_calls" : "stop";
}

/* ---- Streams -------------------------------------------------------------------------------- */

bool chat_script_due(const struct chat_script *script, int64_t *out)
{
    *out = due(script);
    return script->next < (script->calls ? 1 : script->tokens);
}

/* As one chunk of the transfer. */
static void print_chunk(const struct buffer *event, struct buffer *out)
{
    buffer_append_format(out, "%zx\r\n", event->length);
    buffer_append(out, event->data, event->length);
    buffer_append_string(out, "\r\n");
}

void chat_script_print_next(struct chat_script *script, int64_t now, struct buffer *out)
{
    struct buffer event;
    buffer_init(&event, LARGEST);
    buffer_append_string(&event, DELTA_HEAD);
    if (script->calls) {
        print_calls(script, &event);
    } else {
        buffer_append_string(&event, "\"content\":\"");
        print_token(script, now, &event);
        buffer_append_char(&event, '"');
    }
    buffer_append_string(&event, "},\"finish_reason\":null}]}\n\n");
    print_chunk(&event, out);
    buffer_clear(&event);
    script->next++;
}

void chat_script_print_end(const struct chat_script *script, struct buffer *out)
{
    struct buffer events;
    buffer_init(&events, LARGEST);
    buffer_append_format(&events, DELTA_HEAD "},\"finish_reason\":\"%s\"}]}\n\n", finish(script));
    if (script->wants_usage)
        buffer_append_format(&events, CHUNK_HEAD "]," USAGE "\n\n", script->tokens,
                             script->tokens + 10);
    buffer_append_string(&events, "data: [DONE]\n\n");
    print_chunk(&events, out);
    buffer_clear(&events);
    buffer_append_string(out, "0\r\n\r\n");
}

/* ---- Whole ---------------------------------------------------------------------------------- */

void chat_script_print_whole(struct chat_script *script, struct buffer *out)
{
    buffer_append_string(out, "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\","
                              "\"created\":0,\"model\":\"bench\",\"choices\":[{\"index\":0,"
                              "\"message\":{\"role\":\"assistant\",\"content\":");
    if (script->calls) {
        buffer_append_string(out, "null,");
        print_calls(script, out);
    } else {
        buffer_append_char(out, '"');
        for (; script->next < script->tokens; script->next++)
            print_token(script, due(script), out);
        buffer_append_char(out, '"');
    }
    buffer_append_format(out, "},\"finish_reason\":\"%s\"}]," USAGE, finish(script), script->tokens,
                         script->tokens + 10);
}
