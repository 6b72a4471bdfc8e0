/*
 * Calls of tools, from their pieces.
 */
#include "openai/openai_calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/ident.h"

enum { LARGEST_ARGUMENTS = 16 << 20, MOST_CALLS = 128, LONGEST_NAME = 256 };

struct openai_call {
    int64_t index; /* the server's; -1 for none */
    bool has_id;
    char id[128];
    struct buffer name;
    struct buffer arguments; /* until the call is announced */
    bool announced;
    size_t number; /* the sink's, in the order in which names became known */
};

static struct openai_call *add_call(struct openai_calls *calls, int64_t index,
                                    struct treadle_error *error)
{
    if (calls->count == MOST_CALLS) {
        error_set(error, TREADLE_ELIMIT, "The model called more than %d tools at once.",
                  MOST_CALLS);
        return NULL;
    }
    struct openai_call *items = array_grow(calls->items, calls->count, &calls->room, sizeof *items);
    if (!items) {
        error_set_memory(error);
        return NULL;
    }
    calls->items = items;
    struct openai_call *call = &calls->items[calls->count++];
    *call = (struct openai_call){.index = index};
    buffer_init(&call->name, LONGEST_NAME);
    buffer_init(&call->arguments, LARGEST_ARGUMENTS);
    return call;
}

static bool has_other_id(const struct openai_call *call, const char *id)
{
    return call->has_id && id && *id && strcmp(call->id, id) != 0;
}

static struct openai_call *find_call(struct openai_calls *calls, const json_t *piece,
                                     const char *id, struct treadle_error *error)
{
    const json_t *number = json_object_get(piece, "index");
    int64_t index = json_is_integer(number) ? json_integer_value(number) : -1;
    struct openai_call *found = NULL;
    if (index >= 0) {
        /* The newest with that index, since an index may have come twice. */
        for (size_t i = calls->count; i > 0 && !found; i--)
            if (calls->items[i - 1].index == index)
                found = &calls->items[i - 1];
    } else if (calls->count) {
        found = &calls->items[calls->count - 1];
    }
    return found && !has_other_id(found, id) ? found : add_call(calls, index, error);
}

static void announce(struct openai_calls *calls, const struct model_sink *sink,
                     struct openai_call *call)
{
    call->number = calls->announced++;
    if (!call->has_id)
        ident_make(call->id, "call_");
    call->has_id = call->announced = true;
    sink->tool_call(sink->context, call->number, call->id, call->name.data ? call->name.data : "",
                    call->arguments.data ? call->arguments.data : "", call->arguments.length);
    buffer_clear(&call->arguments);
}

/* Arguments are text; some servers send the object itself. */
static int take_arguments(struct openai_calls *calls, const struct model_sink *sink,
                          struct openai_call *call, const json_t *value)
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
    calls->argument_bytes += length;
    if (length && call->announced)
        sink->tool_call(sink->context, call->number, NULL, NULL, text, length);
    else if (length)
        rc = buffer_append(&call->arguments, text, length);
    free(printed);
    return rc;
}

static int take_piece(struct openai_calls *calls, const struct model_sink *sink,
                      const json_t *piece, struct treadle_error *error)
{
    const char *id = json_string_value(json_object_get(piece, "id"));
    const json_t *function = json_object_get(piece, "function");
    const char *name = json_string_value(json_object_get(function, "name"));
    struct openai_call *call = find_call(calls, piece, id, error);
    if (!call)
        return error->code;
    if (id && *id && !call->has_id && strlen(id) < sizeof call->id) {
        memcpy(call->id, id, strlen(id) + 1);
        call->has_id = true;
    }
    /* A name is repeated with each piece by some, and never parted. */
    if (name && *name && !call->name.length &&
        buffer_append_string(&call->name, name) == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (!call->announced && call->name.length)
        announce(calls, sink, call);
    int rc = take_arguments(calls, sink, call, json_object_get(function, "arguments"));
    return rc == TREADLE_EMEMORY ? error_set_memory(error) : rc;
}

int openai_calls_take(struct openai_calls *calls, const struct model_sink *sink,
                      const json_t *message, struct treadle_error *error)
{
    const json_t *pieces = json_object_get(message, "tool_calls");
    const json_t *old = json_object_get(message, "function_call");
    int rc = 0;
    for (size_t i = 0; !rc && i < json_array_size(pieces); i++)
        rc = take_piece(calls, sink, json_array_get(pieces, i), error);
    if (!rc && json_is_object(old)) {
        json_t *piece = json_pack("{s:i, s:O}", "index", 0, "function", old);
        rc = piece ? take_piece(calls, sink, piece, error) : error_set_memory(error);
        json_decref(piece);
    }
    return rc;
}

void openai_calls_finish(struct openai_calls *calls, const struct model_sink *sink)
{
    for (size_t i = 0; i < calls->count; i++)
        if (!calls->items[i].announced)
            announce(calls, sink, &calls->items[i]);
}

void openai_calls_clear(struct openai_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        buffer_clear(&calls->items[i].name);
        buffer_clear(&calls->items[i].arguments);
    }
    free(calls->items);
    *calls = (struct openai_calls){.items = NULL};
}
