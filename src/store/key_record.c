/*
 * API keys as rows.
 */
#include "store/key_record.h"

#include "api/types.h"
#include "base/error.h"
#include "store/record.h"

int key_record_insert(struct db_session *session, const struct treadle_key *key, const char *hash,
                      struct arena *arena, struct treadle_error *error)
{
    struct treadle_key kept = *key;
    kept.key = NULL;
    const struct record_value values[] = {
        {.column = "id", .text = kept.id},
        {.column = "project", .text = kept.project},
        {.column = "hash", .text = hash},
        {.column = "body",
         .kind = RECORD_PRINTED,
         .text = field_text(&treadle_key_type, &kept, arena)},
    };
    return record_insert(session, "keys", values, 4, error);
}

int key_record_load(struct db_session *session, const char *id, struct arena *arena,
                    struct treadle_key *out, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_load(session, "keys", &treadle_key_type, keys, 1, arena, out, error);
}

int key_record_save(struct db_session *session, const struct treadle_key *key, struct arena *arena,
                    struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", key->id}};
    return record_save(session, "keys", &treadle_key_type, keys, 1, key, arena, error);
}

int key_record_page(struct db_session *session, const struct record_page_request *request,
                    struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    const struct record_query query = {.table = "keys"};
    return record_list(session, &query, request, arena, out, error);
}

static int visit_row(struct db_statement *statement, struct arena *arena, key_record_visit visit,
                     void *context, struct treadle_error *error)
{
    struct treadle_key key;
    size_t length;
    const char *body = db_column_text(statement, 0, &length);
    if (field_parse(&treadle_key_type, body, length, FIELD_TOLERANT, arena, &key, error) ||
        !key.id || !key.project)
        return error_set(error, TREADLE_EIO, "a stored key cannot be read");
    return visit(context, &key, db_column_text(statement, 1, NULL), error);
}

int key_record_each(struct db_session *session, key_record_visit visit, void *context,
                    struct treadle_error *error)
{
    struct db_statement *statement;
    struct arena *arena = arena_new(0);
    if (!arena)
        return error_set_memory(error);
    int rc = db_prepare(session, &statement, "SELECT body, hash FROM keys ORDER BY seq", error);
    while (!rc && (rc = db_step(statement, error)) > 0)
        rc = visit_row(statement, arena, visit, context, error);
    arena_free(arena);
    return rc;
}

int key_record_remove(struct db_session *session, const char *id, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    return record_delete(session, "keys", keys, 1, NULL, error);
}
