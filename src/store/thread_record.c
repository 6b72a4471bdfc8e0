/*
 * Threads as rows.
 */
#include "store/thread_record.h"

#include "base/error.h"
#include "store/code_file_record.h"
#include "store/record.h"
#include "store/remains_record.h"

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

int thread_record_remove(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", thread_id}};
    struct remains remains = {.kind = REMAINS_THREAD, .id = thread_id};
    int rc = thread_record_forget(session, thread_id, error);
    if (!rc)
        rc = code_file_record_forget(session, thread_id, error);
    if (!rc)
        rc = record_delete(session, "threads", keys, 1, NULL, error);
    return rc ? rc : remains_begin(session, &remains, arena, error);
}

int thread_record_count(struct db_session *session, const char *project,
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
