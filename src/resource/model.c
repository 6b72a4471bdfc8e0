/*
 * Models: list, retrieve, and the refusal to delete.
 */
#include "resource/handlers.h"

#include <string.h>

#include "base/error.h"
#include "resource/call.h"

enum { LONGEST_NAME = 1024 };

static int list_models(struct resource_call *call, struct treadle_model_list *out,
                       struct treadle_error *error)
{
    size_t count = 0;
    struct model_info *infos = arena_array(call->arena, MODEL_LIST_SIZE, sizeof *infos);
    int rc = infos ? model_list_models(call->services->model, call->arena, infos, MODEL_LIST_SIZE,
                                       &count, error)
                   : error_set_memory(error);
    if (rc)
        return rc;
    struct treadle_model *models = arena_array(call->arena, count, sizeof *models);
    if (!models)
        return error_set_memory(error);
    for (size_t i = 0; i < count; i++)
        models[i] = (struct treadle_model){
            .id = infos[i].id, .created = infos[i].created, .owned_by = infos[i].owned_by};
    *out = (struct treadle_model_list){.data = models, .data_count = count};
    return 0;
}

/* A name may have slashes, so it is the whole rest of the path. */
static int read_name(struct resource_call *call, const char **out, struct treadle_error *error)
{
    const struct http_request *request = call->request;
    struct buffer name;
    bool found = false;
    buffer_init(&name, LONGEST_NAME);
    for (size_t i = 0; i < request->segment_count; i++) {
        if (found)
            buffer_append_char(&name, '/');
        found = found || request->segments[i] == call->arguments[0];
        if (found)
            buffer_append_string(&name, request->segments[i]);
    }
    const char *copy = name.failed ? NULL : arena_copy(call->arena, name.data, name.length);
    bool too_long = name.failed == TREADLE_ELIMIT;
    buffer_clear(&name);
    if (!too_long && !copy)
        return error_set_memory(error);
    if (too_long)
        return error_set_request(error, "invalid_value", "model", "The model's name is too long.");
    *out = copy;
    return 0;
}

static int find_model(struct resource_call *call, const char **name, struct treadle_model *out,
                      struct treadle_error *error)
{
    struct treadle_model_list list;
    int rc = read_name(call, name, error);
    if (!rc)
        rc = list_models(call, &list, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < list.data_count; i++) {
        if (strcmp(list.data[i].id, *name) == 0) {
            *out = list.data[i];
            return 0;
        }
    }
    return error_set_wire(error, 404, "invalid_request_error", "model_not_found", "model",
                          "The model '%.200s' does not exist or you do not have access to it.",
                          *name);
}

static int reply_list(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_model_list list;
    int rc = list_models(call, &list, error);
    return rc ? rc : resource_reply(call, &treadle_model_list_type, &list, error);
}

struct resource_plan model_list(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(reply_list(call, error));
}

static int reply_model(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_model model;
    const char *name;
    int rc = find_model(call, &name, &model, error);
    return rc ? rc : resource_reply(call, &treadle_model_type, &model, error);
}

struct resource_plan model_retrieve(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(reply_model(call, error));
}

/* Only fine-tuned models can be deleted, and there are none. */
static int refuse_delete(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_model model;
    const char *name;
    int rc = find_model(call, &name, &model, error);
    if (rc)
        return rc;
    return error_set_wire(error, 403, "invalid_request_error", "model_not_deletable", "model",
                          "The model '%.200s' cannot be deleted: it is built in or belongs to a "
                          "model server.",
                          name);
}

struct resource_plan model_delete(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(refuse_delete(call, error));
}
