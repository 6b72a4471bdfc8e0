/*
 * file_search in requests: fills in its ranking, checks or creates its vector store, and adds the
 * files of messages to the store of their thread.
 */
#include "tool/file_search_resources.h"

#include "base/error.h"
#include "tool/file_search.h"

int file_search_normalise(struct treadle_tool *tool, struct arena *arena)
{
    if (!tool->file_search)
        tool->file_search = arena_alloc(arena, sizeof *tool->file_search);
    if (!tool->file_search)
        return TREADLE_EMEMORY;
    struct treadle_ranking_options *ranking = tool->file_search->ranking_options;
    if (!ranking)
        ranking = arena_alloc(arena, sizeof *ranking);
    if (!ranking)
        return TREADLE_EMEMORY;
    /* "auto" means the only ranker. */
    ranking->ranker = FILE_SEARCH_RANKER;
    tool->file_search->ranking_options = ranking;
    return 0;
}

static struct treadle_file_search_resources *with_store(struct arena *arena, const char *store_id)
{
    struct treadle_file_search_resources *made = arena_alloc(arena, sizeof *made);
    const char **ids = arena_array(arena, 1, sizeof *ids);
    if (!made || !ids)
        return NULL;
    ids[0] = store_id;
    made->vector_store_ids = ids;
    made->vector_store_id_count = store_id ? 1 : 0;
    return made;
}

int file_search_resolve(const struct tool_host *host, const struct treadle_tool_resources *sent,
                        struct treadle_tool_resources *kept, struct treadle_error *error)
{
    const struct treadle_file_search_resources *search = sent->file_search;
    const char *store_id = NULL;
    int rc = 0;
    if (!search)
        return 0;
    if (search->vector_store_id_count) {
        store_id = search->vector_store_ids[0];
        rc = host->check_store(host->context, store_id, error);
    } else if (search->vector_store_count) {
        rc = host->make_store(host->context, &search->vector_stores[0], &store_id, error);
    }
    if (rc)
        return rc;
    kept->file_search = with_store(host->arena, store_id);
    return kept->file_search ? 0 : error_set_memory(error);
}

/* The thread's vector store, created when it has none (or a deleted one). */
static int thread_store(const struct tool_host *host, struct treadle_tool_resources *resources,
                        const char **out, struct treadle_error *error)
{
    const struct treadle_file_search_resources *search = resources->file_search;
    if (search && search->vector_store_id_count) {
        *out = search->vector_store_ids[0];
        int rc = host->check_store(host->context, *out, error);
        if (rc != TREADLE_ENOTFOUND)
            return rc;
    }
    int rc = host->make_store(host->context, NULL, out, error);
    if (rc)
        return rc;
    resources->file_search = with_store(host->arena, *out);
    return resources->file_search ? 0 : error_set_memory(error);
}

int file_search_attach(const struct tool_host *host, struct treadle_tool_resources *resources,
                       const char *file_id, struct treadle_error *error)
{
    const char *store_id = NULL;
    int rc = thread_store(host, resources, &store_id, error);
    return rc ? rc : host->add_to_store(host->context, store_id, file_id, error);
}
