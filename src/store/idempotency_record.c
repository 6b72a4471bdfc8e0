/*
 * Idempotency records.
 */
#include "store/idempotency_record.h"

#include "base/clock.h"
#include "base/error.h"

static const char *copy_column(struct db_statement *statement, int column, struct arena *arena)
{
    size_t length = 0;
    const char *text = db_column_text(statement, column, &length);
    return text ? arena_copy(arena, text, length) : NULL;
}

int idempotency_record_find(struct db_session *session, const char *project, const char *key,
                            struct arena *arena, struct idempotency_record *out,
                            struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT fingerprint, body, body IS NULL, streamed, after FROM "
                        "idempotency WHERE project = ? AND name = ?",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    db_bind_text(statement, 2, key);
    rc = db_step(statement, error);
    if (rc <= 0)
        return rc ? rc : error_set(error, TREADLE_ENOTFOUND, "no such key");
    bool begun = db_column_integer(statement, 2) != 0;
    struct idempotency_record record = {.fingerprint = copy_column(statement, 0, arena),
                                        .body = copy_column(statement, 1, arena),
                                        .streamed = db_column_integer(statement, 3) != 0,
                                        .after = db_column_integer(statement, 4)};
    if (!record.fingerprint || (!record.body && !begun))
        return error_set_memory(error);
    *out = record;
    return 0;
}

int idempotency_record_insert(struct db_session *session, const char *project, const char *key,
                              const struct idempotency_record *record, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "INSERT INTO idempotency (project, name, fingerprint, body, streamed, "
                        "after, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, project);
    db_bind_text(statement, 2, key);
    db_bind_text(statement, 3, record->fingerprint);
    db_bind_text(statement, 4, record->body);
    db_bind_integer(statement, 5, record->streamed);
    db_bind_integer(statement, 6, record->after);
    db_bind_integer(statement, 7, clock_seconds());
    return db_step(statement, error);
}

int idempotency_record_conclude(struct db_session *session, const char *project, const char *key,
                                const char *body, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE idempotency SET body = ? WHERE project = ? AND name = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, body);
    db_bind_text(statement, 2, project);
    db_bind_text(statement, 3, key);
    return db_step(statement, error);
}

int idempotency_record_due(struct db_session *session, int64_t before, bool *out,
                           struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT at FROM idempotency WHERE seq = (SELECT min(seq) FROM "
                        "idempotency)",
                        error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc >= 0)
        *out = rc > 0 && db_column_integer(statement, 0) < before;
    return rc < 0 ? rc : 0;
}

int idempotency_record_sweep(struct db_session *session, int64_t before,
                             struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "DELETE FROM idempotency WHERE seq < (SELECT min(seq) + 100 FROM "
                        "idempotency) AND at < ?",
                        error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, before);
    return db_step(statement, error);
}
