/*
 * file_search as a kind of tool. The search is in file_search.c, its stores are found in
 * file_search_stores.c, and file_search_resources.c handles the resources of requests.
 */
#include <stdlib.h>

#include "base/error.h"
#include "tool/file_search.h"
#include "tool/file_search_resources.h"
#include "tool/file_search_stores.h"
#include "tool/kinds.h"

enum { PATIENCE_US = 60000000 }; /* that a run waits for its thread's store, as the service did */

static int open_stores(const struct tool_context *context, void **state,
                       struct treadle_error *error)
{
    struct file_search_stores *stores = arena_alloc(context->arena, sizeof *stores);
    if (!stores)
        return error_set_memory(error);
    int rc = file_search_stores_find(context, stores, error);
    if (!rc && stores->count)
        *state = stores;
    return rc;
}

static int ready(const struct tool_context *context, void *state, bool *out,
                 struct treadle_error *error)
{
    return file_search_stores_ready(context->services->db, state, out, error);
}

static int use(struct db_session *session, const struct tool_context *context, void *state,
               struct treadle_error *error)
{
    return file_search_stores_touch(session, state, context->arena, error);
}

static size_t offer(const struct tool_context *context, const struct treadle_tool *tool,
                    void *state, struct model_tool *out, size_t room)
{
    (void)context, (void)tool, (void)state;
    if (!room)
        return 0;
    *out = file_search_tool;
    return 1;
}

static int begin(const struct tool_context *context, struct tool_call *call,
                 struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    const struct treadle_file_search_options *options = call->tool->file_search;
    const struct treadle_ranking_options *ranking = options ? options->ranking_options : NULL;
    struct treadle_search_ranking *applied = arena_alloc(context->arena, sizeof *applied);
    struct treadle_file_search_call *search = arena_alloc(context->arena, sizeof *search);
    if (!applied || !search)
        return error_set_memory(error);
    *applied = (struct treadle_search_ranking){
        .ranker = FILE_SEARCH_RANKER, .score_threshold = ranking ? ranking->score_threshold : 0};
    search->ranking_options = applied;
    call->recorded.file_search = delta->file_search = search;
    return 0;
}

static int give(const struct tool_context *context, const struct file_search_outcome *outcome,
                struct tool_result *out, struct treadle_error *error)
{
    struct citation_source *sources = arena_array(context->arena, outcome->count, sizeof *sources);
    if (!sources)
        return error_set_memory(error);
    for (size_t i = 0; i < outcome->count; i++)
        sources[i] = (struct citation_source){&outcome->passages.all[i], &outcome->results[i]};
    *out = (struct tool_result){
        .text = outcome->complaint,
        .passages = outcome->passages.shown,
        .passage_count = outcome->passages.shown_count,
        .sources = sources,
        .source_count = outcome->count,
    };
    return 0;
}

static int run(const struct tool_context *context, struct tool_call *call,
               const struct tool_progress *progress, struct tool_result *out, struct buffer *memory,
               struct treadle_error *error)
{
    const struct file_search_stores *stores = call->state;
    struct file_search_outcome outcome;
    struct treadle_file_search_call *search = arena_alloc(context->arena, sizeof *search);
    const struct file_search_request request = {
        .search = context->services->search,
        .store_ids = stores->ids,
        .store_count = stores->count,
        .options = call->tool->file_search,
        .arguments = call->arguments,
        .question = context->question,
        .room = context->room,
        .turn = call->turn,
        .first_result = call->first_source,
    };
    (void)progress;
    if (!search)
        return error_set_memory(error);
    int rc = file_search_run(&request, context->arena, &outcome, error);
    if (rc)
        return rc;
    *search = outcome.call;
    call->recorded.file_search = search;
    file_search_remember(call->arguments, &outcome, memory);
    return give(context, &outcome, out, error);
}

/* Where the memory of a search is lost, its step alone says what was found. */
static int recall(const struct tool_context *context, struct tool_call *call, const char *memory,
                  struct tool_result *out, struct treadle_error *error)
{
    struct file_search_outcome outcome;
    struct file_search_request request = {.question = context->question,
                                          .room = context->room,
                                          .turn = call->turn,
                                          .first_result = call->first_source};
    int rc = file_search_recall(call->recorded.file_search, memory, &request, context->arena,
                                &outcome, error);
    if (!rc)
        call->arguments = request.arguments;
    call->name = file_search_tool.name;
    return rc ? rc : give(context, &outcome, out, error);
}

static void describe(const struct treadle_tool_call *recorded, bool in_progress, struct buffer *out)
{
    const struct treadle_file_search_call *search = recorded->file_search;
    size_t count = search ? search->result_count : 0;
    if (in_progress || !count) {
        buffer_append_string(out,
                             in_progress ? "file_search: searching" : "file_search: no results");
        return;
    }
    const struct treadle_file_search_result *best = &search->results[0];
    buffer_append_format(out, "file_search: %zu result%s, best %s %.2f", count,
                         count == 1 ? "" : "s", best->file_name ? best->file_name : "?",
                         best->score);
}

const struct tool_kind tool_file_search = {
    .type = TREADLE_TOOL_FILE_SEARCH,
    .single = true,
    .normalise = file_search_normalise,
    .resolve = file_search_resolve,
    .attach = file_search_attach,
    .open = open_stores,
    .ready = ready,
    .patience_us = PATIENCE_US,
    .use = use,
    .offer = offer,
    .begin = begin,
    .run = run,
    .recall = recall,
    .describe = describe,
};
