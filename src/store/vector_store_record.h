/*
 * Vector stores as rows: loading, saving, and keeping their counts in step with their files.
 *
 * Counts, status and usage change together with the file's row, in the same transaction, so they
 * always agree.
 */
#ifndef STORE_VECTOR_STORE_RECORD_H
#define STORE_VECTOR_STORE_RECORD_H

#include <stdbool.h>

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* Writes a new store, made for a thread (NULL: for none). */
int vector_store_insert(struct db_session *session, const char *project, const char *thread_id,
                        struct treadle_vector_store *store, struct arena *arena,
                        struct treadle_error *error);

/* 0 when the project has that store, else TREADLE_ENOTFOUND. */
int vector_store_find(struct db_session *session, const char *project, const char *id,
                      struct treadle_error *error);

/* The object as it was printed. TREADLE_ENOTFOUND. */
int vector_store_body(struct db_session *session, const char *project, const char *id,
                      struct arena *arena, const char **out, struct treadle_error *error);

int vector_store_page(struct db_session *session, const char *project,
                      const struct record_page_request *request, struct arena *arena,
                      struct record_page *out, struct treadle_error *error);

/* Stores that have an index: those that have not expired. */
int vector_store_walk_indexed(struct db_session *session, struct record_walk *walk,
                              struct arena *arena, struct treadle_error *error);

/* What the rows say of the index of a store with that id. */
struct vector_store_index_state {
    bool there;   /* there is a store with that id */
    bool expired; /* and has expired, so it needs no index */
    bool leaving; /* the index is being removed */
};

int vector_store_index_state(struct db_session *session, const char *id,
                             struct vector_store_index_state *out, struct treadle_error *error);

/* The store with the earliest expiry, at `at` or before; NULL when there is none. */
int vector_store_next_due(struct db_session *session, int64_t at, struct arena *arena,
                          const char **out, struct treadle_error *error);

/* The store with that id, of that project (NULL: of any). TREADLE_ENOTFOUND. */
int vector_store_load(struct db_session *session, const char *project, const char *id,
                      struct arena *arena, struct treadle_vector_store *out,
                      struct treadle_error *error);

/* Derives status from counts and expiry from the policy, and writes the row. The index of one that
 * expires is removed; where one is no longer expired its files are read again, so that ingest must
 * be woken. */
int vector_store_save(struct db_session *session, struct treadle_vector_store *store,
                      struct arena *arena, struct treadle_error *error);

/* Moves one file from a status to another (0: it is new, or removed) and adds to the usage. */
void vector_store_count(struct treadle_vector_store *store,
                        enum treadle_vector_store_file_status from,
                        enum treadle_vector_store_file_status to, int64_t usage);

/* Deletes a store, begins to remove its files and batches (remains_record.h), and notes the removal
 * of its index. TREADLE_ENOTFOUND. */
int vector_store_remove(struct db_session *session, const char *id, struct arena *arena,
                        struct treadle_error *error);

/* The files that are searchable, in the arena. */
int vector_store_completed(struct db_session *session, const char *store_id, struct arena *arena,
                           const char ***out, size_t *count, struct treadle_error *error);

/* Sets those of the files that are searchable back to in_progress, to be read again: the index has
 * lost them. Ingest must be woken. TREADLE_ENOTFOUND for the store. */
int vector_store_read_again(struct db_session *session, const char *store_id,
                            const char *const *file_ids, size_t count, struct arena *arena,
                            struct treadle_error *error);

/* The store that was made for that thread; NULL when there is none. */
int vector_store_of_thread(struct db_session *session, const char *thread_id, struct arena *arena,
                           const char **out, struct treadle_error *error);

/* Removes a file from a store: its row and its share of the counts, and notes the removal of its
 * text. TREADLE_ENOTFOUND when it is not in it. */
int vector_store_detach(struct db_session *session, const char *store_id, const char *file_id,
                        struct arena *arena, struct treadle_error *error);

/* Notes that a store was used now. */
int vector_store_touch(struct db_session *session, const char *id, struct arena *arena,
                       struct treadle_error *error);

#endif
