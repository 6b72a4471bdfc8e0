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

void model_free(struct model *model)
{
    if (model && model->driver->destroy)
        model->driver->destroy(model);
}
