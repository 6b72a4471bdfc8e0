/*
 * The functions of the database contract: each calls the backend whose table its object points to.
 * Checks that are the same for every backend are here.
 */
#include "store/db.h"

#include "base/error.h"
#include "store/db_backend.h"

bool db_backend_is_whole(const struct db_backend *backend)
{
    return backend->name && backend->close && backend->write && backend->write_start &&
           backend->read && backend->read_quick && backend->copy && backend->compact &&
           backend->shrink && backend->counts && backend->prepare && backend->changes &&
           backend->check && backend->parameters && backend->bind_text && backend->bind_blob &&
           backend->bind_integer && backend->bind_null && backend->step && backend->column_text &&
           backend->column_blob && backend->column_integer && backend->column_is_null;
}

void db_close(struct db *db)
{
    if (db)
        db->backend->close(db);
}

int db_write(struct db *db, db_work work, void *argument, struct treadle_error *error)
{
    return db->backend->write(db, work, argument, error);
}

void db_write_start(struct db *db, struct db_task *task)
{
    db->backend->write_start(db, task);
}

int db_read(struct db *db, db_work work, void *argument, struct treadle_error *error)
{
    return db->backend->read(db, work, argument, error);
}

int db_read_quick(struct db *db, db_work work, void *argument, struct treadle_error *error)
{
    return db->backend->read_quick(db, work, argument, error);
}

int db_copy(struct db *db, const char *path, struct treadle_error *error)
{
    return db->backend->copy(db, path, error);
}

int db_compact(struct db *db, int64_t *freed, struct treadle_error *error)
{
    return db->backend->compact(db, freed, error);
}

int db_shrink(struct db *db, bool *more, struct treadle_error *error)
{
    return db->backend->shrink(db, more, error);
}

void db_counts(struct db *db, int64_t *commits, int64_t *works)
{
    db->backend->counts(db, commits, works);
}

int db_prepare(struct db_session *session, struct db_statement **out, const char *sql,
               struct treadle_error *error)
{
    return session->backend->prepare(session, out, sql, error);
}

int64_t db_changes(struct db_session *session)
{
    return session->backend->changes(session);
}

int db_check(struct db_session *session, void (*report)(void *context, const char *problem),
             void *context, struct treadle_error *error)
{
    return session->backend->check(session, report, context, error);
}

void db_bind_text(struct db_statement *statement, int index, const char *text)
{
    if (text)
        statement->backend->bind_text(statement, index, text);
    else
        statement->backend->bind_null(statement, index);
}

void db_bind_blob(struct db_statement *statement, int index, const void *bytes, size_t length)
{
    statement->backend->bind_blob(statement, index, bytes, length);
}

void db_bind_integer(struct db_statement *statement, int index, int64_t value)
{
    statement->backend->bind_integer(statement, index, value);
}

void db_bind_null(struct db_statement *statement, int index)
{
    statement->backend->bind_null(statement, index);
}

int db_step(struct db_statement *statement, struct treadle_error *error)
{
    return statement->backend->step(statement, error);
}

int db_execute(struct db_session *session, const char *sql, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, sql, error);
    if (rc < 0)
        return rc;
    if (statement->backend->parameters(statement) != 0)
        return error_set(error, TREADLE_EINVALID, "the statement has parameters");
    rc = db_step(statement, error);
    if (rc > 0)
        return error_set(error, TREADLE_EINVALID, "the statement gave a row");
    return rc;
}

const char *db_column_text(struct db_statement *statement, int column, size_t *length)
{
    return statement->backend->column_text(statement, column, length);
}

const void *db_column_blob(struct db_statement *statement, int column, size_t *length)
{
    return statement->backend->column_blob(statement, column, length);
}

int64_t db_column_integer(struct db_statement *statement, int column)
{
    return statement->backend->column_integer(statement, column);
}

bool db_column_is_null(struct db_statement *statement, int column)
{
    return statement->backend->column_is_null(statement, column);
}
