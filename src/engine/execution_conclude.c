/*
 * Concluding a turn: what follows from all that the model said.
 *
 * The last turn's message and the end of the run are one transaction, so nobody sees a completed
 * message on a run that could still fail.
 */
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine_internal.h"

/* Of an estimate: a count beyond these says nothing about how the model counts. */
static const double least_counted = 0.7, most_counted = 4;

/* In a shorter prompt what stands around it is most of it. */
enum { FEWEST_LEARNED = 256 };

static int write_cut(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct execution *execution = argument;
    const char *run_id = execution->record.run.id;
    (void)session;
    int rc = run_state_add_times(&execution->change, run_id, &execution->times, error);
    return rc ? rc : run_state_cut(&execution->change, run_id, &execution->cut, error);
}

static bool finish_cut(struct execution *execution)
{
    int rc = 0;
    if (execution->writes && execution->walk && !execution_finish_text(execution, &rc))
        return false;
    if (rc)
        return execution_fails(execution);
    execution->status = "incomplete";
    return execution_write(execution, write_cut, execution_end);
}

bool execution_cut(struct execution *execution, const char *reason, const char *message_reason)
{
    execution->cut = (struct run_cut){
        .reason = reason,
        .message_reason = message_reason,
        .calls = execution->recorded,
        .call_count = execution->recorded ? execution->call_count : 0,
        .usage = execution->usage,
    };
    execution->phase = finish_cut;
    return true;
}

/* The details are set where the server reported any. */
static int set_details(struct execution *execution, const struct model_usage *usage)
{
    struct treadle_token_details *prompt = arena_alloc(execution->arena, sizeof *prompt);
    struct treadle_completion_token_details *completion =
        arena_alloc(execution->arena, sizeof *completion);
    if (!prompt || !completion)
        return error_set_memory(&execution->error);
    prompt->cached_tokens = usage->cached_tokens;
    completion->reasoning_tokens = usage->reasoning_tokens;
    execution->usage.prompt_token_details = prompt;
    execution->usage.completion_tokens_details = completion;
    return 0;
}

/* The server's count corrects later estimates. A count far below them is of a prompt that the
 * server has cut, or of the part of it that was not in its cache. */
static void learn(const struct execution *execution, const struct model_usage *usage)
{
    const struct engine_options *options = &execution->engine->options;
    if (!usage->counted || !execution->measured || execution->inbox.outcome.error ||
        execution->conversation.image_count)
        return;
    int64_t estimated = estimate_tokens(&execution->sent, &execution->facts.scale);
    double counted = (double)usage->prompt_tokens / (double)(estimated + 1);
    if (estimated >= FEWEST_LEARNED && counted >= least_counted && counted <= most_counted)
        model_learn(options->model, execution->request.model, &execution->sent,
                    usage->prompt_tokens);
}

/* Once a turn. */
int execution_count(struct execution *execution)
{
    /* What the stand-in does costs nothing. */
    struct model_usage *usage = &execution->spent;
    execution->answering = false;
    if (!execution->stands_in) {
        learn(execution, &execution->inbox.outcome.usage);
        execution_add_usage(usage, &execution->inbox.outcome.usage);
    }
    execution->heard = true;
    execution->times.model += clock_monotonic_us() - execution->asked_at;
    if (!execution->times.first && execution->inbox.first_at)
        execution->times.first = execution->inbox.first_at - execution->started_at;
    execution->usage = (struct treadle_usage){
        .prompt_tokens = usage->prompt_tokens,
        .completion_tokens = usage->completion_tokens,
        .total_tokens = usage->prompt_tokens + usage->completion_tokens,
    };
    run_usage_add(&execution->total, &execution->usage);
    int rc = usage->cached_tokens || usage->reasoning_tokens ? set_details(execution, usage) : 0;
    *usage = (struct model_usage){.prompt_tokens = 0};
    return rc;
}

/* A server that forces no calls takes the choice for a wish. */
static void note_ignored_choice(const struct execution *execution)
{
    bool forced = execution->request.tool_choice == MODEL_CHOICE_REQUIRED ||
                  execution->request.tool_choice == MODEL_CHOICE_NAMED;
    if (forced && !execution->stands_in)
        log_write(execution->engine->options.log, LOG_WARNING, "tool_choice_ignored", "run",
                  execution->record.run.id, "model", execution->request.model, NULL);
}

bool execution_conclude(struct execution *execution)
{
    const struct model_outcome *outcome = &execution->inbox.outcome;
    if (execution_asks_again(execution))
        return true;
    if (!execution->heard && execution_count(execution))
        return execution_fails(execution);
    if (outcome->error) {
        execution->error = *outcome->error;
        return execution_fails(execution);
    }
    if (outcome->finish == MODEL_CANCELLED) {
        execution->phase = execution_end;
        return true;
    }
    if (execution->calls_tools) {
        execution->phase = execution_tools;
        return true;
    }
    note_ignored_choice(execution);
    if (outcome->finish == MODEL_LENGTH)
        return execution_cut(execution, "max_completion_tokens", "max_tokens");
    /* A run has no such reason; its message does. */
    if (outcome->finish == MODEL_CONTENT_FILTER)
        return execution_cut(execution, NULL, "content_filter");
    return execution->writes ? execution_complete_message(execution)
                             : execution_begin_message(execution);
}
