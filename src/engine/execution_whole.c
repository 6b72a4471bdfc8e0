/*
 * Answers that are complete before anything of them was published: those of the built-in model, of
 * servers that do not stream, and short ones of fast servers. One transaction instead of two
 * begins, publishes and completes their message, and completes the run.
 */
#include <string.h>

#include "api/error.h"
#include "api/types.h"
#include "base/error.h"
#include "engine/engine_internal.h"

enum { LARGEST_TEXT = 8 << 20, MOST_ANNOTATIONS = 1000 };

struct whole {
    struct execution *execution;
    const char *message_id;
    struct buffer text, refusal, data;
    bool published, refused;
    struct treadle_annotation *annotations;
    size_t annotation_count;
    const char *support; /* as run_state_complete_message has it */
};

/* Makes an event of what was printed. */
static int publish_delta(struct whole *whole, struct treadle_error *error)
{
    struct run_change *change = &whole->execution->change;
    const char *data =
        whole->data.failed ? NULL : arena_copy(change->arena, whole->data.data, whole->data.length);
    int rc = whole->data.failed ? buffer_error(&whole->data, ERROR_ANSWER_TOO_LARGE, error)
             : data             ? 0
                                : error_set_memory(error);
    buffer_reset(&whole->data);
    if (rc)
        return rc;
    return run_change_add(change, whole->execution->record.run.id, TREADLE_EVENT_MESSAGE_DELTA, 0,
                          data, NULL, error);
}

static int publish_text(void *context, const char *text, size_t length, struct treadle_error *error)
{
    struct whole *whole = context;
    run_log_print_delta(PIECE_TEXT, whole->message_id, 0, !whole->published, text, length,
                        &whole->data);
    whole->published = true;
    if (buffer_append(&whole->text, text, length))
        return buffer_error(&whole->text, ERROR_ANSWER_TOO_LARGE, error);
    return publish_delta(whole, error);
}

static int publish_annotation(void *context, const struct treadle_annotation *annotation,
                              struct treadle_error *error)
{
    struct whole *whole = context;
    struct arena *arena = whole->execution->arena;
    /* The first piece of a text brings its empty list of annotations. */
    int rc = whole->published ? 0 : publish_text(whole, "", 0, error);
    if (rc || whole->annotation_count == MOST_ANNOTATIONS)
        return rc;
    if (!whole->annotations)
        whole->annotations = arena_array(arena, MOST_ANNOTATIONS, sizeof *whole->annotations);
    if (!whole->annotations || field_copy(&treadle_annotation_type, annotation, arena,
                                          &whole->annotations[whole->annotation_count]))
        return error_set_memory(error);
    run_log_print_annotation(whole->message_id, 0, whole->annotation_count++, annotation,
                             &whole->data);
    if (buffer_append_string(&whole->text, annotation->text))
        return buffer_error(&whole->text, ERROR_ANSWER_TOO_LARGE, error);
    return publish_delta(whole, error);
}

static int publish_refusal(struct whole *whole, const char *text, size_t length,
                           struct treadle_error *error)
{
    run_log_print_delta(PIECE_REFUSAL, whole->message_id, whole->published, !whole->refused, text,
                        length, &whole->data);
    whole->refused = true;
    if (buffer_append(&whole->refusal, text, length))
        return buffer_error(&whole->refusal, ERROR_ANSWER_TOO_LARGE, error);
    return publish_delta(whole, error);
}

static int publish_all(struct whole *whole, struct treadle_error *error)
{
    const struct execution *execution = whole->execution;
    const struct citation_target target = {whole, publish_text, publish_annotation};
    const struct citation_options options = execution_citations(execution);
    struct citation_walk *walk = citation_begin(&options, &target, execution->arena);
    int rc = walk ? 0 : error_set_memory(error);
    for (size_t i = 0; i < execution->batch.count && !rc; i++) {
        const struct inbox_entry *entry = &execution->batch.entries[i];
        const char *text = execution->batch.bytes.data + entry->start;
        rc = entry->kind == INBOX_TEXT ? citation_feed(walk, text, entry->length, error)
                                       : publish_refusal(whole, text, entry->length, error);
    }
    if (!rc)
        rc = citation_finish(walk, error);
    if (!rc)
        whole->support = execution_support(execution, walk);
    citation_free(walk);
    return rc || whole->published || whole->refused ? rc : publish_text(whole, "", 0, error);
}

static int complete(struct whole *whole, struct treadle_error *error)
{
    struct execution *execution = whole->execution;
    struct run_change *change = &execution->change;
    const char *run_id = execution->record.run.id;
    struct treadle_text text = {
        .value = arena_copy(execution->arena, whole->text.data, whole->text.length),
        .annotations = whole->annotations,
        .annotation_count = whole->annotation_count,
    };
    const char *refusal = arena_copy(execution->arena, whole->refusal.data, whole->refusal.length);
    struct treadle_content parts[2];
    size_t count = 0;
    if (!text.value || !refusal)
        return error_set_memory(error);
    if (whole->published)
        parts[count++] = (struct treadle_content){.type = TREADLE_CONTENT_TEXT, .text = &text};
    if (whole->refused)
        parts[count++] =
            (struct treadle_content){.type = TREADLE_CONTENT_REFUSAL, .refusal = refusal};
    int rc = run_state_complete_message(change, &execution->step, parts, count, whole->support,
                                        &execution->usage, error);
    if (!rc)
        rc = run_state_add_times(change, run_id, &execution->times, error);
    return rc ? rc : run_state_complete(change, run_id, error);
}

static int write_whole(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    struct whole whole = {.execution = execution};
    (void)session;
    int rc =
        run_state_begin_message(&execution->change, &execution->record, &execution->step, error);
    if (rc)
        return rc;
    whole.message_id = execution->step.step_details->message_creation->message_id;
    buffer_init(&whole.text, LARGEST_TEXT);
    buffer_init(&whole.refusal, LARGEST_TEXT);
    buffer_init(&whole.data, 2 * LARGEST_TEXT);
    rc = publish_all(&whole, error);
    if (!rc)
        rc = complete(&whole, error);
    buffer_clear(&whole.text);
    buffer_clear(&whole.refusal);
    buffer_clear(&whole.data);
    return rc;
}

bool execution_whole_has(const struct execution *execution)
{
    const struct model_outcome *outcome = &execution->inbox.outcome;
    if (!execution->answered || execution->writes || execution->calls_tools || execution->taken ||
        outcome->error || outcome->finish != MODEL_STOP)
        return false;
    for (size_t i = 0; i < execution->batch.count; i++)
        if (execution->batch.entries[i].kind == INBOX_CALL)
            return false;
    return true;
}

bool execution_whole_write(struct execution *execution)
{
    if (execution_count(execution))
        return execution_fails(execution);
    execution->status = "completed";
    return execution_write(execution, write_whole, execution_end);
}
