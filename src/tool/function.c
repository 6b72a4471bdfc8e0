/*
 * Functions: tools that the client executes. The run waits for their outputs.
 */
#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "tool/kinds.h"
#include "treadle/client.h"

enum { LONGEST_ARGUMENTS = 200 };

static int normalise(struct treadle_tool *tool, struct arena *arena)
{
    struct treadle_function *function = tool->function;
    if (!function->parameters)
        function->parameters = arena_string(arena, "{\"type\":\"object\",\"properties\":{}}");
    if (function->strict.state != TREADLE_SET)
        function->strict = (struct treadle_boolean){TREADLE_SET, false};
    return function->parameters ? 0 : TREADLE_EMEMORY;
}

static size_t offer(const struct tool_context *context, const struct treadle_tool *tool,
                    void *state, struct model_tool *out, size_t room)
{
    const struct treadle_function *function = tool->function;
    (void)context, (void)state;
    if (!room)
        return 0;
    *out = (struct model_tool){.name = function->name,
                               .description = function->description,
                               .parameters = function->parameters,
                               .strict = function->strict};
    return 1;
}

static int begin(const struct tool_context *context, struct tool_call *call,
                 struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    struct treadle_function_call *function = arena_alloc(context->arena, sizeof *function);
    struct treadle_function_call_delta *piece = arena_alloc(context->arena, sizeof *piece);
    if (!function || !piece)
        return error_set_memory(error);
    *function = (struct treadle_function_call){.name = call->name, .arguments = ""};
    *piece = (struct treadle_function_call_delta){.name = call->name, .arguments = ""};
    treadle_member_set_null(&treadle_function_call_delta_type, piece, "output", NULL);
    call->recorded.function = function;
    delta->function = piece;
    return 0;
}

static const char **arguments(struct treadle_tool_call *recorded)
{
    return &recorded->function->arguments;
}

static int recall(const struct tool_context *context, struct tool_call *call, const char *memory,
                  struct tool_result *out, struct treadle_error *error)
{
    const struct treadle_function_call *function = call->recorded.function;
    (void)context, (void)memory, (void)error;
    call->name = function->name;
    call->arguments = function->arguments;
    out->text = function->output ? function->output : "";
    return 0;
}

static void describe(const struct treadle_tool_call *recorded, bool in_progress, struct buffer *out)
{
    const struct treadle_function_call *function = recorded->function;
    const char *said = function && function->arguments ? function->arguments : "";
    size_t length = strlen(said);
    bool long_ones = length > LONGEST_ARGUMENTS;
    (void)in_progress;
    if (long_ones)
        length = text_cut(said, LONGEST_ARGUMENTS);
    buffer_append_format(
        out, "%s(%.*s%s)%s", function && function->name ? function->name : "function", (int)length,
        said, long_ones ? "…" : "", function && function->output ? ", answered" : "");
}

const struct tool_kind tool_function = {
    .type = TREADLE_TOOL_FUNCTION,
    .normalise = normalise,
    .offer = offer,
    .begin = begin,
    .arguments = arguments,
    .recall = recall,
    .describe = describe,
};

/* ---- Unknown functions ---------------------------------------------------------------------- */

static int run_unknown(const struct tool_context *context, struct tool_call *call,
                       const struct tool_progress *progress, struct tool_result *out,
                       struct buffer *memory, struct treadle_error *error)
{
    const char *answer = arena_format(context->arena, "There is no tool '%s'.", call->name);
    (void)progress, (void)memory;
    if (!answer)
        return error_set_memory(error);
    call->recorded.function->output = answer;
    out->text = answer;
    return 0;
}

const struct tool_kind tool_unknown = {
    .type = TREADLE_TOOL_FUNCTION,
    .begin = begin,
    .arguments = arguments,
    .run = run_unknown,
    .recall = recall,
    .describe = describe,
};
