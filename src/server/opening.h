/*
 * Opening a store: the database, the contents of files and the search indexes of one directory.
 * They are opened only together: by the user to whom they belong, and not where there are contents
 * beside a database that does not know them.
 */
#ifndef SERVER_OPENING_H
#define SERVER_OPENING_H

#include <stddef.h>

#include "base/log.h"
#include "search/search.h"
#include "store/blob.h"
#include "store/db.h"
#include "store/pairing.h"

struct opening {
    struct db *db;
    struct blob_store *blobs;
    struct search *search;
    int presence; /* the lock on the store; -1: none */
    enum pairing pairing;
};

/* Makes the store's directory when it is missing. A process of root changes to the user that owns
 * the store, so that it leaves no file which the owner cannot read; any other user is refused
 * (TREADLE_EINVALID). */
int opening_own(const char *store, struct treadle_error *error);

/* Does that first. TREADLE_EBUSY when another process serves the store, TREADLE_ESTATE when the
 * database is missing or empty while there are contents or indexes. On failure nothing is open. */
int opening_open(struct opening *out, const char *store, struct treadle_error *error);

/* Refuses (TREADLE_ESTATE) a database that may not belong to the contents and does not know some of
 * them; changes nothing then. */
int opening_check(struct opening *opening, const char *store, struct log *log,
                  struct treadle_error *error);

/* Finishes what an earlier process began, and makes the two a pair. */
int opening_settle(struct opening *opening, struct log *log, struct treadle_error *error);

void opening_close(struct opening *opening);

#endif
