/*
 * Threads beyond the contract: the list of all, by metadata where that is asked for, and what a
 * thread has used.
 *
 * A filter walks the index of the first pair and looks the others up in it, so a page costs what
 * it skips among the threads that have the first pair, and not the number of threads.
 */
#include "base/error.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "store/thread_record.h"

enum { KEYS_A_PAIR = 3 };

/* The tables to read, each pair's index joined to the next, and what must hold in each. */
static int join_pairs(struct resource_call *call, struct record_query *out,
                      struct treadle_error *error)
{
    const struct resource_query *query = &call->query;
    struct record_key *keys =
        arena_array(call->arena, query->pair_count * KEYS_A_PAIR, sizeof *keys);
    const char *table = "";
    if (!keys)
        return error_set_memory(error);
    for (size_t i = 0; i < query->pair_count && table; i++) {
        struct record_key *key = &keys[i * KEYS_A_PAIR];
        table = arena_format(call->arena, "%sthread_metadata m%zu %sJOIN ", table, i,
                             i ? "USING (seq) " : "");
        key[0] = (struct record_key){arena_format(call->arena, "m%zu.project", i), call->project};
        key[1] =
            (struct record_key){arena_format(call->arena, "m%zu.name", i), query->pairs[i].key};
        key[2] =
            (struct record_key){arena_format(call->arena, "m%zu.value", i), query->pairs[i].value};
        if (!key[0].column || !key[1].column || !key[2].column)
            return error_set_memory(error);
    }
    table = table ? arena_format(call->arena, "%sthreads USING (seq)", table) : NULL;
    if (!table)
        return error_set_memory(error);
    *out = (struct record_query){.table = table,
                                 .id_column = "threads.id",
                                 .body_column = "threads.body",
                                 .keys = keys,
                                 .key_count = query->pair_count * KEYS_A_PAIR};
    return 0;
}

int thread_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", call->project}};
    struct record_query query = {.table = "threads", .keys = keys, .key_count = 1};
    int rc = call->query.pair_count ? join_pairs(call, &query, error) : 0;
    return rc ? rc : resource_send_page(session, call, &query, error);
}

int thread_usage(struct db_session *session, struct resource_call *call,
                 struct treadle_error *error)
{
    const char *id = call->arguments[0];
    struct treadle_thread_usage used;
    int rc = thread_record_usage(session, call->project, id, &used, error);
    if (rc)
        return resource_not_found(rc, "thread", id, error);
    return resource_reply(call, &treadle_thread_usage_type, &used, error);
}
