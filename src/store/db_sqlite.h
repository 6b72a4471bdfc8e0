/*
 * The parts of the SQLite backend, between its own files.
 *
 * A session is one connection with its cache of statements. One session belongs to the writer
 * thread (db_sqlite_writer.c), a few to the readers (db_sqlite_readers.c); a session is used by one
 * thread at a time. db_sqlite.c joins the parts.
 */
#ifndef STORE_DB_SQLITE_H
#define STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "store/db_backend.h"

extern const struct db_backend db_sqlite_backend;

/* How long a connection waits for another process (a backup, a shell) to release the database. */
enum { DB_SQLITE_PATIENCE_MS = 5000 };

/* Errors. To be called right after the failure. Fills `error` for an SQLite result code and returns
 * the matching TREADLE_E code; the connection adds the details and may be NULL. */
int db_sqlite_error(sqlite3 *connection, int code, struct treadle_error *error);

/* Lock file beside the database: one holder, also within one process, until the descriptor closes
 * or the process ends. */
int db_sqlite_lock(int *descriptor, const char *path, struct treadle_error *error);

/* Schema: refuses a database that is not Treadle's, then runs the migrations that it has not
 * had. */
int db_sqlite_identify(sqlite3 *connection, struct treadle_error *error);
int db_sqlite_migrate(sqlite3 *connection, const char *const *migrations,
                      struct treadle_error *error);

/* The first column of a statement's first row. */
int db_sqlite_read_integer(sqlite3 *connection, const char *sql, int64_t *out,
                           struct treadle_error *error);

/* Room that nothing uses. `choose` comes before anything is written, `convert` once the database is
 * known to be ours. `look` says in a bool whether there is enough of it, which depends on what the
 * bool was; `slice` gives some back. */
int db_sqlite_vacuum_choose(sqlite3 *connection, struct treadle_error *error);
int db_sqlite_vacuum_convert(sqlite3 *connection, struct treadle_error *error);
int db_sqlite_vacuum_look(struct db_session *session, void *more, struct treadle_error *error);
int db_sqlite_vacuum_slice(struct db_session *session, void *unused, struct treadle_error *error);

/* Sessions. They and their statements point to the backend that they are opened with. */
struct db_sqlite_session;

enum db_sqlite_control {
    DB_SQLITE_BEGIN_WRITE,
    DB_SQLITE_BEGIN_READ,
    DB_SQLITE_COMMIT,
    DB_SQLITE_ROLLBACK,
    DB_SQLITE_SAVE,    /* opens the savepoint of one piece of work */
    DB_SQLITE_RESTORE, /* undoes all changes after it */
    DB_SQLITE_RELEASE,
    DB_SQLITE_CONTROLS
};

int db_sqlite_session_open(struct db_sqlite_session **out, const char *path,
                           const struct db_backend *backend, struct treadle_error *error);
void db_sqlite_session_close(struct db_sqlite_session *session);
sqlite3 *db_sqlite_session_connection(struct db_sqlite_session *session);
int db_sqlite_session_control(struct db_sqlite_session *session, enum db_sqlite_control control,
                              struct treadle_error *error);

/* Sets whether the next works may take any amount of work, or only as much as a quick read. One
 * that takes more fails with TREADLE_EBUSY. */
void db_sqlite_session_hurry(struct db_sqlite_session *session, bool quick);

/* Notes that a work has read a value of that size. */
void db_sqlite_session_handed(struct db_sqlite_session *session, size_t length);

/* Whether the work may continue; the error is set where it may not. */
int db_sqlite_session_check(struct db_sqlite_session *session, struct treadle_error *error);

/* Runs a piece of work within the transaction that was begun and releases its statements. A work
 * that ignored the loss of its transaction, or of a value, fails nevertheless. */
int db_sqlite_session_run(struct db_sqlite_session *session, db_work work, void *argument,
                          struct treadle_error *error);

/* Whether the transaction is still there; SQLite rolls some back when disk or memory run out. */
bool db_sqlite_session_in_transaction(const struct db_sqlite_session *session);

/* Sets the error for that. */
int db_sqlite_session_report_loss(const struct db_sqlite_session *session,
                                  struct treadle_error *error);

/* Statements: the slots of db_backend, and what a session does with them. */
struct db_sqlite_cache;

struct db_sqlite_cache *db_sqlite_cache_new(struct db_sqlite_session *session,
                                            const struct db_backend *backend);
void db_sqlite_cache_free(struct db_sqlite_cache *cache);
int db_sqlite_cache_get(struct db_sqlite_cache *cache, struct db_statement **out, const char *sql,
                        struct treadle_error *error);
void db_sqlite_cache_end_work(struct db_sqlite_cache *cache);

/* Called by a statement: a step failed, or a value could not be read. */
int db_sqlite_session_step_failed(struct db_sqlite_session *session, int code,
                                  struct treadle_error *error);
void db_sqlite_session_value_failed(struct db_sqlite_session *session);

int db_sqlite_prepare(struct db_session *session, struct db_statement **out, const char *sql,
                      struct treadle_error *error);
int64_t db_sqlite_changes(struct db_session *session);
int db_sqlite_parameters(struct db_statement *statement);
void db_sqlite_bind_text(struct db_statement *statement, int index, const char *text);
void db_sqlite_bind_blob(struct db_statement *statement, int index, const void *bytes,
                         size_t length);
void db_sqlite_bind_integer(struct db_statement *statement, int index, int64_t value);
void db_sqlite_bind_null(struct db_statement *statement, int index);
int db_sqlite_step(struct db_statement *statement, struct treadle_error *error);
const char *db_sqlite_column_text(struct db_statement *statement, int column, size_t *length);
const void *db_sqlite_column_blob(struct db_statement *statement, int column, size_t *length);
int64_t db_sqlite_column_integer(struct db_statement *statement, int column);
bool db_sqlite_column_is_null(struct db_statement *statement, int column);

/* The readers: sessions that are opened when all others are busy, up to a number. */
struct db_sqlite_readers;

int db_sqlite_readers_new(struct db_sqlite_readers **out, const char *path,
                          const struct db_backend *backend, struct treadle_error *error);
void db_sqlite_readers_free(struct db_sqlite_readers *readers);
int db_sqlite_readers_run(struct db_sqlite_readers *readers, db_work work, void *argument,
                          bool quick, struct treadle_error *error);

/* Called by the writer: around each commit and each checkpoint, during which no transaction is
 * kept; and when transactions that are kept would hold the log. */
void db_sqlite_readers_begin_change(struct db_sqlite_readers *readers);
void db_sqlite_readers_end_change(struct db_sqlite_readers *readers);
void db_sqlite_readers_let_go(struct db_sqlite_readers *readers);

/* The writer: one thread that commits many pieces of work together. Owns the session. */
struct db_sqlite_writer;

int db_sqlite_writer_start(struct db_sqlite_writer **out, struct db_sqlite_session *session,
                           struct db_sqlite_readers *readers, struct treadle_error *error);
void db_sqlite_writer_stop(struct db_sqlite_writer *writer); /* finishes queued writes */
void db_sqlite_writer_free(struct db_sqlite_writer *writer);
int db_sqlite_writer_run(struct db_sqlite_writer *writer, db_work work, void *argument,
                         struct treadle_error *error);
void db_sqlite_writer_start_task(struct db_sqlite_writer *writer, struct db_task *task);
bool db_sqlite_writer_is_here(
    const struct db_sqlite_writer *writer); /* whether it is the calling thread */
void db_sqlite_writer_counts(struct db_sqlite_writer *writer, int64_t *commits, int64_t *works);

#endif
