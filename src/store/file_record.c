/*
 * Files as rows.
 */
#include "store/file_record.h"

#include <stdio.h>

#include "api/types.h"
#include "base/error.h"
#include "store/code_file_record.h"
#include "store/record.h"
#include "store/removal_record.h"
#include "store/vector_store_record.h"

int file_record_insert(struct db_session *session, const char *project,
                       const struct treadle_file *file, const char *sha256, struct arena *arena,
                       struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = file->id},
        {.column = "project", .text = project},
        {.column = "purpose", .text = field_word(file_purpose_names, (int)file->purpose)},
        {.column = "expires_at",
         .kind = file->expires_at.state == TREADLE_SET ? RECORD_INTEGER : RECORD_NULL,
         .integer = file->expires_at.value},
        {.column = "body", .text = field_text(&treadle_file_type, file, arena)},
        {.column = "sha256", .text = sha256},
    };
    if (!values[4].text)
        return error_set_memory(error);
    return record_insert(session, "files", values, 6, error);
}

static int count_stores(struct db_session *session, const char *file_id, int64_t *out,
                        struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT COUNT(*) FROM vector_store_files WHERE file = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, file_id);
    rc = db_step(statement, error);
    if (rc > 0)
        *out = db_column_integer(statement, 0);
    return rc < 0 ? rc : 0;
}

static int list_stores(struct db_session *session, const char *file_id, struct arena *arena,
                       struct file_stores *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int64_t most = 0;
    int rc = count_stores(session, file_id, &most, error);
    if (rc)
        return rc;
    *out = (struct file_stores){arena_array(arena, (size_t)most, sizeof out->ids[0]), 0};
    if (!out->ids)
        return error_set_memory(error);
    rc = db_prepare(session, &statement, "SELECT store FROM vector_store_files WHERE file = ?",
                    error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, file_id);
    while (out->count < (size_t)most && (rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(arena, db_column_text(statement, 0, NULL));
        if (!id)
            return error_set_memory(error);
        out->ids[out->count++] = id;
    }
    return rc < 0 ? rc : 0;
}

int file_record_remove(struct db_session *session, const char *file_id, struct arena *arena,
                       struct file_stores *stores, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", file_id}};
    struct file_stores found = {0};
    int64_t count = 0;
    int rc = record_delete(session, "files", keys, 1, &count, error);
    if (!rc && !count)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such file");
    if (!rc)
        rc = list_stores(session, file_id, arena, &found, error);
    for (size_t i = 0; i < found.count && !rc; i++)
        rc = vector_store_detach(session, found.ids[i], file_id, arena, error);
    if (!rc)
        rc = code_file_record_remove(session, file_id, error);
    if (!rc)
        rc = removal_record_add(session, REMOVAL_CONTENTS, file_id, NULL, error);
    if (!rc)
        *stores = found;
    return rc;
}

int file_record_sum(struct db_session *session, const char *file_id, struct arena *arena,
                    struct blob_sum *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", file_id}};
    struct treadle_file file;
    const char *sha256 = NULL;
    int rc = record_load(session, "files", &treadle_file_type, keys, 1, arena, &file, error);
    if (!rc)
        rc = record_text(session, "files", "sha256", keys, 1, arena, &sha256, error);
    if (rc)
        return rc;
    *out = (struct blob_sum){.length = (uint64_t)file.bytes};
    snprintf(out->sha256, sizeof out->sha256, "%s", sha256 ? sha256 : "");
    return 0;
}

int file_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                         const char **out, struct treadle_error *error)
{
    return record_next_due(session, "files", at, arena, out, error);
}
