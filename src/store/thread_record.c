/*
 * Threads as rows.
 *
 * A list with a filter walks the index of the pair that fewest threads have and looks the others up
 * in it, so a page costs as much as the threads that it skips among those. To find that pair, each
 * is counted a little further in turn, until one has no more.
 */
#include "store/thread_record.h"

#include "api/types.h"
#include "base/error.h"
#include "store/code_file_record.h"
#include "store/place_record.h"
#include "store/record.h"
#include "store/remains_record.h"

enum { KEYS_A_PAIR = 3, LEAST_COUNTED = 16, MOST_COUNTED = 4096 };

/* ---- Rows ----------------------------------------------------------------------------------- */

int thread_record_insert(struct db_session *session, const char *project,
                         const struct treadle_thread *thread, struct arena *arena,
                         struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = thread->id},
        {.column = "project", .text = project},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_thread_type, thread, arena)},
    };
    int rc = record_insert(session, "threads", values, 3, error);
    return rc || !thread->metadata
               ? rc
               : thread_record_index(session, project, thread->id, thread->metadata, error);
}

int thread_record_load(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, struct treadle_thread *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_load(session, "threads", &treadle_thread_type, keys, project ? 2 : 1, arena, out,
                       error);
}

int thread_record_body(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_text(session, "threads", "body", keys, 2, arena, out, error);
}

int thread_record_find(struct db_session *session, const char *project, const char *id,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_find(session, "threads", keys, 2, error);
}

int thread_record_active_run(struct db_session *session, const char *project, const char *id,
                             struct arena *arena, const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_text(session, "threads", "active_run", keys, 2, arena, out, error);
}

int thread_record_lock(struct db_session *session, const char *id, struct arena *arena,
                       const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "threads", "active_run", keys, 1, arena, out, error);
}

int thread_record_take_lock(struct db_session *session, const char *id, const char *run_id,
                            struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    const struct record_value value = {.column = "active_run", .text = run_id};
    return record_update(session, "threads", keys, 1, &value, 1, error);
}

int thread_record_end_run(struct db_session *session, const char *id,
                          const struct treadle_usage *usage, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE threads SET active_run = NULL, run_count = run_count + 1, "
                        "prompt_tokens = prompt_tokens + ?, "
                        "completion_tokens = completion_tokens + ?, "
                        "total_tokens = total_tokens + ? WHERE id = ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, usage->prompt_tokens);
    db_bind_integer(statement, 2, usage->completion_tokens);
    db_bind_integer(statement, 3, usage->total_tokens);
    db_bind_text(statement, 4, id);
    rc = db_step(statement, error);
    if (!rc && db_changes(session) == 0)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such thread");
    return rc;
}

int thread_record_save(struct db_session *session, const char *project,
                       const struct treadle_thread *thread, struct arena *arena,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread->id}, {"project", project}};
    return record_save(session, "threads", &treadle_thread_type, keys, 2, thread, arena, error);
}

/* ---- Metadata ------------------------------------------------------------------------------- */

int thread_record_forget(struct db_session *session, const char *thread_id,
                         struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "DELETE FROM thread_metadata WHERE seq = "
                        "(SELECT seq FROM threads WHERE id = ?)",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, thread_id);
    return db_step(statement, error);
}

static int add_pair(struct db_session *session, const char *project, const char *thread_id,
                    const struct treadle_pair *pair, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "INSERT INTO thread_metadata (project, name, value, seq) "
                        "SELECT ?, ?, ?, seq FROM threads WHERE id = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    db_bind_text(statement, 2, pair->key);
    db_bind_text(statement, 3, pair->value);
    db_bind_text(statement, 4, thread_id);
    return db_step(statement, error);
}

int thread_record_index(struct db_session *session, const char *project, const char *thread_id,
                        const struct treadle_map *metadata, struct treadle_error *error)
{
    int rc = thread_record_forget(session, thread_id, error);
    for (size_t i = 0; metadata && i < metadata->count && !rc; i++)
        rc = add_pair(session, project, thread_id, &metadata->pairs[i], error);
    return rc;
}

/* ---- Removing and sums -------------------------------------------------------------------- */

int thread_record_remove(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    struct remains remains = {.kind = REMAINS_THREAD, .id = thread_id};
    int rc = thread_record_forget(session, thread_id, error);
    if (!rc)
        rc = code_file_record_forget(session, thread_id, error);
    if (!rc)
        rc = place_record_keep(session, "threads", NULL, thread_id, error);
    if (!rc)
        rc = record_delete(session, "threads", keys, 1, NULL, error);
    return rc ? rc : remains_begin(session, &remains, arena, error);
}

int thread_record_usage(struct db_session *session, const char *project, const char *thread_id,
                        struct treadle_thread_usage *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT run_count, prompt_tokens, completion_tokens, total_tokens "
                        "FROM threads WHERE id = ? AND project = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, thread_id);
    db_bind_text(statement, 2, project);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such thread");
    if (rc < 0)
        return rc;
    *out = (struct treadle_thread_usage){
        .thread_id = thread_id,
        .run_count = db_column_integer(statement, 0),
        .prompt_tokens = db_column_integer(statement, 1),
        .completion_tokens = db_column_integer(statement, 2),
        .total_tokens = db_column_integer(statement, 3),
    };
    return 0;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

/* How many threads have the pair, counted up to a number. */
static int count_pair(struct db_session *session, const char *project,
                      const struct treadle_pair *pair, int64_t up_to, int64_t *out,
                      struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT COUNT(*) FROM (SELECT 1 FROM thread_metadata "
                        "WHERE project = ? AND name = ? AND value = ? LIMIT ?)",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    db_bind_text(statement, 2, pair->key);
    db_bind_text(statement, 3, pair->value);
    db_bind_integer(statement, 4, up_to);
    rc = db_step(statement, error);
    if (rc > 0)
        *out = db_column_integer(statement, 0);
    return rc < 0 ? rc : 0;
}

/* Moves the pair that fewest threads have to the front, where it has few. */
static int order_pairs(struct db_session *session, const char *project, struct treadle_pair *pairs,
                       size_t count, struct treadle_error *error)
{
    for (int64_t up_to = LEAST_COUNTED; up_to <= MOST_COUNTED; up_to *= 16) {
        for (size_t i = 0; i < count; i++) {
            int64_t found = 0;
            int rc = count_pair(session, project, &pairs[i], up_to, &found, error);
            if (rc)
                return rc;
            if (found == up_to)
                continue;
            const struct treadle_pair rarest = pairs[i];
            pairs[i] = pairs[0];
            pairs[0] = rarest;
            return 0;
        }
    }
    return 0;
}

/* The tables to read, each pair's index joined to the next in this order, and the conditions for
 * each. An id's row is looked up from the thread. The signs keep SQLite from using the order of
 * another table, and from sorting. */
static int join_pairs(const char *project, const struct treadle_pair *pairs, size_t count,
                      struct arena *arena, struct record_query *out, struct treadle_error *error)
{
    struct record_key *keys = arena_array(arena, count * KEYS_A_PAIR, sizeof *keys);
    const char *table = "thread_metadata m0", *cursor_table = "threads";
    for (size_t i = 0; keys && i < count && table && cursor_table; i++) {
        struct record_key *key = &keys[i * KEYS_A_PAIR];
        if (i)
            table = arena_format(arena, "%s CROSS JOIN thread_metadata m%zu ON m%zu.seq = +m0.seq",
                                 table, i, i);
        cursor_table =
            arena_format(arena, "%s CROSS JOIN thread_metadata m%zu ON m%zu.seq = threads.seq",
                         cursor_table, i, i);
        key[0] = (struct record_key){arena_format(arena, "m%zu.project", i), project};
        key[1] = (struct record_key){arena_format(arena, "m%zu.name", i), pairs[i].key};
        key[2] = (struct record_key){arena_format(arena, "m%zu.value", i), pairs[i].value};
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
                                 .key_count = count * KEYS_A_PAIR};
    return 0;
}

int thread_record_page(struct db_session *session, const char *project,
                       const struct treadle_pair *pairs, size_t pair_count,
                       const struct record_page_request *request, struct arena *arena,
                       struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", project}};
    struct record_query query = {
        .table = "threads", .index = "threads_project", .keys = keys, .key_count = 1};
    struct treadle_pair *ordered = arena_array(arena, pair_count, sizeof *ordered);
    if (!ordered)
        return error_set_memory(error);
    for (size_t i = 0; i < pair_count; i++)
        ordered[i] = pairs[i];
    int rc = pair_count > 1 ? order_pairs(session, project, ordered, pair_count, error) : 0;
    if (!rc && pair_count)
        rc = join_pairs(project, ordered, pair_count, arena, &query, error);
    return rc ? rc : record_list(session, &query, request, arena, out, error);
}
