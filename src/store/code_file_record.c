/*
 * Code files.
 *
 * A file may be in very many lists, so they are changed one at a time, each in an arena of its own:
 * a changed list is no longer in the index, and the next search finds another.
 */
#include "store/code_file_record.h"

#include <string.h>

#include "api/types.h"
#include "base/error.h"
#include "store/record.h"

/* ---- The index ------------------------------------------------------------------------------ */

int code_file_record_forget(struct db_session *session, const char *holder_id,
                            struct treadle_error *error)
{
    const struct record_key keys[] = {{"holder", holder_id}};
    return record_delete(session, "code_files", keys, 1, NULL, error);
}

static int add(struct db_session *session, enum code_holder kind, const char *holder_id,
               const char *file_id, struct treadle_error *error)
{
    struct db_statement *statement;
    /* A list may name a file twice. */
    int rc = db_prepare(session, &statement,
                        "INSERT INTO code_files (file, holder, kind) VALUES (?, ?, ?) "
                        "ON CONFLICT DO NOTHING",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, file_id);
    db_bind_text(statement, 2, holder_id);
    db_bind_integer(statement, 3, kind);
    return db_step(statement, error);
}

int code_file_record_index(struct db_session *session, enum code_holder kind, const char *holder_id,
                           const struct treadle_tool_resources *resources,
                           struct treadle_error *error)
{
    const struct treadle_code_interpreter_resources *code =
        resources ? resources->code_interpreter : NULL;
    int rc = code_file_record_forget(session, holder_id, error);
    for (size_t i = 0; code && i < code->file_id_count && !rc; i++)
        rc = add(session, kind, holder_id, code->file_ids[i], error);
    return rc;
}

/* ---- Deleted files -------------------------------------------------------------------------- */

static void drop(struct treadle_tool_resources *resources, const char *file_id)
{
    struct treadle_code_interpreter_resources *code =
        resources ? resources->code_interpreter : NULL;
    size_t kept = 0;
    for (size_t i = 0; code && i < code->file_id_count; i++)
        if (strcmp(code->file_ids[i], file_id) != 0)
            code->file_ids[kept++] = code->file_ids[i];
    if (code)
        code->file_id_count = kept;
}

/* Rewrites a holder's object without the file. */
static int rewrite(struct db_session *session, enum code_holder kind, const char *holder_id,
                   const char *file_id, struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", holder_id}};
    bool is_thread = kind == CODE_HOLDER_THREAD;
    const char *table = is_thread ? "threads" : "assistants";
    const struct treadle_type *type = is_thread ? &treadle_thread_type : &treadle_assistant_type;
    union {
        struct treadle_assistant assistant;
        struct treadle_thread thread;
    } object;
    int rc = record_load(session, table, type, keys, 1, arena, &object, error);
    if (rc)
        return rc;
    drop(is_thread ? object.thread.tool_resources : object.assistant.tool_resources, file_id);
    const struct record_value body = {.column = "body", .text = field_text(type, &object, arena)};
    if (!body.text)
        return error_set_memory(error);
    return record_update(session, table, keys, 1, &body, 1, error);
}

/* 1 when the file was in a list and is no longer, 0 when it is in none. */
static int remove_one(struct db_session *session, const char *file_id, struct arena *arena,
                      struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT holder, kind FROM code_files WHERE file = ? LIMIT 1", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, file_id);
    rc = db_step(statement, error);
    if (rc <= 0)
        return rc;
    enum code_holder kind = (enum code_holder)db_column_integer(statement, 1);
    const char *holder_id = arena_string(arena, db_column_text(statement, 0, NULL));
    if (!holder_id)
        return error_set_memory(error);
    const struct record_key keys[] = {{"file", file_id}, {"holder", holder_id}};
    rc = rewrite(session, kind, holder_id, file_id, arena, error);
    if (!rc)
        rc = record_delete(session, "code_files", keys, 2, NULL, error);
    return rc ? rc : 1;
}

int code_file_record_remove(struct db_session *session, const char *file_id,
                            struct treadle_error *error)
{
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = remove_one(session, file_id, arena, error);
    arena_free(arena);
    return rc;
}
