/*
 * Rows of runs, of their steps and of the messages that they write, and the lock of their thread:
 * what the files of run_state.h share.
 *
 * A function that writes a row also adds the event: that the object was created, or has reached a
 * status. A row that stays in progress has no event. May be used by run_state.c, run_action.c and
 * run_end.c alone, because writing these rows changes states.
 */
#ifndef RUN_ROWS_H
#define RUN_ROWS_H

#include "run/run_change.h"

struct treadle_integer run_rows_now(void);

/* The status of a run alone. TREADLE_ENOTFOUND. */
int run_rows_status(struct run_change *change, const char *run_id, enum treadle_run_status *out,
                    struct treadle_error *error);

int run_rows_load(struct run_change *change, const char *run_id, struct treadle_run *out,
                  struct treadle_error *error);
int run_rows_insert(struct run_change *change, const char *project, const struct treadle_run *run,
                    struct treadle_error *error);

int run_rows_save(struct run_change *change, const struct treadle_run *run,
                  struct treadle_error *error);

int run_rows_load_step(struct run_change *change, const char *step_id, struct treadle_run_step *out,
                       struct treadle_error *error);
int run_rows_insert_step(struct run_change *change, const char *project,
                         const struct treadle_run_step *step, struct treadle_error *error);
int run_rows_save_step(struct run_change *change, const struct treadle_run_step *step,
                       struct treadle_error *error);

/* The open step of a run; there is one at most. NULL when there is none. */
int run_rows_open_step(struct run_change *change, const char *run_id, const char **out,
                       struct treadle_error *error);

/* The usage of a step that waits for outputs: kept apart, since the step shows it only once it has
 * ended. NULL when nothing is kept. */
int run_rows_hold_usage(struct run_change *change, const char *step_id,
                        const struct treadle_usage *usage, struct treadle_error *error);
int run_rows_held_usage(struct run_change *change, const char *step_id, struct treadle_usage **out,
                        struct treadle_error *error);

int run_rows_load_message(struct run_change *change, const char *message_id,
                          struct treadle_message *out, struct treadle_error *error);
int run_rows_insert_message(struct run_change *change, const char *project,
                            const struct treadle_message *message, struct treadle_error *error);
int run_rows_save_message(struct run_change *change, const struct treadle_message *message,
                          struct treadle_error *error);

/* The run that holds the thread, NULL for none. */
int run_rows_read_lock(struct db_session *session, const char *thread_id, struct arena *arena,
                       const char **out, struct treadle_error *error);
int run_rows_take_lock(struct run_change *change, const char *thread_id, const char *run_id,
                       struct treadle_error *error);

/* Frees the thread and adds what the run used to what the thread has used. */
int run_rows_free_lock(struct run_change *change, const struct treadle_run *run,
                       struct treadle_error *error);

/* 0 where the status may follow; TREADLE_ESTATE otherwise. */
int run_rows_check(const struct treadle_run *run, enum treadle_run_status to,
                   struct treadle_error *error);
int run_rows_check_step(const struct treadle_run_step *step, enum treadle_run_step_status to,
                        struct treadle_error *error);

#endif
