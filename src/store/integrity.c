/*
 * Integrity: a rule is two statements, one that returns the ids of the wrong rows, one that repairs
 * them.
 */
#include "store/integrity.h"

#include "base/error.h"

struct rule {
    const char *problem;
    const char *find;
    const char *mend;
};

#define REMAINS "UNION ALL SELECT id FROM remains)"

#define WITHOUT(table, id, column, owner)                                                          \
    "SELECT " id " FROM " table " WHERE " column " NOT IN (SELECT id FROM " owner                  \
    " UNION ALL SELECT id FROM remains)",                                                          \
        "DELETE FROM " table " WHERE " column " NOT IN (SELECT id FROM " owner                     \
        " UNION ALL SELECT id FROM remains)"

static const struct rule rules[] = {
    {"the message has no thread", WITHOUT("messages", "id", "thread", "threads")},
    {"the run has no thread", WITHOUT("runs", "id", "thread", "threads")},
    {"the run step has no run",
     "SELECT id FROM run_steps WHERE thread NOT IN (SELECT id FROM remains) AND run NOT IN "
     "(SELECT id FROM runs " REMAINS,
     "DELETE FROM run_steps WHERE thread NOT IN (SELECT id FROM remains) AND run NOT IN "
     "(SELECT id FROM runs " REMAINS},
    {"its run's events exist, but not the run",
     "SELECT DISTINCT run FROM run_events WHERE run NOT IN (SELECT id FROM runs " REMAINS,
     "DELETE FROM run_events WHERE run NOT IN (SELECT id FROM runs " REMAINS},
    {"the metadata has no thread",
     "SELECT name FROM thread_metadata WHERE seq NOT IN (SELECT seq FROM threads)",
     "DELETE FROM thread_metadata WHERE seq NOT IN (SELECT seq FROM threads)"},
    {"the thread is locked by a run that does not exist, or has ended",
     "SELECT id FROM threads WHERE active_run IS NOT NULL AND active_run NOT IN "
     "(SELECT id FROM runs WHERE expires_at IS NOT NULL)",
     "UPDATE threads SET active_run = NULL WHERE active_run IS NOT NULL AND active_run NOT IN "
     "(SELECT id FROM runs WHERE expires_at IS NOT NULL)"},
    {"the part has no upload", WITHOUT("upload_parts", "id", "upload", "uploads")},
    {"the file is in a vector store that does not exist",
     WITHOUT("vector_store_files", "file", "store", "vector_stores")},
    {"the batch is of a vector store that does not exist",
     WITHOUT("vector_store_batches", "id", "store", "vector_stores")},
    {"a vector store has the file, but it does not exist",
     "SELECT file FROM vector_store_files WHERE file NOT IN (SELECT id FROM files " REMAINS,
     "DELETE FROM vector_store_files WHERE file NOT IN (SELECT id FROM files " REMAINS},
    {"the file is given to the code interpreter, but it does not exist",
     "SELECT file FROM code_files WHERE file NOT IN (SELECT id FROM files " REMAINS,
     "DELETE FROM code_files WHERE file NOT IN (SELECT id FROM files " REMAINS},
    {"the code interpreter's files are given by an object that does not exist",
     "SELECT holder FROM code_files WHERE holder NOT IN "
     "(SELECT id FROM threads UNION ALL SELECT id FROM assistants " REMAINS,
     "DELETE FROM code_files WHERE holder NOT IN "
     "(SELECT id FROM threads UNION ALL SELECT id FROM assistants " REMAINS},
    {"the vector store was made for a thread that does not exist",
     "SELECT id FROM vector_stores WHERE thread IS NOT NULL AND thread NOT IN (SELECT id FROM "
     "threads)",
     "UPDATE vector_stores SET thread = NULL WHERE thread IS NOT NULL AND thread NOT IN (SELECT id "
     "FROM threads)"},
    /* After the rules that remove files from stores. */
    {"the vector store's counts are not those of its files",
     "SELECT s.id FROM vector_stores s WHERE json_extract(s.body, '$.file_counts.total') <> "
     "(SELECT count(*) FROM vector_store_files f WHERE f.store = s.id) OR "
     "json_extract(s.body, '$.file_counts.completed') <> (SELECT count(*) FROM vector_store_files "
     "f "
     "WHERE f.store = s.id AND f.status = 'completed')",
     "UPDATE vector_stores AS s SET body = json_set(s.body,"
     " '$.file_counts.total', (SELECT count(*) FROM vector_store_files f WHERE f.store = s.id),"
     " '$.file_counts.completed', (SELECT count(*) FROM vector_store_files f"
     "  WHERE f.store = s.id AND f.status = 'completed'),"
     " '$.file_counts.in_progress', (SELECT count(*) FROM vector_store_files f"
     "  WHERE f.store = s.id AND f.status = 'in_progress'),"
     " '$.file_counts.failed', (SELECT count(*) FROM vector_store_files f"
     "  WHERE f.store = s.id AND f.status = 'failed'),"
     " '$.file_counts.cancelled', (SELECT count(*) FROM vector_store_files f"
     "  WHERE f.store = s.id AND f.status = 'cancelled'))"},
};

size_t integrity_rules(void)
{
    return sizeof rules / sizeof *rules;
}

const char *integrity_problem(size_t rule)
{
    return rules[rule].problem;
}

int integrity_find(struct db_session *session, size_t rule, struct arena *arena,
                   struct integrity_broken *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, rules[rule].find, error);
    if (rc)
        return rc;
    while (out->count < INTEGRITY_MOST_IDS && (rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(arena, db_column_text(statement, 0, NULL));
        if (!id)
            return error_set_memory(error);
        out->ids[out->count++] = id;
    }
    return rc < 0 ? rc : 0;
}

int integrity_mend(struct db_session *session, size_t rule, struct treadle_error *error)
{
    return db_execute(session, rules[rule].mend, error);
}
