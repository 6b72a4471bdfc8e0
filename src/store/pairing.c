/*
 * Pairing: the mark is "NAME EPOCH".
 */
#include "store/pairing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { NAME_SIZE = 65 };

struct identity {
    char name[NAME_SIZE];
    int64_t epoch;
};

static int read_identity(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct identity *identity = argument;
    struct db_statement *statement;
    int rc = db_prepare(session, &statement, "SELECT name, epoch FROM identity", error);
    if (!rc)
        rc = db_step(statement, error);
    if (rc == 0)
        return error_set(error, TREADLE_EIO, "the database does not know its own name");
    if (rc < 0)
        return rc;
    const char *name = db_column_text(statement, 0, NULL);
    snprintf(identity->name, sizeof identity->name, "%s", name ? name : "");
    identity->epoch = db_column_integer(statement, 1);
    return 0;
}

static int raise_epoch(struct db_session *session, void *argument, struct treadle_error *error)
{
    int rc = db_execute(session, "UPDATE identity SET epoch = epoch + 1", error);
    return rc ? rc : read_identity(session, argument, error);
}

int pairing_find(struct db *db, struct blob_store *blobs, enum pairing *out,
                 struct treadle_error *error)
{
    char text[BLOB_MARK_SIZE];
    struct identity identity, mark = {.epoch = 0};
    int rc = db_read(db, read_identity, &identity, error);
    if (rc)
        return rc;
    rc = blob_mark_read(blobs, text, error);
    if (rc && rc != TREADLE_ENOTFOUND)
        return rc;
    if (rc || sscanf(text, "%64s %" SCNd64, mark.name, &mark.epoch) != 2)
        *out = PAIRING_UNKNOWN;
    else if (strcmp(mark.name, identity.name) != 0)
        *out = PAIRING_FOREIGN;
    else
        *out = mark.epoch > identity.epoch ? PAIRING_OLDER : PAIRING_SOUND;
    return 0;
}

int pairing_advance(struct db *db, struct blob_store *blobs, struct treadle_error *error)
{
    char text[BLOB_MARK_SIZE];
    struct identity identity;
    int rc = db_write(db, raise_epoch, &identity, error);
    if (rc)
        return rc;
    snprintf(text, sizeof text, "%s %" PRId64 "\n", identity.name, identity.epoch);
    return blob_mark_write(blobs, text, error);
}
