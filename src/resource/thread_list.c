/*
 * Threads beyond the contract: the list of all, by metadata where that is asked for, and what a
 * thread has used.
 *
 * A filter walks the index of the pair that fewest threads have and looks the others up in it, so a
 * page costs what it skips among those threads. Which pair that is shows by counting each a little
 * further in turn, until one has no more.
 */
#include "base/error.h"
#include "resource/call.h"
#include "resource/handlers.h"
#include "store/thread_record.h"

enum { KEYS_A_PAIR = 3, LEAST_COUNTED = 16, MOST_COUNTED = 4096 };

/* Puts the pair first that fewest threads have, where it has few. */
static int order_pairs(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error)
{
    struct treadle_pair *pairs = call->query.pairs;
    for (int64_t up_to = LEAST_COUNTED; up_to <= MOST_COUNTED; up_to *= 16) {
        for (size_t i = 0; i < call->query.pair_count; i++) {
            int64_t count = 0;
            int rc = thread_record_count(session, call->project, &pairs[i], up_to, &count, error);
            if (rc)
                return rc;
            if (count == up_to)
                continue;
            const struct treadle_pair rarest = pairs[i];
            pairs[i] = pairs[0];
            pairs[0] = rarest;
            return 0;
        }
    }
    return 0;
}

/* The tables to read, each pair's index joined to the next in this order, and what must hold in
 * each. An id's row is looked for from the thread. The signs keep SQLite from taking the order of
 * another table for that of the first, and sorting. */
static int join_pairs(struct resource_call *call, struct record_query *out,
                      struct treadle_error *error)
{
    const struct resource_query *query = &call->query;
    struct arena *arena = call->arena;
    struct record_key *keys = arena_array(arena, query->pair_count * KEYS_A_PAIR, sizeof *keys);
    const char *table = "thread_metadata m0", *cursor_table = "threads";
    for (size_t i = 0; keys && i < query->pair_count && table && cursor_table; i++) {
        struct record_key *key = &keys[i * KEYS_A_PAIR];
        if (i)
            table = arena_format(arena, "%s CROSS JOIN thread_metadata m%zu ON m%zu.seq = +m0.seq",
                                 table, i, i);
        cursor_table =
            arena_format(arena, "%s CROSS JOIN thread_metadata m%zu ON m%zu.seq = threads.seq",
                         cursor_table, i, i);
        key[0] = (struct record_key){arena_format(arena, "m%zu.project", i), call->project};
        key[1] = (struct record_key){arena_format(arena, "m%zu.name", i), query->pairs[i].key};
        key[2] = (struct record_key){arena_format(arena, "m%zu.value", i), query->pairs[i].value};
        if (!key[0].column || !key[1].column || !key[2].column)
            return error_set_memory(error);
    }
    if (table)
        table = arena_format(arena, "%s CROSS JOIN threads ON threads.seq = +m0.seq", table);
    if (!keys || !table || !cursor_table)
        return error_set_memory(error);
    *out = (struct record_query){.table = table,
                                 .cursor_table = cursor_table,
                                 .id_column = "threads.id",
                                 .seq_column = "m0.seq",
                                 .body_column = "threads.body",
                                 .keys = keys,
                                 .key_count = query->pair_count * KEYS_A_PAIR};
    return 0;
}

int thread_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", call->project}};
    struct record_query query = {
        .table = "threads", .index = "threads_project", .keys = keys, .key_count = 1};
    int rc = call->query.pair_count > 1 ? order_pairs(session, call, error) : 0;
    if (!rc && call->query.pair_count)
        rc = join_pairs(call, &query, error);
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
