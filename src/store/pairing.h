/*
 * Pairing: whether a database and a directory of contents belong together, and which is newer.
 *
 * The database has a name, made at random with it, and an epoch, a number that grows: at each
 * start, after each backup, and within a minute of each upload. The mark beside the contents
 * repeats both, and is written after the row. So a mark with another name belongs to another
 * database, and one with a greater epoch shows that the database is an older copy of the one that
 * wrote it.
 */
#ifndef STORE_PAIRING_H
#define STORE_PAIRING_H

#include "store/blob.h"
#include "store/db.h"

enum pairing {
    PAIRING_SOUND,   /* the database knows all contents that were ever settled */
    PAIRING_UNKNOWN, /* there is no mark: new, a backup, or made by an earlier version */
    PAIRING_FOREIGN, /* the contents are another database's */
    PAIRING_OLDER    /* the database is older than the contents */
};

int pairing_find(struct db *db, struct blob_store *blobs, enum pairing *out,
                 struct treadle_error *error);

/* Raises the epoch in the database, then in the mark. */
int pairing_advance(struct db *db, struct blob_store *blobs, struct treadle_error *error);

#endif
