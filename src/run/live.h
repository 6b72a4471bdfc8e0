/*
 * Live runs: what happens between two transactions of a run, and who follows it.
 *
 * A live run has what was published of the message or the calls that are being made and is not in
 * the database yet (its pieces), and the followers of the run. It exists while somebody holds it:
 * the execution, a follower, a change.
 *
 * Followers see events in the order of their numbers. A change holds the run and reserves its
 * numbers within its transaction, and is published once that is durable; until then no piece is
 * added, and changes after it wait for it. So nothing is published that a crash could undo, except
 * pieces: those are written with the next change.
 *
 * Safe from any thread. Each live run has a lock of its own, which is held for moments only.
 */
#ifndef RUN_LIVE_H
#define RUN_LIVE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "run/run_log.h"

struct live_table;
struct live_run;

struct live_table *live_table_new(void);

/* Accepts NULL; no live run is left. */
void live_table_free(struct live_table *table);

/* The live run of that id, made where there is none; a reference. NULL when memory runs out. */
struct live_run *live_open(struct live_table *table, const char *run_id);

/* Accepts NULL. */
void live_close(struct live_run *live);

/* ---- Owners --------------------------------------------------------------------------------- */

/* The execution of a run in one of its turns: from the change that claims the run until a change
 * ends it or lets it wait. The next turn has an owner of its own, also while the one before is
 * still leaving, so what ends a turn cannot end the next. Allocated by the execution. */
struct live_owner {
    /* Called on any thread whenever all changes are settled, and under the run's lock. */
    void (*wake)(void *context);
    void *context;
    atomic_bool over; /* the turn has ended: work for it may stop */
    /* The live run's own: */
    struct live_owner *next;
    struct live_run *live;
    uint64_t turn;
};

/* Owns the run from now on, in a new turn: within the transaction that claims the run, so that a
 * reader who finds it in progress there also finds an owner. `wake` and `context` are set.
 * TREADLE_EMEMORY. */
int live_own(struct live_table *table, const char *run_id, struct live_owner *owner);
void live_disown(struct live_owner *owner);

/* Whether no later turn has begun. */
bool live_is_last(const struct live_owner *owner);

/* Whether anybody owns the run. Accepts a table that is NULL. */
bool live_is_owned(struct live_table *table, const char *run_id);

/* ---- Pieces: by the owner ------------------------------------------------------------------- */

/* After true, pieces may be added until live_leave. False while a change is not settled or once the
 * turn is over: then nothing may be added, and the owner is woken. */
bool live_enter(struct live_owner *owner);
void live_leave(struct live_owner *owner);

/* The same, but waits while a change is not settled. False once the turn is over. */
bool live_await(struct live_owner *owner);

/* Between the two; each returns 0, TREADLE_ELIMIT or TREADLE_EMEMORY. Pieces belong to the message
 * or step that was last begun. */
int live_begin(struct live_run *live, const char *subject, struct treadle_error *error);
int live_add_text(struct live_run *live, enum piece_kind kind, unsigned index, const char *text,
                  size_t length, struct treadle_error *error);
int live_add_annotation(struct live_run *live, unsigned index,
                        const struct treadle_annotation *annotation, struct treadle_error *error);

/* A call of a tool: as its step shows it, and what is published of it. `arguments_of` returns where
 * in such a call the pieces of its arguments belong; NULL where none are added. */
int live_add_call(struct live_run *live, const struct treadle_tool_call *call,
                  const char **(*arguments_of)(struct treadle_tool_call *call),
                  const struct treadle_tool_call_delta *delta, struct treadle_error *error);

/* The same where a call has changed since; `delta` has its index. For few changes: all of the call
 * is copied. */
int live_change_call(struct live_run *live, const struct treadle_tool_call *call,
                     const struct treadle_tool_call_delta *delta, struct treadle_error *error);

/* Whether anything was added since the run last changed or the content was last copied. */
bool live_is_unsaved(struct live_run *live);

/* The content of the message as published so far, in the arena; no part where the live run makes
 * another message, or nothing was published. */
int live_copy_content(struct live_run *live, const char *message_id, struct arena *arena,
                      struct treadle_content **out, size_t *count, struct treadle_error *error);

/* The same of the calls of a step, without their outputs. */
int live_copy_calls(struct live_run *live, const char *step_id, struct arena *arena,
                    struct treadle_tool_call **out, size_t *count, struct treadle_error *error);

/* ---- Changes -------------------------------------------------------------------------------- */

/* What a change publishes: one event of one object, or two (as created and in_progress) of the
 * same. */
struct live_event {
    enum treadle_event_type types[2];
    const char *data;
    const char *detail; /* for those who want the content of search results; NULL: `data` */
};

/* A change between its transaction and its end. */
struct live_slot;

/* Lets no piece be added until the change is settled, so the change finds all that was published.
 * NULL when memory runs out. */
struct live_slot *live_hold(struct live_run *live);

/* The highest number of the run; negative where it is not known yet. */
int64_t live_last(struct live_run *live);

/* Reserves numbers for `count` types of events after `last`, the highest in the database, and
 * prints the pieces that are not there yet. `first` becomes the number of the first event, `from`
 * the lowest number printed. */
int live_reserve(struct live_run *live, struct live_slot *slot, int64_t last, size_t count,
                 struct buffer *pieces, int64_t *from, int64_t *first, struct treadle_error *error);

/* Ends the hold. Publishes the events of a change that is durable; `events` is NULL where it was
 * rolled back. `over`: the run is over, or waits; so is the turn in which the change was made, and
 * each before it. */
void live_settle(struct live_run *live, struct live_slot *slot, const struct live_event *events,
                 size_t count, bool over);

/* ---- Followers ------------------------------------------------------------------------------ */

/* Allocated by the caller, and kept until `end` was called. */
struct live_follower {
    void *context;
    /* Frames as they are sent. Not 0: the follower is gone. Must not block, nor call into live
     * runs. */
    int (*frames)(void *context, const char *bytes, size_t length);
    /* Nothing more follows; called once, on any thread. */
    void (*end)(void *context);
    bool content; /* steps of file searches come with the content of their results */
    /* The live run's own: */
    struct live_follower *next;
    struct live_run *live;
    struct buffer held;
    int64_t after; /* the last number that it was sent */
    bool catching_up, held_end;
};

/* Follows the run from now on, and from the pieces after that number which are not in the database
 * yet, but sends nothing until live_catch_up. The reference becomes the follower's. */
void live_follow(struct live_run *live, struct live_follower *follower, int64_t after);

/* Follows from after that number on, which is that of a change that is not settled, or before. */
void live_follow_change(struct live_run *live, struct live_follower *follower, int64_t after);

/* Sends what was held back and is after `after`, and from now on everything as it comes. With
 * `ended` the follower was sent the end already. */
void live_catch_up(struct live_follower *follower, int64_t after, bool ended);

/* Follows no longer; `end` is called unless it was. */
void live_unfollow(struct live_follower *follower);

/* Releases the reference; the last use of a follower, after its end. */
void live_forget(struct live_follower *follower);

/* Appends one frame. */
void live_print_frame(int64_t number, enum treadle_event_type type, const char *data,
                      struct buffer *out);

/* What ends every stream. */
#define LIVE_DONE "event: done\ndata: [DONE]\n\n"

#endif
