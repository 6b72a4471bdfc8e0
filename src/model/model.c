/*
 * Models: the wrappers that check a driver before they call it.
 */
#include "model/model.h"

#include <string.h>

#include "base/error.h"
#include "language/language.h"

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

void model_cancel(struct model *model)
{
    if (model->driver->cancel)
        model->driver->cancel(model);
}

bool model_blocks(struct model *model, const char *name)
{
    return model->driver->blocks && model->driver->blocks(model, name);
}

int64_t model_context(struct model *model, const char *name)
{
    return model->driver->context ? model->driver->context(model, name) : 0;
}

static int64_t tokens(const char *text)
{
    return text ? (int64_t)language_tokens(text, strlen(text)) : 0;
}

int64_t model_prompt_tokens(const struct model_request *request)
{
    int64_t total = 0;
    for (size_t i = 0; i < request->message_count; i++) {
        const struct model_message *message = &request->messages[i];
        total += tokens(message->text);
        for (size_t j = 0; j < message->call_count; j++)
            total += tokens(message->calls[j].arguments);
        for (size_t j = 0; j < message->passage_count; j++)
            total += tokens(message->passages[j].text);
    }
    return total;
}

void model_free(struct model *model)
{
    if (model && model->driver->destroy)
        model->driver->destroy(model);
}
