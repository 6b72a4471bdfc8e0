/*
 * Live runs: the calls of the step that is being made, as far as they were published.
 */
#include <stdlib.h>
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/array.h"
#include "base/error.h"
#include "run/live_internal.h"

enum { LARGEST_ARGUMENTS = 1 << 20, MOST_CHANGES = 1000 };

int live_keep_call(struct live_run *live, const struct treadle_tool_call *call,
                   const char **(*arguments_of)(struct treadle_tool_call *call))
{
    struct live_call *calls =
        array_grow(live->calls, live->call_count, &live->call_room, sizeof *calls);
    if (!calls)
        return TREADLE_EMEMORY;
    live->calls = calls;
    struct live_call *kept = &live->calls[live->call_count];
    *kept = (struct live_call){.arguments_of = arguments_of};
    int rc = field_copy(&treadle_tool_call_type, call, live->subject_arena, &kept->call);
    if (rc)
        return rc;
    buffer_init(&kept->arguments, LARGEST_ARGUMENTS);
    live->call_count++;
    return 0;
}

int live_keep_change(struct live_run *live, size_t index, const struct treadle_tool_call *call,
                     struct treadle_error *error)
{
    struct live_call *kept = &live->calls[index];
    struct treadle_tool_call changed;
    if (kept->changes == MOST_CHANGES)
        return error_set(error, TREADLE_ELIMIT, "The events of a tool call are too large.");
    struct arena *arena = arena_new(0);
    if (!arena || field_copy(&treadle_tool_call_type, call, arena, &changed)) {
        arena_free(arena);
        return error_set_memory(error);
    }
    arena_free(kept->arena);
    kept->arena = arena;
    kept->call = changed;
    kept->changes++;
    return 0;
}

int live_keep_arguments(struct live_run *live, size_t index, const char *text, size_t length,
                        struct treadle_error *error)
{
    struct buffer *arguments = &live->calls[index].arguments;
    return buffer_append(arguments, text, length)
               ? buffer_error(arguments, ERROR_ANSWER_TOO_LARGE, error)
               : 0;
}

void live_forget_calls(struct live_run *live)
{
    for (size_t i = 0; i < live->call_count; i++) {
        buffer_clear(&live->calls[i].arguments);
        arena_free(live->calls[i].arena);
    }
    live->call_count = 0;
}

static int copy_call(const struct live_call *kept, struct arena *arena,
                     struct treadle_tool_call *out)
{
    if (field_copy(&treadle_tool_call_type, &kept->call, arena, out))
        return TREADLE_EMEMORY;
    if (!kept->arguments_of)
        return 0;
    const char *arguments = arena_copy(arena, kept->arguments.data, kept->arguments.length);
    *kept->arguments_of(out) = arguments;
    return arguments ? 0 : TREADLE_EMEMORY;
}

int live_copy_calls(struct live_run *live, const char *step_id, struct arena *arena,
                    struct treadle_tool_call **out, size_t *count, struct treadle_error *error)
{
    int rc = 0;
    struct treadle_tool_call *calls = NULL;
    pthread_mutex_lock(&live->mutex);
    size_t made = strcmp(live->subject, step_id) == 0 ? live->call_count : 0;
    if (made) {
        calls = arena_array(arena, made, sizeof *calls);
        rc = calls ? 0 : TREADLE_EMEMORY;
        for (size_t i = 0; i < made && !rc; i++)
            rc = copy_call(&live->calls[i], arena, &calls[i]);
        live->unsaved = rc != 0;
    }
    pthread_mutex_unlock(&live->mutex);
    if (rc)
        return error_set_memory(error);
    *out = calls;
    *count = made;
    return 0;
}
