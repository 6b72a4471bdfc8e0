/*
 * The log of a run as rows.
 */
#include "store/run_event_record.h"

#include "store/record.h"

int run_event_record_insert(struct db_session *session, const char *run_id, int64_t first,
                            int64_t last, const char *body, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "run", .text = run_id},
        {.column = "first", .kind = RECORD_INTEGER, .integer = first},
        {.column = "last", .kind = RECORD_INTEGER, .integer = last},
        {.column = "body", .text = body},
    };
    return record_insert(session, "run_events", values, 4, error);
}

int run_event_record_last(struct db_session *session, const char *run_id, int64_t *out,
                          struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT last FROM run_events WHERE run = ? ORDER BY first DESC LIMIT 1", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *out = rc ? db_column_integer(statement, 0) : 0;
    return 0;
}

int run_event_record_each(struct db_session *session, const char *run_id, int64_t after,
                          run_event_record_visit visit, void *context, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc =
        db_prepare(session, &statement,
                   "SELECT body FROM run_events WHERE run = ? AND last > ? ORDER BY first", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    db_bind_integer(statement, 2, after);
    while (!rc && (rc = db_step(statement, error)) > 0)
        rc = visit(context, db_column_text(statement, 0, NULL), error);
    return rc;
}

int run_event_record_next_with(struct db_session *session, const char *run_id, const char *text,
                               int64_t *first, const char **body, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT first, body FROM run_events WHERE run = ? AND first > ? AND "
                        "instr(body, ?) ORDER BY first LIMIT 1",
                        error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, run_id);
    db_bind_integer(statement, 2, *first);
    db_bind_text(statement, 3, text);
    rc = db_step(statement, error);
    if (rc < 0)
        return rc;
    *body = rc ? db_column_text(statement, 1, NULL) : NULL;
    if (*body)
        *first = db_column_integer(statement, 0);
    return 0;
}

int run_event_record_rewrite(struct db_session *session, const char *run_id, int64_t first,
                             const char *body, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "UPDATE run_events SET body = ? WHERE run = ? AND first = ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, body);
    db_bind_text(statement, 2, run_id);
    db_bind_integer(statement, 3, first);
    return db_step(statement, error);
}
