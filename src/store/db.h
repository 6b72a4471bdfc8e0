/*
 * The database contract: prepare, bind, step, and two kinds of transaction.
 *
 * All writing goes through db_write, which returns only once the work is durable; all reading
 * through db_read, which sees one consistent moment. A piece of work is a function that runs within
 * its transaction; when it returns a negative code its changes are undone and the caller gets that
 * code. Writes run one after another, so work that checks and then changes needs no lock. Work must
 * not block on anything but the database, and may run on another thread than its caller's, while
 * the caller waits. Works of several callers may share a commit: a work that succeeded is undone
 * too when the commit fails, so its results are valid only once db_write has returned 0 or its task
 * is done. Safe from any thread.
 *
 * May be used by store's own files, search, engine, resource and server.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "treadle/error.h"

struct db;
struct db_session;   /* a connection within a transaction; valid within the work that got it */
struct db_statement; /* a prepared statement; owned by the session, valid within the work */

/* Opens or creates the SQLite database `path` for the use of this process alone and brings its
 * schema up to date with `migrations`: statements that are run once each, in order, up to a NULL.
 * TREADLE_EBUSY when another process has it open, TREADLE_EUNSUPPORTED when it was written by a
 * newer version. */
int db_open_sqlite(struct db **out, const char *path, const char *const *migrations,
                   struct treadle_error *error);

/* Finishes queued writes and closes. Accepts NULL. */
void db_close(struct db *db);

typedef int (*db_work)(struct db_session *session, void *argument, struct treadle_error *error);

/* A write's work may begin neither a write nor a read, a read's no read: TREADLE_ESTATE. Besides
 * what the work returns: TREADLE_ELIMIT with http_status 503 when too many writes wait,
 * TREADLE_ETIMEOUT with 503 when another program holds the database, TREADLE_EIO. */
int db_write(struct db *db, db_work work, void *argument, struct treadle_error *error);

/* A write without waiting. The caller owns the task, which must stay until `done`; that is called
 * once, on the database's own thread, when the work is durable or has failed. It must not block,
 * and may start further writes. The caller must bound the number of waiting tasks. */
struct db_task {
    db_work work;
    void *argument; /* of the work */
    void (*done)(struct db_task *task);
    bool checks_first; /* the work checks all that could make it fail before it changes anything: it
                          needs no savepoint, which costs as much as inserting a row. If it fails
                          after a change (no memory), all works of its commit fail */
    int result;        /* as of db_write, with the error */
    struct treadle_error error;
    struct db_task *next; /* the database's own */
};

void db_write_start(struct db *db, struct db_task *task);

int db_read(struct db *db, db_work work, void *argument, struct treadle_error *error);

/* A read for a thread that must not be blocked: it waits for no other reader, and ends where the
 * work takes more than about a millisecond or reads more than half a megabyte. Then it is
 * TREADLE_EBUSY, whatever the work returned, and the work is to be done with db_read. */
int db_read_quick(struct db *db, db_work work, void *argument, struct treadle_error *error);

/* A statement for `sql`, reset and with nothing bound; prepared once a session and text, so asking
 * again for the same text resets the one that is in use. At most 96 texts in one work. */
int db_prepare(struct db_session *session, struct db_statement **out, const char *sql,
               struct treadle_error *error);

/* Parameters count from 1. Text is copied; NULL binds null. A failure to bind shows at db_step. */
void db_bind_text(struct db_statement *statement, int index, const char *text);
void db_bind_blob(struct db_statement *statement, int index, const void *bytes, size_t length);
void db_bind_integer(struct db_statement *statement, int index, int64_t value);
void db_bind_null(struct db_statement *statement, int index);

/* 1 and a row, 0 at the end, or a negative code; after the latter two the statement is finished
 * until it is prepared again. TREADLE_EBUSY for a broken unique constraint and nothing else,
 * TREADLE_EINVALID for other constraints, TREADLE_ELIMIT for a value above 64 MiB; a full disk is
 * TREADLE_EIO with http_status 507. */
int db_step(struct db_statement *statement, struct treadle_error *error);

/* Prepares, expects no parameters and no rows, runs. */
int db_execute(struct db_session *session, const char *sql, struct treadle_error *error);

/* Columns count from 0; pointers are valid until the next step. Text is NULL for null. */
const char *db_column_text(struct db_statement *statement, int column, size_t *length);
const void *db_column_blob(struct db_statement *statement, int column, size_t *length);
int64_t db_column_integer(struct db_statement *statement, int column);
bool db_column_is_null(struct db_statement *statement, int column);

/* Rows that the last step of an INSERT, UPDATE or DELETE changed. */
int64_t db_changes(struct db_session *session);

/* Writes a copy of the database as it is at one moment to the file `path`, which must not exist.
 * Readers and writers continue. */
int db_copy(struct db *db, const char *path, struct treadle_error *error);

/* The database's own check for damage: `report` gets each problem, as a text that is valid until it
 * returns. */
int db_check(struct db_session *session, void (*report)(void *context, const char *problem),
             void *context, struct treadle_error *error);

/* Writes the database again without its unused pages, where they are an eighth of it or more, and
 * returns their bytes; 0 where they are fewer. It needs twice the database's size on the disk, and
 * no write may be in progress. */
int db_compact(struct db *db, int64_t *freed, struct treadle_error *error);

/* Returns, for a few milliseconds, unused pages to the file system, where they are an eighth of the
 * database or more. `*more` says that it is to be called again; pass what the last call left there,
 * and false the first time. */
int db_shrink(struct db *db, bool *more, struct treadle_error *error);

/* The numbers of commits and of the works within them, for metrics. */
void db_counts(struct db *db, int64_t *commits, int64_t *works);

#endif
