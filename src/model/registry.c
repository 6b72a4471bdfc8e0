/*
 * The registry.
 */
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct entry {
    struct model *model;
    enum model_place place;
};

struct model_registry {
    struct model chooser; /* first: it is returned as a model */
    struct entry entries[MODEL_REGISTRY_SIZE];
    size_t count;
};

/* ---- The model that chooses ----------------------------------------------------------------- */

/* What a request wants: messages answered, or vectors. */
enum want { WANT_ANSWER, WANT_VECTORS };

static bool can(const struct model *model, enum want want)
{
    return want == WANT_ANSWER ? model->driver->start != NULL : model->driver->embed != NULL;
}

static bool fits(const struct entry *entry, enum model_place place, enum want want)
{
    return entry->place == place && can(entry->model, want);
}

/* The first there that can and knows the name; NULL when none does. */
static struct model *find_known(const struct model_registry *registry, enum model_place place,
                                enum want want, const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (fits(&registry->entries[i], place, want) &&
            model_knows(registry->entries[i].model, name))
            return registry->entries[i].model;
    return NULL;
}

/* The first there that can, whatever it knows, and how many can. */
static struct model *find_any(const struct model_registry *registry, enum model_place place,
                              enum want want, size_t *count)
{
    struct model *first = NULL;
    *count = 0;
    for (size_t i = 0; i < registry->count; i++)
        if (fits(&registry->entries[i], place, want) && !(*count)++)
            first = registry->entries[i].model;
    return first;
}

static struct model *find(struct model *model, enum want want, const char *name)
{
    const struct model_registry *registry = (struct model_registry *)model;
    size_t servers, built_in;
    struct model *known = find_known(registry, MODEL_BUILT_IN, want, name);
    struct model *server = find_any(registry, MODEL_SERVER, want, &servers);
    /* Lists are long: where there is one server only, its list need not be searched. */
    if (!known && servers > 1)
        known = find_known(registry, MODEL_SERVER, want, name);
    if (known)
        return known;
    return server ? server : find_any(registry, MODEL_BUILT_IN, want, &built_in);
}

static void start(struct model *model, const struct model_request *request,
                  const struct model_sink *sink)
{
    model_start(find(model, WANT_ANSWER, request->model), request, sink);
}

static void embed(struct model *model, const struct embedding_request *request,
                  const struct embedding_sink *sink)
{
    model_embed(find(model, WANT_VECTORS, request->model), request, sink);
}

static void cancel(struct model *model)
{
    struct model_registry *registry = (struct model_registry *)model;
    for (size_t i = 0; i < registry->count; i++)
        model_cancel(registry->entries[i].model);
}

static bool blocks(struct model *model, const char *name)
{
    return model_blocks(find(model, WANT_ANSWER, name), name);
}

static bool knows(struct model *model, const char *name)
{
    return model_knows(find(model, WANT_ANSWER, name), name);
}

static void facts(struct model *model, const char *name, struct model_facts *out)
{
    model_facts(find(model, WANT_ANSWER, name), name, out);
}

static void learn(struct model *model, const char *name, const struct estimate *sent,
                  int64_t counted)
{
    model_learn(find(model, WANT_ANSWER, name), name, sent, counted);
}

static bool is_listed(const struct model_info *models, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(models[i].id, id) == 0)
            return true;
    return false;
}

static int list(struct model *model, struct arena *arena, struct model_info *out, size_t room,
                size_t *count, struct treadle_error *error)
{
    struct model_registry *registry = (struct model_registry *)model;
    int rc = 0;
    for (size_t i = 0; !rc && i < registry->count; i++) {
        size_t kept = *count, all = kept;
        rc = model_list_models(registry->entries[i].model, arena, out, room, &all, error);
        for (size_t j = kept; j < all; j++)
            if (!is_listed(out, kept, out[j].id))
                out[kept++] = out[j];
        *count = kept;
    }
    return rc;
}

static const struct model_driver chooser = {.name = "registry",
                                            .start = start,
                                            .embed = embed,
                                            .cancel = cancel,
                                            .blocks = blocks,
                                            .knows = knows,
                                            .list = list,
                                            .facts = facts,
                                            .learn = learn};

struct model *model_registry_model(struct model_registry *registry)
{
    return &registry->chooser;
}

/* ---- Life ----------------------------------------------------------------------------------- */

int model_registry_new(struct model_registry **out, struct treadle_error *error)
{
    struct model_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return error_set_memory(error);
    registry->chooser.driver = &chooser;
    *out = registry;
    return 0;
}

int model_registry_add(struct model_registry *registry, enum model_place place, struct model *model,
                       struct treadle_error *error)
{
    if (registry->count == MODEL_REGISTRY_SIZE) {
        model_free(model);
        return error_set(error, TREADLE_ELIMIT, "There are more than %d models and servers.",
                         MODEL_REGISTRY_SIZE);
    }
    registry->entries[registry->count++] = (struct entry){model, place};
    return 0;
}

void model_registry_free(struct model_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++)
        model_free(registry->entries[i].model);
    free(registry);
}
