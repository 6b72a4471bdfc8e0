/*
 * Audit of contents: blobs that no row knows, and rows whose blob is missing or another.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "server/audit.h"
#include "store/contents_record.h"
#include "store/file_record.h"
#include "store/upload_record.h"

/* ---- Contents without rows ------------------------------------------------------------------ */

struct owner {
    const char *id;
    bool known;
};

/* Contents that are being removed have no row any more, but are not strays. */
static int find_owner(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct owner *owner = argument;
    return contents_record_known(session, owner->id, true, &owner->known, error);
}

static int visit_blob(void *context, const char *id, uint64_t length)
{
    struct audit *audit = context;
    struct owner owner = {.id = id};
    struct treadle_error error;
    (void)length;
    if (audit_stopped(audit))
        return TREADLE_ESTATE;
    int rc = db_read(audit->db, find_owner, &owner, &error);
    if (rc)
        return rc;
    audit->contents++;
    if (owner.known)
        return 0;
    rc = audit->repair ? blob_set_aside(audit->blobs, id, &error) : 0;
    audit_note(audit, "contents", id, "no file has them", rc, &error);
    return 0;
}

int audit_strays(struct audit *audit, struct treadle_error *error)
{
    int rc = blob_each(audit->blobs, visit_blob, audit, error);
    if (rc == TREADLE_ESTATE && audit_stopped(audit))
        return 0;
    return rc;
}

/* ---- Rows without contents ------------------------------------------------------------------ */

struct file {
    const char *id;
    struct arena *arena;
    struct blob_sum sum;
    bool found;
};

static int read_file(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct file *file = argument;
    int rc = file_record_sum(session, file->id, file->arena, &file->sum, error);
    file->found = !rc;
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

static int read_part(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct file *file = argument;
    int64_t bytes = 0;
    int rc = upload_record_part_bytes(session, file->id, &bytes, error);
    file->found = !rc;
    if (!rc)
        file->sum = (struct blob_sum){.length = (uint64_t)bytes};
    return rc == TREADLE_ENOTFOUND ? 0 : rc;
}

/* Whether the contents are those of the row. */
static int hold_against(struct audit *audit, const struct file *file, struct treadle_error *error)
{
    uint64_t length;
    int descriptor = -1;
    int rc = blob_read(audit->blobs, file->id, &descriptor, &length, error);
    if (rc)
        return rc;
    if (length != file->sum.length)
        rc = blob_wrong_length(file->id, length, file->sum.length, error);
    else if (audit->deep)
        rc = blob_verify(descriptor, file->id, &file->sum, error);
    close(descriptor);
    return rc;
}

/* Contents that were moved aside because they had no row are restored when the row is there
 * again. */
static int mend(struct audit *audit, const struct file *file, struct treadle_error *error)
{
    struct treadle_error none;
    int rc = blob_put_back(audit->blobs, file->id, &none);
    if (!rc)
        return hold_against(audit, file, error);
    return error_set(error, TREADLE_ENOTFOUND, "only a backup has them");
}

static int check_contents(struct audit *audit, const char *id, struct arena *arena, db_work read,
                          struct treadle_error *error)
{
    struct treadle_error problem, why;
    struct file file = {.id = id, .arena = arena};
    int rc = db_read(audit->db, read, &file, error);
    if (rc || !file.found || !hold_against(audit, &file, &problem))
        return rc;
    /* Deleted while it was looked at? */
    rc = db_read(audit->db, read, &file, error);
    if (rc || !file.found)
        return rc;
    bool missing = problem.code == TREADLE_ENOTFOUND;
    why = problem;
    rc = !audit->repair ? 0
         : missing      ? mend(audit, &file, &why)
                        : error_set(&why, TREADLE_EIO, "only a backup has them undamaged");
    audit_note(audit, "contents", id, missing ? "they are missing" : problem.message, rc, &why);
    return 0;
}

static int check_all(struct audit *audit, struct audit_page page, db_work read,
                     struct treadle_error *error)
{
    int rc;
    do {
        page.arena = arena_new(0);
        rc = page.arena ? audit_next_page(audit, &page, error) : error_set_memory(error);
        for (size_t i = 0; i < page.at.count && !rc && !audit_stopped(audit); i++)
            rc = check_contents(audit, page.at.ids[i], page.arena, read, error);
        arena_free(page.arena);
    } while (!rc && page.at.count == RECORD_WALK_MOST && !audit_stopped(audit));
    return rc;
}

int audit_contents(struct audit *audit, struct treadle_error *error)
{
    int rc = check_all(audit, (struct audit_page){.walk = file_record_walk}, read_file, error);
    return rc ? rc
              : check_all(audit, (struct audit_page){.walk = upload_record_walk_parts}, read_part,
                          error);
}
