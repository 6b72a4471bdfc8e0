/*
 * Runs as rows. The run room decides which status may follow which. A run whose thread was deleted
 * is not found, even while it waits to be removed (remains_record.h). `thread_id` is NULL where the
 * thread does not matter.
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

/* How many runs of all projects are queued, and how many others are active. */
int run_record_count(struct db_session *session, int64_t *queued, int64_t *active,
                     struct treadle_error *error);

/* Writes the object back; its status must be the row's. TREADLE_ENOTFOUND. */
int run_record_save(struct db_session *session, const char *project, const struct treadle_run *run,
                    struct arena *arena, struct treadle_error *error);

/* ---- For the engine: runs of whatever project ----------------------------------------------- */

/* Writes a new run; `body` becomes the object as it was printed. */
int run_record_insert(struct db_session *session, const char *project,
                      const struct treadle_run *run, struct arena *arena, const char **body,
                      struct treadle_error *error);

/* Writes the object back with its status and its expiry; one that is queued waits from now on. */
int run_record_change(struct db_session *session, const struct treadle_run *run,
                      struct arena *arena, const char **body, struct treadle_error *error);

/* The object as it was printed. TREADLE_ENOTFOUND. */
int run_record_text(struct db_session *session, const char *id, struct arena *arena,
                    const char **out, struct treadle_error *error);

struct run_record_queued {
    const char *id, *project;
    int64_t queued_at; /* in microseconds */
    int64_t seq;       /* its place in the order of the queue */
};

/* The oldest run that was queued after the one with that `seq` (0: of all); with `project_limit` of
 * those whose project has fewer than so many runs in progress. TREADLE_ENOTFOUND. */
int run_record_oldest_queued(struct db_session *session, size_t project_limit, int64_t after,
                             struct arena *arena, struct run_record_queued *out,
                             struct treadle_error *error);

/* An active run with that status; NULL when there is none. */
int run_record_with_status(struct db_session *session, enum treadle_run_status status,
                           struct arena *arena, const char **out, struct treadle_error *error);

/* A result other than 0 ends the walk, and run_record_each_in_progress returns it. */
typedef int (*run_record_visit)(void *context, const char *id, struct treadle_error *error);

int run_record_each_in_progress(struct db_session *session, run_record_visit visit, void *context,
                                struct treadle_error *error);

/* The run with the earliest expiry, at `at` or before; NULL when there is none. */
int run_record_next_due(struct db_session *session, int64_t at, struct arena *arena,
                        const char **out, struct treadle_error *error);

/* The time that a run has been queued until now, in microseconds since 1970, does not count: it
 * expires later by that. */
int run_record_prolong(struct db_session *session, const char *id, int64_t now_us,
                       struct treadle_error *error);

/* Adds to what the run has spent its time on, in microseconds. `first_us` is kept where there is
 * one; 0: not known yet. */
int run_record_add_times(struct db_session *session, const char *id, int64_t queue_us,
                         int64_t model_us, int64_t tool_us, int64_t first_us,
                         struct treadle_error *error);

/* Deletes an active run, with its log, so that its execution finds it gone. Its steps are removed
 * with its thread. */
int run_record_remove_active(struct db_session *session, const char *id,
                             struct treadle_error *error);

#endif
