/*
 * Removals as rows.
 */
#include "store/removal_record.h"

#include "base/error.h"
#include "store/record.h"

int removal_record_add(struct db_session *session, enum removal_kind kind, const char *id,
                       const char *file, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "kind", .kind = RECORD_INTEGER, .integer = kind},
        {.column = "id", .text = id},
        {.column = "file", .text = file},
    };
    return record_insert(session, "removals", values, 3, error);
}

static int read_row(struct db_statement *statement, struct arena *arena, struct removal *out,
                    struct treadle_error *error)
{
    out->seq = db_column_integer(statement, 0);
    out->kind = (enum removal_kind)db_column_integer(statement, 1);
    out->id = arena_string(arena, db_column_text(statement, 2, NULL));
    out->file = NULL;
    if (!out->id)
        return error_set_memory(error);
    if (db_column_is_null(statement, 3))
        return 0;
    out->file = arena_string(arena, db_column_text(statement, 3, NULL));
    return out->file ? 0 : error_set_memory(error);
}

int removal_record_list(struct db_session *session, int64_t seq, size_t most, struct arena *arena,
                        struct removal **out, size_t *count, struct treadle_error *error)
{
    struct removal *found = arena_array(arena, most, sizeof *found);
    struct db_statement *statement;
    size_t rows = 0;
    if (!found)
        return error_set_memory(error);
    int rc = db_prepare(
        session, &statement,
        "SELECT seq, kind, id, file FROM removals WHERE seq > ? ORDER BY seq LIMIT ?", error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    db_bind_integer(statement, 2, (int64_t)most);
    while (rows < most && (rc = db_step(statement, error)) > 0) {
        rc = read_row(statement, arena, &found[rows], error);
        if (rc)
            return rc;
        rows++;
    }
    if (rc < 0)
        return rc;
    *out = found;
    *count = rows;
    return 0;
}

int removal_record_forget(struct db_session *session, int64_t seq, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "DELETE FROM removals WHERE seq = ?", error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, seq);
    return db_step(statement, error);
}
