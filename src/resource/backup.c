/*
 * Backups: a copy of the whole store, of one moment, beside the store; its owner moves it
 * elsewhere.
 *
 * The order of the steps keeps its parts in agreement. From before the database is copied until the
 * contents of files are linked, no content is deleted: so every file of the copy has its content.
 * Indexes come after the database, and an index has a file before the database says so: so what is
 * searchable in the copied database is in the copied index. (What is removed from a vector store in
 * between may be missing there.) Contents never change, so links are copies.
 */
#include "resource/handlers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "resource/call.h"
#include "store/pairing.h"
#include "store/tree.h"

static int make(char path[PATH_MAX], const char *parent, const char *name,
                struct treadle_error *error)
{
    int rc = path_join(path, parent, name, error);
    if (rc)
        return rc;
    if (mkdir(path, 0700) && errno != EEXIST)
        return error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", path);
    return 0;
}

static int copy_database(const struct resource_services *services, const char *directory,
                         struct treadle_error *error)
{
    char path[PATH_MAX];
    int rc = path_join(path, directory, "treadle.db", error);
    return rc ? rc : db_copy(services->db, path, error);
}

static int copy_all(const struct resource_services *services, const char *directory,
                    struct treadle_error *error)
{
    char files[PATH_MAX], indexes[PATH_MAX];
    struct treadle_error ignored;
    int rc = make(files, directory, "files", error);
    if (!rc)
        rc = make(indexes, directory, "indexes", error);
    if (!rc)
        rc = blob_snapshot_begin(services->blobs, files, error);
    if (rc)
        return rc;
    rc = copy_database(services, directory, error);
    /* From now on the copy is marked as older. */
    if (!rc)
        rc = pairing_advance(services->db, services->blobs, error);
    if (!rc)
        rc = search_snapshot(services->search, indexes, error);
    int end = blob_snapshot_end(services->blobs, rc ? &ignored : error);
    return rc ? rc : end;
}

static int make_backup(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_error ignored;
    char parent[PATH_MAX], path[PATH_MAX];
    struct treadle_backup backup = {.created_at = clock_seconds(), .path = path};
    backup.id = resource_id(call, "backup_");
    int rc = backup.id ? make(parent, call->services->directory, "backups", error)
                       : error_set_memory(error);
    if (!rc)
        rc = make(path, parent, backup.id, error);
    if (rc)
        return rc;
    rc = copy_all(call->services, path, error);
    if (rc)
        tree_remove(path, &ignored);
    if (rc == TREADLE_EBUSY)
        return error_set_wire(error, 503, "server_error", "busy", NULL,
                              "Another backup is under way.");
    return rc ? rc : resource_reply(call, &treadle_backup_type, &backup, error);
}

struct resource_plan backup_create(struct resource_call *call, struct treadle_error *error)
{
    return resource_answer(make_backup(call, error));
}
