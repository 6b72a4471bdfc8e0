/*
 * Tools and tool resources.
 */
#include "resource/tools.h"

#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "store/vector_store_record.h"

static int normalise_function(struct resource_call *call, struct treadle_function *function)
{
    if (!function->parameters)
        function->parameters = arena_string(call->arena, "{\"type\":\"object\",\"properties\":{}}");
    if (function->strict.state != TREADLE_SET)
        function->strict = (struct treadle_boolean){TREADLE_SET, false};
    return function->parameters ? 0 : TREADLE_EMEMORY;
}

static int normalise_search(struct resource_call *call, struct treadle_tool *tool)
{
    if (!tool->file_search)
        tool->file_search = arena_alloc(call->arena, sizeof *tool->file_search);
    if (!tool->file_search)
        return TREADLE_EMEMORY;
    struct treadle_ranking_options *ranking = tool->file_search->ranking_options;
    if (!ranking)
        ranking = arena_alloc(call->arena, sizeof *ranking);
    if (!ranking)
        return TREADLE_EMEMORY;
    /* "auto" stands for the one ranker that there is. */
    ranking->ranker = "default_2024_08_21";
    tool->file_search->ranking_options = ranking;
    return 0;
}

int tools_normalise(struct resource_call *call, struct treadle_tool *tools, size_t count,
                    struct treadle_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int rc = 0;
        if (tools[i].function)
            rc = normalise_function(call, tools[i].function);
        else if (tools[i].type == TREADLE_TOOL_FILE_SEARCH)
            rc = normalise_search(call, &tools[i]);
        if (rc)
            return error_set_memory(error);
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

/* ---- Resources ------------------------------------------------------------------------------ */

static int check_files(struct db_session *session, struct resource_call *call,
                       const char *const *ids, size_t count, struct treadle_error *error)
{
    struct treadle_file file;
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++)
        rc = attach_find_file(session, call, ids[i], &file, error);
    return rc;
}

static int make_store(struct db_session *session, struct resource_call *call,
                      const struct treadle_vector_store_helper *helper,
                      const struct tools_owner *owner, const char **out,
                      struct treadle_error *error)
{
    struct treadle_expires_after *policy = arena_alloc(call->arena, sizeof *policy);
    if (!policy)
        return error_set_memory(error);
    policy->days = owner->days;
    struct treadle_vector_store store = {.metadata = helper->metadata,
                                         .expires_after = owner->days ? policy : NULL};
    int rc = attach_create_store(session, call, &store, owner->thread_id, helper->file_ids,
                                 helper->file_id_count, helper->chunking_strategy, error);
    if (!rc)
        *out = store.id;
    return rc;
}

static int resolve_search(struct db_session *session, struct resource_call *call,
                          const struct treadle_file_search_resources *sent,
                          const struct tools_owner *owner,
                          struct treadle_file_search_resources **out, struct treadle_error *error)
{
    struct treadle_file_search_resources *kept = arena_alloc(call->arena, sizeof *kept);
    const char **ids = arena_array(call->arena, 1, sizeof *ids);
    int rc = 0;
    if (!kept || !ids)
        return error_set_memory(error);
    kept->vector_store_ids = ids;
    if (sent->vector_store_id_count) {
        ids[0] = sent->vector_store_ids[0];
        rc = resource_not_found(vector_store_find(session, call->project, ids[0], error),
                                "vector store", ids[0], error);
        kept->vector_store_id_count = 1;
    } else if (sent->vector_store_count) {
        rc = make_store(session, call, &sent->vector_stores[0], owner, &ids[0], error);
        kept->vector_store_id_count = 1;
    }
    if (!rc)
        *out = kept;
    return rc;
}

int tools_resolve(struct db_session *session, struct resource_call *call,
                  const struct treadle_tool_resources *sent, const struct tools_owner *owner,
                  struct treadle_tool_resources **out, struct treadle_error *error)
{
    struct treadle_tool_resources *kept = arena_alloc(call->arena, sizeof *kept);
    int rc = 0;
    if (!kept)
        return error_set_memory(error);
    if (sent && sent->code_interpreter) {
        rc = check_files(session, call, sent->code_interpreter->file_ids,
                         sent->code_interpreter->file_id_count, error);
        kept->code_interpreter = sent->code_interpreter;
    }
    if (!rc && sent && sent->file_search)
        rc = resolve_search(session, call, sent->file_search, owner, &kept->file_search, error);
    if (!rc)
        *out = kept;
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
    for (size_t i = 0; i < count && !shown->code_interpreter; i++) {
        if (tools[i].type != TREADLE_TOOL_CODE_INTERPRETER)
            continue;
        shown->code_interpreter = arena_alloc(call->arena, sizeof *shown->code_interpreter);
        if (!shown->code_interpreter)
            return error_set_memory(error);
    }
    *resources = shown;
    return 0;
}
