/*
 * Messages as rows.
 */
#include "store/message_record.h"

#include "api/types.h"
#include "store/place_record.h"
#include "store/record.h"
#include "store/remains_record.h"

int message_record_insert(struct db_session *session, const char *project,
                          const struct treadle_message *message, struct arena *arena,
                          const char **body, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = message->id},
        {.column = "project", .text = project},
        {.column = "thread", .text = message->thread_id},
        {.column = "run", .text = message->run_id},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_message_type, message, arena)},
    };
    int rc = record_insert(session, "messages", values, 5, error);
    if (!rc)
        *body = values[4].text;
    return rc;
}

int message_record_load(struct db_session *session, const char *project, const char *thread_id,
                        const char *id, struct arena *arena, struct treadle_message *out,
                        struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"id", id}, {REMAINS_SPARES("thread"), thread_id}, {"project", project}};
    return record_load(session, "messages", &treadle_message_type, keys, 3, arena, out, error);
}

int message_record_body(struct db_session *session, const char *project, const char *thread_id,
                        const char *id, struct arena *arena, const char **out,
                        struct treadle_error *error)
{
    const struct record_key keys[] = {
        {"id", id}, {REMAINS_SPARES("thread"), thread_id}, {"project", project}};
    return record_text(session, "messages", "body", keys, 3, arena, out, error);
}

int message_record_page(struct db_session *session, const char *project, const char *thread_id,
                        const char *run_id, const struct record_page_request *request,
                        struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"thread", thread_id}, {"project", project}, {"run", run_id}};
    const struct record_query query = {.table = "messages",
                                       .index = run_id ? "messages_run" : "messages_thread",
                                       .keys = keys,
                                       .key_count = run_id ? 3 : 2};
    return record_list(session, &query, request, arena, out, error);
}

int message_record_newest(struct db_session *session, const char *thread_id, size_t limit,
                          struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"thread", thread_id}};
    const struct record_query query = {
        .table = "messages", .index = "messages_thread", .keys = keys, .key_count = 1};
    const struct record_page_request request = {.limit = limit};
    return record_list(session, &query, &request, arena, out, error);
}

int message_record_any(struct db_session *session, const char *thread_id,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{"thread", thread_id}};
    return record_find(session, "messages", keys, 1, error);
}

int message_record_save(struct db_session *session, const char *project,
                        const struct treadle_message *message, struct arena *arena,
                        struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", message->id}, {"project", project}};
    return record_save(session, "messages", &treadle_message_type, keys, 2, message, arena, error);
}

int message_record_change(struct db_session *session, const struct treadle_message *message,
                          struct arena *arena, const char **body, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", message->id}};
    const struct record_value value = {.column = "body",
                                       .kind = RECORD_PRINTED,
                                       .text = field_text(&treadle_message_type, message, arena)};
    int rc = record_update(session, "messages", keys, 1, &value, 1, error);
    if (!rc)
        *body = value.text;
    return rc;
}

int message_record_text(struct db_session *session, const char *id, struct arena *arena,
                        const char **out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_text(session, "messages", "body", keys, 1, arena, out, error);
}

int message_record_remove(struct db_session *session, const char *id, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    int rc = place_record_keep(session, "messages", NULL, id, error);
    return rc ? rc : record_delete(session, "messages", keys, 1, NULL, error);
}
