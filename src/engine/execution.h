/*
 * An execution: one run from in_progress until it ends or waits for outputs. It never blocks: it
 * asks a model, starts a write or hands a search to the engine's workers, and continues when it is
 * woken. What it does next is its phase.
 *
 * One thread at a time advances it, on the engine's loop. A model, the database or a worker that
 * has a result for it stores the result in its place and wakes the execution. While a write or a
 * search is in progress, the execution does nothing else.
 *
 * May be used by the engine's own files.
 */
#ifndef ENGINE_EXECUTION_H
#define ENGINE_EXECUTION_H

#include "base/arena.h"
#include "engine/conversation.h"
#include "engine/engine.h"
#include "engine/inbox.h"
#include "run/live.h"
#include "run/run_state.h"
#include "tool/tool.h"

/* The most turns of a run: a model that calls tools more often is in a loop. */
enum { EXECUTION_TURNS = 32, EXECUTION_CALLS = 128, EXECUTION_KINDS = 16 };

struct execution;
struct slot_place;

/* Returns false when there is nothing to do until it is woken. */
typedef bool (*execution_phase)(struct execution *execution);

/* A call that the model makes in this turn. */
struct execution_call {
    struct tool_call call;
    struct buffer arguments;
};

struct execution {
    struct engine *engine;
    struct execution *next, *previous; /* in the engine's list */
    struct run_record record;
    struct arena *arena;     /* of the whole execution */
    struct live_owner owner; /* of the run, in this turn */
    execution_phase phase;
    struct slot_place *place; /* where it has a slot; NULL: nowhere */
    atomic_int wakes;         /* how it is scheduled */
    atomic_int pins; /* of callers that are about to wake it: it is not freed before they have */

    /* Results from other threads. */
    pthread_mutex_t mutex;
    bool arrived; /* the write or the work is done; guarded by the mutex */
    bool away;    /* a write or work is in progress */
    int result;
    struct db_task write;
    db_work work;
    struct run_change change;
    struct run_memo memo;
    struct arena *change_arena; /* NULL: the execution's own */
    execution_phase then;       /* after it, where it succeeded */
    struct treadle_error error;
    struct inbox inbox;
    bool answering;        /* the model works on the request */
    bool asking;           /* a worker is still within model_start; guarded by the mutex */
    atomic_bool cancelled; /* and is to stop */

    /* The turn. */
    struct conversation conversation;
    struct tool_context tools;
    struct tool_offer *offers; /* what the model may call */
    size_t offer_count;
    void *tool_states[EXECUTION_KINDS]; /* what the kinds have opened, in the order of the table */
    unsigned turn;
    struct model_facts facts; /* of the run's model, when it was asked */
    struct model_request request;
    struct estimate sent; /* of the request, where `measured` */
    bool measured;
    double correction;        /* of what the model's scale gives for this run; 0: none */
    int64_t context;          /* that the model's server has said it exceeds; 0: none */
    unsigned refits;          /* how often the prompt was too long for the model */
    bool on_trial;            /* what the model says is held back until it calls a tool */
    bool on_proof;            /* and until all of it is there, and a passage supports it */
    bool is_replaced;         /* none did: the stand-in quotes in its place */
    bool stands_in;           /* the stand-in is asked in this turn */
    bool was_searched_for;    /* it was in an earlier one, or is to be in the next */
    struct model_usage spent; /* on answers of the turn that were dropped */
    struct inbox_batch batch;
    bool answered;                /* nothing comes after the batch */
    size_t taken;                 /* entries of the batch that were processed */
    bool heard;                   /* the model's answer is over, and all of it was processed */
    struct treadle_run_step step; /* that is open, where `writes` or `calls_tools` */
    bool writes, calls_tools;
    bool published; /* a piece of the message was published */
    struct citation_walk *walk;
    struct citation_target target;
    const char *support; /* of the message, as run_state_complete_message has it */
    struct buffer said;  /* the text of the turn, as the model wrote it */
    struct execution_call *calls;
    size_t call_count;
    struct treadle_tool_call *recorded; /* the calls, as the step has them */
    const char *recall;
    struct treadle_usage usage; /* of this turn */
    struct treadle_usage total; /* of the turns before it */
    struct run_cut cut;         /* why the run is incomplete */
    struct treadle_last_error last_error;
    struct treadle_error failure; /* what last_error is made from */

    /* Times, by clock_monotonic_us. */
    int64_t started_at, asked_at, saved_at, opened_at, retry_at;
    atomic_int_least64_t tick_at; /* when to be woken by the clock; 0: never */
    struct run_times times;
    const char
        *status; /* for the log: the status that it ended the run with; NULL: others ended it */
    bool looked; /* whether others did */
};

/* Takes over a claimed run and the arena that it was made in, which are freed with it. NULL when
 * memory runs out. */
struct execution *execution_new(struct engine *engine, const struct run_record *record,
                                const struct run_memo *memo, struct arena *arena);
void execution_free(struct execution *execution);

/* Advances it for the first time: until then it may be woken, but does nothing. */
void execution_start(struct execution *execution);

/* Wakes it, so that it is advanced. From any thread. */
void execution_wake(struct execution *execution);

/* Starts a write. The work is given the execution; its change is stored and published. Then comes
 * the phase, or, where the write failed, the failure of the run. Returns false. */
bool execution_write(struct execution *execution, db_work work, execution_phase then);

/* A worker runs the job, which ends with execution_arrive. */
bool execution_hand_over(struct execution *execution, void (*job)(void *execution),
                         execution_phase then);
void execution_arrive(struct execution *execution, int result);

/* Fails the run with the error that is in the execution: how a phase ends that cannot continue.
 * Returns true; execution_fail comes next. */
bool execution_fails(struct execution *execution);
bool execution_fail(struct execution *execution);

/* The last phase. */
bool execution_end(struct execution *execution);

/* ---- The phases, in their order ------------------------------------------------------------- */

bool execution_prepare(struct execution *execution);  /* execution_prepare.c */
bool execution_ask(struct execution *execution);      /* execution_ask.c */
bool execution_receive(struct execution *execution);  /* execution_receive.c */
bool execution_drop(struct execution *execution);     /* execution_trial.c */
bool execution_conclude(struct execution *execution); /* execution_conclude.c */
bool execution_tools(struct execution *execution);    /* execution_tools.c */

/* ---- Between them ---------------------------------------------------------------------------- */

/* Functions of execution_receive.c that other phases call: each returns false when it must wait.
 * The completion ends the run as well, once the whole answer was processed. */
bool execution_begin_message(struct execution *execution);
bool execution_complete_message(struct execution *execution);

/* Publishes what was held back of a message, and at least one piece. False when it must wait. */
bool execution_finish_text(struct execution *execution, int *rc);

/* Decides who is asked in this turn, and how; execution_trial.c says why. */
void execution_plan(struct execution *execution, struct model_request *request);

/* Whether what the model says may be worked on; false while it must wait, or with another phase. */
bool execution_is_tried(struct execution *execution);

void execution_add_usage(struct model_usage *sum, const struct model_usage *more);

/* The same for an answer that must be supported by a passage. */
bool execution_is_proven(struct execution *execution);

/* Has the model asked again, where its server says why it failed and asking otherwise helps. */
bool execution_asks_again(struct execution *execution);

/* Counts what the turn has used, once the model has said all. */
int execution_count(struct execution *execution);

/* How the message's citations are found, and, once all of it was passed on, what is recorded of how
 * the files support it. */
struct citation_options execution_citations(const struct execution *execution);
const char *execution_support(const struct execution *execution, const struct citation_walk *walk);

/* The first: whether the whole answer is there and is a message, of which nothing was published.
 * The second: its way to the end of the run. */
bool execution_whole_has(const struct execution *execution);
bool execution_whole_write(struct execution *execution);

/* Ends the run as incomplete. */
bool execution_cut(struct execution *execution, const char *reason, const char *message_reason);

/* The offered tool of that name; NULL where the model was offered none. */
const struct tool_offer *execution_find_offer(const struct execution *execution, const char *name);

/* Whether the database refused a write because others have ended the run, or deleted it. */
bool execution_refused(int rc);

/* Whether the model is done with the request; all that it said is in the batch then. */
bool execution_has_answer(struct execution *execution);

/* Whether others have ended the run, or the engine stops: then no phase but the end comes. */
bool execution_is_over(const struct execution *execution);

#endif
