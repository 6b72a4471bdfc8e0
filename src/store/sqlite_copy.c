/*
 * SQLite's own backup, in one step: the copy reads within one transaction, so it is of one moment,
 * and in WAL mode it blocks no one. In several steps each write would make it start again.
 *
 * SQLite keeps unused pages and uses them again. Where they are many the copy is made with VACUUM
 * INTO, which leaves them out and costs several times as much.
 */
#include "store/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/error.h"

/* What is written anew can give pages back from then on. */
#define INCREMENTAL "PRAGMA auto_vacuum = INCREMENTAL"

enum { PATIENCE_MS = 10000, MANY_UNUSED = 8 /* one page in so many */ };

static int fail(sqlite3 *connection, int code, const char *path, struct treadle_error *error)
{
    const char *why = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    error_set(error, code == SQLITE_NOMEM ? TREADLE_EMEMORY : TREADLE_EIO, "cannot copy to %s: %s",
              path, why);
    if (error && code == SQLITE_FULL)
        error->http_status = 507;
    return error ? error->code : TREADLE_EIO;
}

/* Created here so that only its owner may read it, and so that nothing is overwritten. */
static int make_file(const char *path, struct treadle_error *error)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot make %s", path);
    close(descriptor);
    return 0;
}

static int sync_file(const char *path, struct treadle_error *error)
{
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int rc = descriptor >= 0 && fsync(descriptor) == 0
                 ? 0
                 : error_set_errno(error, TREADLE_EIO, errno, "cannot sync %s", path);
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}

static int copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct treadle_error *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return fail(to, SQLITE_ERROR, path, error);
    int code = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE && end == SQLITE_OK)
        return 0;
    return fail(end == SQLITE_OK ? NULL : to, code, path, error);
}

static int read_number(sqlite3 *connection, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* The bytes of unused pages; 0 where they are few. */
static int count_unused(sqlite3 *connection, int64_t *out)
{
    int64_t unused = 0, all = 0, size = 0;
    int code = read_number(connection, "PRAGMA freelist_count", &unused);
    if (code == SQLITE_OK)
        code = read_number(connection, "PRAGMA page_count", &all);
    if (code == SQLITE_OK)
        code = read_number(connection, "PRAGMA page_size", &size);
    *out = unused >= all / MANY_UNUSED && unused > 0 ? unused * size : 0;
    return code;
}

static int copy_used(sqlite3 *from, const char *path, struct treadle_error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_exec(from, INCREMENTAL, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(from, "VACUUM INTO ?", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int rc = code == SQLITE_DONE ? 0 : fail(from, code, path, error);
    sqlite3_finalize(statement);
    return rc;
}

static int copy_all(sqlite3 *from, const char *path, struct treadle_error *error)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    int rc = code == SQLITE_OK ? copy_pages(from, to, path, error) : fail(NULL, code, path, error);
    sqlite3_close(to);
    return rc;
}

int sqlite_compact(const char *path, int64_t *freed, struct treadle_error *error)
{
    sqlite3 *connection = NULL;
    int64_t unused = 0;
    int code =
        sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(connection, PATIENCE_MS);
    if (code == SQLITE_OK)
        code = count_unused(connection, &unused);
    if (code == SQLITE_OK && unused)
        code = sqlite3_exec(connection, INCREMENTAL "; VACUUM", NULL, NULL, NULL);
    int rc = 0;
    if (code != SQLITE_OK) {
        rc = error_set(error, code == SQLITE_NOMEM ? TREADLE_EMEMORY : TREADLE_EIO,
                       "cannot compact %s: %s", path,
                       connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
    } else {
        *freed = unused;
    }
    sqlite3_close(connection);
    return rc;
}

int sqlite_copy(const char *from, const char *to, struct treadle_error *error)
{
    sqlite3 *source = NULL;
    int64_t unused = 0;
    if (access(from, F_OK))
        return error_set_errno(error, TREADLE_ENOTFOUND, errno, "cannot read %s", from);
    int rc = make_file(to, error);
    if (rc)
        return rc;
    int code = sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(source, PATIENCE_MS);
    if (code == SQLITE_OK)
        code = count_unused(source, &unused);
    if (code != SQLITE_OK)
        rc = fail(source, code, to, error);
    else
        rc = unused ? copy_used(source, to, error) : copy_all(source, to, error);
    sqlite3_close(source);
    if (!rc)
        rc = sync_file(to, error);
    if (rc)
        unlink(to);
    return rc;
}
