/*
 * The driver for servers of the chat completions protocol: the service itself, and what people run
 * at home.
 *
 * An answer is an exchange on the loop. It is requested again, after a pause, when the server
 * is busy or fails or the connection breaks, but only as long as nothing was passed to the sink. A
 * server that does not accept stream_options or metadata is asked without them, from then on, and
 * so is a model that takes no tools (openai_facts.h). Images that are to be fetched here are
 * fetched first.
 */
#include "openai/openai.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "openai/openai_facts.h"
#include "openai/openai_server.h"
#include "openai/remote_error.h"

enum {
    CONNECT_SECONDS = 10,
    FIRST_SECONDS = 300,
    IDLE_SECONDS = 120,
    ATTEMPTS = 4,
    LONGEST_URL = 2048
};

/* One answer. */
struct call {
    struct openai *server;
    const struct model_request *request;
    struct model_sink sink;
    struct openai_answer *answer;
    struct openai_images *images; /* NULL: none to be fetched */
    char *body;
    unsigned extras; /* that were sent, of enum openai_extra */
};

static void free_call(struct call *call)
{
    openai_answer_free(call->answer);
    openai_images_free(call->images);
    free(call->body);
    free(call);
}

static void end_call(struct call *call, enum model_finish finish, const struct treadle_error *error)
{
    struct model_outcome outcome = {
        .finish = finish, .error = error, .overflow = openai_overflow(error)};
    struct model_sink sink = call->sink;
    outcome.usage = openai_answer_usage(call->answer, call->request);
    if (openai_answer_thinks(call->answer))
        openai_facts_note_thinks(call->server->facts,
                                 openai_name(call->server, call->request->model));
    free_call(call);
    sink.done(sink.context, &outcome);
}

static int submit(struct call *call, struct treadle_error *error);

static int on_bytes(void *context, const char *bytes, size_t length, struct treadle_error *error)
{
    return openai_answer_feed(((struct call *)context)->answer, bytes, length, error);
}

static void on_flush(void *context)
{
    const struct model_sink *sink = &((struct call *)context)->sink;
    if (sink->flush)
        sink->flush(sink->context);
}

static int on_end(void *context, struct treadle_error *error)
{
    return openai_answer_finish(((struct call *)context)->answer, error);
}

/* A server that must be asked again may have started again, with another model. */
static bool on_again(void *context)
{
    struct call *call = context;
    openai_list_expire(call->server->list, true);
    return openai_answer_restart(call->answer);
}

/* The extras that the server refuses, and that were sent. */
static unsigned refused_extras(const struct call *call, const struct treadle_error *error)
{
    static const struct {
        unsigned extra;
        const char *name;
    } extras[] = {{OPENAI_STREAM_OPTIONS, "stream_options"}, {OPENAI_METADATA, "metadata"}};
    unsigned refused = 0;
    for (size_t i = 0; error && i < sizeof extras / sizeof extras[0]; i++)
        if ((error->http_status == 400 || error->http_status == 422) &&
            (strstr(error->message, extras[i].name) || strstr(error->param, extras[i].name)))
            refused |= extras[i].extra;
    return refused & call->extras;
}

/* What a failure says about the server and its model. */
static void learn(const struct call *call, const struct treadle_error *error)
{
    struct openai *server = call->server;
    const struct model_overflow overflow = openai_overflow(error);
    if (call->extras & OPENAI_TOOLS && openai_refuses_tools(error))
        openai_facts_no_tools(server->facts, openai_name(server, call->request->model));
    /* The server may have started again: with another context, or with another model. */
    if (overflow.context || error->http_status >= 500)
        openai_list_expire(server->list, error->http_status >= 500);
    if (overflow.context)
        openai_facts_context(server->facts, openai_name(server, call->request->model),
                             overflow.context);
}

/* Whether the request was refused for something that it can do without; that is left out from now
 * on. */
static bool can_do_without(struct call *call, const struct treadle_error *error)
{
    unsigned refused = refused_extras(call, error);
    bool tools = call->extras & OPENAI_TOOLS && openai_refuses_tools(error);
    atomic_fetch_or(&call->server->refused, refused);
    return (refused || (tools && !call->request->must_offer)) &&
           openai_answer_restart(call->answer);
}

static void on_done(void *context, enum loop_end end, const struct treadle_error *error)
{
    struct call *call = context;
    struct treadle_error problem;
    if (end == LOOP_FAILED) {
        learn(call, error);
        if (can_do_without(call, error)) {
            if (submit(call, &problem))
                end_call(call, MODEL_STOP, &problem);
            return;
        }
        if (call->extras & OPENAI_TOOLS && openai_refuses_tools(error)) {
            problem = *error;
            problem.code = TREADLE_EUNSUPPORTED;
            end_call(call, MODEL_STOP, &problem);
            return;
        }
    }
    end_call(call, end == LOOP_CANCELLED ? MODEL_CANCELLED : openai_answer_end(call->answer),
             error);
}

static const struct loop_handler call_handler = {
    .bytes = on_bytes, .flush = on_flush, .end = on_end, .again = on_again, .done = on_done};

static unsigned extras_of(const struct call *call)
{
    struct openai *server = call->server;
    struct model_facts facts = {.tools = MODEL_TOOLS_NO};
    unsigned extras = OPENAI_STREAM_OPTIONS | OPENAI_METADATA;
    if (call->request->tool_count)
        model_facts(&server->model, call->request->model, &facts);
    if (facts.tools != MODEL_TOOLS_NO)
        extras |= OPENAI_TOOLS;
    return extras & ~atomic_load(&server->refused);
}

static int submit(struct call *call, struct treadle_error *error)
{
    struct openai *server = call->server;
    struct loop_exchange exchange = openai_exchange(server);
    free(call->body);
    call->body = NULL;
    call->extras = extras_of(call);
    int rc =
        openai_request_print(call->request, openai_name(server, call->request->model), call->extras,
                             call->images, &call->body, &exchange.body_length, error);
    exchange.url = server->chat_url;
    exchange.body = call->body;
    exchange.cancelled = call->request->cancelled;
    exchange.handler = &call_handler;
    exchange.context = call;
    return rc ? rc : loop_submit(server->means.loop, &exchange, error);
}

static void send_call(void *context)
{
    struct call *call = context;
    struct treadle_error error;
    if (submit(call, &error))
        end_call(call, MODEL_STOP, &error);
}

/* Printing large images is not for the loop's thread, as long as there is another. */
static void send_images(void *context)
{
    struct call *call = context;
    if (!pool_submit(call->server->means.printers, send_call, call))
        send_call(call);
}

static void openai_start(struct model *model, const struct model_request *request,
                         const struct model_sink *sink)
{
    struct treadle_error error;
    struct openai *server = (struct openai *)model;
    struct call *call = calloc(1, sizeof *call);
    if (!call || openai_answer_new(&call->answer, sink, server->key)) {
        free(call);
        error_set_memory(&error);
        struct model_outcome outcome = {.finish = MODEL_STOP, .error = &error};
        sink->done(sink->context, &outcome);
        return;
    }
    call->server = server;
    call->request = request;
    call->sink = *sink;
    openai_answer_expect(call->answer, request,
                         openai_facts_thinks(server->facts, openai_name(server, request->model)));
    if (server->means.fetcher &&
        openai_images_new(&call->images, server->means.fetcher, request, &error))
        end_call(call, MODEL_STOP, &error);
    else if (call->images)
        openai_images_fetch(call->images, send_images, call);
    else
        send_call(call);
}

static void openai_cancel(struct model *model)
{
    loop_wake(((struct openai *)model)->means.loop);
}

static void openai_destroy(struct model *model)
{
    struct openai *server = (struct openai *)model;
    openai_list_free(server->list);
    openai_facts_free(server->facts);
    free(server->chat_url);
    free(server->models_url);
    free(server->embeddings_url);
    free(server->default_model);
    if (server->key)
        explicit_bzero(server->key, strlen(server->key));
    free(server->key);
    free(server);
}

static void get_facts(struct model *model, const char *name, struct model_facts *out)
{
    struct openai *server = (struct openai *)model;
    const char *sent = openai_name(server, name);
    out->context = openai_list_context(server->list, sent, server->context);
    openai_facts_get(server->facts, sent, out);
    out->answer = server->answer;
    out->place = server;
    out->must_cite = server->must_cite;
    if (server->tools != MODEL_TOOLS_UNKNOWN)
        out->tools = server->tools;
    if (server->slots)
        out->slots = server->slots;
}

static void learn_count(struct model *model, const char *name, const struct estimate *sent,
                        int64_t counted)
{
    struct openai *server = (struct openai *)model;
    openai_facts_learn(server->facts, openai_name(server, name), sent, counted);
}

static bool openai_knows(struct model *model, const char *name)
{
    return openai_list_knows(((struct openai *)model)->list, name);
}

static bool is_listed(const struct model_info *models, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(models[i].id, id) == 0)
            return true;
    return false;
}

/* What the server has, its default model even when it lists nothing. */
static int openai_list_models(struct model *model, struct arena *arena, struct model_info *out,
                              size_t room, size_t *count, struct treadle_error *error)
{
    struct openai *server = (struct openai *)model;
    size_t first = *count;
    openai_list_refresh(server->list, true);
    int rc = openai_list_copy(server->list, arena, out, room, count, error);
    if (!rc && server->default_model && *count < room &&
        !is_listed(out + first, *count - first, server->default_model))
        out[(*count)++] = (struct model_info){server->default_model, 0, "model-server"};
    return rc;
}

static const struct model_driver drivers[] = {
    [OPENAI_CHAT] = {.name = "chat-completions",
                     .start = openai_start,
                     .cancel = openai_cancel,
                     .knows = openai_knows,
                     .list = openai_list_models,
                     .facts = get_facts,
                     .learn = learn_count,
                     .destroy = openai_destroy},
    [OPENAI_EMBEDDINGS] = {.name = "embeddings",
                           .embed = openai_embed,
                           .cancel = openai_cancel,
                           .knows = openai_knows,
                           .list = openai_list_models,
                           .destroy = openai_destroy},
};

/* ---- Making one ----------------------------------------------------------------------------- */

/* People paste the address of an endpoint where that of the server is wanted. */
static size_t base_length(const char *url)
{
    static const char *const endpoints[] = {"/chat/completions", "/completions", "/models",
                                            "/embeddings"};
    size_t length = strlen(url);
    while (length && url[length - 1] == '/')
        length--;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        size_t size = strlen(endpoints[i]);
        if (length > size && memcmp(url + length - size, endpoints[i], size) == 0)
            return length - size;
    }
    return length;
}

static char *join(const char *base, const char *path)
{
    struct buffer text;
    size_t length = base_length(base);
    const char *host = strstr(base, "://");
    while (length && base[length - 1] == '/')
        length--;
    buffer_init(&text, LONGEST_URL);
    buffer_append(&text, base, length);
    if (host && !memchr(host + 3, '/', length - (size_t)(host + 3 - base)))
        buffer_append_string(&text, "/v1");
    buffer_append_string(&text, path);
    char *joined = text.failed ? NULL : buffer_take(&text);
    buffer_clear(&text);
    return joined;
}

static int check_url(const char *url, struct treadle_error *error)
{
    const char *host = NULL;
    if (text_starts_with(url, "http://"))
        host = url + strlen("http://");
    if (text_starts_with(url, "https://"))
        host = url + strlen("https://");
    if (!host || !*host || *host == '/' || strpbrk(url, " ?#") || strlen(url) > LONGEST_URL - 64)
        return error_set(error, TREADLE_EINVALID,
                         "'%.200s' is no model server's address: expected http://HOST:PORT/v1",
                         url);
    /* It would show where addresses are shown. */
    if (strchr(host, '@') && strchr(host, '@') < host + strcspn(host, "/"))
        return error_set(error, TREADLE_EINVALID,
                         "a model server's address must not hold a password: give a key instead");
    return 0;
}

static int check_key(const char *key, struct treadle_error *error)
{
    for (const char *at = key; at && *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 127)
            return error_set(error, TREADLE_EINVALID, "a model server's key holds white space");
    return 0;
}

int openai_new(struct model **out, enum openai_part part, const struct openai_means *means,
               const struct openai_options *options, struct treadle_error *error)
{
    int rc = check_url(options->url, error);
    if (!rc)
        rc = check_key(options->key, error);
    struct openai *server = rc ? NULL : calloc(1, sizeof *server);
    if (!server)
        return rc ? rc : error_set_memory(error);
    server->model.driver = &drivers[part];
    server->means = *means;
    server->connect_seconds = options->connect_seconds ? options->connect_seconds : CONNECT_SECONDS;
    server->first_seconds = options->first_seconds ? options->first_seconds : FIRST_SECONDS;
    server->idle_seconds = options->idle_seconds ? options->idle_seconds : IDLE_SECONDS;
    server->context = options->context;
    server->answer = options->answer;
    server->slots = options->slots;
    server->tools = options->tools;
    server->must_cite = options->must_cite;
    server->attempts = options->attempts ? options->attempts : ATTEMPTS;
    server->chat_url = join(options->url, "/chat/completions");
    server->models_url = join(options->url, "/models");
    server->embeddings_url = join(options->url, "/embeddings");
    server->key = options->key ? strdup(options->key) : NULL;
    server->default_model = options->model ? strdup(options->model) : NULL;
    bool whole = server->chat_url && server->models_url && server->embeddings_url &&
                 (server->key || !options->key) && (server->default_model || !options->model);
    rc = whole ? openai_facts_new(&server->facts, error) : error_set_memory(error);
    if (!rc)
        rc = openai_list_new(&server->list, server, error);
    if (rc) {
        openai_destroy(&server->model);
        return rc;
    }
    openai_list_refresh(server->list, false);
    *out = &server->model;
    return 0;
}
