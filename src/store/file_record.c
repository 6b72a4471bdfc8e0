/*
 * Files as rows.
 */
#include "store/file_record.h"

#include <stdio.h>

#include "api/types.h"
#include "base/error.h"
#include "store/place_record.h"
#include "store/record.h"
#include "store/removal_record.h"

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
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_file_type, file, arena)},
        {.column = "sha256", .text = sha256},
    };
    return record_insert(session, "files", values, 6, error);
}

int file_record_load(struct db_session *session, const char *project, const char *file_id,
                     struct arena *arena, struct treadle_file *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", file_id}, {"project", project}};
    return record_load(session, "files", &treadle_file_type, keys, 2, arena, out, error);
}

int file_record_find(struct db_session *session, const char *project, const char *file_id,
                     struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", file_id}, {"project", project}};
    return record_find(session, "files", keys, 2, error);
}

int file_record_page(struct db_session *session, const char *project, const char *purpose,
                     const struct record_page_request *request, struct arena *arena,
                     struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", project}, {"purpose", purpose}};
    const struct record_query query = {.table = "files",
                                       .index = purpose ? "files_purpose" : "files_project",
                                       .keys = keys,
                                       .key_count = purpose ? 2 : 1};
    return record_list(session, &query, request, arena, out, error);
}

int file_record_walk(struct db_session *session, struct record_walk *walk, struct arena *arena,
                     struct treadle_error *error)
{
    return record_walk_on(session, "SELECT seq, id FROM files WHERE seq > ? ORDER BY seq", walk,
                          arena, error);
}

int file_record_remove(struct db_session *session, struct remains *remains, struct arena *arena,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", remains->id}};
    int64_t count = 0;
    remains->kind = REMAINS_FILE;
    int rc = place_record_keep(session, "files", NULL, remains->id, error);
    if (!rc)
        rc = record_delete(session, "files", keys, 1, &count, error);
    if (!rc && !count)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such file");
    if (!rc)
        rc = removal_record_add(session, REMOVAL_CONTENTS, remains->id, NULL, error);
    return rc ? rc : remains_begin(session, remains, arena, error);
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
