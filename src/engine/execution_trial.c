/*
 * Models that cannot call tools, or do not: the search is called for them, so that a file that
 * somebody attached is always used.
 *
 * In the first turn of a run that has something to search, a model is on trial: what it says is
 * held back until it calls a tool. When it says a good deal or ends without a call, its answer is
 * dropped, the stand-in calls the search, and the model is asked again with what was found. A model
 * of which it is known that it calls no tools is not asked before that. The operator may say that a
 * model decides for itself. The search is a call like any other, from either model: its step, its
 * execution and its result are those of the tool's kind.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/budget.h"
#include "engine/engine_internal.h"

enum { TRIAL_BYTES = 400, MOST_REFITS = 2 };

/* Where a server does not say how long the prompt was. */
static const double unknown_overflow = 1.25;

/* ---- Who is asked --------------------------------------------------------------------------- */

static const struct tool_offer *find_search(const struct execution *execution)
{
    for (size_t i = 0; i < execution->offer_count; i++)
        if (execution->offers[i].model.searches)
            return &execution->offers[i];
    return NULL;
}

static bool has_question(const struct execution *execution)
{
    return execution->tools.question && execution->tools.question[0];
}

/* The search that the run may make in this turn without its model having asked for it. */
static const struct tool_offer *find_own_search(const struct execution *execution,
                                                const struct model_request *request)
{
    const struct tool_offer *search = find_search(execution);
    if (!search || execution->turn > 0 || !execution->engine->options.stand_in ||
        !has_question(execution) || request->tool_choice == MODEL_CHOICE_NONE)
        return NULL;
    if (request->tool_choice == MODEL_CHOICE_NAMED &&
        strcmp(request->tool_name, search->model.name) != 0)
        return NULL;
    return search;
}

static void offer_nothing(struct model_request *request)
{
    request->tool_count = 0;
    request->tool_choice = MODEL_CHOICE_AUTO;
    request->no_calls = true;
}

/* A model that did not call the search is not offered it again. */
static void offer_the_rest(struct model_request *request)
{
    struct model_tool *tools = (struct model_tool *)request->tools;
    size_t count = 0;
    for (size_t i = 0; i < request->tool_count; i++)
        if (!tools[i].searches)
            tools[count++] = tools[i];
    request->tool_count = count;
    if (!count)
        offer_nothing(request);
}

/* The stand-in is asked for one call, and for nothing else. */
static void ask_stand_in(struct execution *execution, const struct tool_offer *search,
                         struct model_request *request)
{
    *request = (struct model_request){
        .model = execution->engine->options.stand_in,
        .messages = execution->conversation.messages,
        .message_count = execution->conversation.count,
        .tools = &search->model,
        .tool_count = 1,
        .tool_choice = MODEL_CHOICE_NAMED,
        .tool_name = search->model.name,
        .cancelled = &execution->cancelled,
    };
    execution->was_searched_for = true;
}

/* The stand-in quotes from what was found. */
static void ask_for_quotation(struct execution *execution, struct model_request *request)
{
    *request = (struct model_request){
        .model = execution->engine->options.stand_in,
        .messages = execution->conversation.messages,
        .message_count = execution->conversation.count,
        .cancelled = &execution->cancelled,
    };
    execution->stands_in = true;
    execution->on_trial = execution->on_proof = false;
}

/* Whether statements of the answer are matched with passages that the run has found. */
static bool may_match(const struct execution *execution, const struct model_request *request)
{
    const struct conversation *conversation = &execution->conversation;
    return conversation->source_count > conversation->cited && execution->facts.place &&
           !request->response_format;
}

void execution_plan(struct execution *execution, struct model_request *request)
{
    const struct tool_offer *search = find_own_search(execution, request);
    enum model_tools tools = execution->facts.tools;
    bool forced =
        request->tool_choice == MODEL_CHOICE_REQUIRED || request->tool_choice == MODEL_CHOICE_NAMED;
    if (execution->is_replaced) {
        ask_for_quotation(execution, request);
        return;
    }
    execution->stands_in = search && (tools == MODEL_TOOLS_NO || execution->was_searched_for);
    execution->on_trial = search && !execution->stands_in && (tools != MODEL_TOOLS_YES || forced);
    request->must_offer = execution->on_trial;
    if (execution->stands_in)
        ask_stand_in(execution, search, request);
    else if (tools == MODEL_TOOLS_NO)
        offer_nothing(request);
    else if (execution->was_searched_for)
        offer_the_rest(request);
    execution->on_proof = execution->facts.must_cite && !execution->stands_in &&
                          execution->engine->options.stand_in && may_match(execution, request);
}

/* ---- The trial ------------------------------------------------------------------------------ */

bool execution_is_tried(struct execution *execution)
{
    const struct inbox_state state = inbox_look(&execution->inbox);
    if (!execution->on_trial || state.calls || state.failed) {
        execution->on_trial = false;
        return true;
    }
    if (state.done || state.bytes >= TRIAL_BYTES)
        execution->phase = execution_drop;
    return false;
}

void execution_add_usage(struct model_usage *sum, const struct model_usage *more)
{
    sum->prompt_tokens += more->prompt_tokens;
    sum->completion_tokens += more->completion_tokens;
    sum->cached_tokens += more->cached_tokens;
    sum->reasoning_tokens += more->reasoning_tokens;
}

bool execution_drop(struct execution *execution)
{
    if (!execution_has_answer(execution)) {
        if (!atomic_exchange(&execution->cancelled, true))
            model_cancel(execution->engine->options.model);
        return false;
    }
    execution->answering = false;
    execution->batch.count = 0;
    buffer_reset(&execution->batch.bytes);
    execution->times.model += clock_monotonic_us() - execution->asked_at;
    execution_add_usage(&execution->spent, &execution->inbox.outcome.usage);
    atomic_store(&execution->cancelled, false);
    execution->was_searched_for = true;
    execution->phase = execution_ask;
    return true;
}

/* ---- Asking again --------------------------------------------------------------------------- */

/* The prompt was longer than the estimate has it: what is cut next is measured by what the server
 * has counted. */
static void correct(struct execution *execution, const struct model_overflow *overflow)
{
    struct model *model = execution->engine->options.model;
    const char *name = execution->request.model;
    double correction = execution->correction > 0 ? execution->correction : 1;
    if (!execution->measured)
        execution->sent = estimate_request(&execution->request);
    if (overflow->prompt_tokens)
        model_learn(model, name, &execution->sent, overflow->prompt_tokens);
    model_facts(model, name, &execution->facts);
    execution->context = overflow->context;
    int64_t estimated = estimate_tokens(&execution->sent, &execution->facts.scale);
    execution->correction = overflow->prompt_tokens && estimated
                                ? (double)overflow->prompt_tokens / (double)estimated
                                : correction * unknown_overflow;
}

bool execution_asks_again(struct execution *execution)
{
    const struct model_outcome *outcome = &execution->inbox.outcome;
    const struct model_overflow overflow = outcome->overflow;
    if (!outcome->error || execution->heard || execution->writes || execution->calls_tools)
        return false;
    bool no_tools = execution->request.must_offer && outcome->error->code == TREADLE_EUNSUPPORTED;
    if (!no_tools && (!overflow.context || execution->refits == MOST_REFITS))
        return false;
    if (no_tools)
        execution->was_searched_for = true;
    else
        correct(execution, &overflow);
    execution->refits += !no_tools;
    execution->answering = false;
    execution->times.model += clock_monotonic_us() - execution->asked_at;
    execution->phase = execution_ask;
    return true;
}

/* ---- What the files say of the answer ------------------------------------------------------- */

/* Markers within JSON would be in the way of its parser. The built-in model cites by itself,
 * and so may each that was shown markers. */
struct citation_options execution_citations(const struct execution *execution)
{
    const struct conversation *conversation = &execution->conversation;
    struct citation_options options = {.sources = conversation->sources,
                                       .source_count = conversation->source_count,
                                       .first_matched = conversation->cited,
                                       .matching = CITATION_AS_WRITTEN};
    if (may_match(execution, &execution->request) && !execution->stands_in)
        options.matching = execution->request.no_calls ? CITATION_SENTENCES : CITATION_PARAGRAPHS;
    return options;
}

const char *execution_support(const struct execution *execution, const struct citation_walk *walk)
{
    return may_match(execution, &execution->request) && !citation_count(walk) ? "none" : NULL;
}

static int pass_over_text(void *context, const char *text, size_t length,
                          struct treadle_error *error)
{
    (void)context, (void)text, (void)length, (void)error;
    return 0;
}

static int pass_over_annotation(void *context, const struct treadle_annotation *annotation,
                                struct treadle_error *error)
{
    (void)context, (void)annotation, (void)error;
    return 0;
}

/* Walks over the answer as its message would be made. */
static int count_citations(struct execution *execution, size_t *count)
{
    const struct citation_target target = {NULL, pass_over_text, pass_over_annotation};
    const struct citation_options options = execution_citations(execution);
    struct citation_walk *walk = citation_begin(&options, &target, execution->arena);
    int rc = walk ? 0 : error_set_memory(&execution->error);
    for (size_t i = 0; i < execution->batch.count && !rc; i++) {
        const struct inbox_entry *entry = &execution->batch.entries[i];
        if (entry->kind == INBOX_TEXT)
            rc = citation_feed(walk, execution->batch.bytes.data + entry->start, entry->length,
                               &execution->error);
    }
    if (!rc)
        rc = citation_finish(walk, &execution->error);
    *count = walk ? citation_count(walk) : 0;
    citation_free(walk);
    return rc;
}

bool execution_is_proven(struct execution *execution)
{
    const struct inbox_state state = inbox_look(&execution->inbox);
    size_t count = 0;
    if (!state.done && !state.calls)
        return false;
    execution->on_proof = false;
    if (state.calls || state.failed)
        return true;
    execution->answered = execution_has_answer(execution);
    execution->taken = 0;
    if (count_citations(execution, &count))
        return execution_fails(execution);
    execution->is_replaced = !count;
    if (!count)
        execution->phase = execution_drop;
    return count;
}
