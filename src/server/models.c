/*
 * The models of a server. One loop carries what is said with all servers, and one pool prints
 * requests with fetched images; both are there only where somebody needs them.
 */
#include "server/models.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/pool.h"
#include "builtin/extractive.h"
#include "builtin/hash_embedding.h"
#include "model/registry.h"
#include "openai/fetcher.h"
#include "outbound/loop.h"

enum { PRINTERS = 1, PRINTER_QUEUE = 1024 };

struct models {
    struct model_registry *registry;
    struct openai_means means; /* all NULL without servers */
};

static int add_built_in(struct models *models, int (*make)(struct model **, struct treadle_error *),
                        struct treadle_error *error)
{
    struct model *model;
    int rc = make(&model, error);
    return rc ? rc : model_registry_add(models->registry, MODEL_BUILT_IN, model, error);
}

static int add_server(struct models *models, enum openai_part part,
                      const struct openai_options *options, struct treadle_error *error)
{
    struct model *model;
    int rc = openai_new(&model, part, &models->means, options, error);
    return rc ? rc : model_registry_add(models->registry, MODEL_SERVER, model, error);
}

static int open_means(struct models *models, const char *const *fetch_hosts,
                      struct treadle_error *error)
{
    int rc = loop_new(&models->means.loop, error);
    if (!rc && fetch_hosts)
        rc = fetcher_new(&models->means.fetcher, models->means.loop, fetch_hosts, error);
    if (!rc && fetch_hosts) {
        models->means.printers = pool_new(PRINTERS, PRINTER_QUEUE);
        rc = models->means.printers ? 0 : error_set_memory(error);
    }
    return rc;
}

static int fill(struct models *models, const struct models_options *options,
                struct treadle_error *error)
{
    int rc = model_registry_new(&models->registry, error);
    if (!rc)
        rc = add_built_in(models, extractive_new, error);
    if (!rc)
        rc = add_built_in(models, hash_embedding_new, error);
    if (!rc && (options->servers[0].url || options->embedding.url))
        rc = open_means(models, options->fetch_hosts, error);
    for (size_t i = 0; !rc && i < MODEL_SERVERS && options->servers[i].url; i++)
        rc = add_server(models, OPENAI_CHAT, &options->servers[i], error);
    if (!rc && options->embedding.url)
        rc = add_server(models, OPENAI_EMBEDDINGS, &options->embedding, error);
    return rc;
}

int models_open(struct models **out, const struct models_options *options, struct log *log,
                struct treadle_error *error)
{
    struct models *models = calloc(1, sizeof *models);
    if (models)
        models->means.log = log;
    int rc = models ? fill(models, options, error) : error_set_memory(error);
    if (rc)
        models_close(models);
    else
        *out = models;
    return rc;
}

void models_close(struct models *models)
{
    if (!models)
        return;
    /* The pool submits to the loop, and the loop to the pool. */
    if (models->means.loop)
        loop_stop(models->means.loop);
    pool_free(models->means.printers);
    fetcher_free(models->means.fetcher);
    loop_free(models->means.loop);
    model_registry_free(models->registry);
    free(models);
}

const char *models_stand_in(void)
{
    return EXTRACTIVE;
}

struct model *models_model(struct models *models)
{
    return model_registry_model(models->registry);
}
