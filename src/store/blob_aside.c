/*
 * What is beside the blobs: a mark that names their database, and blobs that were moved aside. Both
 * are within the store's directory. The mark is written to a temporary name, synced and renamed. A
 * blob that was moved aside keeps its id; the time of the move is its ctime.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob_dir.h"

#define MARK "mark"

int blob_mark_read(const struct blob_store *store, char out[BLOB_MARK_SIZE],
                   struct treadle_error *error)
{
    int file = openat(store->directory, MARK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return error_set(error, TREADLE_ENOTFOUND, "the contents have no mark");
    if (file < 0)
        return blob_fail(error, errno, "open", MARK);
    ssize_t length = read(file, out, BLOB_MARK_SIZE - 1);
    int rc = length < 0 ? blob_fail(error, errno, "read", MARK) : 0;
    if (length >= 0)
        out[length] = '\0';
    close(file);
    return rc;
}

int blob_mark_write(struct blob_store *store, const char *text, struct treadle_error *error)
{
    static const char name[] = "mark.new";
    size_t length = strlen(text);
    int file =
        openat(store->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return blob_fail(error, errno, "write", MARK);
    int rc = 0;
    errno = ENOSPC;
    if (write(file, text, length) != (ssize_t)length || fsync(file) != 0 ||
        renameat(store->directory, name, store->directory, MARK) != 0 ||
        fsync(store->directory) != 0)
        rc = blob_fail(error, errno, "write", MARK);
    close(file);
    if (rc < 0)
        unlinkat(store->directory, name, 0);
    return rc;
}

int blob_set_aside(struct blob_store *store, const char *id, struct treadle_error *error)
{
    int aside = -1, shelf = -1;
    int rc = blob_check_id(id, error);
    if (rc == 0)
        rc = blob_open_made(&aside, store->directory, BLOB_ASIDE, error);
    if (rc == 0)
        rc = blob_open_made(&shelf, store->directory, blob_tail(id), error);
    if (rc == 0 && (renameat(shelf, id, aside, id) != 0 || fsync(aside) != 0))
        rc = blob_fail(error, errno, "move aside", id);
    if (shelf >= 0)
        close(shelf);
    if (aside >= 0)
        close(aside);
    return rc;
}

int blob_put_back(struct blob_store *store, const char *id, struct treadle_error *error)
{
    int shelf = -1;
    int rc = blob_check_id(id, error);
    if (rc < 0)
        return rc;
    int aside = openat(store->directory, BLOB_ASIDE, BLOB_DIRECTORY | O_NOFOLLOW);
    if (aside < 0 || faccessat(aside, id, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        if (aside >= 0)
            close(aside);
        return error_set(error, TREADLE_ENOTFOUND, "there are no contents for %s", id);
    }
    rc = blob_open_made(&shelf, store->directory, blob_tail(id), error);
    if (rc == 0 && (blob_move(aside, id, shelf, id) != 0 || fsync(shelf) != 0))
        rc = blob_fail(error, errno, "put back", id);
    if (shelf >= 0)
        close(shelf);
    close(aside);
    return rc;
}

int blob_forget_aside(struct blob_store *store, int64_t before, size_t *count,
                      struct treadle_error *error)
{
    DIR *entries = blob_entries(store->directory, BLOB_ASIDE);
    *count = 0;
    if (!entries)
        return errno == ENOENT ? 0 : blob_fail(error, errno, "read the directory", BLOB_ASIDE);
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat status;
        if (blob_check_id(entry->d_name, NULL) == 0 &&
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_ctim.tv_sec < before && unlinkat(dirfd(entries), entry->d_name, 0) == 0)
            ++*count;
    }
    closedir(entries);
    return 0;
}
