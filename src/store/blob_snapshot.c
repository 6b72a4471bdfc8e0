/*
 * Snapshots of blobs. A blob that is added or removed while a snapshot is in progress may have a
 * row in the copy of the database or not, so it goes to the copy's temporary directory: the copy's
 * first start finds out which. The others are linked in place.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/blob_dir.h"

int blob_snapshot_keep(const struct blob_store *store, int directory, const char *id)
{
    if (store->snapshot < 0 || linkat(directory, id, store->snapshot, id, 0) == 0)
        return 0;
    return errno == EEXIST ? 0 : -1;
}

/* One that is there already, or was removed, is no error. */
static int link_blob(const struct blob_store *store, int shelf, int target, const char *id,
                     struct treadle_error *error)
{
    if (faccessat(store->snapshot, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (linkat(shelf, id, target, id, 0) && errno != EEXIST && errno != ENOENT)
        return blob_fail(error, errno, "link", id);
    return 0;
}

static int link_shelf(const struct blob_store *store, const char *tail, struct treadle_error *error)
{
    int target = -1;
    DIR *entries = blob_entries(store->directory, tail);
    if (!entries)
        return blob_fail(error, errno, "read the directory", tail);
    int rc = blob_open_made(&target, store->snapshot_top, tail, error);
    for (struct dirent *entry; rc == 0 && (entry = readdir(entries));)
        if (blob_check_id(entry->d_name, NULL) == 0)
            rc = link_blob(store, dirfd(entries), target, entry->d_name, error);
    closedir(entries);
    if (target >= 0)
        close(target);
    return rc;
}

static int link_all(const struct blob_store *store, struct treadle_error *error)
{
    DIR *entries = blob_entries(store->directory, ".");
    int rc = entries ? 0 : blob_fail(error, errno, "read the directory", ".");
    for (struct dirent *entry; rc == 0 && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && strlen(entry->d_name) == BLOB_TAIL)
            rc = link_shelf(store, entry->d_name, error);
    if (entries)
        closedir(entries);
    return rc;
}

/* Those whose rows are not written yet; bodies that are being received are linked too, and removed
 * at the copy's first start. */
static int link_begun(const struct blob_store *store, struct treadle_error *error)
{
    DIR *entries = blob_entries(store->temporary, ".");
    int rc = entries ? 0 : blob_fail(error, errno, "read the directory", BLOB_TEMPORARY);
    for (struct dirent *entry; rc == 0 && (entry = readdir(entries));)
        if (blob_check_id(entry->d_name, NULL) == 0)
            rc = link_blob(store, store->temporary, store->snapshot, entry->d_name, error);
    if (entries)
        closedir(entries);
    return rc;
}

static void forget(struct blob_store *store)
{
    pthread_mutex_lock(&store->mutex);
    close(store->snapshot);
    close(store->snapshot_top);
    store->snapshot = store->snapshot_top = -1;
    pthread_mutex_unlock(&store->mutex);
}

int blob_snapshot_begin(struct blob_store *store, const char *directory,
                        struct treadle_error *error)
{
    int temporary = -1;
    int top = open(directory, BLOB_DIRECTORY | O_NOFOLLOW);
    if (top < 0)
        return blob_fail(error, errno, "open the directory", directory);
    int rc = blob_open_made(&temporary, top, BLOB_TEMPORARY, error);
    pthread_mutex_lock(&store->mutex);
    if (rc == 0 && store->snapshot >= 0)
        rc = error_set(error, TREADLE_EBUSY, "another snapshot is under way");
    if (rc == 0) {
        store->snapshot = temporary;
        store->snapshot_top = top;
    }
    pthread_mutex_unlock(&store->mutex);
    if (rc < 0) {
        if (temporary >= 0)
            close(temporary);
        close(top);
        return rc;
    }
    rc = link_begun(store, error);
    if (rc < 0)
        forget(store);
    return rc;
}

int blob_snapshot_end(struct blob_store *store, struct treadle_error *error)
{
    int rc = link_all(store, error);
    forget(store);
    return rc;
}
