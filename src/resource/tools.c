/*
 * Tools and tool resources.
 */
#include "resource/tools.h"

#include <stdio.h>
#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "store/vector_store_record.h"
#include "tool/tool.h"

int tools_normalise(struct resource_call *call, struct treadle_tool *tools, size_t count,
                    struct treadle_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct tool_kind *kind = tool_kind_find(tool_kinds, tools[i].type);
        if (kind && kind->normalise && kind->normalise(&tools[i], call->arena))
            return error_set_memory(error);
    }
    return 0;
}

/* What the model calls the tool by. */
static const char *name_of(const struct treadle_tool *tool)
{
    return tool->function ? tool->function->name : field_word(tool_type_names, (int)tool->type);
}

int tools_check_names(const struct treadle_tool *tools, size_t count, struct treadle_error *error)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const char *name = name_of(&tools[i]), *other = name_of(&tools[j]);
            char param[64];
            if (i == j || !tools[i].function || !name || !other || strcmp(name, other) != 0)
                continue;
            snprintf(param, sizeof param, "tools[%zu].function.name", i > j ? i : j);
            return error_set_request(error, "invalid_value", param,
                                     "Invalid '%s': another tool is called '%.64s' too.", param,
                                     name);
        }
    }
    return 0;
}

static bool is_chosen(const struct treadle_tool *tool,
                      const struct treadle_tool_choice_object *choice)
{
    if (tool->type != choice->type)
        return false;
    return !tool->function || strcmp(tool->function->name, choice->function->name) == 0;
}

int tools_check_choice(const struct treadle_tool *tools, size_t count,
                       const struct treadle_tool_choice *choice, struct treadle_error *error)
{
    if (!choice->object)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (is_chosen(&tools[i], choice->object))
            return 0;
    return error_set_request(
        error, NULL, "tool_choice", "Tool choice '%.64s' not found in 'tools'.",
        choice->object->function ? choice->object->function->name
                                 : field_word(tool_type_names, (int)choice->object->type));
}

int tools_name_unavailable(struct resource_call *call, struct treadle_run *run,
                           struct treadle_error *error)
{
    const char **names = arena_array(call->arena, run->tool_count, sizeof *names);
    size_t count = 0;
    if (!names)
        return error_set_memory(error);
    for (size_t i = 0; i < run->tool_count; i++) {
        if (tool_kind_find(tool_kinds, run->tools[i].type))
            continue;
        const char *name = field_other_text(run->tools[i].others, "type", call->arena);
        names[count++] = name ? name : "unknown";
    }
    bool demanded = run->tool_choice->word && strcmp(run->tool_choice->word, "required") == 0;
    if (count && count == run->tool_count && demanded)
        return error_set_request(error, "unavailable_tool", "tool_choice",
                                 "The tool choice demands a tool, but '%.64s' is not available on "
                                 "this server.",
                                 names[0]);
    run->unavailable_tools = count ? names : NULL;
    run->unavailable_tool_count = count;
    return 0;
}

/* ---- Resources ------------------------------------------------------------------------------ */

/* The host's context for the slots of kinds. */
struct tools_request {
    struct db_session *session;
    struct resource_call *call;
    const struct tools_owner *owner;
};

static int check_file(void *context, const char *file_id, struct treadle_error *error)
{
    const struct tools_request *request = context;
    struct treadle_file file;
    return attach_find_file(request->session, request->call, file_id, &file, error);
}

static int check_store(void *context, const char *store_id, struct treadle_error *error)
{
    const struct tools_request *request = context;
    int rc = vector_store_find(request->session, request->call->project, store_id, error);
    return resource_not_found(rc, "vector store", store_id, error);
}

static int make_store(void *context, const struct treadle_vector_store_helper *helper,
                      const char **out, struct treadle_error *error)
{
    static const struct treadle_vector_store_helper nothing;
    const struct tools_request *request = context;
    const struct tools_owner *owner = request->owner;
    const struct treadle_vector_store_helper *from = helper ? helper : &nothing;
    struct treadle_expires_after *policy = arena_alloc(request->call->arena, sizeof *policy);
    if (!policy)
        return error_set_memory(error);
    policy->days = owner->days;
    struct treadle_vector_store store = {.metadata = from->metadata,
                                         .expires_after = owner->days ? policy : NULL};
    int rc =
        attach_create_store(request->session, request->call, &store, owner->thread_id,
                            from->file_ids, from->file_id_count, from->chunking_strategy, error);
    if (!rc)
        *out = store.id;
    return rc;
}

static int add_to_store(void *context, const char *store_id, const char *file_id,
                        struct treadle_error *error)
{
    const struct tools_request *request = context;
    const struct attach_item item = {.file_id = file_id};
    return attach_files(request->session, request->call, store_id, &item, 1, NULL, NULL, error);
}

static struct tool_host host_of(struct tools_request *request)
{
    return (struct tool_host){
        .context = request,
        .arena = request->call->arena,
        .check_file = check_file,
        .check_store = check_store,
        .make_store = make_store,
        .add_to_store = add_to_store,
    };
}

int tools_resolve(struct db_session *session, struct resource_call *call,
                  const struct treadle_tool_resources *sent, const struct tools_owner *owner,
                  struct treadle_tool_resources **out, struct treadle_error *error)
{
    struct tools_request request = {session, call, owner};
    const struct tool_host host = host_of(&request);
    struct treadle_tool_resources *kept = arena_alloc(call->arena, sizeof *kept);
    int rc = kept ? 0 : error_set_memory(error);
    for (size_t i = 0; sent && tool_kinds[i] && !rc; i++)
        if (tool_kinds[i]->resolve)
            rc = tool_kinds[i]->resolve(&host, sent, kept, error);
    if (!rc)
        *out = kept;
    return rc;
}

int tools_attach(struct db_session *session, struct resource_call *call,
                 const struct treadle_attachment *attachment, const struct tools_owner *owner,
                 struct treadle_tool_resources *resources, struct treadle_error *error)
{
    struct tools_request request = {session, call, owner};
    const struct tool_host host = host_of(&request);
    int rc = check_file(&request, attachment->file_id, error);
    for (size_t i = 0; i < attachment->tool_count && !rc; i++) {
        const struct tool_kind *kind = tool_kind_find(tool_kinds, attachment->tools[i].type);
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again = again || attachment->tools[j].type == attachment->tools[i].type;
        if (kind && kind->attach && !again)
            rc = kind->attach(&host, resources, attachment->file_id, error);
    }
    return rc;
}

int tools_show_resources(struct resource_call *call, const struct treadle_tool *tools, size_t count,
                         struct treadle_tool_resources **resources, struct treadle_error *error)
{
    struct treadle_tool_resources *shown = arena_alloc(call->arena, sizeof *shown);
    if (!shown)
        return error_set_memory(error);
    if (*resources)
        *shown = **resources;
    for (size_t i = 0; i < count; i++) {
        const struct tool_kind *kind = tool_kind_find(tool_kinds, tools[i].type);
        if (kind && kind->show_resources && kind->show_resources(shown, call->arena))
            return error_set_memory(error);
    }
    *resources = shown;
    return 0;
}
