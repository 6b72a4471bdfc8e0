/*
 * Places.
 */
#include "store/place_record.h"

#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum { LARGEST_SQL = 512 };

/* What can be deleted while it is listed, and the column that says whose list it stands in. */
static const struct source {
    const char *table, *id, *scope;
} sources[] = {
    {"assistants", "id", "project"},
    {"threads", "id", "project"},
    {"messages", "id", "thread"},
    {"runs", "id", "thread"},
    {"files", "id", "project"},
    {"vector_stores", "id", "project"},
    {"vector_store_files", "file", "store"},
};

static const struct source *find_source(const char *table)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t length = strlen(sources[i].table);
        if (strncmp(table, sources[i].table, length) == 0 && strchr(" ", table[length]))
            return &sources[i];
    }
    return NULL;
}

int place_record_keep(struct db_session *session, const char *table, const char *scope,
                      const char *id, struct treadle_error *error)
{
    const struct source *source = find_source(table);
    struct db_statement *statement;
    struct buffer sql;
    if (!source)
        return 0;
    buffer_init(&sql, LARGEST_SQL);
    buffer_append_format(&sql,
                         "INSERT OR REPLACE INTO places (source, id, scope, seq, at) SELECT '%s', "
                         "%s, %s, seq, ? FROM %s WHERE %s = ?",
                         source->table, source->id, source->scope, source->table, source->id);
    if (scope)
        buffer_append_format(&sql, " AND %s = ?", source->scope);
    int rc =
        sql.failed ? error_set_memory(error) : db_prepare(session, &statement, sql.data, error);
    buffer_clear(&sql);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, clock_seconds());
    db_bind_text(statement, 2, id);
    if (scope)
        db_bind_text(statement, 3, scope);
    return db_step(statement, error);
}

static const char *find_scope(const struct source *source, const struct record_query *query)
{
    for (size_t i = 0; i < query->key_count; i++)
        if (text_ends_with(query->keys[i].column, source->scope))
            return query->keys[i].text;
    return NULL;
}

int place_record_find(struct db_session *session, const struct record_query *query, const char *id,
                      int64_t *out, struct treadle_error *error)
{
    const char *table = query->cursor_table ? query->cursor_table : query->table;
    const struct source *source = find_source(table);
    const char *scope = source ? find_scope(source, query) : NULL;
    struct db_statement *statement;
    if (!scope)
        return 0;
    int rc = db_prepare(session, &statement,
                        "SELECT seq FROM places WHERE source = ? AND id = ? AND scope = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, source->table);
    db_bind_text(statement, 2, id);
    db_bind_text(statement, 3, scope);
    rc = db_step(statement, error);
    if (rc > 0)
        *out = db_column_integer(statement, 0);
    return rc;
}

int place_record_due(struct db_session *session, int64_t before, bool *out,
                     struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT at FROM places WHERE place = (SELECT min(place) FROM places)", error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc >= 0)
        *out = rc > 0 && db_column_integer(statement, 0) < before;
    return rc < 0 ? rc : 0;
}

int place_record_sweep(struct db_session *session, int64_t before, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "DELETE FROM places WHERE place < (SELECT min(place) + 500 FROM places) "
                        "AND at < ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, before);
    return db_step(statement, error);
}
