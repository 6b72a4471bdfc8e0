/*
 * Batches of files of a vector store as rows. A file knows its batch, and a batch's counts and
 * status are computed from its files, so they agree at every moment without being written.
 */
#ifndef STORE_VECTOR_STORE_BATCH_RECORD_H
#define STORE_VECTOR_STORE_BATCH_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "treadle/objects.h"

/* Writes a batch without files; files join it through their column `batch`. */
int vector_store_batch_insert(struct db_session *session, const char *project, const char *store_id,
                              const char *batch_id, struct treadle_error *error);

/* TREADLE_ENOTFOUND when the store has no such batch. */
int vector_store_batch_load(struct db_session *session, const char *project, const char *store_id,
                            const char *batch_id, struct arena *arena,
                            struct treadle_vector_store_file_batch *out,
                            struct treadle_error *error);

/* Cancels the files of a batch that are still to be read. With none left, nothing changes. */
int vector_store_batch_cancel(struct db_session *session, const char *store_id,
                              const char *batch_id, struct arena *arena,
                              struct treadle_error *error);

#endif
