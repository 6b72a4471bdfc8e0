/*
 * Blobs by name: which names are ids, the directories that have them, and the errors that name
 * them.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob_dir.h"

enum { LONGEST_ID = 128 };

int blob_fail(struct treadle_error *error, int error_number, const char *what, const char *name)
{
    if (error_number == ENOMEM)
        return error_set_memory(error);
    int rc = error_number == EWOULDBLOCK ? TREADLE_EBUSY : TREADLE_EIO;
    error_set_errno(error, rc, error_number, "cannot %s %s", what, name);
    if (error && (error_number == ENOSPC || error_number == EDQUOT))
        error->http_status = 507;
    return rc;
}

int blob_check_id(const char *id, struct treadle_error *error)
{
    size_t length = strlen(id);
    size_t plain = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    if (length < BLOB_TAIL || length > LONGEST_ID || plain != length)
        return error_set(error, TREADLE_EINVALID, "not the id of a file's contents");
    return 0;
}

const char *blob_tail(const char *id)
{
    return id + strlen(id) - BLOB_TAIL;
}

/* The parent is synced in both cases, since another thread may have just made it. */
int blob_open_made(int *out, int parent, const char *name, struct treadle_error *error)
{
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return blob_fail(error, errno, "make the directory", name);
    if (fsync(parent) != 0)
        return blob_fail(error, errno, "sync the directory of", name);
    int descriptor = openat(parent, name, BLOB_DIRECTORY | O_NOFOLLOW);
    if (descriptor < 0)
        return blob_fail(error, errno, "open the directory", name);
    *out = descriptor;
    return 0;
}

DIR *blob_entries(int parent, const char *name)
{
    int descriptor = openat(parent, name, BLOB_DIRECTORY | O_NOFOLLOW);
    DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!entries && descriptor >= 0)
        close(descriptor);
    return entries;
}
