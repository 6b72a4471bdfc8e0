/*
 * Run state.
 */
#include "engine/run_state.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "store/record.h"

enum { RUN_LIFETIME = 600 };

#define TO(status) (1u << TREADLE_RUN_##status)

/* What may follow each status; nothing follows one that is not here. */
static const unsigned run_followers[] = {
    [TREADLE_RUN_QUEUED] = TO(IN_PROGRESS) | TO(CANCELLING) | TO(FAILED) | TO(EXPIRED),
    [TREADLE_RUN_IN_PROGRESS] = TO(REQUIRES_ACTION) | TO(COMPLETED) | TO(INCOMPLETE) | TO(FAILED) |
                                TO(CANCELLING) | TO(EXPIRED),
    [TREADLE_RUN_REQUIRES_ACTION] = TO(QUEUED) | TO(CANCELLING) | TO(EXPIRED) | TO(FAILED),
    [TREADLE_RUN_CANCELLING] =
        TO(CANCELLED) | TO(COMPLETED) | TO(INCOMPLETE) | TO(FAILED) | TO(EXPIRED),
    [TREADLE_RUN_EXPIRED] = 0,
};

bool run_state_is_active(enum treadle_run_status status)
{
    return status > 0 && status <= TREADLE_RUN_EXPIRED && run_followers[status] != 0;
}

static struct treadle_integer now(void)
{
    return (struct treadle_integer){TREADLE_SET, clock_seconds()};
}

/* ---- Rows ----------------------------------------------------------------------------------- */

static int load_run(struct db_session *session, const char *run_id, struct arena *arena,
                    struct treadle_run *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", run_id}};
    return record_load(session, "runs", &treadle_run_type, keys, 1, arena, out, error);
}

static int save_run(struct db_session *session, const struct treadle_run *run, struct arena *arena,
                    struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", run->id}};
    const struct record_value values[] = {
        {.column = "status", .text = field_word(run_status_names, (int)run->status)},
        {.column = "body", .text = field_text(&treadle_run_type, run, arena)},
    };
    if (!values[1].text)
        return error_set_memory(error);
    return record_update(session, "runs", keys, 1, values, 2, error);
}

static size_t count_results(const struct treadle_step_details *details)
{
    size_t count = 0;
    for (size_t i = 0; i < details->tool_call_count; i++)
        if (details->tool_calls[i].file_search)
            count += details->tool_calls[i].file_search->result_count;
    return count;
}

/* Takes the content out of all search results (`keep` holds it then), or puts it back. */
static void swap_content(struct treadle_step_details *details, struct treadle_search_content **keep,
                         bool take)
{
    for (size_t i = 0; i < details->tool_call_count; i++) {
        struct treadle_file_search_call *call = details->tool_calls[i].file_search;
        for (size_t j = 0; call && j < call->result_count; j++, keep++) {
            if (take)
                *keep = call->results[j].content;
            call->results[j].content = take ? NULL : *keep;
        }
    }
}

/* The step as it is listed, and as it is with the content of its search results (NULL when it has
 * none). */
static int print_step(const struct treadle_run_step *step, struct arena *arena, const char **body,
                      const char **detail)
{
    size_t results = count_results(step->step_details);
    struct treadle_search_content **keep = arena_array(arena, results, sizeof(void *));
    if (!keep)
        return TREADLE_EMEMORY;
    *detail = results ? field_text(&treadle_run_step_type, step, arena) : NULL;
    swap_content(step->step_details, keep, true);
    *body = field_text(&treadle_run_step_type, step, arena);
    swap_content(step->step_details, keep, false);
    return *body && (*detail || !results) ? 0 : TREADLE_EMEMORY;
}

static int insert_step(struct db_session *session, const char *project,
                       const struct treadle_run_step *step, struct arena *arena,
                       struct treadle_error *error)
{
    const char *body, *detail;
    if (print_step(step, arena, &body, &detail))
        return error_set_memory(error);
    const struct record_value values[] = {
        {.column = "id", .text = step->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = step->thread_id},
        {.column = "run", .text = step->run_id},
        {.column = "status", .text = field_word(run_step_status_names, (int)step->status)},
        {.column = "body", .text = body},
    };
    return record_insert(session, "run_steps", values, 6, error);
}

static int save_step(struct db_session *session, const struct treadle_run_step *step,
                     struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step->id}};
    const char *body, *detail;
    if (print_step(step, arena, &body, &detail))
        return error_set_memory(error);
    const struct record_value values[] = {
        {.column = "status", .text = field_word(run_step_status_names, (int)step->status)},
        {.column = "body", .text = body},
        {.column = "detail", .text = detail},
    };
    return record_update(session, "run_steps", keys, 1, values, 3, error);
}

static int load_message(struct db_session *session, const char *message_id, struct arena *arena,
                        struct treadle_message *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", message_id}};
    return record_load(session, "messages", &treadle_message_type, keys, 1, arena, out, error);
}

static int save_message(struct db_session *session, const struct treadle_message *message,
                        struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", message->id}};
    const struct record_value values[] = {
        {.column = "body", .text = field_text(&treadle_message_type, message, arena)}};
    if (!values[0].text)
        return error_set_memory(error);
    return record_update(session, "messages", keys, 1, values, 1, error);
}

/* ---- The lock ------------------------------------------------------------------------------- */

static int read_lock(struct db_session *session, const char *thread_id, struct arena *arena,
                     const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    return record_text(session, "threads", "active_run", keys, 1, arena, out, error);
}

static int write_lock(struct db_session *session, const char *thread_id, const char *run_id,
                      struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    const struct record_value values[] = {{.column = "active_run", .text = run_id}};
    return record_update(session, "threads", keys, 1, values, 1, error);
}

int run_state_check_unlocked(struct db_session *session, const char *thread_id, struct arena *arena,
                             struct treadle_error *error)
{
    const char *holder;
    int rc = read_lock(session, thread_id, arena, &holder, error);
    if (rc || !holder)
        return rc;
    return error_set_request(
        error, NULL, NULL, "Can't add messages to %s while a run %s is active.", thread_id, holder);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

int run_state_create(struct db_session *session, const char *project, struct treadle_run *run,
                     struct arena *arena, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    const char *holder;
    int rc = read_lock(session, run->thread_id, arena, &holder, error);
    if (rc)
        return rc;
    if (holder)
        return error_set_request(error, NULL, NULL, "Thread %s already has an active run %s.",
                                 run->thread_id, holder);
    ident_make(id, "run_");
    run->id = arena_string(arena, id);
    run->created_at = clock_seconds();
    run->expires_at = (struct treadle_integer){TREADLE_SET, run->created_at + RUN_LIFETIME};
    run->status = TREADLE_RUN_QUEUED;
    const struct record_value values[] = {
        {.column = "id", .text = run->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = run->thread_id},
        {.column = "status", .text = field_word(run_status_names, TREADLE_RUN_QUEUED)},
        {.column = "body", .text = field_text(&treadle_run_type, run, arena)},
    };
    if (!run->id || !values[4].text)
        return error_set_memory(error);
    rc = record_insert(session, "runs", values, 5, error);
    return rc ? rc : write_lock(session, run->thread_id, run->id, error);
}

static int check_transition(const struct treadle_run *run, enum treadle_run_status to,
                            struct treadle_error *error)
{
    if (run_followers[run->status] & 1u << to)
        return 0;
    return error_set(error, TREADLE_ESTATE, "a run in status '%s' cannot become '%s'",
                     field_word(run_status_names, (int)run->status),
                     field_word(run_status_names, (int)to));
}

int run_state_claim(struct db_session *session, struct arena *arena, struct run_record *out,
                    struct treadle_error *error)
{
    struct db_statement *statement;
    struct run_record record;
    int rc = db_prepare(session, &statement,
                        "SELECT id, project FROM runs WHERE status = 'queued' "
                        "ORDER BY seq LIMIT 1",
                        error);
    if (rc)
        return rc;
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no run is queued");
    if (rc < 0)
        return rc;
    const char *id = arena_string(arena, db_column_text(statement, 0, NULL));
    record.project = arena_string(arena, db_column_text(statement, 1, NULL));
    if (!id || !record.project)
        return error_set_memory(error);
    rc = load_run(session, id, arena, &record.run, error);
    if (!rc)
        rc = check_transition(&record.run, TREADLE_RUN_IN_PROGRESS, error);
    if (rc)
        return rc;
    record.run.status = TREADLE_RUN_IN_PROGRESS;
    record.run.started_at = now();
    rc = save_run(session, &record.run, arena, error);
    if (!rc)
        *out = record;
    return rc;
}

static int sum_usage(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_usage **out, struct treadle_error *error)
{
    struct treadle_usage *sum = arena_alloc(arena, sizeof *sum);
    struct db_statement *statement;
    if (!sum)
        return error_set_memory(error);
    int rc = db_prepare(session, &statement, "SELECT body FROM run_steps WHERE run = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    while ((rc = db_step(statement, error)) > 0) {
        size_t length;
        struct treadle_run_step step = {0};
        const char *body = db_column_text(statement, 0, &length);
        rc = field_parse(&treadle_run_step_type, body, length, FIELD_TOLERANT, arena, &step, error);
        if (rc)
            return rc;
        if (!step.usage)
            continue;
        sum->prompt_tokens += step.usage->prompt_tokens;
        sum->completion_tokens += step.usage->completion_tokens;
        sum->total_tokens += step.usage->total_tokens;
    }
    if (!rc)
        *out = sum;
    return rc;
}

/* The part of every end: status, usage, no expiry any more, and the thread is free. */
static int end_run(struct db_session *session, struct treadle_run *run,
                   enum treadle_run_status status, struct arena *arena, struct treadle_error *error)
{
    int rc = check_transition(run, status, error);
    if (!rc)
        rc = sum_usage(session, run->id, arena, &run->usage, error);
    if (rc)
        return rc;
    run->status = status;
    run->expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    run->required_action = NULL;
    rc = save_run(session, run, arena, error);
    return rc ? rc : write_lock(session, run->thread_id, NULL, error);
}

int run_state_complete(struct db_session *session, const char *run_id, struct arena *arena,
                       struct treadle_error *error)
{
    struct treadle_run run;
    int rc = load_run(session, run_id, arena, &run, error);
    if (rc)
        return rc;
    run.completed_at = now();
    return end_run(session, &run, TREADLE_RUN_COMPLETED, arena, error);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static int begin_step(struct db_session *session, const struct run_record *record,
                      struct treadle_step_details *details, struct arena *arena,
                      struct treadle_run_step *out, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct treadle_run run;
    int rc = load_run(session, record->run.id, arena, &run, error);
    if (rc)
        return rc;
    if (run.status != TREADLE_RUN_IN_PROGRESS)
        return error_set(error, TREADLE_ESTATE, "a run in status '%s' begins no step",
                         field_word(run_status_names, (int)run.status));
    ident_make(id, "step_");
    struct treadle_run_step step = {
        .id = arena_string(arena, id),
        .created_at = clock_seconds(),
        .assistant_id = run.assistant_id,
        .thread_id = run.thread_id,
        .run_id = run.id,
        .type = details->type,
        .status = TREADLE_STEP_IN_PROGRESS,
        .step_details = details,
        .expires_at = run.expires_at,
    };
    if (!step.id)
        return error_set_memory(error);
    rc = insert_step(session, record->project, &step, arena, error);
    if (!rc)
        *out = step;
    return rc;
}

int run_state_begin_tools(struct db_session *session, const struct run_record *record,
                          struct arena *arena, struct treadle_run_step *out,
                          struct treadle_error *error)
{
    struct treadle_step_details *details = arena_alloc(arena, sizeof *details);
    if (!details)
        return error_set_memory(error);
    details->type = TREADLE_STEP_TOOL_CALLS;
    return begin_step(session, record, details, arena, out, error);
}

static int insert_message(struct db_session *session, const struct run_record *record,
                          const struct treadle_message *message, struct arena *arena,
                          struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = message->id},
        {.column = "project", .text = record->project},
        {.column = "thread", .text = message->thread_id},
        {.column = "run", .text = message->run_id},
        {.column = "body", .text = field_text(&treadle_message_type, message, arena)},
    };
    if (!values[4].text)
        return error_set_memory(error);
    return record_insert(session, "messages", values, 5, error);
}

int run_state_begin_message(struct db_session *session, const struct run_record *record,
                            struct arena *arena, struct treadle_run_step *out,
                            struct treadle_error *error)
{
    char id[IDENT_SIZE];
    struct treadle_run_step step;
    struct treadle_step_details *details = arena_alloc(arena, sizeof *details);
    struct treadle_message_creation *creation = arena_alloc(arena, sizeof *creation);
    ident_make(id, "msg_");
    if (!details || !creation || !(creation->message_id = arena_string(arena, id)))
        return error_set_memory(error);
    details->type = TREADLE_STEP_MESSAGE_CREATION;
    details->message_creation = creation;
    int rc = begin_step(session, record, details, arena, &step, error);
    if (rc)
        return rc;
    const struct treadle_message message = {
        .id = creation->message_id,
        .created_at = step.created_at,
        .thread_id = step.thread_id,
        .status = TREADLE_MESSAGE_IN_PROGRESS,
        .role = TREADLE_ROLE_ASSISTANT,
        .assistant_id = step.assistant_id,
        .run_id = step.run_id,
    };
    rc = insert_message(session, record, &message, arena, error);
    if (!rc)
        *out = step;
    return rc;
}

/* Completes the step as the database has it, so that nothing that happened since is undone. */
static int complete_step(struct db_session *session, const char *step_id,
                         struct treadle_step_details *details, const struct treadle_usage *usage,
                         struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step_id}};
    struct treadle_run_step step;
    struct treadle_usage used = *usage;
    int rc =
        record_load(session, "run_steps", &treadle_run_step_type, keys, 1, arena, &step, error);
    if (rc)
        return rc;
    if (step.status != TREADLE_STEP_IN_PROGRESS)
        return error_set(error, TREADLE_ESTATE, "a step in status '%s' cannot be completed",
                         field_word(run_step_status_names, (int)step.status));
    step.step_details = details;
    step.status = TREADLE_STEP_COMPLETED;
    step.completed_at = now();
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    step.usage = &used;
    return save_step(session, &step, arena, error);
}

int run_state_complete_tools(struct db_session *session, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct arena *arena,
                             struct treadle_error *error)
{
    struct treadle_step_details details = {
        .type = TREADLE_STEP_TOOL_CALLS,
        .tool_calls = calls,
        .tool_call_count = call_count,
    };
    return complete_step(session, step->id, &details, usage, arena, error);
}

int run_state_complete_message(struct db_session *session, const struct treadle_run_step *step,
                               const struct treadle_text *content,
                               const struct treadle_usage *usage, struct arena *arena,
                               struct treadle_error *error)
{
    struct treadle_text text = *content;
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &text};
    struct treadle_message message;
    const char *message_id = step->step_details->message_creation->message_id;
    int rc = load_message(session, message_id, arena, &message, error);
    if (rc)
        return rc;
    message.status = TREADLE_MESSAGE_COMPLETED;
    message.completed_at = now();
    message.content = &part;
    message.content_count = 1;
    rc = save_message(session, &message, arena, error);
    return rc ? rc : complete_step(session, step->id, step->step_details, usage, arena, error);
}

/* ---- Failure -------------------------------------------------------------------------------- */

static int fail_message(struct db_session *session, const char *message_id, struct arena *arena,
                        struct treadle_error *error)
{
    struct treadle_incomplete_details details = {"run_failed"};
    struct treadle_message message;
    int rc = load_message(session, message_id, arena, &message, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    if (rc || message.status != TREADLE_MESSAGE_IN_PROGRESS)
        return rc;
    message.status = TREADLE_MESSAGE_INCOMPLETE;
    message.incomplete_at = now();
    message.incomplete_details = &details;
    return save_message(session, &message, arena, error);
}

static int fail_step(struct db_session *session, const char *step_id,
                     const struct treadle_last_error *reason, struct arena *arena,
                     struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", step_id}};
    struct treadle_last_error last_error = *reason;
    struct treadle_run_step step;
    int rc =
        record_load(session, "run_steps", &treadle_run_step_type, keys, 1, arena, &step, error);
    if (rc)
        return rc;
    step.status = TREADLE_STEP_FAILED;
    step.failed_at = now();
    step.last_error = &last_error;
    step.expires_at = (struct treadle_integer){TREADLE_NULL, 0};
    rc = save_step(session, &step, arena, error);
    if (!rc && step.step_details->message_creation)
        rc = fail_message(session, step.step_details->message_creation->message_id, arena, error);
    return rc;
}

/* A run has one step under way at most. */
static int find_open_step(struct db_session *session, const char *run_id, struct arena *arena,
                          const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"run", run_id}, {"status", "in_progress"}};
    int rc = record_text(session, "run_steps", "id", keys, 2, arena, out, error);
    if (rc == TREADLE_ENOTFOUND) {
        *out = NULL;
        return 0;
    }
    return rc;
}

int run_state_fail(struct db_session *session, const char *run_id,
                   const struct treadle_last_error *reason, struct arena *arena,
                   struct treadle_error *error)
{
    struct treadle_last_error last_error = *reason;
    struct treadle_run run;
    const char *step_id = NULL;
    int rc = load_run(session, run_id, arena, &run, error);
    if (!rc)
        rc = find_open_step(session, run_id, arena, &step_id, error);
    if (!rc && step_id)
        rc = fail_step(session, step_id, reason, arena, error);
    if (rc)
        return rc;
    run.failed_at = now();
    run.last_error = &last_error;
    return end_run(session, &run, TREADLE_RUN_FAILED, arena, error);
}

/* ---- Recovery ------------------------------------------------------------------------------- */

static int find_interrupted(struct db_session *session, struct arena *arena, const char **out,
                            struct treadle_error *error)
{
    const struct record_key keys[] = {{"status", "in_progress"}};
    return record_text(session, "runs", "id", keys, 1, arena, out, error);
}

int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error)
{
    static const struct treadle_last_error reason = {
        "server_error", "The server stopped while this run was in progress."};
    size_t failed = 0;
    int rc = 0;
    while (!rc) {
        struct arena *arena = arena_new(0);
        const char *run_id = NULL;
        if (!arena)
            return error_set_memory(error);
        rc = find_interrupted(session, arena, &run_id, error);
        if (!rc)
            rc = run_state_fail(session, run_id, &reason, arena, error);
        failed += rc == 0;
        arena_free(arena);
    }
    if (rc != TREADLE_ENOTFOUND)
        return rc;
    *count = failed;
    return 0;
}
