/*
 * Run state: the only place where a run, a run step or the message that a run writes changes state.
 * Each function is one transition and runs within a write of the database, so a transition is
 * durable as a whole or did not happen; its events are written in the same transaction. What may
 * follow what is a table, run_transitions.c.
 *
 * For a run that is gone (its thread was deleted) they return TREADLE_ENOTFOUND; for a transition
 * that the present state does not allow they return TREADLE_ESTATE and change nothing.
 */
#ifndef RUN_STATE_H
#define RUN_STATE_H

#include "run/run_change.h"

/* What an execution has spent its time on, in microseconds. */
struct run_times {
    int64_t queue; /* waiting to be claimed */
    int64_t model; /* waiting for models */
    int64_t tools; /* searching */
    int64_t first; /* until the first piece of the first answer; 0: none came */
};

/* Adds the tokens, without their details. */
void run_usage_add(struct treadle_usage *sum, const struct treadle_usage *usage);

/* A run with its owner. */
struct run_record {
    const char *project;
    int64_t queue_us; /* that it waited to be claimed */
    struct treadle_run run;
};

/*
 * Takes the thread's lock and writes the run, queued, to expire after that many seconds; id, times
 * and status of `run` are set here. An error of the protocol when the thread already has an active
 * run. The thread must exist. `made` is the thread where it was created for the run, whose event is
 * published too, or NULL.
 */
int run_state_create(struct run_change *change, const char *project, struct treadle_run *run,
                     int64_t lifetime, const struct treadle_thread *made,
                     struct treadle_error *error);

/* Refuses (an error of the protocol) while a run holds the thread. `what` says what is refused, as
 * in "Can't add messages to thread_a while a run run_b is active." */
int run_state_check_unlocked(struct db_session *session, const char *thread_id, const char *what,
                             struct arena *arena, struct treadle_error *error);

/* The same as run_state_create says it. */
int run_state_check_idle(struct db_session *session, const char *thread_id, struct arena *arena,
                         struct treadle_error *error);

/* Which queued run is claimed: the oldest one that fits. */
struct run_claim {
    size_t project_limit; /* its project has fewer than so many in progress; 0: any number */
    const struct treadle_run *only; /* where it is another than this, none is; NULL: any */
    /* Whether a run of that model may be claimed; `limited` becomes whether there is a limit, so
     * that the time it was queued does not count. NULL: any, and the time counts. */
    bool (*accepts)(void *context, const char *model, bool *limited);
    void *context;
};

/* Moves it to in_progress. TREADLE_ENOTFOUND when there is none. */
int run_state_claim(struct run_change *change, const struct run_claim *claim,
                    struct run_record *out, struct treadle_error *error);

/* Begins a step that calls tools, with no calls recorded yet. */
int run_state_begin_tools(struct run_change *change, const struct run_record *record,
                          struct treadle_run_step *out, struct treadle_error *error);

/* Begins a step that writes a message, and the message, still without content. */
int run_state_begin_message(struct run_change *change, const struct run_record *record,
                            struct treadle_run_step *out, struct treadle_error *error);

/* Completes a step of tool calls with what they did. */
int run_state_complete_tools(struct run_change *change, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct treadle_error *error);

/* Completes a step that writes a message, and the message, with its content. `support` becomes its
 * metadata "treadle_support": "none" where the run has searched files, and no passage says what the
 * message says. NULL: nothing is noted. */
int run_state_complete_message(struct run_change *change, const struct treadle_run_step *step,
                               struct treadle_content *content, size_t content_count,
                               const char *support, const struct treadle_usage *usage,
                               struct treadle_error *error);

/* Stores what was published of messages that are being made; no transition. */
int run_state_save_content(struct run_change *change, const char *message_id,
                           struct treadle_content *content, size_t content_count,
                           struct treadle_error *error);

/* Whether a recorded call waits for an output: one of a function that has none yet. */
bool run_call_is_due(const struct treadle_tool_call *call);

/* Leaves the step open, with its calls, and the run waiting for the outputs of those that are due.
 * What the turn used shows once the step has ended. */
int run_state_require_action(struct run_change *change, const struct treadle_run_step *step,
                             struct treadle_tool_call *calls, size_t call_count,
                             const struct treadle_usage *usage, struct treadle_error *error);

/* Accepts the outputs of all calls that the run waits for, completes their step and queues the run
 * again. An error of the protocol when the run does not wait, or for another set of calls. `out`
 * becomes the run. */
int run_state_submit(struct run_change *change, const char *run_id,
                     const struct treadle_tool_output *outputs, size_t count,
                     struct treadle_run *out, struct treadle_error *error);

/* Adds to what the run has spent its time on; no transition. */
int run_state_add_times(struct run_change *change, const char *run_id,
                        const struct run_times *times, struct treadle_error *error);

/* Stores what is needed to recall the searches of a step, JSON text; no transition. */
int run_state_remember(struct run_change *change, const char *step_id, const char *recall,
                       struct treadle_error *error);

/* Completes the run: its usage becomes the sum of its steps', and the thread is free. */
int run_state_complete(struct run_change *change, const char *run_id, struct treadle_error *error);

/* Fails the run with everything of it that is in progress: its step fails too, its message stays
 * incomplete, the thread is free. */
int run_state_fail(struct run_change *change, const char *run_id,
                   const struct treadle_last_error *reason, struct treadle_error *error);

/* How a run ends whose budget is used up, or whose answer was cut by a filter. */
struct run_cut {
    const char *reason;              /* of the run; may be NULL */
    const char *message_reason;      /* of the message that is open */
    struct treadle_tool_call *calls; /* of the tool step that is open */
    size_t call_count;
    struct treadle_usage usage; /* of the step that is open */
};

/* The open step, if there is one, is completed; its message stays incomplete. */
int run_state_cut(struct run_change *change, const char *run_id, const struct run_cut *cut,
                  struct treadle_error *error);

/* Asks for the run's end: it is cancelling, and still holds its thread. An error of the protocol
 * in any state that allows no cancelling. `out` becomes the run. */
int run_state_cancel(struct run_change *change, const char *run_id, struct treadle_run *out,
                     struct treadle_error *error);

/* Ends a run that is cancelling, with everything of it that is in progress. */
int run_state_finish_cancel(struct run_change *change, const char *run_id,
                            struct treadle_error *error);

/* The active run whose time was up first, at `at` or before; NULL when there is none. */
int run_state_next_due(struct db_session *session, int64_t at, struct arena *arena,
                       const char **out, struct treadle_error *error);

/* Where a run is queued and `waits` says so of its model, what it has waited does not count:
 * `prolonged` becomes true, and its time is not up. */
int run_state_prolong(struct run_change *change, const char *run_id,
                      bool (*waits)(void *context, const char *model), void *context,
                      bool *prolonged, struct treadle_error *error);

/* A run that is cancelling; NULL when there is none. */
int run_state_next_cancelling(struct db_session *session, struct arena *arena, const char **out,
                              struct treadle_error *error);

/* Ends a run whose time is up, with everything of it that is in progress; one that is cancelling
 * ends as cancelled. */
int run_state_expire(struct run_change *change, const char *run_id, struct treadle_error *error);

/* Ends every run that was in progress or cancelling when an earlier process ended: the former fail,
 * the latter are cancelled. Queued ones stay queued; those that wait for outputs keep waiting.
 * `count` becomes their number. */
int run_state_recover(struct db_session *session, size_t *count, struct treadle_error *error);

#endif
