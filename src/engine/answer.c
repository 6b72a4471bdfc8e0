/*
 * An answer: a sink that appends to bounded buffers and wakes whoever waits when it is done.
 */
#include "engine/answer.h"

#include <pthread.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

enum { LARGEST_TEXT = 4 << 20, LARGEST_ARGUMENTS = 1 << 20, MOST_CALLS = 128 };

struct gathered_call {
    const char *id;
    const char *name;
    struct buffer arguments;
};

/* The sink's own; only `done` is shared with the thread that waits. */
struct gathering {
    struct arena *arena;
    struct buffer text;
    struct gathered_call calls[MOST_CALLS];
    size_t call_count;
    bool overflow;
    struct model_outcome outcome;
    struct treadle_error problem;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool done;
};

static void take_text(void *context, const char *text, size_t length)
{
    struct gathering *gathering = context;
    buffer_append(&gathering->text, text, length);
}

static void take_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    struct gathering *gathering = context;
    if (index > gathering->call_count || index >= MOST_CALLS) {
        gathering->overflow = true;
        return;
    }
    struct gathered_call *call = &gathering->calls[index];
    if (index == gathering->call_count) {
        buffer_init(&call->arguments, LARGEST_ARGUMENTS);
        gathering->call_count++;
    }
    if (id && !call->id)
        call->id = arena_string(gathering->arena, id);
    if (name && !call->name)
        call->name = arena_string(gathering->arena, name);
    buffer_append(&call->arguments, arguments, length);
}

static void take_done(void *context, const struct model_outcome *outcome)
{
    struct gathering *gathering = context;
    pthread_mutex_lock(&gathering->mutex);
    gathering->outcome = *outcome;
    if (outcome->error)
        gathering->problem = *outcome->error;
    gathering->done = true;
    pthread_cond_signal(&gathering->wake);
    pthread_mutex_unlock(&gathering->mutex);
}

static int copy_calls(struct gathering *gathering, struct answer *answer)
{
    struct model_call_request *calls =
        arena_array(gathering->arena, gathering->call_count, sizeof *calls);
    if (!calls)
        return TREADLE_EMEMORY;
    for (size_t i = 0; i < gathering->call_count; i++) {
        struct gathered_call *from = &gathering->calls[i];
        calls[i] = (struct model_call_request){
            .id = from->id,
            .name = from->name ? from->name : "",
            .arguments = arena_copy(gathering->arena, from->arguments.data, from->arguments.length),
        };
        if (from->arguments.failed)
            return TREADLE_ELIMIT;
        if (!calls[i].arguments)
            return TREADLE_EMEMORY;
    }
    answer->calls = calls;
    answer->call_count = gathering->call_count;
    return 0;
}

static int conclude(struct gathering *gathering, struct answer *out, struct treadle_error *error)
{
    if (gathering->outcome.error) {
        *error = gathering->problem;
        return error->code;
    }
    struct answer answer = {
        .text = arena_copy(gathering->arena, gathering->text.data, gathering->text.length),
        .finish = gathering->outcome.finish,
        .usage = gathering->outcome.usage,
    };
    int rc = answer.text ? copy_calls(gathering, &answer) : TREADLE_EMEMORY;
    if (gathering->overflow || gathering->text.failed || rc == TREADLE_ELIMIT)
        return error_set(error, TREADLE_ELIMIT, "The model's answer is too large.");
    if (rc)
        return error_set_memory(error);
    *out = answer;
    return 0;
}

int answer_get(struct model *model, const struct model_request *request, struct arena *arena,
               struct answer *out, struct treadle_error *error)
{
    struct gathering *gathering = arena_alloc(arena, sizeof *gathering);
    if (!gathering)
        return error_set_memory(error);
    gathering->arena = arena;
    buffer_init(&gathering->text, LARGEST_TEXT);
    pthread_mutex_init(&gathering->mutex, NULL);
    pthread_cond_init(&gathering->wake, NULL);
    const struct model_sink sink = {gathering, take_text, take_call, take_done};
    model_start(model, request, &sink);
    pthread_mutex_lock(&gathering->mutex);
    while (!gathering->done)
        pthread_cond_wait(&gathering->wake, &gathering->mutex);
    pthread_mutex_unlock(&gathering->mutex);
    int rc = conclude(gathering, out, error);
    buffer_clear(&gathering->text);
    for (size_t i = 0; i < gathering->call_count; i++)
        buffer_clear(&gathering->calls[i].arguments);
    pthread_cond_destroy(&gathering->wake);
    pthread_mutex_destroy(&gathering->mutex);
    return rc;
}
