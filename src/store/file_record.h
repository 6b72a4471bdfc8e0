/*
 * Files as rows: putting one in, and taking one out of everything that names it.
 */
#ifndef STORE_FILE_RECORD_H
#define STORE_FILE_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "treadle/objects.h"

int file_record_insert(struct db_session *session, const char *project,
                       const struct treadle_file *file, struct arena *arena,
                       struct treadle_error *error);

/* Vector stores that a file was in. */
struct file_stores {
    const char **ids;
    size_t count;
};

/* Removes the file from the database, from every vector store's list and from those of the code
 * interpreter. What indexes and blobs
 * hold of it is for the caller to remove once that is durable: `stores` says where.
 * TREADLE_ENOTFOUND. */
int file_record_remove(struct db_session *session, const char *file_id, struct arena *arena,
                       struct file_stores *stores, struct treadle_error *error);

/* The file that was to expire first, at the latest at `at`; NULL when there is none. */
int file_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                         const char **out, struct treadle_error *error);

#endif
