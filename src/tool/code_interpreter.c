/*
 * The code interpreter: its files are checked and stored. No code is executed yet, so it is not
 * offered to models.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tool/kinds.h"

enum { MOST_FILES = 20 };

static int resolve(const struct tool_host *host, const struct treadle_tool_resources *sent,
                   struct treadle_tool_resources *kept, struct treadle_error *error)
{
    const struct treadle_code_interpreter_resources *code = sent->code_interpreter;
    int rc = 0;
    for (size_t i = 0; code && i < code->file_id_count && !rc; i++) {
        rc = host->check_file(host->context, code->file_ids[i], error);
        if (rc && error->http_status == 404)
            snprintf(error->param, sizeof error->param,
                     "tool_resources.code_interpreter.file_ids[%zu]", i);
    }
    kept->code_interpreter = sent->code_interpreter;
    return rc;
}

static int show_resources(struct treadle_tool_resources *shown, struct arena *arena)
{
    if (!shown->code_interpreter)
        shown->code_interpreter = arena_alloc(arena, sizeof *shown->code_interpreter);
    return shown->code_interpreter ? 0 : TREADLE_EMEMORY;
}

static int attach(const struct tool_host *host, struct treadle_tool_resources *resources,
                  const char *file_id, struct treadle_error *error)
{
    const struct treadle_code_interpreter_resources *old = resources->code_interpreter;
    struct treadle_code_interpreter_resources *code = arena_alloc(host->arena, sizeof *code);
    size_t count = old ? old->file_id_count : 0;
    const char **ids = arena_array(host->arena, count + 1, sizeof *ids);
    if (!code || !ids)
        return error_set_memory(error);
    for (size_t i = 0; i < count; i++) {
        ids[i] = old->file_ids[i];
        if (strcmp(ids[i], file_id) == 0)
            return 0;
    }
    if (count == MOST_FILES)
        return error_set_request(error, "array_above_max_length", "attachments",
                                 "A thread gives at most %d files to code_interpreter.",
                                 MOST_FILES);
    ids[count] = file_id;
    *code =
        (struct treadle_code_interpreter_resources){.file_ids = ids, .file_id_count = count + 1};
    resources->code_interpreter = code;
    return 0;
}

static void describe(const struct treadle_tool_call *recorded, bool in_progress, struct buffer *out)
{
    const struct treadle_code_interpreter_call *code = recorded->code_interpreter;
    const char *input = code && code->input ? code->input : "";
    (void)in_progress;
    buffer_append_format(out, "code_interpreter: %zu characters of code, %zu outputs",
                         text_characters(input, strlen(input)), code ? code->output_count : 0);
}

const struct tool_kind tool_code_interpreter = {
    .type = TREADLE_TOOL_CODE_INTERPRETER,
    .resolve = resolve,
    .show_resources = show_resources,
    .attach = attach,
    .describe = describe,
};
