/*
 * SQLite's own backup, in one step: the copy reads within one transaction, so it is of one moment,
 * and in WAL mode it holds up nobody. In several steps each write would make it start again.
 */
#include "store/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/error.h"

enum { PATIENCE_MS = 10000 };

static int fail(sqlite3 *connection, int code, const char *path, struct treadle_error *error)
{
    const char *why = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    error_set(error, code == SQLITE_NOMEM ? TREADLE_EMEMORY : TREADLE_EIO, "cannot copy to %s: %s",
              path, why);
    if (error && code == SQLITE_FULL)
        error->http_status = 507;
    return error ? error->code : TREADLE_EIO;
}

/* Made here so that only its owner may read it, and so that nothing is overwritten. */
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
    sqlite3_busy_timeout(from, PATIENCE_MS);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return fail(to, SQLITE_ERROR, path, error);
    int code = sqlite3_backup_step(backup, -1);
    int end = sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE && end == SQLITE_OK)
        return 0;
    return fail(end == SQLITE_OK ? NULL : to, code, path, error);
}

int sqlite_copy(const char *from, const char *to, struct treadle_error *error)
{
    sqlite3 *source = NULL, *target = NULL;
    if (access(from, F_OK))
        return error_set_errno(error, TREADLE_ENOTFOUND, errno, "cannot read %s", from);
    int rc = make_file(to, error);
    if (rc)
        return rc;
    int code = sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_open_v2(to, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    rc = code == SQLITE_OK ? copy_pages(source, target, to, error) : fail(NULL, code, to, error);
    sqlite3_close(target);
    sqlite3_close(source);
    if (!rc)
        rc = sync_file(to, error);
    if (rc)
        unlink(to);
    return rc;
}
