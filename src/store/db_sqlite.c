/*
 * The SQLite backend: opening, closing, and its table of functions.
 *
 * WAL mode with synchronous=FULL: a commit is on disk when it returns, and readers never wait for
 * the writer. A lock file gives the database to one process. The parts are in db_sqlite_*.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "store/db_sqlite.h"
#include "store/sqlite_copy.h"

struct sqlite_db {
    struct db base;
    char path[PATH_MAX];
    int lock; /* the descriptor that holds the lock, or -1 */
    struct db_sqlite_writer *writer;
    struct db_sqlite_readers *readers;
};

static void close_db(struct db *base)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    db_sqlite_writer_stop(db->writer);
    /* The writer is closed last: the last connection to close moves the log into the database. */
    db_sqlite_readers_free(db->readers);
    db_sqlite_writer_free(db->writer);
    if (db->lock >= 0)
        close(db->lock);
    free(db);
}

static int write_db(struct db *base, db_work work, void *argument, struct treadle_error *error)
{
    return db_sqlite_writer_run(((struct sqlite_db *)base)->writer, work, argument, error);
}

static void start_write(struct db *base, struct db_task *task)
{
    db_sqlite_writer_start_task(((struct sqlite_db *)base)->writer, task);
}

static int run_read(struct db *base, db_work work, void *argument, bool quick,
                    struct treadle_error *error)
{
    struct sqlite_db *db = (struct sqlite_db *)base;
    /* It would not see the changes of the write so far, and could wait for readers that wait for
     * it. */
    if (db_sqlite_writer_is_here(db->writer))
        return error_set(error, TREADLE_ESTATE, "a write may not begin a read");
    return db_sqlite_readers_run(db->readers, work, argument, quick, error);
}

static int read_db(struct db *base, db_work work, void *argument, struct treadle_error *error)
{
    return run_read(base, work, argument, false, error);
}

static int read_quickly(struct db *base, db_work work, void *argument, struct treadle_error *error)
{
    return run_read(base, work, argument, true, error);
}

static int copy_db(struct db *base, const char *path, struct treadle_error *error)
{
    return sqlite_copy(((struct sqlite_db *)base)->path, path, error);
}

static int compact_db(struct db *base, int64_t *freed, struct treadle_error *error)
{
    return sqlite_compact(((struct sqlite_db *)base)->path, freed, error);
}

static int shrink_db(struct db *base, bool *more, struct treadle_error *error)
{
    int rc = read_db(base, db_sqlite_vacuum_look, more, error);
    if (rc == 0 && *more)
        rc = write_db(base, db_sqlite_vacuum_slice, NULL, error);
    return rc;
}

static void count_db(struct db *base, int64_t *commits, int64_t *works)
{
    db_sqlite_writer_counts(((struct sqlite_db *)base)->writer, commits, works);
}

static int check_db(struct db_session *session, void (*report)(void *context, const char *problem),
                    void *context, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "PRAGMA integrity_check(100)", error);
    while (!rc && (rc = db_step(statement, error)) > 0) {
        const char *text = db_column_text(statement, 0, NULL);
        if (text && strcmp(text, "ok") != 0)
            report(context, text);
        rc = 0;
    }
    return rc;
}

const struct db_backend db_sqlite_backend = {
    .name = "sqlite",
    .close = close_db,
    .write = write_db,
    .write_start = start_write,
    .read = read_db,
    .read_quick = read_quickly,
    .copy = copy_db,
    .compact = compact_db,
    .shrink = shrink_db,
    .counts = count_db,
    .prepare = db_sqlite_prepare,
    .changes = db_sqlite_changes,
    .check = check_db,
    .parameters = db_sqlite_parameters,
    .bind_text = db_sqlite_bind_text,
    .bind_blob = db_sqlite_bind_blob,
    .bind_integer = db_sqlite_bind_integer,
    .bind_null = db_sqlite_bind_null,
    .step = db_sqlite_step,
    .column_text = db_sqlite_column_text,
    .column_blob = db_sqlite_column_blob,
    .column_integer = db_sqlite_column_integer,
    .column_is_null = db_sqlite_column_is_null,
};

/* Splits `path` into the real path of its directory, in `directory`, and its last name. */
static int part_path(const char *path, char directory[PATH_MAX], const char **name,
                     struct treadle_error *error)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    char parent[PATH_MAX];
    *name = slash ? slash + 1 : path;
    if (**name == '\0' || length >= sizeof parent)
        return error_set(error, TREADLE_EINVALID, "not the path of a database: %s", path);
    snprintf(parent, sizeof parent, "%.*s", (int)length, path);
    const char *parent_path = !slash ? "." : length == 0 ? "/" : parent;
    if (!realpath(parent_path, directory))
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", parent_path);
    return 0;
}

/* The one absolute path of the database, so that two ways to it meet at one lock file, and so
 * that no name means something else to SQLite (":memory:", "file:…"). */
static int real_path(const char *path, char out[PATH_MAX], struct treadle_error *error)
{
    if (realpath(path, out))
        return 0;
    if (errno != ENOENT)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", path);
    char directory[PATH_MAX];
    const char *name;
    int rc = part_path(path, directory, &name, error);
    if (rc < 0)
        return rc;
    return path_join(out, directory, name, error);
}

static int sync_directory(const char *path, struct treadle_error *error)
{
    char directory[PATH_MAX];
    const char *name;
    int rc = part_path(path, directory, &name, error);
    if (rc < 0)
        return rc;
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0 || fsync(descriptor) != 0)
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot sync %s", directory);
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}

/* Created here and not by SQLite, so that only its owner may read it; the log gets the same mode.
 * To be called under the lock and before SQLite opens the file: closing a descriptor of it drops
 * the locks that SQLite holds. */
static int create_file(const char *path, struct treadle_error *error)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", path);
    struct stat status;
    int rc = 0;
    if (fstat(descriptor, &status) != 0)
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", path);
    else if (!S_ISREG(status.st_mode))
        rc = error_set(error, TREADLE_EINVALID, "%s is not a file", path);
    close(descriptor);
    return rc;
}

static int use_write_ahead_log(sqlite3 *connection, struct treadle_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int rc = 0;
    if (code != SQLITE_ROW)
        rc = db_sqlite_error(connection, code, error);
    else if (!text_equal((const char *)sqlite3_column_text(statement, 0), "wal"))
        rc = error_set(error, TREADLE_EIO, "the file system cannot carry a write-ahead log");
    sqlite3_finalize(statement);
    return rc;
}

static int prepare_database(sqlite3 *connection, const char *const *migrations,
                            struct treadle_error *error)
{
    int rc = db_sqlite_vacuum_choose(connection, error);
    if (rc == 0)
        rc = db_sqlite_identify(connection, error);
    if (rc == 0)
        rc = use_write_ahead_log(connection, error);
    if (rc == 0)
        rc = db_sqlite_migrate(connection, migrations, error);
    if (rc == 0)
        rc = db_sqlite_vacuum_convert(connection, error);
    if (rc < 0)
        return rc;
    /* Foreign keys only now: a migration may have to rebuild a table that others refer to. The
     * limit is the size to which a large log is truncated. */
    int code =
        sqlite3_exec(connection, "PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 33554432",
                     NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : db_sqlite_error(connection, code, error);
}

static int start(struct sqlite_db *db, const char *path, const char *const *migrations,
                 struct treadle_error *error)
{
    struct db_sqlite_session *session = NULL;
    int rc = db_sqlite_lock(&db->lock, path, error);
    if (rc == 0)
        rc = create_file(path, error);
    if (rc == 0)
        rc = db_sqlite_session_open(&session, path, &db_sqlite_backend, error);
    if (rc == 0)
        rc = prepare_database(db_sqlite_session_connection(session), migrations, error);
    if (rc == 0)
        rc = sync_directory(path, error);
    if (rc == 0)
        rc = db_sqlite_readers_new(&db->readers, path, &db_sqlite_backend, error);
    if (rc == 0)
        rc = db_sqlite_writer_start(&db->writer, session, db->readers, error);
    if (rc < 0)
        db_sqlite_session_close(session);
    return rc;
}

int db_open_sqlite(struct db **out, const char *path, const char *const *migrations,
                   struct treadle_error *error)
{
    if (!db_backend_is_whole(&db_sqlite_backend))
        return error_set(error, TREADLE_EUNSUPPORTED, "the SQLite backend is not complete");
    char real[PATH_MAX];
    int rc = real_path(path, real, error);
    if (rc < 0)
        return rc;
    struct sqlite_db *db = calloc(1, sizeof *db);
    if (!db)
        return error_set_memory(error);
    db->base.backend = &db_sqlite_backend;
    db->lock = -1;
    memcpy(db->path, real, strlen(real) + 1);
    rc = start(db, real, migrations, error);
    if (rc < 0)
        close_db(&db->base);
    else
        *out = &db->base;
    return rc;
}
