/*
 * Blobs in a directory: DIRECTORY/tail/id, where the tail is the id's last two characters, which
 * are random, so that no directory grows large; uploads under way are in DIRECTORY/temporary.
 *
 * All names are looked up relative to open directories and no symbolic link is followed. One
 * process has a directory at a time (a lock on the temporary directory), because opening removes
 * the temporary files of whoever crashed. Directories of tails are made when first needed and
 * stay.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob.h"

#define TEMPORARY "temporary"

enum { TAIL = 2, LONGEST_ID = 128, OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

struct blob_store {
    int directory;
    int temporary;
    char *temporary_path;
    pthread_mutex_t mutex; /* guards what follows, and removals while there is a snapshot */
    int snapshot;          /* the directory of the one under way, or -1 */
};

static int fail(struct treadle_error *error, int error_number, const char *what, const char *name)
{
    if (error_number == ENOMEM)
        return error_set_memory(error);
    int code = error_number == EWOULDBLOCK ? TREADLE_EBUSY : TREADLE_EIO;
    error_set_errno(error, code, error_number, "cannot %s %s", what, name);
    if (error && (error_number == ENOSPC || error_number == EDQUOT))
        error->http_status = 507;
    return code;
}

static int check_id(const char *id, struct treadle_error *error)
{
    size_t length = strlen(id);
    size_t plain = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    if (length < TAIL || length > LONGEST_ID || plain != length)
        return error_set(error, TREADLE_EINVALID, "not the id of a file's contents");
    return 0;
}

static const char *tail_of(const char *id)
{
    return id + strlen(id) - TAIL;
}

/* Opens the directory `name` within `parent`, and makes it when it is missing. The parent is synced
 * either way, since another thread may have made it just now. */
static int open_made(int *out, int parent, const char *name, struct treadle_error *error)
{
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return fail(error, errno, "make the directory", name);
    if (fsync(parent) != 0)
        return fail(error, errno, "sync the directory of", name);
    int descriptor = openat(parent, name, OPEN_DIRECTORY | O_NOFOLLOW);
    if (descriptor < 0)
        return fail(error, errno, "open the directory", name);
    *out = descriptor;
    return 0;
}

/* The directory that the user named may be a symbolic link, so it is opened and not looked up. */
static int open_top(int *out, const char *path, struct treadle_error *error)
{
    bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return fail(error, errno, "make the directory", path);
    int directory = open(path, OPEN_DIRECTORY);
    if (directory < 0)
        return fail(error, errno, "open the directory", path);
    int parent = made ? openat(directory, "..", OPEN_DIRECTORY) : -1;
    int result = 0;
    if (made && (parent < 0 || fsync(parent) != 0))
        result = fail(error, errno, "sync the directory of", path);
    if (parent >= 0)
        close(parent);
    if (result == 0)
        *out = directory;
    else
        close(directory);
    return result;
}

static int remove_leftovers(int temporary, struct treadle_error *error)
{
    int descriptor = openat(temporary, ".", OPEN_DIRECTORY);
    DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!entries) {
        int result = fail(error, errno, "read the directory", TEMPORARY);
        if (descriptor >= 0)
            close(descriptor);
        return result;
    }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(entries)))
        /* A directory is none of ours and stays. */
        if (unlinkat(temporary, entry->d_name, 0) != 0 && errno != EISDIR && errno != ENOENT)
            result = fail(error, errno, "remove the leftover", entry->d_name);
    closedir(entries);
    return result;
}

static int name_temporary(struct blob_store *store, const char *path, struct treadle_error *error)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return fail(error, errno, "open the directory", path);
    if (asprintf(&store->temporary_path, "%s/" TEMPORARY, real) < 0) {
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
    store->directory = store->temporary = store->snapshot = -1;
    pthread_mutex_init(&store->mutex, NULL);
    int result = open_top(&store->directory, directory, error);
    if (result == 0)
        result = open_made(&store->temporary, store->directory, TEMPORARY, error);
    if (result == 0 && flock(store->temporary, LOCK_EX | LOCK_NB) != 0)
        result = fail(error, errno, "have for this process alone the directory", directory);
    if (result == 0)
        result = remove_leftovers(store->temporary, error);
    if (result == 0)
        result = name_temporary(store, directory, error);
    if (result == 0)
        *out = store;
    else
        blob_close(store);
    return result;
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

/* Opens the plain file `name` and tells its length. errno is ENOENT when there is none. */
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

static int sync_file(int directory, const char *name, struct treadle_error *error)
{
    int file;
    uint64_t length;
    if (open_plain(directory, name, &file, &length) != 0)
        return fail(error, errno, "open", name);
    int result = fsync(file) == 0 ? 0 : fail(error, errno, "sync", name);
    close(file);
    return result;
}

/* Moves without replacing; file systems that cannot promise the latter are asked first. */
static int move(int from, const char *name, int to, const char *id)
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

int blob_adopt(struct blob_store *store, const char *id, const char *path,
               struct treadle_error *error)
{
    int result = check_id(id, error);
    if (result < 0)
        return result;
    const char *name = temporary_name(store, path);
    if (!name)
        return error_set(error, TREADLE_EINVALID, "the file is not in the temporary directory");
    int shelf = -1;
    result = sync_file(store->temporary, name, error);
    if (result == 0)
        result = open_made(&shelf, store->directory, tail_of(id), error);
    if (result == 0 && move(store->temporary, name, shelf, id) != 0) {
        result = fail(error, errno, "keep the contents of", id);
    } else if (result == 0 && fsync(shelf) != 0) {
        result = fail(error, errno, "keep the contents of", id);
        renameat(shelf, id, store->temporary, name);
    }
    if (shelf >= 0)
        close(shelf);
    return result;
}

/* Opens the directory that `id` is in. -1 with errno ENOENT when it was never made. */
static int open_shelf(const struct blob_store *store, const char *id)
{
    return openat(store->directory, tail_of(id), OPEN_DIRECTORY | O_NOFOLLOW);
}

int blob_read(struct blob_store *store, const char *id, int *descriptor, uint64_t *length,
              struct treadle_error *error)
{
    int result = check_id(id, error);
    if (result < 0)
        return result;
    int shelf = open_shelf(store, id);
    if (shelf < 0 || open_plain(shelf, id, descriptor, length) != 0)
        result = errno == ENOENT
                     ? error_set(error, TREADLE_ENOTFOUND, "there are no contents for %s", id)
                     : fail(error, errno, "read", id);
    if (shelf >= 0)
        close(shelf);
    return result;
}

/* ---- Snapshots ------------------------------------------------------------------------------ */

/* Links a blob into the snapshot; one that is there already, or not any more, is no error. */
static int link_blob(const struct blob_store *store, int shelf, const char *id,
                     struct treadle_error *error)
{
    const char *tail = tail_of(id);
    if (mkdirat(store->snapshot, tail, 0700) && errno != EEXIST)
        return fail(error, errno, "make the directory", tail);
    int target = openat(store->snapshot, tail, OPEN_DIRECTORY | O_NOFOLLOW);
    int result = target < 0 ? fail(error, errno, "open the directory", tail) : 0;
    if (target >= 0 && linkat(shelf, id, target, id, 0) && errno != EEXIST && errno != ENOENT)
        result = fail(error, errno, "link", id);
    if (target >= 0)
        close(target);
    return result;
}

static int link_shelf(const struct blob_store *store, const char *tail, struct treadle_error *error)
{
    struct treadle_error ignored;
    int shelf = openat(store->directory, tail, OPEN_DIRECTORY | O_NOFOLLOW);
    int copy = shelf < 0 ? -1 : fcntl(shelf, F_DUPFD_CLOEXEC, 0);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    int result = entries ? 0 : fail(error, errno, "read the directory", tail);
    for (struct dirent *entry; result == 0 && (entry = readdir(entries));)
        if (check_id(entry->d_name, &ignored) == 0)
            result = link_blob(store, shelf, entry->d_name, error);
    if (entries)
        closedir(entries);
    else if (copy >= 0)
        close(copy);
    if (shelf >= 0)
        close(shelf);
    return result;
}

static int link_all(const struct blob_store *store, struct treadle_error *error)
{
    int copy = openat(store->directory, ".", OPEN_DIRECTORY);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    int result = entries ? 0 : fail(error, errno, "read the directory", ".");
    for (struct dirent *entry; result == 0 && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && strlen(entry->d_name) == TAIL)
            result = link_shelf(store, entry->d_name, error);
    if (entries)
        closedir(entries);
    else if (copy >= 0)
        close(copy);
    return result;
}

int blob_snapshot_begin(struct blob_store *store, const char *directory,
                        struct treadle_error *error)
{
    int descriptor = open(directory, OPEN_DIRECTORY | O_NOFOLLOW);
    if (descriptor < 0)
        return fail(error, errno, "open the directory", directory);
    pthread_mutex_lock(&store->mutex);
    bool busy = store->snapshot >= 0;
    if (!busy)
        store->snapshot = descriptor;
    pthread_mutex_unlock(&store->mutex);
    if (!busy)
        return 0;
    close(descriptor);
    return error_set(error, TREADLE_EBUSY, "another snapshot is under way");
}

int blob_snapshot_end(struct blob_store *store, struct treadle_error *error)
{
    int result = link_all(store, error);
    pthread_mutex_lock(&store->mutex);
    close(store->snapshot);
    store->snapshot = -1;
    pthread_mutex_unlock(&store->mutex);
    return result;
}

/* ---- Removing ------------------------------------------------------------------------------- */

/* Removes the name; while there is a snapshot the blob lives on in it. */
static int unlink_blob(struct blob_store *store, int shelf, const char *id)
{
    struct treadle_error ignored;
    pthread_mutex_lock(&store->mutex);
    int failed = store->snapshot >= 0 ? link_blob(store, shelf, id, &ignored) : 0;
    if (failed)
        errno = EBUSY;
    else
        failed = unlinkat(shelf, id, 0);
    int reason = errno;
    pthread_mutex_unlock(&store->mutex);
    errno = reason;
    return failed;
}

int blob_remove(struct blob_store *store, const char *id, struct treadle_error *error)
{
    int result = check_id(id, error);
    if (result < 0)
        return result;
    int shelf = open_shelf(store, id);
    if (shelf < 0 || unlink_blob(store, shelf, id) != 0) {
        if (errno != ENOENT)
            result = fail(error, errno, "remove", id);
    } else if (fsync(shelf) != 0) {
        result = fail(error, errno, "sync the removal of", id);
    }
    if (shelf >= 0)
        close(shelf);
    return result;
}

/* ---- All of them ---------------------------------------------------------------------------- */

typedef int (*blob_visit)(void *context, const char *id, int64_t time);

static DIR *open_entries(int parent, const char *name)
{
    int descriptor = openat(parent, name, OPEN_DIRECTORY | O_NOFOLLOW);
    DIR *entries = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!entries && descriptor >= 0)
        close(descriptor);
    return entries;
}

/* The directory of one tail; what is no blob, or is gone again, is passed over. */
static int visit_tail(struct blob_store *store, const char *tail, blob_visit visit, void *context)
{
    DIR *entries = open_entries(store->directory, tail);
    int result = 0;
    struct dirent *entry;
    while (entries && result == 0 && (entry = readdir(entries))) {
        struct stat status;
        if (check_id(entry->d_name, NULL) == 0 && strcmp(tail_of(entry->d_name), tail) == 0 &&
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            result = visit(context, entry->d_name, status.st_ctim.tv_sec);
    }
    if (entries)
        closedir(entries);
    return result;
}

int blob_each(struct blob_store *store, blob_visit visit, void *context,
              struct treadle_error *error)
{
    DIR *entries = open_entries(store->directory, ".");
    int result = 0;
    struct dirent *entry;
    if (!entries)
        return fail(error, errno, "read the directory of", "blobs");
    while (result == 0 && (entry = readdir(entries)))
        if (strlen(entry->d_name) == TAIL && entry->d_name[0] != '.')
            result = visit_tail(store, entry->d_name, visit, context);
    closedir(entries);
    return result;
}
