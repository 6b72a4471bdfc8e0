/*
 * Runs as rows: what handlers ask for. Transitions are the engine's.
 *
 * A run whose thread was deleted is not seen, also while it waits to be removed
 * (remains_record.h). `thread_id` is NULL where the thread does not matter.
 */
#ifndef STORE_RUN_RECORD_H
#define STORE_RUN_RECORD_H

#include "base/arena.h"
#include "store/db.h"
#include "store/record_page.h"
#include "treadle/objects.h"

/* The run of that thread and project, parsed or as it was printed. TREADLE_ENOTFOUND. */
int run_record_load(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct arena *arena, struct treadle_run *out,
                    struct treadle_error *error);
int run_record_body(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct arena *arena, const char **out,
                    struct treadle_error *error);

/* 0 when the thread has that run, else TREADLE_ENOTFOUND. */
int run_record_find(struct db_session *session, const char *project, const char *thread_id,
                    const char *id, struct treadle_error *error);

/* The word of the run's status, whatever its project. TREADLE_ENOTFOUND. */
int run_record_status(struct db_session *session, const char *id, struct arena *arena,
                      const char **out, struct treadle_error *error);

/* What the run has spent its time on. TREADLE_ENOTFOUND. */
int run_record_times(struct db_session *session, const char *project, const char *id,
                     struct treadle_run_times *out, struct treadle_error *error);

/* Runs of a thread; or of the project, all of them or those with the status of that word. */
int run_record_page(struct db_session *session, const char *project, const char *thread_id,
                    const struct record_page_request *request, struct arena *arena,
                    struct record_page *out, struct treadle_error *error);
int run_record_page_all(struct db_session *session, const char *project, const char *status,
                        const struct record_page_request *request, struct arena *arena,
                        struct record_page *out, struct treadle_error *error);

/* How many runs of all projects wait, and how many are active otherwise. */
int run_record_count(struct db_session *session, int64_t *queued, int64_t *active,
                     struct treadle_error *error);

/* Writes the object back; its status must be the row's. TREADLE_ENOTFOUND. */
int run_record_save(struct db_session *session, const char *project, const struct treadle_run *run,
                    struct arena *arena, struct treadle_error *error);

/* Removes a run that is at work, with its log, so that the one who executes it finds it gone. Its
 * steps are removed with its thread. */
int run_record_remove_active(struct db_session *session, const char *id,
                             struct treadle_error *error);

#endif
