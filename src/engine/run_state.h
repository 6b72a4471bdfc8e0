/*
 * Run state: the only place where a run, a run step or the message that a run writes changes
 * state.
 *
 * Each function is one transition and runs within a write of the database, so a transition is
 * durable and whole or did not happen. What may follow what is a table in run_state.c. A run that
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

/* Whether a run in that status holds its thread. */
bool run_state_is_active(enum treadle_run_status status);

/* Takes the thread's lock and writes the run, queued; id, times and status of `run` are set here.
 * An error of the protocol when the thread already has an active run. The thread must exist. */
int run_state_create(struct db_session *session, const char *project, struct treadle_run *run,
                     struct arena *arena, struct treadle_error *error);

/* Refuses (an error of the protocol) while a run holds the thread: what adding a message asks. */
int run_state_check_unlocked(struct db_session *session, const char *thread_id, struct arena *arena,
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

/* Completes the run: its usage becomes the sum of its steps', and the thread is free. */
int run_state_complete(struct db_session *session, const char *run_id, struct arena *arena,
                       struct treadle_error *error);

/* Fails the run with everything of it that is under way: its step fails too, its message stays
 * incomplete, the thread is free. */
int run_state_fail(struct db_session *session, const char *run_id,
                   const struct treadle_last_error *reason, struct arena *arena,
                   struct treadle_error *error);

/* Fails every run that was at work when an earlier process ended. Queued ones stay queued.
 * `count` becomes their number. */
int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error);

#endif
