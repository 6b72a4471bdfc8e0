/*
 * The registry.
 */
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/openai.h"

struct model_registry {
    struct model chooser; /* first: it is handed out as a model */
    struct model *extractive;
    struct model_loop *loop; /* NULL without servers */
    struct openai *servers[MODEL_SERVERS];
    size_t server_count;
    struct openai *embedding;
    struct model_fetcher *fetcher; /* NULL: nothing is fetched */
    struct pool *printers;
};

/* ---- The model that chooses ----------------------------------------------------------------- */

static struct openai *find_server(struct model_registry *registry, const char *name)
{
    for (size_t i = 1; name && i < registry->server_count; i++)
        if (openai_list_find(registry->servers[0]->list, name) != OPENAI_LISTED &&
            openai_list_find(registry->servers[i]->list, name) == OPENAI_LISTED)
            return registry->servers[i];
    return registry->server_count ? registry->servers[0] : NULL;
}

static struct model *find_model(struct model_registry *registry, const char *name)
{
    struct openai *server = NULL;
    if (!text_equal(name, MODEL_EXTRACTIVE))
        server = find_server(registry, name);
    return server ? &server->model : registry->extractive;
}

static void choose(struct model *model, const struct model_request *request,
                   const struct model_sink *sink)
{
    model_start(find_model((struct model_registry *)model, request->model), request, sink);
}

static int64_t context(struct model *model, const char *name)
{
    return model_context(find_model((struct model_registry *)model, name), name);
}

static void cancel(struct model *model)
{
    struct model_registry *registry = (struct model_registry *)model;
    if (registry->loop)
        model_loop_wake(registry->loop);
}

static bool blocks(struct model *model, const char *name)
{
    struct model_registry *registry = (struct model_registry *)model;
    return text_equal(name, MODEL_EXTRACTIVE) || !registry->server_count;
}

static const struct model_driver chooser = {
    .name = "registry", .start = choose, .cancel = cancel, .blocks = blocks, .context = context};

struct model *model_registry_model(struct model_registry *registry)
{
    return &registry->chooser;
}

/* ---- Opening and closing -------------------------------------------------------------------- */

enum { PRINTERS = 1, PRINTER_QUEUE = 1024 };

static int add_fetcher(struct model_registry *registry, const char *const *hosts,
                       struct treadle_error *error)
{
    int rc = model_fetcher_new(&registry->fetcher, registry->loop, hosts, error);
    if (rc)
        return rc;
    registry->printers = pool_new(PRINTERS, PRINTER_QUEUE);
    return registry->printers ? 0 : error_set_memory(error);
}

static int add_servers(struct model_registry *registry,
                       const struct model_registry_options *options, struct treadle_error *error)
{
    int rc = model_loop_new(&registry->loop, error);
    if (!rc && options->fetch_hosts)
        rc = add_fetcher(registry, options->fetch_hosts, error);
    for (size_t i = 0; !rc && i < MODEL_SERVERS && options->servers[i].url; i++) {
        rc = openai_new(&registry->servers[i], registry->loop, &options->servers[i], error);
        if (rc)
            break;
        registry->servers[i]->fetcher = registry->fetcher;
        registry->servers[i]->printers = registry->printers;
        registry->server_count++;
    }
    if (!rc && options->embedding.url)
        rc = openai_new(&registry->embedding, registry->loop, &options->embedding, error);
    for (size_t i = 0; !rc && i < registry->server_count; i++)
        openai_list_refresh(registry->servers[i]->list, false);
    if (!rc && registry->embedding)
        openai_list_refresh(registry->embedding->list, false);
    return rc;
}

int model_registry_open(struct model_registry **out, const struct model_registry_options *options,
                        struct treadle_error *error)
{
    struct model_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return error_set_memory(error);
    registry->chooser.driver = &chooser;
    int rc = model_extractive_new(&registry->extractive, error);
    if (!rc && (options->servers[0].url || options->embedding.url))
        rc = add_servers(registry, options, error);
    if (rc)
        model_registry_close(registry);
    else
        *out = registry;
    return rc;
}

void model_registry_close(struct model_registry *registry)
{
    if (!registry)
        return;
    /* The pool submits to the loop, and the loop to the pool. */
    if (registry->loop)
        model_loop_stop(registry->loop);
    pool_free(registry->printers);
    model_fetcher_free(registry->fetcher);
    model_loop_free(registry->loop);
    for (size_t i = 0; i < registry->server_count; i++)
        model_free(&registry->servers[i]->model);
    if (registry->embedding)
        model_free(&registry->embedding->model);
    model_free(registry->extractive);
    free(registry);
}

/* ---- The list ------------------------------------------------------------------------------- */

static bool is_listed(const struct model_info *models, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(models[i].id, id) == 0)
            return true;
    return false;
}

/* Adds what a server has, its default model even when it lists nothing. */
static int add_models(struct openai *server, struct arena *arena, struct model_info *models,
                      size_t *count)
{
    size_t first = *count, kept = first;
    openai_list_refresh(server->list, true);
    int rc = openai_list_copy(server->list, arena, models, MODEL_LIST_SIZE, count);
    for (size_t i = first; i < *count; i++)
        if (!is_listed(models, kept, models[i].id))
            models[kept++] = models[i];
    *count = kept;
    if (!rc && server->default_model && kept < MODEL_LIST_SIZE &&
        !is_listed(models, kept, server->default_model))
        models[(*count)++] = (struct model_info){server->default_model, 0, "model-server"};
    return rc;
}

int model_registry_list(struct model_registry *registry, struct arena *arena,
                        struct model_info **out, size_t *count, struct treadle_error *error)
{
    static const struct model_info built_in[] = {{MODEL_EXTRACTIVE, 0, "treadle"},
                                                 {EMBEDDING_BUILT_IN, 0, "treadle"}};
    size_t used = sizeof built_in / sizeof built_in[0];
    struct model_info *models = arena_array(arena, MODEL_LIST_SIZE, sizeof *models);
    int rc = models ? 0 : TREADLE_EMEMORY;
    if (models)
        memcpy(models, built_in, sizeof built_in);
    for (size_t i = 0; !rc && i < registry->server_count; i++)
        rc = add_models(registry->servers[i], arena, models, &used);
    if (!rc && registry->embedding)
        rc = add_models(registry->embedding, arena, models, &used);
    if (rc)
        return error_set_memory(error);
    *out = models;
    *count = used;
    return 0;
}

void model_registry_embed(struct model_registry *registry, const struct embedding_request *request,
                          const struct embedding_sink *sink)
{
    if (registry->embedding && !text_equal(request->model, EMBEDDING_BUILT_IN))
        openai_embed(registry->embedding, request, sink);
    else
        embedding_start(request, sink);
}
