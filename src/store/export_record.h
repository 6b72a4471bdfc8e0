/*
 * Rows for exports: walks over all printed objects of one kind, in the order of their lists.
 */
#ifndef STORE_EXPORT_RECORD_H
#define STORE_EXPORT_RECORD_H

#include <stddef.h>

#include "store/db.h"

enum export_kind {
    EXPORT_FILES,
    EXPORT_VECTOR_STORES,
    EXPORT_VECTOR_STORE_FILES,
    EXPORT_ASSISTANTS,
    EXPORT_THREADS,
    EXPORT_MESSAGES,
    EXPORT_RUNS,
    EXPORT_RUN_STEPS,
    EXPORT_KINDS
};

/* A row, valid within the visit. */
struct export_row {
    const char *id;
    const char *body;
    size_t length;
    const char *sha256; /* of a file's contents; NULL: unknown */
};

typedef int (*export_record_visit)(void *context, const struct export_row *row,
                                   struct treadle_error *error);

/* Calls `visit` with each object of the kind: of the project `owner`, from messages on of the
 * thread `owner`. Run steps have the content of their search results. Walks of different kinds may
 * be nested. A negative result ends the walk, and is returned. */
int export_record_each(struct db_session *session, enum export_kind kind, const char *owner,
                       export_record_visit visit, void *context, struct treadle_error *error);

/* The same with one thread of that project. TREADLE_ENOTFOUND. */
int export_record_thread(struct db_session *session, const char *project, const char *id,
                         export_record_visit visit, void *context, struct treadle_error *error);

/* The names of all projects that have objects, as ids of rows without a body. */
int export_record_projects(struct db_session *session, export_record_visit visit, void *context,
                           struct treadle_error *error);

#endif
