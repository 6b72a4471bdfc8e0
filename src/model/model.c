/*
 * Models: the wrappers that check a driver before they call it.
 */
#include "model/model.h"

#include "base/error.h"

void model_start(struct model *model, const struct model_request *request,
                 const struct model_sink *sink)
{
    if (model->driver->start) {
        model->driver->start(model, request, sink);
        return;
    }
    struct treadle_error error;
    error_set(&error, TREADLE_EUNSUPPORTED, "The model driver %s cannot answer.",
              model->driver->name ? model->driver->name : "without a name");
    struct model_outcome outcome = {.finish = MODEL_STOP, .error = &error};
    sink->done(sink->context, &outcome);
}

void model_embed(struct model *model, const struct embedding_request *request,
                 const struct embedding_sink *sink)
{
    if (model->driver->embed) {
        model->driver->embed(model, request, sink);
        return;
    }
    struct treadle_error error;
    error_set(&error, TREADLE_EUNSUPPORTED, "The model driver %s makes no embeddings.",
              model->driver->name ? model->driver->name : "without a name");
    struct embedding_outcome outcome = {.error = &error};
    sink->done(sink->context, &outcome);
}

void model_cancel(struct model *model)
{
    if (model->driver->cancel)
        model->driver->cancel(model);
}

bool model_blocks(struct model *model, const char *name)
{
    return model->driver->blocks && model->driver->blocks(model, name);
}

bool model_knows(struct model *model, const char *name)
{
    return name && model->driver->knows(model, name);
}

int model_list_models(struct model *model, struct arena *arena, struct model_info *out, size_t room,
                      size_t *count, struct treadle_error *error)
{
    return model->driver->list(model, arena, out, room, count, error);
}

void model_facts(struct model *model, const char *name, struct model_facts *out)
{
    *out = (struct model_facts){.scale = estimate_plain};
    if (model->driver->facts)
        model->driver->facts(model, name, out);
}

void model_learn(struct model *model, const char *name, const struct estimate *sent,
                 int64_t counted)
{
    if (model->driver->learn)
        model->driver->learn(model, name, sent, counted);
}

int64_t model_prompt_tokens(const struct model_request *request)
{
    struct estimate sum = estimate_request(request);
    return estimate_tokens(&sum, &estimate_plain);
}

void model_free(struct model *model)
{
    if (model && model->driver->destroy)
        model->driver->destroy(model);
}
