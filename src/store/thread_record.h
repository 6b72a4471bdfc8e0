/*
 * Threads as rows: their metadata as an index that lists can be filtered by, and what they used.
 */
#ifndef STORE_THREAD_RECORD_H
#define STORE_THREAD_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "treadle/objects.h"

/* Makes the index say what the thread's metadata is now; NULL for none. */
int thread_record_index(struct db_session *session, const char *project, const char *thread_id,
                        const struct treadle_map *metadata, struct treadle_error *error);

/* Takes the thread out of the index; to be called before its row is deleted. */
int thread_record_forget(struct db_session *session, const char *thread_id,
                         struct treadle_error *error);

/* Removes a thread on which no run is active, and begins to remove what it had (remains_record.h).
 */
int thread_record_remove(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error);

/* How many threads have the pair, counted up to a number. */
int thread_record_count(struct db_session *session, const char *project,
                        const struct treadle_pair *pair, int64_t up_to, int64_t *out,
                        struct treadle_error *error);

/* TREADLE_ENOTFOUND when the project has no such thread. */
int thread_record_usage(struct db_session *session, const char *project, const char *thread_id,
                        struct treadle_thread_usage *out, struct treadle_error *error);

#endif
