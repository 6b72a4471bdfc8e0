/*
 * Retention.
 *
 * Rows are numbered in the order of their creation, so the walk of a kind ends at the first row
 * that is young. A query of its kind judges a row, and a function of its kind removes it.
 */
#include "store/retention.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/place_record.h"
#include "store/record.h"
#include "store/remains_record.h"
#include "store/thread_record.h"
#include "store/vector_store_record.h"

/* The clock is checked between rows, since one may have many parts. */
enum { ROWS = 20, SLICE_US = 3000 };

struct row {
    int64_t seq;
    const char *id;
    int64_t created_at;
    bool idle; /* it may be removed when it is old */
};

/* ---- Judging -------------------------------------------------------------------------------- */

#define CREATED(of) "json_extract(" of "body, '$.created_at')"

/* seq, id, creation, whether it is idle; after the seq ?1, and ?2 is the time before which what is
 * old was made. */
static const char *const queries[RETENTION_KINDS] = {
    [RETENTION_THREADS] = "SELECT seq, id, " CREATED(
        "") ", active_run IS NULL AND max("
            "coalesce((SELECT " CREATED(
                "m.") " FROM messages m INDEXED BY messages_thread "
                      "WHERE m.thread = threads.id ORDER BY m.seq DESC LIMIT 1), 0), "
                      "coalesce((SELECT " CREATED(
                          "r.") " FROM runs r INDEXED BY runs_thread "
                                "WHERE r.thread = threads.id ORDER BY r.seq DESC LIMIT 1), 0)) < "
                                "?2 "
                                "FROM threads WHERE seq > ?1 ORDER BY seq LIMIT ?3",
    [RETENTION_RUNS] =
        "SELECT seq, id, " CREATED("") ", expires_at IS NULL AND ?2 > 0 FROM runs WHERE seq > ?1 "
                                       "ORDER BY seq LIMIT ?3",
    [RETENTION_EVENTS] = "SELECT e.seq, e.run, " CREATED(
        "r.") ", r.expires_at IS NULL AND ?2 > 0 "
              "FROM run_events e CROSS JOIN runs r ON r.id = e.run WHERE e.seq > ?1 ORDER BY e.seq "
              "LIMIT ?3",
    [RETENTION_UPLOADS] =
        "SELECT seq, id, " CREATED("") ", expires_at IS NULL AND ?2 > 0 FROM uploads "
                                       "WHERE seq > ?1 ORDER BY seq LIMIT ?3",
};

static int read_rows(struct db_session *session, const struct retention *retention,
                     struct arena *arena, struct row *out, size_t *count,
                     struct treadle_error *error)
{
    struct db_statement *statement;
    size_t found = 0;
    int rc = db_prepare(session, &statement, queries[retention->kind], error);
    if (rc)
        return rc;
    db_bind_integer(statement, 1, retention->seq);
    db_bind_integer(statement, 2, retention->before);
    db_bind_integer(statement, 3, ROWS);
    while (found < ROWS && (rc = db_step(statement, error)) > 0) {
        struct row *row = &out[found++];
        *row = (struct row){.seq = db_column_integer(statement, 0),
                            .id = arena_string(arena, db_column_text(statement, 1, NULL)),
                            .created_at = db_column_integer(statement, 2),
                            .idle = db_column_integer(statement, 3) != 0};
        if (!row->id)
            return error_set_memory(error);
    }
    *count = found;
    return rc < 0 ? rc : 0;
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* The vector stores that were made for it are deleted as well. */
static int remove_thread(struct db_session *session, const char *id, struct arena *arena,
                         struct treadle_error *error)
{
    int rc = thread_record_remove(session, id, arena, error);
    const char *store_id = NULL;
    while (!rc && !(rc = vector_store_of_thread(session, id, arena, &store_id, error)) && store_id)
        rc = vector_store_remove(session, store_id, arena, error);
    return rc;
}

static int remove_run(struct db_session *session, const char *id, struct arena *arena,
                      struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", id}};
    struct remains remains = {.kind = REMAINS_RUN, .id = id};
    int rc = place_record_keep(session, "runs", NULL, id, error);
    if (!rc)
        rc = record_delete(session, "runs", keys, 1, NULL, error);
    return rc ? rc : remains_begin(session, &remains, arena, error);
}

static int remove_row(struct db_session *session, enum retention_kind kind, const struct row *row,
                      struct arena *arena, struct treadle_error *error)
{
    struct db_statement *statement;
    const struct record_key keys[] = {{"id", row->id}};
    int rc;
    switch (kind) {
    case RETENTION_THREADS:
        return remove_thread(session, row->id, arena, error);
    case RETENTION_RUNS:
        return remove_run(session, row->id, arena, error);
    case RETENTION_EVENTS:
        rc = db_prepare(session, &statement, "DELETE FROM run_events WHERE seq = ?", error);
        if (rc)
            return rc;
        db_bind_integer(statement, 1, row->seq);
        return db_step(statement, error);
    default:
        return record_delete(session, "uploads", keys, 1, NULL, error);
    }
}

int retention_continue(struct db_session *session, struct retention *retention, struct arena *arena,
                       struct treadle_error *error)
{
    int64_t until = clock_monotonic_us() + SLICE_US;
    struct row rows[ROWS];
    size_t count = 0;
    retention->removed = 0;
    int rc = read_rows(session, retention, arena, rows, &count, error);
    retention->ended = count < ROWS;
    for (size_t i = 0; i < count && !rc; i++) {
        if (rows[i].created_at >= retention->before) {
            retention->ended = true;
            break;
        }
        if (clock_monotonic_us() >= until) {
            retention->ended = false;
            break;
        }
        if (rows[i].idle)
            rc = remove_row(session, retention->kind, &rows[i], arena, error);
        retention->removed += rows[i].idle;
        retention->seq = rows[i].seq;
    }
    return rc;
}
