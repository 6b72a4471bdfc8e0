/*
 * The lock file that gives one process the database. flock locks an open file description, so a
 * second open within the same process is refused too, and the kernel drops the lock in whatever way
 * the process ends. The file stays: removing it would let two processes hold locks on two files of
 * one name. It has the process id, for the message. The lock is not taken on the database itself,
 * because closing any descriptor of that file drops the locks that SQLite holds on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "store/db_sqlite.h"

static int fail_held(int descriptor, const char *path, struct treadle_error *error)
{
    char holder[16] = "";
    ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);
    size_t digits = length > 0 ? strspn(holder, "0123456789") : 0;
    holder[digits] = '\0';
    if (digits == 0)
        return error_set(error, TREADLE_EBUSY, "%s is in use by another server", path);
    return error_set(error, TREADLE_EBUSY, "%s is in use by another server (process %s)", path,
                     holder);
}

int db_sqlite_lock(int *descriptor, const char *path, struct treadle_error *error)
{
    char name[PATH_MAX];
    int length = snprintf(name, sizeof name, "%s.lock", path);
    if (length < 0 || (size_t)length >= sizeof name)
        return error_set(error, TREADLE_EINVALID, "the path of the database is too long");
    int file = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", name);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        int rc = errno == EWOULDBLOCK
                     ? fail_held(file, path, error)
                     : error_set_errno(error, TREADLE_EIO, errno, "cannot lock %s", name);
        close(file);
        return rc;
    }
    char holder[16];
    int digits = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    /* The id is only for the message, so a full disk is no reason to refuse. */
    if (ftruncate(file, 0) != 0 || pwrite(file, holder, (size_t)digits, 0) != digits)
        errno = 0;
    *descriptor = file;
    return 0;
}
