/*
 * What was published of a message or of calls.
 */
#include "run/run_published.h"

#include <string.h>

#include "api/types.h"
#include "base/error.h"

enum { LARGEST_PIECE = 16 << 20 };

/* What was published of a message is its content, also where the database does not have it yet. */
int run_published_content(struct run_change *change, struct treadle_message *message,
                          struct treadle_error *error)
{
    struct run_news *news = run_change_news(change, message->run_id);
    struct treadle_content *content = NULL;
    size_t count = 0;
    if (!news)
        return error_set_memory(error);
    if (!news->live)
        return 0;
    int rc = live_copy_content(news->live, message->id, change->arena, &content, &count, error);
    if (!rc && count) {
        message->content = content;
        message->content_count = count;
    }
    return rc;
}

/* The same of the calls of a step. A step whose usage is held was recorded completely, with the
 * results of its searches. */
int run_published_calls(struct run_change *change, struct treadle_run_step *step,
                        struct treadle_error *error)
{
    struct run_news *news = run_change_news(change, step->run_id);
    struct treadle_tool_call *calls = NULL;
    size_t count = 0;
    if (!news)
        return error_set_memory(error);
    if (!news->live || step->usage)
        return 0;
    int rc = live_copy_calls(news->live, step->id, change->arena, &calls, &count, error);
    if (!rc && count) {
        step->step_details->tool_calls = calls;
        step->step_details->tool_call_count = count;
    }
    return rc;
}

/* Some clients take a message only from its pieces, so one without any gets an empty one. */
static int add_piece(struct run_change *change, const struct treadle_message *message,
                     const char *text, bool opens, struct treadle_error *error)
{
    struct buffer data;
    buffer_init(&data, LARGEST_PIECE);
    run_log_print_delta(PIECE_TEXT, message->id, 0, opens, text, strlen(text), &data);
    const char *copy = data.failed ? NULL : arena_copy(change->arena, data.data, data.length);
    buffer_clear(&data);
    return copy ? run_change_add(change, message->run_id, TREADLE_EVENT_MESSAGE_DELTA, 0, copy,
                                 NULL, error)
                : error_set_memory(error);
}

int run_publish_empty(struct run_change *change, struct treadle_message *message,
                      struct treadle_error *error)
{
    struct treadle_content *part = arena_alloc(change->arena, sizeof *part);
    struct treadle_text *text = arena_alloc(change->arena, sizeof *text);
    if (!part || !text)
        return error_set_memory(error);
    text->value = "";
    *part = (struct treadle_content){.type = TREADLE_CONTENT_TEXT, .text = text};
    message->content = part;
    message->content_count = 1;
    return add_piece(change, message, "", true, error);
}

/* How much of a message's text a log has. */
struct logged {
    struct arena *arena;
    const char *message_id;
    bool any;
    size_t length;
};

static int count_logged(void *context, int64_t number, enum treadle_event_type type,
                        const char *data)
{
    struct logged *logged = context;
    struct treadle_message_delta delta;
    struct treadle_error ignored;
    (void)number;
    if (type != TREADLE_EVENT_MESSAGE_DELTA ||
        field_parse(&treadle_message_delta_type, data, strlen(data), FIELD_TOLERANT, logged->arena,
                    &delta, &ignored) ||
        strcmp(delta.id, logged->message_id) != 0)
        return 0;
    logged->any = true;
    for (size_t i = 0; i < delta.delta->content_count; i++)
        if (delta.delta->content[i].text && delta.delta->content[i].text->value)
            logged->length += strlen(delta.delta->content[i].text->value);
    return 0;
}

/* After a crash the last pieces of a message are lost, but its content may have them: what the
 * content has and the log does not becomes one piece. */
int run_publish_rest(struct run_change *change, struct treadle_message *message,
                     struct treadle_error *error)
{
    const struct treadle_text *text = message->content_count ? message->content[0].text : NULL;
    struct logged logged = {.arena = change->arena, .message_id = message->id};
    const struct run_log_reader reader = {&logged, count_logged};
    int rc = run_log_read(change->session, message->run_id, 0, false, &reader, error);
    if (rc || !text || logged.length >= strlen(text->value))
        return rc;
    return add_piece(change, message, text->value + logged.length, !logged.any, error);
}
