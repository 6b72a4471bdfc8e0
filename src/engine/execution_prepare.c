/*
 * Preparing a run: its tools open what they work on, what they offer to the model is gathered, and
 * the conversation is loaded.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"

enum { LOOK_US = 50000, MOST_OFFERS = 128 };

static const struct tool_kind *const *kinds_of(const struct execution *execution)
{
    return execution->engine->options.tool_kinds;
}

/* ---- What the model is offered -------------------------------------------------------------- */

/* Whether the kind has something to work on in this run. */
static bool is_open(const struct execution *execution, size_t kind)
{
    return !kinds_of(execution)[kind]->open || execution->tool_states[kind];
}

static void offer_kind(struct execution *execution, size_t at)
{
    const struct treadle_run *run = &execution->record.run;
    const struct tool_kind *kind = kinds_of(execution)[at];
    struct model_tool offered[MOST_OFFERS];
    for (size_t i = 0; i < run->tool_count; i++) {
        if (run->tools[i].type != kind->type)
            continue;
        size_t count = kind->offer(&execution->tools, &run->tools[i], execution->tool_states[at],
                                   offered, MOST_OFFERS - execution->offer_count);
        for (size_t j = 0; j < count; j++)
            execution->offers[execution->offer_count++] =
                (struct tool_offer){kind, &run->tools[i], execution->tool_states[at], offered[j]};
        if (kind->single)
            break;
    }
}

static bool gather_offers(struct execution *execution)
{
    const struct tool_kind *const *kinds = kinds_of(execution);
    size_t room = execution->record.run.tool_count ? MOST_OFFERS : 0;
    execution->offers = arena_array(execution->arena, room, sizeof *execution->offers);
    for (size_t i = 0; execution->offers && kinds[i]; i++)
        if (kinds[i]->offer && is_open(execution, i))
            offer_kind(execution, i);
    return execution->offers;
}

const struct tool_offer *execution_find_offer(const struct execution *execution, const char *name)
{
    for (size_t i = 0; i < execution->offer_count; i++)
        if (strcmp(execution->offers[i].model.name, name) == 0)
            return &execution->offers[i];
    return NULL;
}

/* ---- The conversation ----------------------------------------------------------------------- */

static int load(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    const struct treadle_run *run = &execution->record.run;
    bool sees = !model_blocks(execution->engine->options.model, run->model);
    return conversation_load(session, &execution->tools, kinds_of(execution), sees,
                             &execution->conversation, error);
}

static void show_images(void *argument)
{
    struct execution *execution = argument;
    const struct engine_options *options = &execution->engine->options;
    int rc = conversation_show_images(&execution->conversation, options->db, options->blobs,
                                      execution->record.project, &execution->error);
    execution_arrive(execution, rc);
}

/* What the user said last. */
static const char *last_question(const struct conversation *conversation)
{
    for (size_t i = conversation->count; i > 0; i--) {
        const struct model_message *message = &conversation->messages[i - 1];
        if (message->role == MODEL_USER && !message->of_run)
            return message->text;
    }
    return NULL;
}

static bool load_conversation(struct execution *execution)
{
    model_facts(execution->engine->options.model, execution->record.run.model, &execution->facts);
    execution->tools.room = execution->facts.context;
    int rc = gather_offers(execution)
                 ? db_read(execution->engine->options.db, load, execution, &execution->error)
                 : error_set_memory(&execution->error);
    execution->tools.question = last_question(&execution->conversation);
    execution->turn = execution->conversation.turns;
    execution->total = execution->conversation.used;
    execution->phase = execution_refused(rc) ? execution_end : rc ? execution_fail : execution_ask;
    if (!rc && execution->conversation.image_count && execution->engine->options.blobs)
        return execution_hand_over(execution, show_images, execution_ask);
    return true;
}

/* ---- What tools work on --------------------------------------------------------------------- */

static int use(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    const struct tool_kind *const *kinds = kinds_of(execution);
    int rc = 0;
    for (size_t i = 0; kinds[i] && !rc; i++)
        if (execution->tool_states[i] && kinds[i]->use)
            rc = kinds[i]->use(session, &execution->tools, execution->tool_states[i], error);
    return rc;
}

/* Whether all are ready; those that took too long count as ready. */
static int are_ready(struct execution *execution, int64_t waited, bool *out)
{
    const struct tool_kind *const *kinds = kinds_of(execution);
    int rc = 0;
    *out = true;
    for (size_t i = 0; kinds[i] && *out && !rc; i++)
        if (execution->tool_states[i] && kinds[i]->ready && waited < kinds[i]->patience_us)
            rc = kinds[i]->ready(&execution->tools, execution->tool_states[i], out,
                                 &execution->error);
    return rc;
}

static bool await_tools(struct execution *execution)
{
    bool ready = false;
    int64_t now = clock_monotonic_us();
    if (are_ready(execution, now - execution->opened_at, &ready))
        return execution_fails(execution);
    atomic_store(&execution->tick_at, ready ? 0 : now + LOOK_US);
    return ready && execution_write(execution, use, load_conversation);
}

static bool has_tool(const struct treadle_run *run, enum treadle_tool_type type)
{
    for (size_t i = 0; i < run->tool_count; i++)
        if (run->tools[i].type == type)
            return true;
    return false;
}

bool execution_prepare(struct execution *execution)
{
    const struct tool_kind *const *kinds = kinds_of(execution);
    bool opened = false;
    int rc = 0;
    for (size_t i = 0; kinds[i] && i < EXECUTION_KINDS && !rc; i++) {
        if (!kinds[i]->open || !has_tool(&execution->record.run, kinds[i]->type))
            continue;
        rc = kinds[i]->open(&execution->tools, &execution->tool_states[i], &execution->error);
        opened = opened || execution->tool_states[i];
    }
    execution->opened_at = clock_monotonic_us();
    execution->phase = opened ? await_tools : load_conversation;
    if (rc)
        execution->phase = execution_refused(rc) ? execution_end : execution_fail;
    return true;
}
