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

int64_t model_context(struct model *model, const char *name)
{
    return model->driver->context ? model->driver->context(model, name) : 0;
}

static int64_t tokens(const char *text)
{
    return text ? (int64_t)language_tokens(text, strlen(text)) : 0;
}

/* Images within a message's content. A string that holds the same word has a backslash before its
 * quotation marks. */
static int64_t count_images(const char *content)
{
    static const char name[] = "\"image_url\"";
    int64_t count = 0;
    for (const char *at = content; at && (at = strstr(at, name));) {
        at += sizeof name - 1;
        count += at[strspn(at, " \t\r\n")] == ':';
    }
    return count;
}

static int64_t passage_tokens(const struct model_passage *passage)
{
    return MODEL_PASSAGE_TOKENS + tokens(passage->marker) + tokens(passage->filename) +
           tokens(passage->heading) + tokens(passage->text);
}

static int64_t message_tokens(const struct model_message *message)
{
    int64_t total = MODEL_MESSAGE_TOKENS + tokens(message->text) + tokens(message->name) +
                    MODEL_IMAGE_TOKENS * count_images(message->content);
    for (size_t i = 0; i < message->call_count; i++)
        total += MODEL_MESSAGE_TOKENS + tokens(message->calls[i].name) +
                 tokens(message->calls[i].arguments);
    for (size_t i = 0; i < message->passage_count; i++)
        total += passage_tokens(&message->passages[i]);
    return total;
}

int64_t model_prompt_tokens(const struct model_request *request)
{
    int64_t total = MODEL_REPLY_TOKENS;
    for (size_t i = 0; i < request->message_count; i++)
        total += message_tokens(&request->messages[i]);
    for (size_t i = 0; i < request->tool_count; i++)
        total += MODEL_MESSAGE_TOKENS + tokens(request->tools[i].name) +
                 tokens(request->tools[i].description) + tokens(request->tools[i].parameters);
    return total;
}

void model_free(struct model *model)
{
    if (model && model->driver->destroy)
        model->driver->destroy(model);
}
