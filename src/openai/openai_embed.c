/*
 * Embeddings by a server. They are always requested as numbers: the form for the client is made
 * here, and not every server knows base64.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "base/error.h"
#include "openai/openai_server.h"

enum { LARGEST_REPLY = 256 << 20, MOST_DIMENSIONS = 65536 };

struct embed {
    struct openai *server;
    const struct embedding_request *request;
    struct embedding_sink sink;
    char *body;
    struct buffer reply;
    json_t *value;
    float *vectors;
    size_t dimensions;
};

static int bad_reply(struct treadle_error *error, const char *why)
{
    error_set_wire(error, 502, "server_error", "model_server_error", NULL,
                   "The embedding server's reply %s.", why);
    return error->code = TREADLE_EPARSE;
}

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    struct embed *embed = context;
    return buffer_append(&embed->reply, bytes, length) ? bad_reply(error, "is too large") : 0;
}

static int read_vector(struct embed *embed, const json_t *item, size_t number,
                       struct treadle_error *error)
{
    const json_t *vector = json_object_get(item, "embedding");
    const json_t *index = json_object_get(item, "index");
    json_int_t place = json_is_integer(index) ? json_integer_value(index) : (json_int_t)number;
    size_t length = json_array_size(vector);
    if (place < 0 || (size_t)place >= embed->request->count)
        return bad_reply(error, "has an index out of range");
    if (!embed->vectors && length && length <= MOST_DIMENSIONS) {
        embed->dimensions = length;
        embed->vectors = calloc(embed->request->count * length, sizeof(float));
        if (!embed->vectors)
            return error_set_memory(error);
    }
    if (!length || length != embed->dimensions)
        return bad_reply(error, "has vectors of several lengths, or none");
    for (size_t i = 0; i < length; i++)
        embed->vectors[(size_t)place * length + i] =
            (float)json_number_value(json_array_get(vector, i));
    return 0;
}

static int on_end(void *context, struct treadle_error *error)
{
    struct embed *embed = context;
    struct treadle_error ignored; /* what is no JSON has no vectors either */
    if (json_read(embed->reply.data, embed->reply.length, JSON_READ_REPEATED, &embed->value,
                  &ignored) == TREADLE_EMEMORY)
        return error_set_memory(error);
    const json_t *data = json_object_get(embed->value, "data");
    if (json_array_size(data) != embed->request->count)
        return bad_reply(error, "does not have one vector for each input");
    int rc = 0;
    for (size_t i = 0; !rc && i < embed->request->count; i++)
        rc = read_vector(embed, json_array_get(data, i), i, error);
    return rc;
}

static void forget(struct embed *embed)
{
    buffer_clear(&embed->reply);
    json_decref(embed->value);
    embed->value = NULL;
    free(embed->vectors);
    embed->vectors = NULL;
    embed->dimensions = 0;
}

static bool on_again(void *context)
{
    forget(context);
    return true;
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct embed *embed = context;
    struct treadle_error cancelled;
    const json_t *usage = json_object_get(embed->value, "usage");
    const char *model = json_string_value(json_object_get(embed->value, "model"));
    if (end == LOOP_CANCELLED) {
        error_set_wire(&cancelled, 503, "server_error", "overloaded", NULL,
                       "The request was given up.");
        error = &cancelled;
    }
    struct embedding_outcome outcome = {
        .model = model ? model : openai_name(embed->server, embed->request->model),
        .vectors = embed->vectors,
        .count = embed->request->count,
        .dimensions = embed->dimensions,
        .prompt_tokens = json_integer_value(json_object_get(usage, "prompt_tokens")),
        .error = error,
    };
    embed->sink.done(embed->sink.context, &outcome);
    forget(embed);
    free(embed->body);
    free(embed);
}

static const struct loop_handler embed_handler = {
    .bytes = on_bytes, .end = on_end, .again = on_again, .done = on_done};

static int print_request(struct embed *embed, struct loop_exchange *exchange,
                         struct treadle_error *error)
{
    const struct embedding_request *request = embed->request;
    json_t *input = NULL;
    int rc = json_read(request->input, strlen(request->input), JSON_READ_REPEATED, &input, error);
    if (rc)
        return rc;
    json_t *body =
        json_pack("{s:s, s:o, s:s, s:s*}", "model", openai_name(embed->server, request->model),
                  "input", input, "encoding_format", "float", "user", request->user);
    if (body && request->dimensions)
        json_object_set_new(body, "dimensions", json_integer(request->dimensions));
    embed->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!embed->body)
        return error_set_memory(error);
    exchange->body = embed->body;
    exchange->body_length = strlen(embed->body);
    return 0;
}

void openai_embed(struct model *model, const struct embedding_request *request,
                  const struct embedding_sink *sink)
{
    struct openai *server = (struct openai *)model;
    struct treadle_error error;
    struct loop_exchange exchange = openai_exchange(server);
    struct embed *embed = calloc(1, sizeof *embed);
    int rc = embed ? 0 : error_set_memory(&error);
    if (!rc) {
        embed->server = server;
        embed->request = request;
        embed->sink = *sink;
        buffer_init(&embed->reply, LARGEST_REPLY);
        rc = print_request(embed, &exchange, &error);
    }
    exchange.url = server->embeddings_url;
    exchange.cancelled = request->cancelled;
    exchange.handler = &embed_handler;
    exchange.context = embed;
    if (!rc)
        rc = loop_submit(server->means.loop, &exchange, &error);
    if (!rc)
        return;
    if (embed)
        free(embed->body);
    free(embed);
    struct embedding_outcome outcome = {.error = &error};
    sink->done(sink->context, &outcome);
}
