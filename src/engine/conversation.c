/*
 * The conversation.
 */
#include "engine/conversation.h"

#include <string.h>

#include "api/types.h"
#include "base/buffer.h"
#include "base/error.h"
#include "store/record.h"

enum { LARGEST_MESSAGE = 8 << 20 };

int conversation_add(struct conversation *conversation, const struct model_message *message,
                     struct treadle_error *error)
{
    if (conversation->count == conversation->capacity) {
        size_t capacity = conversation->capacity ? conversation->capacity * 2 : 32;
        struct model_message *messages =
            arena_array(conversation->arena, capacity, sizeof *messages);
        if (!messages)
            return error_set_memory(error);
        if (conversation->count)
            memcpy(messages, conversation->messages, conversation->count * sizeof *messages);
        conversation->messages = messages;
        conversation->capacity = capacity;
    }
    conversation->messages[conversation->count++] = *message;
    return 0;
}

/* All text parts of a message, with line breaks between them. */
static const char *message_text(const struct treadle_message *message, struct arena *arena)
{
    struct buffer text;
    buffer_init(&text, LARGEST_MESSAGE);
    for (size_t i = 0; i < message->content_count; i++) {
        const struct treadle_text *part = message->content[i].text;
        if (!part || !part->value)
            continue;
        if (text.length)
            buffer_append_char(&text, '\n');
        buffer_append_string(&text, part->value);
    }
    const char *copy = text.failed ? NULL : arena_copy(arena, text.data, text.length);
    buffer_clear(&text);
    return copy;
}

static int add_message(struct conversation *conversation, const char *body,
                       struct treadle_error *error)
{
    struct treadle_message message;
    int rc = field_parse(&treadle_message_type, body, strlen(body), FIELD_TOLERANT,
                         conversation->arena, &message, error);
    if (rc)
        return rc;
    const char *text = message_text(&message, conversation->arena);
    if (!text)
        return error_set(error, TREADLE_ELIMIT, "A message of the thread is too long.");
    if (!text[0])
        return 0;
    struct model_message said = {
        .role = message.role == TREADLE_ROLE_USER ? MODEL_USER : MODEL_ASSISTANT, .text = text};
    return conversation_add(conversation, &said, error);
}

static size_t message_limit(const struct treadle_run *run)
{
    const struct treadle_truncation_strategy *strategy = run->truncation_strategy;
    if (strategy && strategy->type == TREADLE_TRUNCATION_LAST_MESSAGES &&
        strategy->last_messages.state == TREADLE_SET &&
        strategy->last_messages.value < CONVERSATION_MESSAGES)
        return (size_t)strategy->last_messages.value;
    return CONVERSATION_MESSAGES;
}

int conversation_load(struct db_session *session, const struct treadle_run *run,
                      struct arena *arena, struct conversation *out, struct treadle_error *error)
{
    struct conversation conversation = {.arena = arena};
    const struct record_key keys[] = {{"thread", run->thread_id}};
    struct record_query query = {
        .table = "messages", .keys = keys, .key_count = 1, .limit = message_limit(run)};
    struct record_page page = {0};
    int rc = record_list(session, &query, arena, &page, error);
    if (!rc && run->instructions && run->instructions[0]) {
        struct model_message system = {.role = MODEL_SYSTEM, .text = run->instructions};
        rc = conversation_add(&conversation, &system, error);
    }
    /* The page has the newest first. */
    for (size_t i = page.count; i > 0 && !rc; i--)
        rc = add_message(&conversation, page.bodies[i - 1], error);
    if (!rc)
        *out = conversation;
    return rc;
}
