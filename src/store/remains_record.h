/*
 * Remains: the parts of a deleted object, which are removed little by little. A thread may have a
 * hundred thousand messages: deleting them in one transaction blocks all writers for seconds. So
 * the object's own row is deleted first, together with a new row here that names it, and its parts
 * are removed in slices of a few milliseconds, each a transaction: first by the request that
 * deletes, then by the server's housekeeping, also after a restart.
 *
 * A query that looks for a run, a step or a message without looking for its thread also has the
 * condition REMAINS_SPARES, so nothing of a deleted thread is found.
 */
#ifndef STORE_REMAINS_RECORD_H
#define STORE_REMAINS_RECORD_H

#include "base/arena.h"
#include "store/db.h"

/* In place of the column of a record_key, in tables with the column `thread`. */
#define REMAINS_SPARES(column) "NOT EXISTS (SELECT 1 FROM remains WHERE id = thread) AND " column

/* The numbers are stored. */
enum remains_kind {
    REMAINS_THREAD = 1,       /* its messages; its runs, and what those have */
    REMAINS_RUN = 2,          /* its steps and its log */
    REMAINS_VECTOR_STORE = 3, /* its files and batches */
    REMAINS_FILE = 4 /* its places in vector stores, and in lists of the code interpreter */
};

struct remains {
    enum remains_kind kind;
    const char *id; /* NULL: there is none */
    /* What must be continued outside of the database, once the slice is durable: the vector stores
     * whose indexes have text of the file. */
    const char **stores;
    size_t store_count;
    bool more; /* there is more to remove */
};

/* Notes the remains, and does a first slice. To be called in the transaction that deletes the
 * object's row. */
int remains_begin(struct db_session *session, struct remains *remains, struct arena *arena,
                  struct treadle_error *error);

/* Does a slice. It is no error if all was removed in between: then there is no more. */
int remains_continue(struct db_session *session, struct remains *remains, struct arena *arena,
                     struct treadle_error *error);

/* Some remains; their id is NULL when there is none. */
int remains_next(struct db_session *session, struct arena *arena, struct remains *out,
                 struct treadle_error *error);

#endif
