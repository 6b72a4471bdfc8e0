/*
 * Events of a stream, from their name and JSON to their object.
 */
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/error.h"
#include "base/text.h"
#include "client/stream_internal.h"

bool event_is_last(const struct sse *sse)
{
    return strcmp(sse->name, event_names[TREADLE_EVENT_DONE]) == 0 ||
           strcmp(sse->data.data, "[DONE]") == 0;
}

static void set_object(struct treadle_event *event, const struct treadle_type *type,
                       const void *object)
{
    if (type == &treadle_thread_type)
        event->thread = object;
    else if (type == &treadle_run_type)
        event->run = object;
    else if (type == &treadle_run_step_type)
        event->step = object;
    else if (type == &treadle_run_step_delta_type)
        event->step_delta = object;
    else if (type == &treadle_message_type)
        event->message = object;
    else
        event->message_delta = object;
}

static int read_object(struct treadle_event *event, struct arena *arena,
                       struct treadle_error *error)
{
    const struct treadle_type *type = event_type(event->type);
    struct treadle_error why;
    void *object = arena_alloc(arena, type->size);
    if (!object)
        return error_set_memory(error);
    int rc =
        field_parse(type, event->data, event->data_length, FIELD_TOLERANT, arena, object, &why);
    if (rc == TREADLE_EMEMORY)
        return error_set(error, TREADLE_ELIMIT, "an event takes too much memory");
    if (rc)
        return error_set(error, TREADLE_EPARSE, "the event %s cannot be read: %s", event->name,
                         why.message);
    if (!response_has_ids(type, object))
        return error_set(error, TREADLE_EPARSE, "the event %s has no id", event->name);
    set_object(event, type, object);
    return 1;
}

/* Some servers put the members at the top, some into `error`, and some do both. */
static int read_error(struct treadle_event *event, struct arena *arena, struct treadle_error *error)
{
    struct treadle_error *reported = arena_alloc(arena, sizeof *reported);
    const char *wrapped = arena_format(arena, "{\"error\":%s}", event->data);
    if (!reported || !wrapped)
        return error_set_memory(error);
    if (error_parse(event->data, event->data_length, 0, arena, reported) &&
        error_parse(wrapped, strlen(wrapped), 0, arena, reported))
        error_set(reported, TREADLE_EREMOTE, "the server reported an error without saying which");
    event->error = reported;
    return 1;
}

int event_read(const struct sse *sse, struct arena *arena, struct treadle_event *out,
               struct treadle_error *error)
{
    struct treadle_event event = {.type =
                                      (enum treadle_event_type)field_value(event_names, sse->name),
                                  .data = sse->data.data,
                                  .data_length = sse->data.length};
    if (!event.type)
        return 0;
    event.name = event_names[event.type];
    if (text_to_integer(sse->id, 1, INT64_MAX, &event.number))
        event.number = 0;
    int rc = event.type == TREADLE_EVENT_ERROR ? read_error(&event, arena, error)
                                               : read_object(&event, arena, error);
    if (rc > 0)
        *out = event;
    return rc;
}

const char *treadle_event_text(const struct treadle_event *event)
{
    const struct treadle_message_change *change =
        event->message_delta ? event->message_delta->delta : NULL;
    for (size_t i = 0; change && i < change->content_count; i++) {
        const struct treadle_content_delta *part = &change->content[i];
        if (part->text && part->text->value)
            return part->text->value;
        if (part->refusal)
            return part->refusal;
    }
    return NULL;
}
