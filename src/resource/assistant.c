/*
 * Assistants: create, list, retrieve, modify, delete.
 */
#include "resource/handlers.h"

#include "base/clock.h"
#include "base/error.h"
#include "resource/call.h"
#include "resource/tools.h"
#include "store/assistant_record.h"
#include "store/code_file_record.h"
#include "treadle/client.h"

/* Defaults that replies show. */
static int complete(struct resource_call *call, struct treadle_assistant *assistant,
                    struct treadle_error *error)
{
    if (assistant->temperature.state != TREADLE_SET)
        assistant->temperature = (struct treadle_number)TREADLE_VALUE(1.0);
    if (assistant->top_p.state != TREADLE_SET)
        assistant->top_p = (struct treadle_number)TREADLE_VALUE(1.0);
    if (!assistant->response_format) {
        assistant->response_format = arena_alloc(call->arena, sizeof *assistant->response_format);
        if (!assistant->response_format)
            return error_set_memory(error);
        assistant->response_format->word = "auto";
    }
    return tools_normalise(call, assistant->tools, assistant->tool_count, error);
}

int assistant_create(struct db_session *session, struct resource_call *call,
                     struct treadle_error *error)
{
    const struct treadle_assistant_create_request *request = call->body;
    struct treadle_assistant assistant = {
        .id = resource_id(call, "asst_"),
        .created_at = clock_seconds(),
        .name = request->name,
        .description = request->description,
        .model = request->model,
        .instructions = request->instructions,
        .tools = request->tools,
        .tool_count = request->tool_count,
        .metadata = request->metadata,
        .temperature = request->temperature,
        .top_p = request->top_p,
        .response_format = request->response_format,
        .reasoning_effort = request->reasoning_effort,
    };
    if (!assistant.id)
        return error_set_memory(error);
    int rc = tools_check_names(request->tools, request->tool_count, error);
    if (!rc)
        rc = complete(call, &assistant, error);
    if (!rc)
        rc = tools_resolve(session, call, request->tool_resources, &(struct tools_owner){NULL, 0},
                           &assistant.tool_resources, error);
    if (!rc)
        rc = tools_show_resources(call, assistant.tools, assistant.tool_count,
                                  &assistant.tool_resources, error);
    if (!rc)
        rc = assistant_record_insert(session, call->project, &assistant, call->arena, error);
    if (!rc)
        rc = code_file_record_index(session, CODE_HOLDER_ASSISTANT, assistant.id,
                                    assistant.tool_resources, error);
    return rc ? rc : resource_reply(call, &treadle_assistant_type, &assistant, error);
}

int assistant_list(struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    struct record_page page;
    int rc =
        assistant_record_page(session, call->project, &call->query.page, call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int assistant_retrieve(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error)
{
    const char *id = call->arguments[0], *body = NULL;
    int rc = assistant_record_body(session, call->project, id, call->arena, &body, error);
    if (rc)
        return resource_not_found(rc, "assistant", id, error);
    return resource_reply_text(call, body, error);
}

static enum treadle_state sent(const struct treadle_assistant_modify_request *request,
                               const char *member)
{
    return treadle_member_state(&treadle_assistant_modify_request_type, request, member);
}

/* Replaces the members that the request names; null clears. */
static void merge(const struct treadle_assistant_modify_request *request,
                  struct treadle_assistant *assistant)
{
    if (request->model)
        assistant->model = request->model;
    if (sent(request, "name"))
        assistant->name = request->name;
    if (sent(request, "description"))
        assistant->description = request->description;
    if (sent(request, "instructions"))
        assistant->instructions = request->instructions;
    if (sent(request, "tools")) {
        assistant->tools = request->tools;
        assistant->tool_count = request->tool_count;
    }
    if (request->temperature.state)
        assistant->temperature = request->temperature;
    if (request->top_p.state)
        assistant->top_p = request->top_p;
    if (sent(request, "response_format"))
        assistant->response_format = request->response_format;
    if (sent(request, "reasoning_effort"))
        assistant->reasoning_effort = request->reasoning_effort;
    assistant->metadata = resource_metadata(&treadle_assistant_modify_request_type, request,
                                            request->metadata, assistant->metadata);
}

int assistant_modify(struct db_session *session, struct resource_call *call,
                     struct treadle_error *error)
{
    const struct treadle_assistant_modify_request *request = call->body;
    const char *id = call->arguments[0];
    struct treadle_assistant assistant;
    int rc = assistant_record_load(session, call->project, id, call->arena, &assistant, error);
    if (rc)
        return resource_not_found(rc, "assistant", id, error);
    merge(request, &assistant);
    rc = tools_check_names(request->tools, request->tool_count, error);
    if (!rc)
        rc = complete(call, &assistant, error);
    if (!rc && sent(request, "tool_resources"))
        rc = tools_resolve(session, call, request->tool_resources, &(struct tools_owner){NULL, 0},
                           &assistant.tool_resources, error);
    if (!rc)
        rc = tools_show_resources(call, assistant.tools, assistant.tool_count,
                                  &assistant.tool_resources, error);
    if (!rc)
        rc = assistant_record_save(session, call->project, &assistant, call->arena, error);
    if (!rc && sent(request, "tool_resources"))
        rc = code_file_record_index(session, CODE_HOLDER_ASSISTANT, id, assistant.tool_resources,
                                    error);
    return rc ? rc : resource_reply(call, &treadle_assistant_type, &assistant, error);
}

int assistant_delete(struct db_session *session, struct resource_call *call,
                     struct treadle_error *error)
{
    const char *id = call->arguments[0];
    int rc = assistant_record_remove(session, call->project, id, error);
    if (rc)
        return resource_not_found(rc, "assistant", id, error);
    return resource_reply_deleted(call, id, "assistant.deleted", error);
}
