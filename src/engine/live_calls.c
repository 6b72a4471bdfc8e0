/*
 * Live runs: the calls of the step that is being made, as far as they were told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/live_internal.h"

enum { LARGEST_ARGUMENTS = 1 << 20 };

static int copy_search(const struct treadle_file_search_call *search, struct arena *arena,
                       struct treadle_tool_call *out)
{
    struct treadle_search_ranking *ranking = arena_alloc(arena, sizeof *ranking);
    out->file_search = arena_alloc(arena, sizeof *out->file_search);
    if (!ranking || !out->file_search)
        return TREADLE_EMEMORY;
    *ranking = *search->ranking_options;
    ranking->ranker = arena_string(arena, ranking->ranker);
    out->file_search->ranking_options = ranking;
    return ranking->ranker ? 0 : TREADLE_EMEMORY;
}

static int copy_function(const char *name, const char *arguments, struct arena *arena,
                         struct treadle_tool_call *out)
{
    out->function = arena_alloc(arena, sizeof *out->function);
    if (!out->function)
        return TREADLE_EMEMORY;
    out->function->name = arena_string(arena, name);
    out->function->arguments = arguments;
    return out->function->name ? 0 : TREADLE_EMEMORY;
}

int live_keep_call(struct live_run *live, const struct treadle_tool_call_delta *call)
{
    struct arena *arena = live->subject_arena;
    if (live->call_count == live->call_room) {
        size_t room = live->call_room ? live->call_room * 2 : 4;
        struct live_call *calls = realloc(live->calls, room * sizeof *calls);
        if (!calls)
            return TREADLE_EMEMORY;
        live->calls = calls;
        live->call_room = room;
    }
    struct live_call *kept = &live->calls[live->call_count];
    *kept = (struct live_call){.call = {.id = arena_string(arena, call->id), .type = call->type}};
    if (!kept->call.id)
        return TREADLE_EMEMORY;
    int rc = call->type == TREADLE_TOOL_FUNCTION
                 ? copy_function(call->function->name, NULL, arena, &kept->call)
                 : copy_search(call->file_search, arena, &kept->call);
    if (rc)
        return rc;
    buffer_init(&kept->arguments, LARGEST_ARGUMENTS);
    live->call_count++;
    return 0;
}

int live_keep_arguments(struct live_run *live, size_t index, const char *text, size_t length,
                        struct treadle_error *error)
{
    struct buffer *arguments = &live->calls[index].arguments;
    return buffer_append(arguments, text, length)
               ? buffer_error(arguments, "The model's answer is too large.", error)
               : 0;
}

void live_forget_calls(struct live_run *live)
{
    for (size_t i = 0; i < live->call_count; i++)
        buffer_clear(&live->calls[i].arguments);
    live->call_count = 0;
}

static int copy_call(const struct live_call *kept, struct arena *arena,
                     struct treadle_tool_call *out)
{
    *out = (struct treadle_tool_call){.id = arena_string(arena, kept->call.id),
                                      .type = kept->call.type};
    if (!out->id)
        return TREADLE_EMEMORY;
    if (kept->call.file_search)
        return copy_search(kept->call.file_search, arena, out);
    const char *arguments = arena_copy(arena, kept->arguments.data, kept->arguments.length);
    return arguments ? copy_function(kept->call.function->name, arguments, arena, out)
                     : TREADLE_EMEMORY;
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
