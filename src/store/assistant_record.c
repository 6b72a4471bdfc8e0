/*
 * Assistants as rows.
 */
#include "store/assistant_record.h"

#include "api/types.h"
#include "base/error.h"
#include "store/code_file_record.h"
#include "store/place_record.h"
#include "store/record.h"

int assistant_record_insert(struct db_session *session, const char *project,
                            const struct treadle_assistant *assistant, struct arena *arena,
                            struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = assistant->id},
        {.column = "project", .text = project},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_assistant_type, assistant, arena)},
    };
    return record_insert(session, "assistants", values, 3, error);
}

int assistant_record_load(struct db_session *session, const char *project, const char *id,
                          struct arena *arena, struct treadle_assistant *out,
                          struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_load(session, "assistants", &treadle_assistant_type, keys, 2, arena, out, error);
}

int assistant_record_body(struct db_session *session, const char *project, const char *id,
                          struct arena *arena, const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    return record_text(session, "assistants", "body", keys, 2, arena, out, error);
}

int assistant_record_page(struct db_session *session, const char *project,
                          const struct record_page_request *request, struct arena *arena,
                          struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", project}};
    const struct record_query query = {
        .table = "assistants", .index = "assistants_project", .keys = keys, .key_count = 1};
    return record_list(session, &query, request, arena, out, error);
}

int assistant_record_save(struct db_session *session, const char *project,
                          const struct treadle_assistant *assistant, struct arena *arena,
                          struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", assistant->id}, {"project", project}};
    return record_save(session, "assistants", &treadle_assistant_type, keys, 2, assistant, arena,
                       error);
}

int assistant_record_remove(struct db_session *session, const char *project, const char *id,
                            struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}, {"project", project}};
    int64_t count = 0;
    int rc = place_record_keep(session, "assistants", project, id, error);
    if (!rc)
        rc = record_delete(session, "assistants", keys, 2, &count, error);
    if (!rc && !count)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such assistant");
    return rc ? rc : code_file_record_forget(session, id, error);
}
