/*
 * Opening a store.
 *
 * Whether the database knows all contents is checked only where the mark beside them leaves a doubt
 * (store/pairing.h): otherwise every start would read a directory for nothing.
 */
#include "server/opening.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "server/audit.h"
#include "server/presence.h"
#include "store/contents_record.h"
#include "store/schema.h"

/* Makes the directory and those above it, for the owner alone. */
static int make_directories(const char *path, struct treadle_error *error)
{
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part || !part[0])
        return error_set(error, TREADLE_EINVALID, "the store's path is empty or too long");
    for (char *c = part + 1;; c++) {
        if (*c && *c != '/')
            continue;
        char separator = *c;
        *c = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return error_set_errno(error, TREADLE_EIO, errno, "cannot make the directory %s", part);
        if (!separator)
            return 0;
        *c = separator;
    }
}

/* ---- The owner ------------------------------------------------------------------------------ */

static int become(const struct stat *owner, const char *store, struct treadle_error *error)
{
    gid_t group = owner->st_gid;
    if (setgroups(1, &group) || setresgid(group, group, group) ||
        setresuid(owner->st_uid, owner->st_uid, owner->st_uid))
        return error_set_errno(error, TREADLE_EINVALID, errno,
                               "the store %s belongs to user %lu, and this process cannot become "
                               "that user",
                               store, (unsigned long)owner->st_uid);
    /* Changing the user takes this away, and the children that read documents need it. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return 0;
}

static int be_owner(const char *store, struct treadle_error *error)
{
    char path[PATH_MAX];
    struct stat owner;
    int rc = path_join(path, store, "treadle.db", error);
    if (rc)
        return rc;
    if (stat(path, &owner) && stat(store, &owner))
        return error_set_errno(error, TREADLE_EIO, errno, "cannot open %s", store);
    if (owner.st_uid == geteuid())
        return 0;
    if (geteuid() == 0)
        return become(&owner, store, error);
    return error_set(error, TREADLE_EINVALID,
                     "the store %s belongs to user %lu: run this command as that user", store,
                     (unsigned long)owner.st_uid);
}

/* ---- A database without rows ---------------------------------------------------------------- */

static int count_blob(void *context, const char *id, uint64_t length)
{
    (void)id;
    (void)length;
    ++*(size_t *)context;
    return 0;
}

static int count_index(void *context, const char *store_id)
{
    (void)store_id;
    ++*(size_t *)context;
    return 0;
}

/* SQLite would create a new, empty one in its place. */
static int check_database(const struct opening *opening, const char *store,
                          struct treadle_error *error)
{
    char path[PATH_MAX];
    struct stat status;
    size_t contents = 0, indexes = 0;
    int rc = path_join(path, store, "treadle.db", error);
    if (rc)
        return rc;
    bool missing = stat(path, &status) != 0;
    if (!missing && status.st_size > 0)
        return 0;
    rc = blob_each(opening->blobs, count_blob, &contents, error);
    if (!rc)
        rc = search_each_store(opening->search, count_index, &indexes, error);
    if (rc || !(contents + indexes))
        return rc;
    return error_set(error, TREADLE_ESTATE,
                     "the database %s is %s, but the store has the contents of %zu files and %zu "
                     "search indexes. Nothing was changed. Put the database back from a backup, "
                     "with the -wal file beside it if there is one; to begin with an empty store, "
                     "move %s away",
                     path, missing ? "missing" : "empty", contents, indexes, store);
}

/* ---- Opening -------------------------------------------------------------------------------- */

static int open_parts(struct opening *opening, const char *store, struct treadle_error *error)
{
    char path[PATH_MAX];
    int rc = presence_take(store, &opening->presence, error);
    if (!rc)
        rc = path_join(path, store, "files", error);
    if (!rc)
        rc = blob_open(&opening->blobs, path, error);
    if (!rc)
        rc = path_join(path, store, "indexes", error);
    if (!rc)
        rc = search_open(&opening->search, path, error);
    if (!rc)
        rc = check_database(opening, store, error);
    if (!rc)
        rc = path_join(path, store, "treadle.db", error);
    if (!rc)
        rc = db_open_sqlite(&opening->db, path, schema_migrations, error);
    if (rc)
        return rc;
    search_attach(opening->search, opening->db);
    return pairing_find(opening->db, opening->blobs, &opening->pairing, error);
}

int opening_own(const char *store, struct treadle_error *error)
{
    int rc = make_directories(store, error);
    return rc ? rc : be_owner(store, error);
}

int opening_open(struct opening *out, const char *store, struct treadle_error *error)
{
    struct opening opening = {.presence = -1};
    int rc = opening_own(store, error);
    if (!rc)
        rc = open_parts(&opening, store, error);
    if (rc)
        opening_close(&opening);
    else
        *out = opening;
    return rc;
}

void opening_close(struct opening *opening)
{
    search_close(opening->search);
    blob_close(opening->blobs);
    db_close(opening->db);
    if (opening->presence >= 0)
        close(opening->presence);
}

/* ---- A database that may not belong to the contents ----------------------------------------- */

struct strays {
    size_t contents, indexes;
    char first[128];
};

static void count_stray(void *context, const struct audit_finding *finding)
{
    struct strays *strays = context;
    bool index = strcmp(finding->kind, "index") == 0;
    strays->indexes += index;
    strays->contents += !index;
    if (!strays->first[0])
        snprintf(strays->first, sizeof strays->first, "%s", finding->id);
}

static const char *const doubts[] = {
    [PAIRING_SOUND] = "",
    [PAIRING_UNKNOWN] = "may be older than the files, or another store's",
    [PAIRING_FOREIGN] = "is another store's",
    [PAIRING_OLDER] = "is older than the files",
};

int opening_check(struct opening *opening, const char *store, struct log *log,
                  struct treadle_error *error)
{
    struct strays strays = {0};
    struct audit audit = {.db = opening->db,
                          .blobs = opening->blobs,
                          .search = opening->search,
                          .report = count_stray,
                          .context = &strays};
    if (opening->pairing == PAIRING_SOUND)
        return 0;
    int rc = audit_strays(&audit, error);
    if (!rc)
        rc = audit_stray_indexes(&audit, error);
    if (rc)
        return rc;
    if (opening->pairing != PAIRING_UNKNOWN)
        log_write(log, LOG_WARNING, "pairing", "problem", doubts[opening->pairing], NULL);
    if (!audit.found)
        return 0;
    return error_set(
        error, TREADLE_ESTATE,
        "the database of the store %s %s: it does not know %zu of %zu contents of files and %zu of "
        "%zu search indexes (%s is one). Nothing was changed. Put the database back that belongs "
        "to them; or run 'treadle check --repair --store %s', which moves them aside, where they "
        "stay for 30 days",
        store, doubts[opening->pairing], strays.contents, audit.contents, strays.indexes,
        audit.indexes, strays.first, store);
}

struct owner {
    const char *id;
    bool known;
};

static int find_owner(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct owner *owner = argument;
    return contents_record_known(session, owner->id, false, &owner->known, error);
}

static int has_row(void *context, const char *id, struct treadle_error *error)
{
    struct owner owner = {.id = id};
    int rc = db_read(context, find_owner, &owner, error);
    return rc ? rc : owner.known;
}

int opening_settle(struct opening *opening, struct log *log, struct treadle_error *error)
{
    struct treadle_error problem;
    int rc = blob_recover(opening->blobs, has_row, opening->db, error);
    if (rc)
        return rc;
    /* A full disk is no reason to refuse: the present mark stays true. */
    if (pairing_advance(opening->db, opening->blobs, &problem))
        log_write(log, LOG_WARNING, "mark", "error", problem.message, NULL);
    return 0;
}
