/*
 * Uploads and their parts as rows.
 */
#include "store/upload_record.h"

#include <string.h>

#include "api/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/record.h"
#include "store/removal_record.h"

static struct record_value expiry(const struct treadle_upload *upload)
{
    return (struct record_value){
        .column = "expires_at",
        .kind = upload->status == TREADLE_UPLOAD_PENDING ? RECORD_INTEGER : RECORD_NULL,
        .integer = upload->expires_at,
    };
}

int upload_record_insert(struct db_session *session, const char *project,
                         const struct upload_record *record, struct arena *arena,
                         struct treadle_error *error)
{
    const struct treadle_upload *upload = &record->upload;
    const struct record_value values[] = {
        {.column = "id", .text = upload->id},
        {.column = "project", .text = project},
        {.column = "file_life", .kind = RECORD_INTEGER, .integer = record->file_life},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_upload_type, upload, arena)},
        expiry(upload),
    };
    return record_insert(session, "uploads", values, 5, error);
}

int upload_record_load(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, struct upload_record *out, struct treadle_error *error)
{
    struct db_statement *statement;
    struct upload_record record = {.file_life = 0};
    size_t length;
    int rc = db_prepare(session, &statement,
                        "SELECT body, file_life FROM uploads "
                        "WHERE id = ?1 AND (project = ?2 OR ?2 IS NULL)",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    db_bind_text(statement, 2, project);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such upload");
    if (rc < 0)
        return rc;
    const char *body = db_column_text(statement, 0, &length);
    record.file_life = db_column_integer(statement, 1);
    rc = body ? field_parse(&treadle_upload_type, body, length, FIELD_TOLERANT, arena,
                            &record.upload, error)
              : TREADLE_EMEMORY;
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    if (rc)
        return error_set(error, TREADLE_EIO, "a stored upload cannot be read");
    if (record.upload.status == TREADLE_UPLOAD_PENDING &&
        record.upload.expires_at <= clock_seconds())
        record.upload.status = TREADLE_UPLOAD_EXPIRED;
    *out = record;
    return 0;
}

int upload_record_save(struct db_session *session, const struct treadle_upload *upload,
                       struct arena *arena, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", upload->id}};
    const struct record_value values[] = {
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_upload_type, upload, arena)},
        expiry(upload),
    };
    return record_update(session, "uploads", keys, 1, values, 2, error);
}

/* ---- Parts ---------------------------------------------------------------------------------- */

int upload_record_add_part(struct db_session *session, const char *upload_id, const char *part_id,
                           int64_t bytes, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = part_id},
        {.column = "upload", .text = upload_id},
        {.column = "bytes", .kind = RECORD_INTEGER, .integer = bytes},
    };
    return record_insert(session, "upload_parts", values, 3, error);
}

static int count_parts(struct db_session *session, const char *upload_id, int64_t *count,
                       struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT COUNT(*) FROM upload_parts WHERE upload = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, upload_id);
    rc = db_step(statement, error);
    if (rc > 0)
        *count = db_column_integer(statement, 0);
    return rc < 0 ? rc : 0;
}

int upload_record_parts(struct db_session *session, const char *upload_id, struct arena *arena,
                        struct upload_parts *out, struct treadle_error *error)
{
    struct db_statement *statement;
    int64_t most = 0;
    int rc = count_parts(session, upload_id, &most, error);
    if (rc)
        return rc;
    struct upload_parts parts = {
        .ids = arena_array(arena, (size_t)most, sizeof parts.ids[0]),
        .bytes = arena_array(arena, (size_t)most, sizeof parts.bytes[0]),
    };
    if (!parts.ids || !parts.bytes)
        return error_set_memory(error);
    rc = db_prepare(session, &statement,
                    "SELECT id, bytes FROM upload_parts WHERE upload = ? ORDER BY seq", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, upload_id);
    while (parts.count < (size_t)most && (rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(arena, db_column_text(statement, 0, NULL));
        if (!id)
            return error_set_memory(error);
        parts.ids[parts.count] = id;
        parts.bytes[parts.count] = db_column_integer(statement, 1);
        parts.total += parts.bytes[parts.count++];
    }
    if (rc < 0)
        return rc;
    *out = parts;
    return 0;
}

int upload_record_walk_parts(struct db_session *session, struct record_walk *walk,
                             struct arena *arena, struct treadle_error *error)
{
    return record_walk_on(session, "SELECT seq, id FROM upload_parts WHERE seq > ? ORDER BY seq",
                          walk, arena, error);
}

int upload_record_part_bytes(struct db_session *session, const char *part_id, int64_t *out,
                             struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT bytes FROM upload_parts WHERE id = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, part_id);
    rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such part");
    if (rc < 0)
        return rc;
    *out = db_column_integer(statement, 0);
    return 0;
}

int upload_record_remove_parts(struct db_session *session, const char *upload_id,
                               struct treadle_error *error)
{
    const struct record_key keys[] = {{"upload", upload_id}};
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "INSERT INTO removals (kind, id) "
                        "SELECT ?, id FROM upload_parts WHERE upload = ? ORDER BY seq",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, REMOVAL_CONTENTS);
    db_bind_text(statement, 2, upload_id);
    rc = db_step(statement, error);
    return rc ? rc : record_delete(session, "upload_parts", keys, 1, NULL, error);
}

int upload_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                           const char **out, struct treadle_error *error)
{
    return record_next_due(session, "uploads", at, arena, out, error);
}
