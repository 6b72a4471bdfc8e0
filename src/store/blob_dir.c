/*
 * Blobs in a directory: DIRECTORY/tail/id, where the tail is the id's last two characters, which
 * are random, so that no directory grows large. Unfinished ones are in DIRECTORY/temporary: bodies
 * that are being received under names of their own, and blobs whose row is not durable yet under
 * their ids. So a start knows what an earlier process began and did not finish.
 *
 * All names are looked up relative to open directories and no symbolic link is followed. One
 * process has a directory at a time (a lock on the temporary directory). Directories of tails are
 * made when first needed and stay.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob_dir.h"

/* The directory that the user named may be a symbolic link, so it is opened and not looked up. */
static int open_top(int *out, const char *path, struct treadle_error *error)
{
    bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return blob_fail(error, errno, "make the directory", path);
    int directory = open(path, BLOB_DIRECTORY);
    if (directory < 0)
        return blob_fail(error, errno, "open the directory", path);
    int parent = made ? openat(directory, "..", BLOB_DIRECTORY) : -1;
    int rc = 0;
    if (made && (parent < 0 || fsync(parent) != 0))
        rc = blob_fail(error, errno, "sync the directory of", path);
    if (parent >= 0)
        close(parent);
    if (rc == 0)
        *out = directory;
    else
        close(directory);
    return rc;
}

static int name_temporary(struct blob_store *store, const char *path, struct treadle_error *error)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return blob_fail(error, errno, "open the directory", path);
    if (asprintf(&store->temporary_path, "%s/" BLOB_TEMPORARY, real) < 0) {
        store->temporary_path = NULL;
        return error_set_memory(error);
    }
    return 0;
}

int blob_open(struct blob_store **out, const char *directory, struct treadle_error *error)
{
    struct blob_store *store = calloc(1, sizeof *store);
    if (!store)
        return error_set_memory(error);
    store->directory = store->temporary = store->snapshot = store->snapshot_top = -1;
    pthread_mutex_init(&store->mutex, NULL);
    int rc = open_top(&store->directory, directory, error);
    if (rc == 0)
        rc = blob_open_made(&store->temporary, store->directory, BLOB_TEMPORARY, error);
    if (rc == 0 && flock(store->temporary, LOCK_EX | LOCK_NB) != 0)
        rc = blob_fail(error, errno, "have for this process alone the directory", directory);
    if (rc == 0)
        rc = name_temporary(store, directory, error);
    if (rc == 0)
        *out = store;
    else
        blob_close(store);
    return rc;
}

void blob_close(struct blob_store *store)
{
    if (!store)
        return;
    if (store->temporary >= 0)
        close(store->temporary);
    if (store->directory >= 0)
        close(store->directory);
    free(store->temporary_path);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

const char *blob_temporary_directory(const struct blob_store *store)
{
    return store->temporary_path;
}

/* The name of `path` within the temporary directory, or NULL when it is not one of its files. */
static const char *temporary_name(const struct blob_store *store, const char *path)
{
    size_t length = strlen(store->temporary_path);
    if (strncmp(path, store->temporary_path, length) != 0 || path[length] != '/')
        return NULL;
    const char *name = path + length + 1;
    if (*name == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return NULL;
    return name;
}

/* Opens the plain file `name` and returns its length. errno is ENOENT when there is none. */
static int open_plain(int directory, const char *name, int *descriptor, uint64_t *length)
{
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return -1;
    struct stat status;
    int failed = fstat(file, &status);
    if (failed == 0 && !S_ISREG(status.st_mode)) {
        failed = -1;
        errno = EINVAL;
    }
    if (failed != 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return -1;
    }
    *descriptor = file;
    *length = (uint64_t)status.st_size;
    return 0;
}

static int sync_file(int directory, const char *name, struct blob_sum *sum,
                     struct treadle_error *error)
{
    int file;
    uint64_t length;
    if (open_plain(directory, name, &file, &length) != 0)
        return blob_fail(error, errno, "open", name);
    int rc = fsync(file) == 0 ? 0 : blob_fail(error, errno, "sync", name);
    if (rc == 0 && sum)
        rc = blob_sum_make(file, sum, error);
    close(file);
    return rc;
}

/* Opens the directory of `id`. -1 with errno ENOENT when it was never made. */
static int open_shelf(const struct blob_store *store, const char *id)
{
    return openat(store->directory, blob_tail(id), BLOB_DIRECTORY | O_NOFOLLOW);
}

static bool is_there(const struct blob_store *store, const char *id)
{
    int shelf = open_shelf(store, id);
    bool there = shelf >= 0 && faccessat(shelf, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (shelf >= 0)
        close(shelf);
    return there;
}

/* Moves without replacing; on file systems that cannot promise that, the name is looked up
 * first. */
int blob_move(int from, const char *name, int to, const char *id)
{
    if (renameat2(from, name, to, id, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    if (faccessat(to, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(from, name, to, id);
}

/* Makes the name durable, and adds it to the snapshot that is in progress. */
static int hold(struct blob_store *store, const char *id, struct treadle_error *error)
{
    if (fsync(store->temporary) != 0)
        return blob_fail(error, errno, "keep the contents of", id);
    pthread_mutex_lock(&store->mutex);
    int failed = blob_snapshot_keep(store, store->temporary, id);
    int reason = errno;
    pthread_mutex_unlock(&store->mutex);
    return failed ? blob_fail(error, reason, "keep the contents of", id) : 0;
}

int blob_adopt(struct blob_store *store, const char *id, const char *path, struct blob_sum *sum,
               struct treadle_error *error)
{
    struct blob_sum found;
    int rc = blob_check_id(id, error);
    if (rc < 0)
        return rc;
    const char *name = temporary_name(store, path);
    if (!name)
        return error_set(error, TREADLE_EINVALID, "the file is not in the temporary directory");
    rc = sync_file(store->temporary, name, sum ? &found : NULL, error);
    if (rc == 0 && is_there(store, id))
        rc = blob_fail(error, EEXIST, "keep the contents of", id);
    if (rc == 0 && blob_move(store->temporary, name, store->temporary, id) != 0)
        return blob_fail(error, errno, "keep the contents of", id);
    if (rc < 0)
        return rc;
    rc = hold(store, id, error);
    if (rc < 0)
        renameat(store->temporary, id, store->temporary, name);
    else if (sum)
        *sum = found;
    if (rc == 0)
        atomic_fetch_add(&store->adopted, 1);
    return rc;
}

/* A copy of the store may have the blob at both places, where it was moved in between. */
static bool drop_second(const struct blob_store *store, int shelf, const char *id)
{
    struct stat first, second;
    return fstatat(shelf, id, &first, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(store->temporary, id, &second, AT_SYMLINK_NOFOLLOW) == 0 &&
           first.st_size == second.st_size && unlinkat(store->temporary, id, 0) == 0;
}

/* Needs no sync: after a crash the blob is at one place or the other, and both are searched. */
int blob_settle(struct blob_store *store, const char *id, struct treadle_error *error)
{
    int rc = blob_check_id(id, error);
    if (rc < 0)
        return rc;
    int shelf = open_shelf(store, id);
    if (shelf < 0)
        rc = blob_open_made(&shelf, store->directory, blob_tail(id), error);
    if (rc == 0 && blob_move(store->temporary, id, shelf, id) != 0 &&
        !(errno == EEXIST && drop_second(store, shelf, id)))
        rc = blob_fail(error, errno, "put away the contents of", id);
    if (shelf >= 0)
        close(shelf);
    return rc;
}

/* An unfinished blob: settled where its row is there, removed where it is not. */
static int recover(struct blob_store *store, const char *name, blob_known known, void *context,
                   struct treadle_error *error)
{
    int rc = blob_check_id(name, NULL) == 0 && known ? known(context, name, error) : 0;
    if (rc < 0)
        return rc;
    if (rc > 0)
        return blob_settle(store, name, error);
    /* A directory does not belong to Treadle and stays. */
    if (unlinkat(store->temporary, name, 0) != 0 && errno != EISDIR && errno != ENOENT)
        return blob_fail(error, errno, "remove the leftover", name);
    return 0;
}

int blob_recover(struct blob_store *store, blob_known known, void *context,
                 struct treadle_error *error)
{
    DIR *entries = blob_entries(store->temporary, ".");
    if (!entries)
        return blob_fail(error, errno, "read the directory", BLOB_TEMPORARY);
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(entries)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = recover(store, entry->d_name, known, context, error);
    closedir(entries);
    return rc;
}

uint64_t blob_adopted(const struct blob_store *store)
{
    return atomic_load(&store->adopted);
}

static int open_settled(const struct blob_store *store, const char *id, int *descriptor,
                        uint64_t *length)
{
    int shelf = open_shelf(store, id);
    if (shelf < 0)
        return -1;
    int failed = open_plain(shelf, id, descriptor, length), reason = errno;
    close(shelf);
    errno = reason;
    return failed;
}

/* The last look finds one that was settled between the first two. */
static int open_blob(const struct blob_store *store, const char *id, int *descriptor,
                     uint64_t *length)
{
    int failed = open_settled(store, id, descriptor, length);
    if (failed && errno == ENOENT)
        failed = open_plain(store->temporary, id, descriptor, length);
    if (failed && errno == ENOENT)
        failed = open_settled(store, id, descriptor, length);
    return failed;
}

int blob_read(struct blob_store *store, const char *id, int *descriptor, uint64_t *length,
              struct treadle_error *error)
{
    int rc = blob_check_id(id, error);
    if (rc < 0)
        return rc;
    if (open_blob(store, id, descriptor, length) == 0)
        return 0;
    return errno == ENOENT ? error_set(error, TREADLE_ENOTFOUND, "there are no contents for %s", id)
                           : blob_fail(error, errno, "read", id);
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* Removes the name; while there is a snapshot, the blob stays in it. */
static int unlink_blob(struct blob_store *store, int directory, const char *id,
                       struct treadle_error *error)
{
    pthread_mutex_lock(&store->mutex);
    int failed = blob_snapshot_keep(store, directory, id);
    if (!failed)
        failed = unlinkat(directory, id, 0);
    int reason = errno;
    pthread_mutex_unlock(&store->mutex);
    if (failed)
        return reason == ENOENT ? 0 : blob_fail(error, reason, "remove", id);
    return fsync(directory) == 0 ? 0 : blob_fail(error, errno, "sync the removal of", id);
}

int blob_remove(struct blob_store *store, const char *id, struct treadle_error *error)
{
    int rc = blob_check_id(id, error);
    if (rc < 0)
        return rc;
    /* Before the shelf: putting away goes from here to there. */
    rc = unlink_blob(store, store->temporary, id, error);
    int shelf = open_shelf(store, id);
    if (shelf < 0)
        return rc || errno == ENOENT ? rc : blob_fail(error, errno, "remove", id);
    if (rc == 0)
        rc = unlink_blob(store, shelf, id, error);
    close(shelf);
    return rc;
}

/* ---- All of them ---------------------------------------------------------------------------- */

/* The directory of one tail; a file that is not a blob, or is gone again, is skipped. */
static int visit_tail(struct blob_store *store, const char *tail, blob_visit visit, void *context)
{
    DIR *entries = blob_entries(store->directory, tail);
    int rc = 0;
    struct dirent *entry;
    while (entries && rc == 0 && (entry = readdir(entries))) {
        struct stat status;
        if (blob_check_id(entry->d_name, NULL) == 0 &&
            strcmp(blob_tail(entry->d_name), tail) == 0 &&
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            rc = visit(context, entry->d_name, (uint64_t)status.st_size);
    }
    if (entries)
        closedir(entries);
    return rc;
}

int blob_each(struct blob_store *store, blob_visit visit, void *context,
              struct treadle_error *error)
{
    DIR *entries = blob_entries(store->directory, ".");
    int rc = 0;
    struct dirent *entry;
    if (!entries)
        return blob_fail(error, errno, "read the directory of", "blobs");
    while (rc == 0 && (entry = readdir(entries)))
        if (strlen(entry->d_name) == BLOB_TAIL && entry->d_name[0] != '.')
            rc = visit_tail(store, entry->d_name, visit, context);
    closedir(entries);
    return rc;
}
