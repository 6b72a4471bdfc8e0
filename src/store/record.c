/*
 * Records: SQL text built in a bounded buffer; db_prepare caches statements, so each form of
 * statement is compiled once for each connection.
 */
#include "store/record.h"

#include <stdarg.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "store/place_record.h"

enum { LARGEST_SQL = 1024 };

static int prepare(struct db_session *session, struct buffer *sql, struct db_statement **out,
                   struct treadle_error *error)
{
    int rc = sql->failed ? buffer_error(sql, "a statement is too long", error)
                         : db_prepare(session, out, sql->data, error);
    buffer_clear(sql);
    return rc;
}

/* Appends texts up to a NULL. */
static void append(struct buffer *sql, ...)
{
    va_list texts;
    va_start(texts, sql);
    for (const char *text; (text = va_arg(texts, const char *));)
        buffer_append_string(sql, text);
    va_end(texts);
}

static void append_keys(struct buffer *sql, const struct record_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        append(sql, i ? " AND " : " WHERE ", keys[i].column, " = ?", NULL);
}

/* The sign keeps SQLite from looking for the row by a key that many rows have. */
static void append_check(struct buffer *sql, const char *column)
{
    append(sql, " AND +", column, " = ?", NULL);
}

static void bind_keys(struct db_statement *statement, int first, const struct record_key *keys,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        db_bind_text(statement, first + (int)i, keys[i].text);
}

static void bind_values(struct db_statement *statement, const struct record_value *values,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int index = (int)i + 1;
        if (values[i].kind == RECORD_TEXT || values[i].kind == RECORD_PRINTED)
            db_bind_text(statement, index, values[i].text);
        else if (values[i].kind == RECORD_INTEGER)
            db_bind_integer(statement, index, values[i].integer);
        else
            db_bind_null(statement, index);
    }
}

static int check_values(const struct record_value *values, size_t count,
                        struct treadle_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].kind == RECORD_PRINTED && !values[i].text)
            return error_set_memory(error);
    return 0;
}

int record_insert(struct db_session *session, const char *table, const struct record_value *values,
                  size_t value_count, struct treadle_error *error)
{
    struct buffer sql;
    struct db_statement *statement;
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "INSERT INTO ", table, " (", NULL);
    for (size_t i = 0; i < value_count; i++)
        append(&sql, i ? ", " : "", values[i].column, NULL);
    buffer_append_string(&sql, ") VALUES (");
    for (size_t i = 0; i < value_count; i++)
        buffer_append_string(&sql, i ? ", ?" : "?");
    buffer_append_char(&sql, ')');
    int rc = prepare(session, &sql, &statement, error);
    if (!rc)
        rc = check_values(values, value_count, error);
    if (rc)
        return rc;
    bind_values(statement, values, value_count);
    return db_step(statement, error);
}

int record_update(struct db_session *session, const char *table, const struct record_key *keys,
                  size_t key_count, const struct record_value *values, size_t value_count,
                  struct treadle_error *error)
{
    struct buffer sql;
    struct db_statement *statement;
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "UPDATE ", table, " SET ", NULL);
    for (size_t i = 0; i < value_count; i++)
        append(&sql, i ? ", " : "", values[i].column, " = ?", NULL);
    append_keys(&sql, keys, key_count);
    int rc = prepare(session, &sql, &statement, error);
    if (!rc)
        rc = check_values(values, value_count, error);
    if (rc)
        return rc;
    bind_values(statement, values, value_count);
    bind_keys(statement, (int)value_count + 1, keys, key_count);
    rc = db_step(statement, error);
    if (!rc && db_changes(session) == 0)
        rc = error_set(error, TREADLE_ENOTFOUND, "no such row in %s", table);
    return rc;
}

int record_delete(struct db_session *session, const char *table, const struct record_key *keys,
                  size_t key_count, int64_t *count, struct treadle_error *error)
{
    struct buffer sql;
    struct db_statement *statement;
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "DELETE FROM ", table, NULL);
    append_keys(&sql, keys, key_count);
    int rc = prepare(session, &sql, &statement, error);
    if (rc)
        return rc;
    bind_keys(statement, 1, keys, key_count);
    rc = db_step(statement, error);
    if (!rc && count)
        *count = db_changes(session);
    return rc;
}

/* A statement that selects `column` of the row with those keys, stepped to the row. */
static int select_row(struct db_session *session, const char *table, const char *column,
                      const struct record_key *keys, size_t key_count, struct db_statement **out,
                      struct treadle_error *error)
{
    struct buffer sql;
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "SELECT ", column, " FROM ", table, NULL);
    append_keys(&sql, keys, key_count);
    int rc = prepare(session, &sql, out, error);
    if (rc)
        return rc;
    bind_keys(*out, 1, keys, key_count);
    rc = db_step(*out, error);
    if (rc == 0)
        return error_set(error, TREADLE_ENOTFOUND, "no such row in %s", table);
    return rc < 0 ? rc : 0;
}

int record_text(struct db_session *session, const char *table, const char *column,
                const struct record_key *keys, size_t key_count, struct arena *arena,
                const char **out, struct treadle_error *error)
{
    struct db_statement *statement;
    size_t length;
    int rc = select_row(session, table, column, keys, key_count, &statement, error);
    if (rc)
        return rc;
    const char *text = db_column_text(statement, 0, &length);
    const char *copy = text ? arena_copy(arena, text, length) : NULL;
    if (text && !copy)
        return error_set_memory(error);
    *out = copy;
    return 0;
}

int record_load(struct db_session *session, const char *table, const struct treadle_type *type,
                const struct record_key *keys, size_t key_count, struct arena *arena, void *out,
                struct treadle_error *error)
{
    struct db_statement *statement;
    size_t length;
    int rc = select_row(session, table, "body", keys, key_count, &statement, error);
    if (rc)
        return rc;
    const char *body = db_column_text(statement, 0, &length);
    rc =
        body ? field_parse(type, body, length, FIELD_TOLERANT, arena, out, error) : TREADLE_EMEMORY;
    if (rc == TREADLE_EMEMORY)
        return error_set_memory(error);
    /* The stored text was printed by Treadle, so the request is not at fault. */
    return rc ? error_set(error, TREADLE_EIO, "a stored %s cannot be read", type->name) : 0;
}

int record_find(struct db_session *session, const char *table, const struct record_key *keys,
                size_t key_count, struct treadle_error *error)
{
    struct db_statement *statement;
    return select_row(session, table, "1", keys, key_count, &statement, error);
}

int record_save(struct db_session *session, const char *table, const struct treadle_type *type,
                const struct record_key *keys, size_t key_count, const void *object,
                struct arena *arena, struct treadle_error *error)
{
    const struct record_value body = {
        .column = "body", .kind = RECORD_PRINTED, .text = field_text(type, object, arena)};
    return record_update(session, table, keys, key_count, &body, 1, error);
}

int record_next_due(struct db_session *session, const char *table, int64_t at, struct arena *arena,
                    const char **out, struct treadle_error *error)
{
    struct buffer sql;
    struct db_statement *statement;
    buffer_init(&sql, LARGEST_SQL);
    buffer_append_format(
        &sql, "SELECT id FROM %s WHERE expires_at <= ? ORDER BY expires_at LIMIT 1", table);
    int rc = prepare(session, &sql, &statement, error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, at);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    const char *id = rc ? arena_string(arena, db_column_text(statement, 0, NULL)) : NULL;
    if (rc && !id)
        return error_set_memory(error);
    *out = id;
    return 0;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

static const char *id_column(const struct record_query *query)
{
    return query->id_column ? query->id_column : "id";
}

static const char *seq_column(const struct record_query *query)
{
    return query->seq_column ? query->seq_column : "seq";
}

static int find_cursor(struct db_session *session, const struct record_query *query,
                       const char *name, const char *id, int64_t *out, struct treadle_error *error)
{
    struct db_statement *statement;
    struct buffer sql;
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "SELECT ", seq_column(query), " FROM ",
           query->cursor_table ? query->cursor_table : query->table, " WHERE ", id_column(query),
           " = ?", NULL);
    for (size_t i = 0; i < query->key_count; i++) {
        const char *column = query->keys[i].column;
        if (query->cursor_table || (query->id_within && strcmp(column, query->id_within) == 0))
            append(&sql, " AND ", column, " = ?", NULL);
        else
            append_check(&sql, column);
    }
    int rc = prepare(session, &sql, &statement, error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, id);
    bind_keys(statement, 2, query->keys, query->key_count);
    rc = db_step(statement, error);
    if (rc > 0)
        *out = db_column_integer(statement, 0);
    if (rc == 0)
        rc = place_record_find(session, query, id, out, error);
    if (rc == 0)
        return error_set_wire(error, 404, "invalid_request_error", NULL, name,
                              "No object found with id '%.100s', given as '%s'.", id, name);
    return rc < 0 ? rc : 0;
}

/* The place of the page: the bounds of seq from its cursors, and the direction of reading. */
struct range {
    int64_t above, below; /* both excluded */
    bool upward;          /* by ascending seq */
};

static int find_range(struct db_session *session, const struct record_query *query,
                      const struct record_page_request *request, struct range *out,
                      struct treadle_error *error)
{
    int64_t after = 0, before = 0;
    int rc = 0;
    if (request->after)
        rc = find_cursor(session, query, "after", request->after, &after, error);
    if (!rc && request->before)
        rc = find_cursor(session, query, "before", request->before, &before, error);
    if (rc)
        return rc;
    struct range range = {INT64_MIN, INT64_MAX, request->ascending};
    if (request->after)
        *(request->ascending ? &range.above : &range.below) = after;
    if (request->before)
        *(request->ascending ? &range.below : &range.above) = before;
    /* With `before` alone the page ends at the cursor, so it is read backwards from there. */
    if (request->before && !request->after)
        range.upward = !range.upward;
    *out = range;
    return 0;
}

static int read_page(struct db_statement *statement, const struct record_page_request *request,
                     struct arena *arena, struct record_page *out, struct treadle_error *error)
{
    struct record_page page = {0};
    page.ids = arena_array(arena, request->limit, sizeof page.ids[0]);
    page.bodies = arena_array(arena, request->limit, sizeof page.bodies[0]);
    if (!page.ids || !page.bodies)
        return error_set_memory(error);
    int rc;
    while ((rc = db_step(statement, error)) > 0) {
        if (page.count == request->limit) {
            page.has_more = true;
            break;
        }
        size_t id_length, length;
        const char *id = db_column_text(statement, 0, &id_length);
        const char *body = db_column_text(statement, 1, &length);
        page.ids[page.count] = arena_copy(arena, id, id_length);
        page.bodies[page.count] = arena_copy(arena, body, length);
        if (!page.ids[page.count] || !page.bodies[page.count])
            return error_set_memory(error);
        page.count++;
    }
    if (rc < 0)
        return rc;
    *out = page;
    return 0;
}

static void reverse(const char **items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const char *other = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = other;
    }
}

int record_list(struct db_session *session, const struct record_query *query,
                const struct record_page_request *request, struct arena *arena,
                struct record_page *out, struct treadle_error *error)
{
    struct range range;
    struct db_statement *statement;
    struct buffer sql;
    int rc = find_range(session, query, request, &range, error);
    if (rc)
        return rc;
    const char *body = query->body_column ? query->body_column : "body";
    buffer_init(&sql, LARGEST_SQL);
    append(&sql, "SELECT ", id_column(query), ", ", body, " FROM ", query->table, NULL);
    if (query->index)
        append(&sql, " INDEXED BY ", query->index, NULL);
    append_keys(&sql, query->keys, query->key_count);
    append(&sql, query->key_count ? " AND " : " WHERE ", seq_column(query), " > ? AND ",
           seq_column(query), " < ? ORDER BY ", seq_column(query),
           range.upward ? " ASC LIMIT ?" : " DESC LIMIT ?", NULL);
    rc = prepare(session, &sql, &statement, error);
    if (rc)
        return rc;
    int next = (int)query->key_count + 1;
    bind_keys(statement, 1, query->keys, query->key_count);
    db_bind_integer(statement, next, range.above);
    db_bind_integer(statement, next + 1, range.below);
    db_bind_integer(statement, next + 2, (int64_t)request->limit + 1);
    rc = read_page(statement, request, arena, out, error);
    if (!rc && range.upward != request->ascending) {
        reverse(out->ids, out->count);
        reverse(out->bodies, out->count);
    }
    return rc;
}

/* ---- Walks ---------------------------------------------------------------------------------- */

int record_walk_on(struct db_session *session, const char *sql, struct record_walk *walk,
                   struct arena *arena, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, sql, error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, walk->after);
    walk->count = 0;
    while (walk->count < RECORD_WALK_MOST && (rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(arena, db_column_text(statement, 1, NULL));
        if (!id)
            return error_set_memory(error);
        walk->after = db_column_integer(statement, 0);
        walk->ids[walk->count++] = id;
    }
    return rc < 0 ? rc : 0;
}
