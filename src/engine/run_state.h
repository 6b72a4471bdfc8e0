/*
 * Run state: the only place where a run, a run step or the message that a run writes changes
 * state.
 *
 * Each function is one transition and runs within a write of the database, so a transition is
 * durable and whole or did not happen. What may follow what is a table in run_rows.c. A run that
 * is gone (its thread was deleted) gives TREADLE_ENOTFOUND; a transition that the present state
 * does not allow gives TREADLE_ESTATE and changes nothing.
 */
#ifndef ENGINE_RUN_STATE_H
#define ENGINE_RUN_STATE_H

#include "base/arena.h"
#include "store/db.h"
#include "treadle/objects.h"

/* A run with its owner. */
struct run_record {
    const char *project;
    struct treadle_run run;
};

/* Takes the thread's lock and writes the run, queued; id, times and status of `run` are set here.
 * An error of the protocol when the thread already has an active run. The thread must exist. */
int run_state_create(struct db_session *session, const char *project, struct treadle_run *run,
                     struct arena *arena, struct treadle_error *error);

/* Refuses (an error of the protocol) while a run holds the thread. `what` says what is refused, as
 * in "Can't add messages to thread_a while a run run_b is active." */
int run_state_check_unlocked(struct db_session *session, const char *thread_id, const char *what,
                             struct arena *arena, struct treadle_error *error);

/* The same as run_state_create says it. */
int run_state_check_idle(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error);

/* Moves the oldest queued run to in_progress. TREADLE_ENOTFOUND when none is queued. */
int run_state_claim(struct db_session *session, struct arena *arena, struct run_record *out,
                    struct treadle_error *error);

/* Begins a step that calls tools, with no calls recorded yet. */
int run_state_begin_tools(struct db_session *session, const struct run_record *record,
                          struct arena *arena, struct treadle_run_step *out,
                          struct treadle_error *error);

/* Begins a step that writes a message, and the message, still without content. */
int run_state_begin_message(struct db_session *session, const struct run_record *record,
                            struct arena *arena, struct treadle_run_step *out,
                            struct treadle_error *error);

/* Completes a step of tool calls with what they did. */
int run_state_complete_tools(struct db_session *session, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct arena *arena,
                             struct treadle_error *error);

/* Completes a step that writes a message, and the message, with its content. */
int run_state_complete_message(struct db_session *session, const struct treadle_run_step *step,
                               const struct treadle_text *content,
                               const struct treadle_usage *usage, struct arena *arena,
                               struct treadle_error *error);

/* Leaves the step open, with its calls, and the run waiting for the outputs of those that call
 * functions (`output` is NULL in them). What the turn used shows once the step has ended. */
int run_state_require_action(struct db_session *session, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct arena *arena,
                             struct treadle_error *error);

/* Takes the outputs of all calls that the run waits for, completes their step and queues the run
 * again. An error of the protocol when the run does not wait, or for another set of calls. `out`
 * becomes the run. */
int run_state_submit(struct db_session *session, const char *run_id,
                     const struct treadle_tool_output *outputs, size_t count, struct arena *arena,
                     struct treadle_run *out, struct treadle_error *error);

/* Completes the run: its usage becomes the sum of its steps', and the thread is free. */
int run_state_complete(struct db_session *session, const char *run_id, struct arena *arena,
                       struct treadle_error *error);

/* Fails the run with everything of it that is under way: its step fails too, its message stays
 * incomplete, the thread is free. */
int run_state_fail(struct db_session *session, const char *run_id,
                   const struct treadle_last_error *reason, struct arena *arena,
                   struct treadle_error *error);

/* Asks for the run's end: it is cancelling, and still holds its thread. An error of the protocol
 * in any state that allows no cancelling. `out` becomes the run. */
int run_state_cancel(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_run *out, struct treadle_error *error);

/* Ends a run that is cancelling, with everything of it that is under way. */
int run_state_finish_cancel(struct db_session *session, const char *run_id, struct arena *arena,
                            struct treadle_error *error);

/* The active run whose time was up first, at the latest at `at`; NULL when there is none. */
int run_state_next_due(struct db_session *session, int64_t at, struct arena *arena,
                       const char **out, struct treadle_error *error);

/* A run that is cancelling; NULL when there is none. */
int run_state_next_cancelling(struct db_session *session, struct arena *arena, const char **out,
                              struct treadle_error *error);

/* Ends a run whose time is up, with everything of it that is under way; one that is cancelling ends
 * as cancelled. */
int run_state_expire(struct db_session *session, const char *run_id, struct arena *arena,
                     struct treadle_error *error);

/* Ends every run that was at work or cancelling when an earlier process ended: the former fail,
 * the latter are cancelled. Queued ones stay queued. `count` becomes their number. */
int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error);

#endif
