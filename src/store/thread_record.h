/*
 * Threads as rows: an index of their metadata, by which lists can be filtered, and their usage.
 */
#ifndef STORE_THREAD_RECORD_H
#define STORE_THREAD_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* Writes a new thread, with its metadata in the index. */
int thread_record_insert(struct db_session *session, const char *project,
                         const struct treadle_thread *thread, struct arena *arena,
                         struct treadle_error *error);

/* The thread of that project (NULL: of any), parsed or as it was printed. TREADLE_ENOTFOUND. */
int thread_record_load(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, struct treadle_thread *out,
                       struct treadle_error *error);
int thread_record_body(struct db_session *session, const char *project, const char *id,
                       struct arena *arena, const char **out, struct treadle_error *error);

/* 0 when the project has that thread, else TREADLE_ENOTFOUND. */
int thread_record_find(struct db_session *session, const char *project, const char *id,
                       struct treadle_error *error);

/* The run that is active on the thread; NULL for none. TREADLE_ENOTFOUND. */
int thread_record_active_run(struct db_session *session, const char *project, const char *id,
                             struct arena *arena, const char **out, struct treadle_error *error);

/* The lock of a thread of any project: the run that is active on it, NULL for none.
 * TREADLE_ENOTFOUND. */
int thread_record_lock(struct db_session *session, const char *id, struct arena *arena,
                       const char **out, struct treadle_error *error);
int thread_record_take_lock(struct db_session *session, const char *id, const char *run_id,
                            struct treadle_error *error);

/* Frees the lock and adds the run's usage to the thread's sums. TREADLE_ENOTFOUND. */
int thread_record_end_run(struct db_session *session, const char *id,
                          const struct treadle_usage *usage, struct treadle_error *error);

/* Threads of the project that have all those pairs of metadata. */
int thread_record_page(struct db_session *session, const char *project,
                       const struct treadle_pair *pairs, size_t pair_count,
                       const struct record_page_request *request, struct arena *arena,
                       struct record_page *out, struct treadle_error *error);

/* Writes the object back; the index is left as it is. TREADLE_ENOTFOUND. */
int thread_record_save(struct db_session *session, const char *project,
                       const struct treadle_thread *thread, struct arena *arena,
                       struct treadle_error *error);

/* Sets the index to the thread's present metadata; NULL for none. */
int thread_record_index(struct db_session *session, const char *project, const char *thread_id,
                        const struct treadle_map *metadata, struct treadle_error *error);

/* Removes the thread from the index; to be called before its row is deleted. */
int thread_record_forget(struct db_session *session, const char *thread_id,
                         struct treadle_error *error);

/*
 * Deletes a thread on which no run is active, and begins to remove its parts (remains_record.h).
 */
int thread_record_remove(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error);

/* TREADLE_ENOTFOUND when the project has no such thread. */
int thread_record_usage(struct db_session *session, const char *project, const char *thread_id,
                        struct treadle_thread_usage *out, struct treadle_error *error);

#endif
