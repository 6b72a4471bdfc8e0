/*
 * Asking the model: makes one request of what the run, its tools and its conversation say.
 */
#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/budget.h"
#include "engine/engine_internal.h"

static int offer_tools(struct execution *execution, struct model_request *request)
{
    struct model_tool *tools = arena_array(execution->arena, execution->offer_count, sizeof *tools);
    if (!tools)
        return TREADLE_EMEMORY;
    for (size_t i = 0; i < execution->offer_count; i++)
        tools[i] = execution->offers[i].model;
    request->tools = tools;
    request->tool_count = execution->offer_count;
    return 0;
}

/* What was offered of the tool that is chosen; NULL where nothing was. */
static const struct tool_offer *find_choice(const struct execution *execution,
                                            const struct treadle_tool_choice_object *choice)
{
    if (choice->function)
        return execution_find_offer(execution, choice->function->name);
    for (size_t i = 0; i < execution->offer_count; i++)
        if (execution->offers[i].tool->type == choice->type)
            return &execution->offers[i];
    return NULL;
}

/* A choice binds the first turn alone, or a run that must call a tool would never end. A tool that
 * cannot be offered, as a search where there is nothing to search, cannot be chosen either. */
static void choose_tool(const struct execution *execution, struct model_request *request)
{
    const struct treadle_tool_choice *choice = execution->record.run.tool_choice;
    request->tool_choice = MODEL_CHOICE_AUTO;
    if (choice && choice->word && strcmp(choice->word, "none") == 0)
        request->tool_choice = MODEL_CHOICE_NONE;
    if (!choice || execution->turn > 0)
        return;
    if (choice->word && strcmp(choice->word, "required") == 0)
        request->tool_choice = MODEL_CHOICE_REQUIRED;
    const struct tool_offer *offer = choice->object ? find_choice(execution, choice->object) : NULL;
    if (!offer)
        return;
    request->tool_choice = MODEL_CHOICE_NAMED;
    request->tool_name = offer->model.name;
}

/* The protocol's default, which nobody need have set: what the model's operator has tuned counts.
 */
static struct treadle_number unless_default(struct treadle_number value)
{
    const struct treadle_number unset = {TREADLE_ABSENT, 0};
    return value.state == TREADLE_SET && value.value == 1 ? unset : value;
}

static int set_options(struct execution *execution, struct model_request *request)
{
    const struct treadle_run *run = &execution->record.run;
    const struct treadle_response_format *format = run->response_format;
    request->temperature = unless_default(run->temperature);
    request->top_p = unless_default(run->top_p);
    request->parallel_tool_calls = (struct treadle_boolean)TREADLE_VALUE(run->parallel_tool_calls);
    request->reasoning_effort = field_word(reasoning_effort_names, (int)run->reasoning_effort);
    request->metadata = run->metadata;
    request->cancelled = &execution->cancelled;
    if (!format || !format->object || format->object->type == TREADLE_RESPONSE_FORMAT_TEXT)
        return 0;
    request->response_format =
        field_text(&treadle_response_format_object_type, format->object, execution->arena);
    return request->response_format ? 0 : TREADLE_EMEMORY;
}

static int64_t value_or_zero(struct treadle_integer value)
{
    return value.state == TREADLE_SET ? value.value : 0;
}

static void start_turn(struct execution *execution)
{
    execution->writes = execution->calls_tools = execution->published = execution->heard = false;
    execution->answered = false;
    for (size_t i = 0; i < execution->call_count; i++)
        buffer_clear(&execution->calls[i].arguments);
    execution->call_count = 0;
    execution->taken = 0;
    execution->batch.count = 0;
    execution->recorded = NULL;
    buffer_reset(&execution->said);
    execution->asked_at = clock_monotonic_us();
}

static void start_model(struct execution *execution)
{
    const struct model_sink sink = inbox_sink(&execution->inbox);
    model_start(execution->engine->options.model, &execution->request, &sink);
}

/* For models that answer within the call: the answer is there before this returns. */
static void start_on_worker(void *argument)
{
    struct execution *execution = argument;
    start_model(execution);
    atomic_fetch_add(&execution->pins, 1);
    pthread_mutex_lock(&execution->mutex);
    execution->asking = false;
    pthread_mutex_unlock(&execution->mutex);
    execution_wake(execution);
    atomic_fetch_sub(&execution->pins, 1);
}

bool execution_has_answer(struct execution *execution)
{
    pthread_mutex_lock(&execution->mutex);
    bool asking = execution->asking;
    pthread_mutex_unlock(&execution->mutex);
    return inbox_take(&execution->inbox, &execution->batch) && !asking;
}

static bool ask(struct execution *execution)
{
    struct engine *engine = execution->engine;
    start_turn(execution);
    inbox_open(&execution->inbox);
    execution->phase = execution_receive;
    execution->answering = true;
    if (!model_blocks(engine->options.model, execution->request.model)) {
        start_model(execution);
        return true;
    }
    execution->asking = true;
    if (pool_submit(engine->workers, start_on_worker, execution))
        return true;
    execution->answering = execution->asking = false;
    error_set(&execution->error, TREADLE_ELIMIT, "Too many answers are waiting.");
    return execution_fails(execution);
}

bool execution_ask(struct execution *execution)
{
    const struct treadle_run *run = &execution->record.run;
    model_facts(execution->engine->options.model, run->model, &execution->facts);
    if (execution->context)
        execution->facts.context = execution->context;
    execution->tools.room = execution->facts.context;
    const struct budget budget = {
        .context = execution->facts.context,
        .scale = &execution->facts.scale,
        .correction = execution->correction,
        .answer = execution->facts.answer,
        .max_prompt = value_or_zero(run->max_prompt_tokens),
        .max_completion = value_or_zero(run->max_completion_tokens),
        .used = execution->total,
    };
    struct model_request request = {.model = run->model};
    enum budget_verdict verdict;
    if (execution->turn >= EXECUTION_TURNS) {
        error_set(&execution->error, TREADLE_ELIMIT,
                  "The model called tools in %d turns without an answer.", EXECUTION_TURNS);
        return execution_fails(execution);
    }
    if (offer_tools(execution, &request) || set_options(execution, &request)) {
        error_set_memory(&execution->error);
        return execution_fails(execution);
    }
    choose_tool(execution, &request);
    execution_plan(execution, &request);
    if (execution->stands_in)
        verdict = BUDGET_FITS;
    else if (budget_fit(&budget, &execution->conversation, execution->arena, &request,
                        &execution->sent, &verdict)) {
        error_set_memory(&execution->error);
        return execution_fails(execution);
    }
    execution->measured = !execution->stands_in && (budget.context || budget.max_prompt);
    execution->request = request;
    if (verdict == BUDGET_FITS)
        return ask(execution);
    return execution_cut(
        execution, verdict == BUDGET_NO_PROMPT ? "max_prompt_tokens" : "max_completion_tokens",
        "max_tokens");
}
