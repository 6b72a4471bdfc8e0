/*
 * The conversation.
 */
#include "engine/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/types.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "engine/content.h"
#include "engine/message_scan.h"
#include "run/run_state.h"
#include "store/message_record.h"
#include "store/run_step_record.h"

enum { LARGEST_MESSAGE = 8 << 20, MOST_STEPS = 128 };

int conversation_add(struct conversation *conversation, const struct model_message *message,
                     struct treadle_error *error)
{
    struct model_message *messages =
        array_grow_in(conversation->arena, conversation->messages, conversation->count,
                      &conversation->capacity, sizeof *messages);
    if (!messages)
        return error_set_memory(error);
    conversation->messages = messages;
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

static bool has_images(const struct treadle_message *message)
{
    for (size_t i = 0; i < message->content_count; i++)
        if (message->content[i].image_file || message->content[i].image_url)
            return true;
    return false;
}

static int note_images(struct conversation *conversation, const struct treadle_message *message)
{
    if (!conversation->images)
        conversation->images =
            arena_array(conversation->arena, CONVERSATION_MESSAGES, sizeof *conversation->images);
    if (!conversation->images)
        return TREADLE_EMEMORY;
    if (conversation->image_count < CONVERSATION_MESSAGES)
        conversation->images[conversation->image_count++] =
            (struct conversation_image){conversation->count, message};
    return 0;
}

static int add_parsed(struct conversation *conversation, const struct treadle_message *message,
                      bool of_run, struct treadle_error *error)
{
    bool user = message->role == TREADLE_ROLE_USER;
    bool images = user && conversation->sees && has_images(message);
    const char *text = message_text(message, conversation->arena);
    if (!text)
        return error_set(error, TREADLE_ELIMIT, CONTENT_TOO_LONG);
    if (!text[0] && !images)
        return 0;
    if (images && note_images(conversation, message))
        return error_set_memory(error);
    struct model_message said = {
        .role = user ? MODEL_USER : MODEL_ASSISTANT, .text = text, .of_run = of_run};
    return conversation_add(conversation, &said, error);
}

static int add_text(struct conversation *conversation, const struct message_scan *scanned,
                    struct treadle_error *error)
{
    const struct model_message said = {.role = scanned->user ? MODEL_USER : MODEL_ASSISTANT,
                                       .text = scanned->text,
                                       .of_run = scanned->of_run};
    return scanned->text[0] ? conversation_add(conversation, &said, error) : 0;
}

/* ---- What earlier runs cited ---------------------------------------------------------------- */

static int make_sources(struct conversation *conversation)
{
    if (!conversation->sources)
        conversation->sources =
            arena_array(conversation->arena, CONVERSATION_SOURCES, sizeof *conversation->sources);
    return conversation->sources ? 0 : TREADLE_EMEMORY;
}

/* An annotation of an earlier answer as a source: a model that repeats its marker cites the same
 * file, page and quote. */
static int make_cited(const struct treadle_annotation *annotation, struct arena *arena,
                      struct citation_source *out)
{
    const struct treadle_file_citation *citation = annotation->file_citation;
    struct model_passage *passage = arena_alloc(arena, sizeof *passage);
    struct search_result *result = arena_alloc(arena, sizeof *result);
    struct search_page *page = arena_alloc(arena, sizeof *page);
    if (!passage || !result || !page)
        return TREADLE_EMEMORY;
    *page = (struct search_page){
        .page = citation->page.state == TREADLE_SET ? (int)citation->page.value : 0,
        .label = citation->page_label};
    *passage = (struct model_passage){.marker = annotation->text};
    *result = (struct search_result){.store_id = "",
                                     .file_id = citation->file_id,
                                     .filename = "",
                                     .text = citation->quote ? citation->quote : "",
                                     .pages = page,
                                     .page_count = 1};
    *out = (struct citation_source){passage, result};
    return 0;
}

/* The first number of a marker, as in 【4:0†name】. */
static unsigned turn_of(const char *marker)
{
    unsigned turn = 0;
    for (const char *at = marker + strcspn(marker, "0123456789"); *at >= '0' && *at <= '9'; at++)
        turn = turn < 100000 ? turn * 10 + (unsigned)(*at - '0') : turn;
    return turn;
}

/* Messages come in order, so the newest replace the oldest. */
static int note_cited(struct conversation *conversation,
                      const struct treadle_annotation *annotation)
{
    if (annotation->type != TREADLE_ANNOTATION_FILE_CITATION || !annotation->file_citation ||
        !annotation->file_citation->file_id || !annotation->text)
        return 0;
    if (make_sources(conversation))
        return TREADLE_EMEMORY;
    if (turn_of(annotation->text) >= conversation->first_turn)
        conversation->first_turn = turn_of(annotation->text) + 1;
    if (conversation->cited == CONVERSATION_CITED)
        memmove(conversation->sources, conversation->sources + 1,
                --conversation->cited * sizeof *conversation->sources);
    int rc =
        make_cited(annotation, conversation->arena, &conversation->sources[conversation->cited]);
    conversation->source_count = conversation->cited += !rc;
    return rc;
}

static int note_all_cited(struct conversation *conversation, const struct treadle_message *message)
{
    int rc = 0;
    for (size_t i = 0; i < message->content_count && !rc; i++) {
        const struct treadle_text *text = message->content[i].text;
        for (size_t j = 0; text && j < text->annotation_count && !rc; j++)
            rc = note_cited(conversation, &text->annotations[j]);
    }
    return rc;
}

/* What the run itself wrote comes from its steps, not from the thread's messages. */
static int add_message(struct conversation *conversation, const char *body, const char *run_id,
                       bool of_run, struct treadle_error *error)
{
    struct message_scan scanned;
    /* Within a text the quotation marks would be escaped. */
    bool cites = strstr(body, "\"file_citation\"");
    if (!cites && message_scan(body, run_id, conversation->arena, &scanned))
        return scanned.of_run == of_run ? add_text(conversation, &scanned, error) : 0;
    struct treadle_message *message = arena_alloc(conversation->arena, sizeof *message);
    if (!message)
        return error_set_memory(error);
    int rc = field_parse(&treadle_message_type, body, strlen(body), FIELD_TOLERANT,
                         conversation->arena, message, error);
    if (rc || (message->run_id && strcmp(message->run_id, run_id) == 0) != of_run)
        return rc;
    if (!of_run && message->role == TREADLE_ROLE_ASSISTANT && note_all_cited(conversation, message))
        return error_set_memory(error);
    return add_parsed(conversation, message, of_run, error);
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

/* ---- The run's earlier turns ---------------------------------------------------------------- */

int conversation_add_result(struct conversation *conversation, const char *call_id,
                            const struct tool_result *result, struct treadle_error *error)
{
    if (result->source_count && make_sources(conversation))
        return error_set_memory(error);
    for (size_t i = 0;
         i < result->source_count && conversation->source_count < CONVERSATION_SOURCES; i++)
        conversation->sources[conversation->source_count++] = result->sources[i];
    const struct model_message message = {
        .role = MODEL_TOOL,
        .text = result->text,
        .call_id = call_id,
        .passages = result->passages,
        .passage_count = result->passage_count,
        .of_run = true,
    };
    return conversation_add(conversation, &message, error);
}

/* One step as the database has it. */
struct past_step {
    struct past_step *next;
    struct treadle_run_step step;
    const char *remembered; /* JSON: from which its calls are recalled */
};

/* The conversation that is loaded, and whose. */
struct loading {
    struct db_session *session;
    const struct tool_context *tools;
    const struct tool_kind *const *kinds;
    struct conversation *conversation;
};

/* Where a model said something before its calls, both are one message. */
static int recall_said(struct conversation *conversation, const struct model_call_request *calls,
                       size_t count, struct treadle_error *error)
{
    struct model_message *last =
        conversation->count ? &conversation->messages[conversation->count - 1] : NULL;
    const struct model_message said = {
        .role = MODEL_ASSISTANT, .calls = calls, .call_count = count, .of_run = true};
    if (!last || last->role != MODEL_ASSISTANT || !last->of_run || last->call_count)
        return conversation_add(conversation, &said, error);
    last->calls = calls;
    last->call_count = count;
    return 0;
}

/* This version does not have the kind of the call, so its output is empty. */
static int recall_call(const struct loading *loading, const struct treadle_tool_call *recorded,
                       json_t *remembered, struct model_call_request *said,
                       struct treadle_error *error)
{
    struct conversation *conversation = loading->conversation;
    const struct tool_kind *kind = tool_kind_find(loading->kinds, recorded->type);
    struct tool_call call = {.kind = kind,
                             .name = "",
                             .arguments = "",
                             .turn = conversation->first_turn + conversation->turns,
                             .first_source = conversation->source_count - conversation->cited,
                             .recorded = *recorded};
    struct tool_result result = {.text = ""};
    char *memory =
        json_is_null(remembered) ? NULL : json_dumps(remembered, JSON_COMPACT | JSON_ENCODE_ANY);
    int rc = 0;
    if (kind && kind->recall)
        rc = kind->recall(loading->tools, &call, memory, &result, error);
    free(memory);
    *said = (struct model_call_request){recorded->id, call.name, call.arguments};
    return rc ? rc : conversation_add_result(conversation, recorded->id, &result, error);
}

static int recall_calls(const struct loading *loading, const struct past_step *past,
                        struct treadle_error *error)
{
    const struct treadle_step_details *details = past->step.step_details;
    struct conversation *conversation = loading->conversation;
    size_t count = details->tool_call_count;
    struct model_call_request *calls = arena_array(conversation->arena, count, sizeof *calls);
    json_t *remembered = NULL;
    int rc = calls ? recall_said(conversation, calls, count, error) : error_set_memory(error);
    if (!rc && past->remembered)
        rc = json_read(past->remembered, strlen(past->remembered), JSON_READ_STRICT, &remembered,
                       error);
    for (size_t i = 0; i < count && !rc; i++)
        rc = recall_call(loading, &details->tool_calls[i], json_array_get(remembered, i), &calls[i],
                         error);
    json_decref(remembered);
    conversation->turns++;
    return rc;
}

static int recall_message(struct db_session *session, struct conversation *conversation,
                          const struct treadle_run_step *step, struct treadle_error *error)
{
    const char *body = NULL;
    int rc = message_record_text(session, step->step_details->message_creation->message_id,
                                 conversation->arena, &body, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    return rc ? rc : add_message(conversation, body, step->run_id, true, error);
}

struct recalling {
    struct arena *arena;
    struct past_step **last;
};

static int read_step(void *context, const char *body, size_t length, const char *recall,
                     struct treadle_error *error)
{
    struct recalling *recalling = context;
    struct past_step *past = arena_alloc(recalling->arena, sizeof *past);
    if (!past)
        return error_set_memory(error);
    int rc = field_parse(&treadle_run_step_type, body, length, FIELD_TOLERANT, recalling->arena,
                         &past->step, error);
    if (rc)
        return rc;
    past->remembered = arena_string(recalling->arena, recall);
    *recalling->last = past;
    recalling->last = &past->next;
    return 0;
}

/* All of them are read first, because recalling a call also reads from the database. */
static int load_steps(struct db_session *session, const char *run_id, struct arena *arena,
                      struct past_step **out, struct treadle_error *error)
{
    struct recalling recalling = {arena, out};
    return run_step_record_each_completed(session, run_id, MOST_STEPS, read_step, &recalling,
                                          error);
}

static int recall_steps(const struct loading *loading, const char *run_id,
                        struct treadle_error *error)
{
    struct conversation *conversation = loading->conversation;
    struct past_step *steps = NULL;
    int rc = load_steps(loading->session, run_id, conversation->arena, &steps, error);
    for (const struct past_step *past = steps; past && !rc; past = past->next) {
        if (past->step.usage)
            run_usage_add(&conversation->used, past->step.usage);
        rc = past->step.step_details->message_creation
                 ? recall_message(loading->session, conversation, &past->step, error)
                 : recall_calls(loading, past, error);
    }
    return rc;
}

/* ---- The whole ------------------------------------------------------------------------------ */

int conversation_load(struct db_session *session, const struct tool_context *tools,
                      const struct tool_kind *const *kinds, bool sees, struct conversation *out,
                      struct treadle_error *error)
{
    const struct treadle_run *run = tools->run;
    struct arena *arena = tools->arena;
    struct conversation conversation = {.arena = arena, .sees = sees};
    const struct loading loading = {session, tools, kinds, &conversation};
    struct record_page page = {0};
    int rc =
        message_record_newest(session, run->thread_id, message_limit(run), arena, &page, error);
    if (!rc && run->instructions && run->instructions[0]) {
        struct model_message system = {.role = MODEL_SYSTEM, .text = run->instructions};
        rc = conversation_add(&conversation, &system, error);
    }
    /* The page has the newest first. */
    for (size_t i = page.count; i > 0 && !rc; i--)
        rc = add_message(&conversation, page.bodies[i - 1], run->id, false, error);
    if (!rc)
        rc = recall_steps(&loading, run->id, error);
    if (!rc)
        *out = conversation;
    return rc;
}
