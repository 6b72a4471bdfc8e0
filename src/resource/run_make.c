/*
 * Making a run.
 */
#include "resource/run_make.h"

#include "base/error.h"
#include "resource/call.h"
#include "resource/message_add.h"
#include "resource/tools.h"
#include "run/run_state.h"
#include "store/assistant_record.h"
#include "store/message_record.h"

static const char *join_instructions(struct resource_call *call, const char *first,
                                     const char *second)
{
    if (!second || !second[0])
        return first;
    return first && first[0] ? arena_format(call->arena, "%s\n%s", first, second) : second;
}

static struct treadle_number choose_number(struct treadle_number sent,
                                           struct treadle_number inherited)
{
    return sent.state == TREADLE_SET ? sent : inherited;
}

static int set_defaults(struct resource_call *call, struct treadle_run *run,
                        struct treadle_error *error)
{
    if (!run->truncation_strategy) {
        run->truncation_strategy = arena_alloc(call->arena, sizeof *run->truncation_strategy);
        if (!run->truncation_strategy)
            return error_set_memory(error);
        run->truncation_strategy->type = TREADLE_TRUNCATION_AUTO;
    }
    if (!run->tool_choice) {
        run->tool_choice = arena_alloc(call->arena, sizeof *run->tool_choice);
        if (!run->tool_choice)
            return error_set_memory(error);
        run->tool_choice->word = "auto";
    }
    return tools_normalise(call, run->tools, run->tool_count, error);
}

static void merge(struct resource_call *call, const struct treadle_assistant *assistant,
                  const struct treadle_run_create_request *request, struct treadle_run *run)
{
    const char *instructions =
        request->instructions ? request->instructions : assistant->instructions;
    *run = (struct treadle_run){
        .thread_id = run->thread_id,
        .assistant_id = assistant->id,
        .model = request->model ? request->model : assistant->model,
        .instructions = join_instructions(call, instructions, request->additional_instructions),
        .tools = request->tools ? request->tools : assistant->tools,
        .tool_count = request->tools ? request->tool_count : assistant->tool_count,
        .tool_resources = assistant->tool_resources,
        .metadata = request->metadata,
        .temperature = choose_number(request->temperature, assistant->temperature),
        .top_p = choose_number(request->top_p, assistant->top_p),
        .reasoning_effort =
            request->reasoning_effort ? request->reasoning_effort : assistant->reasoning_effort,
        .max_completion_tokens = request->max_completion_tokens,
        .max_prompt_tokens = request->max_prompt_tokens,
        .truncation_strategy = request->truncation_strategy,
        .response_format =
            request->response_format ? request->response_format : assistant->response_format,
        .tool_choice = request->tool_choice,
        .parallel_tool_calls = request->parallel_tool_calls.state == TREADLE_SET
                                   ? request->parallel_tool_calls.value
                                   : true,
    };
}

/* A run must have something to work on. */
static int check_thread(struct db_session *session, const struct treadle_run *run,
                        struct treadle_error *error)
{
    if (run->instructions && run->instructions[0])
        return 0;
    int rc = message_record_any(session, run->thread_id, error);
    if (rc == TREADLE_ENOTFOUND)
        return error_set_request(error, "invalid_thread", NULL,
                                 "Run creation requires a Thread with a user message or an "
                                 "assistant with instructions.");
    return rc;
}

int run_make(struct db_session *session, struct resource_call *call, struct treadle_thread *thread,
             bool made, const struct treadle_run_create_request *request,
             const struct treadle_tool_resources *resources, struct treadle_run *out,
             struct treadle_error *error)
{
    struct treadle_assistant assistant;
    struct treadle_run run = {.thread_id = thread->id};
    int rc = assistant_record_load(session, call->project, request->assistant_id, call->arena,
                                   &assistant, error);
    if (rc)
        return resource_not_found(rc, "assistant", request->assistant_id, error);
    if (request->additional_message_count)
        rc = run_state_check_idle(session, thread->id, call->arena, error);
    if (rc)
        return rc;
    merge(call, &assistant, request, &run);
    rc = tools_check_names(request->tools, request->tool_count, error);
    if (!rc)
        rc = set_defaults(call, &run, error);
    if (!rc)
        rc = tools_check_choice(run.tools, run.tool_count, run.tool_choice, error);
    if (!rc)
        rc = tools_name_unavailable(call, &run, error);
    if (!rc && resources)
        rc = tools_resolve(session, call, resources, &(struct tools_owner){NULL, 0},
                           &run.tool_resources, error);
    if (!rc)
        rc = tools_show_resources(call, run.tools, run.tool_count, &run.tool_resources, error);
    for (size_t i = 0; i < request->additional_message_count && !rc; i++)
        rc = message_add(session, call, thread, &request->additional_messages[i], NULL, error);
    if (!rc)
        rc = check_thread(session, &run, error);
    if (!rc)
        rc = run_state_create(&call->effects.change, call->project, &run,
                              engine_run_seconds(call->services->engine), made ? thread : NULL,
                              error);
    if (!rc)
        rc = engine_claim(call->services->engine, &call->effects.change, &run,
                          &call->effects.claimed, error);
    if (!rc)
        *out = run;
    return rc;
}
