/*
 * Files of vector stores as rows. The caller keeps the counts of their store in step
 * (vector_store_count).
 */
#ifndef STORE_VECTOR_STORE_FILE_RECORD_H
#define STORE_VECTOR_STORE_FILE_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* `batch_id` is the batch that it belongs to (NULL: none), `level` how long reading it is expected
 * to take (search/queue.h). TREADLE_EBUSY when the store has the file. */
int vector_store_file_record_insert(struct db_session *session, const char *project,
                                    const struct treadle_vector_store_file *file,
                                    const char *batch_id, int64_t level, struct arena *arena,
                                    struct treadle_error *error);

/* The file of that store (and project; NULL: any), parsed or as it was printed.
 * TREADLE_ENOTFOUND. */
int vector_store_file_record_load(struct db_session *session, const char *project,
                                  const char *store_id, const char *id, struct arena *arena,
                                  struct treadle_vector_store_file *out,
                                  struct treadle_error *error);
int vector_store_file_record_body(struct db_session *session, const char *project,
                                  const char *store_id, const char *id, struct arena *arena,
                                  const char **out, struct treadle_error *error);

/* Files of a store, or of one of its batches, all of them or those with the status of that word. */
int vector_store_file_record_page(struct db_session *session, const char *project,
                                  const char *store_id, const char *status,
                                  const struct record_page_request *request, struct arena *arena,
                                  struct record_page *out, struct treadle_error *error);
int vector_store_file_record_page_of_batch(struct db_session *session, const char *project,
                                           const char *store_id, const char *batch_id,
                                           const char *status,
                                           const struct record_page_request *request,
                                           struct arena *arena, struct record_page *out,
                                           struct treadle_error *error);

typedef int (*vector_store_file_record_visit)(void *context,
                                              const struct treadle_vector_store_file *file,
                                              struct treadle_error *error);

/* Calls `visit` with each searchable file of the store, parsed into the arena. A result other than
 * 0 ends the walk, and is returned. */
int vector_store_file_record_each_completed(struct db_session *session, const char *store_id,
                                            struct arena *arena,
                                            vector_store_file_record_visit visit, void *context,
                                            struct treadle_error *error);

/* The row of a file that is searchable or is to be: its sequence number, 0 when there is none. */
int vector_store_file_record_live(struct db_session *session, const char *store_id, const char *id,
                                  int64_t *seq, struct treadle_error *error);

/* Whether there is such a row, and its store has not expired. */
int vector_store_file_record_wanted(struct db_session *session, const char *store_id,
                                    const char *id, bool *out, struct treadle_error *error);

/* How many files of all projects wait to be read. */
int vector_store_file_record_count_pending(struct db_session *session, int64_t *out,
                                           struct treadle_error *error);

/* Writes the object back, with its status. TREADLE_ENOTFOUND. */
int vector_store_file_record_save(struct db_session *session,
                                  const struct treadle_vector_store_file *file, struct arena *arena,
                                  struct treadle_error *error);

/* Writes the object into a new row, which is the newest: ingest takes rows in the order of their
 * seq. Its batch and level stay. TREADLE_ENOTFOUND. */
int vector_store_file_record_renew(struct db_session *session,
                                   const struct treadle_vector_store_file *file,
                                   struct arena *arena, struct treadle_error *error);

/* Makes the file one of that batch. TREADLE_ENOTFOUND. */
int vector_store_file_record_join(struct db_session *session, const char *store_id, const char *id,
                                  const char *batch_id, struct treadle_error *error);

int vector_store_file_record_remove(struct db_session *session, const char *store_id,
                                    const char *id, struct treadle_error *error);

#endif
