/*
 * Trees, by fts; no symbolic link is followed below the top.
 */
#include "store/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { PIECE = 1 << 20 };

static FTS *open_walk(const char *path, struct treadle_error *error)
{
    char top[PATH_MAX];
    char *const paths[] = {top, NULL};
    if (snprintf(top, sizeof top, "%s", path) >= (int)sizeof top) {
        error_set(error, TREADLE_EINVALID, "the path %.200s is too long", path);
        return NULL;
    }
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        error_set_errno(error, TREADLE_EIO, errno, "cannot read %s", path);
    return walk;
}

static int copy_bytes(int from, int to, const char *name, struct treadle_error *error)
{
    ssize_t copied;
    do
        copied = copy_file_range(from, NULL, to, NULL, PIECE, 0);
    while (copied > 0);
    /* Some file systems cannot do it across file systems. */
    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP)) {
        char bytes[65536];
        while ((copied = read(from, bytes, sizeof bytes)) > 0)
            if (write(to, bytes, (size_t)copied) != copied)
                return error_set_errno(error, TREADLE_EIO, errno, "cannot write %s", name);
    }
    return copied < 0 ? error_set_errno(error, TREADLE_EIO, errno, "cannot copy %s", name) : 0;
}

static int copy_file(const char *from, const char *to, struct treadle_error *error)
{
    int source = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int target =
        source < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = target < 0
                 ? error_set_errno(error, TREADLE_EIO, errno, "cannot copy %s to %s", from, to)
                 : copy_bytes(source, target, to, error);
    if (!rc && fsync(target))
        rc = error_set_errno(error, TREADLE_EIO, errno, "cannot sync %s", to);
    if (target >= 0)
        close(target);
    if (source >= 0)
        close(source);
    return rc;
}

static int make_directory(const char *path, bool top, struct treadle_error *error)
{
    /* Removing it shows whether it is empty. */
    if (top && rmdir(path) && errno != ENOENT)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot use %s", path);
    return mkdir(path, 0700)
               ? error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", path)
               : 0;
}

static int sync_directory(const char *path, struct treadle_error *error)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = descriptor >= 0 && fsync(descriptor) == 0
                 ? 0
                 : error_set_errno(error, TREADLE_EIO, errno, "cannot sync %s", path);
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}

static int copy_entry(const FTSENT *entry, const char *to, struct treadle_error *error)
{
    switch (entry->fts_info) {
    case FTS_D:
        return make_directory(to, entry->fts_level == 0, error);
    case FTS_DP:
        return sync_directory(to, error);
    case FTS_F:
        return copy_file(entry->fts_accpath, to, error);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return error_set_errno(error, TREADLE_EIO, entry->fts_errno, "cannot read %s",
                               entry->fts_path);
    default:
        return 0;
    }
}

int tree_copy(const char *from, const char *to, struct treadle_error *error)
{
    FTS *walk = open_walk(from, error);
    size_t top = strlen(from);
    int rc = walk ? 0 : TREADLE_EIO;
    for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
        char target[PATH_MAX];
        if (snprintf(target, sizeof target, "%s%s", to, entry->fts_path + top) >=
            (int)sizeof target)
            rc = error_set(error, TREADLE_EINVALID, "the path %.200s is too long", to);
        else
            rc = copy_entry(entry, target, error);
    }
    if (walk)
        fts_close(walk);
    return rc;
}

int tree_remove(const char *path, struct treadle_error *error)
{
    if (access(path, F_OK) && errno == ENOENT)
        return 0;
    FTS *walk = open_walk(path, error);
    int rc = walk ? 0 : TREADLE_EIO;
    for (FTSENT *entry; !rc && (entry = fts_read(walk));) {
        bool directory = entry->fts_info == FTS_DP;
        if (entry->fts_info != FTS_D &&
            (directory ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath)))
            rc = error_set_errno(error, TREADLE_EIO, errno, "cannot remove %s", entry->fts_path);
    }
    if (walk)
        fts_close(walk);
    return rc;
}
