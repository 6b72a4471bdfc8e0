/*
 * The transitions of runs and steps.
 */
#include "run/run_transitions.h"

#define RUN(status)  (1U << TREADLE_RUN_##status)
#define STEP(status) (1U << TREADLE_STEP_##status)

static const struct {
    unsigned followers;
    enum treadle_event_type event;
} runs[] = {
    /* Created; or its outputs were submitted. */
    [TREADLE_RUN_QUEUED] = {RUN(IN_PROGRESS) | RUN(CANCELLING) | RUN(EXPIRED),
                            TREADLE_EVENT_RUN_QUEUED},
    /* Claimed by the engine. */
    [TREADLE_RUN_IN_PROGRESS] = {RUN(REQUIRES_ACTION) | RUN(COMPLETED) | RUN(INCOMPLETE) |
                                     RUN(FAILED) | RUN(CANCELLING) | RUN(EXPIRED),
                                 TREADLE_EVENT_RUN_IN_PROGRESS},
    /* The model called functions. */
    [TREADLE_RUN_REQUIRES_ACTION] = {RUN(QUEUED) | RUN(CANCELLING) | RUN(EXPIRED),
                                     TREADLE_EVENT_RUN_REQUIRES_ACTION},
    /* A cancel was requested; the run may still end by itself. A failure in this state counts as
     * the cancel. */
    [TREADLE_RUN_CANCELLING] = {RUN(CANCELLED) | RUN(COMPLETED) | RUN(INCOMPLETE),
                                TREADLE_EVENT_RUN_CANCELLING},
    [TREADLE_RUN_CANCELLED] = {0, TREADLE_EVENT_RUN_CANCELLED},
    [TREADLE_RUN_FAILED] = {0, TREADLE_EVENT_RUN_FAILED},
    [TREADLE_RUN_COMPLETED] = {0, TREADLE_EVENT_RUN_COMPLETED},
    [TREADLE_RUN_INCOMPLETE] = {0, TREADLE_EVENT_RUN_INCOMPLETE},
    [TREADLE_RUN_EXPIRED] = {0, TREADLE_EVENT_RUN_EXPIRED},
};

static const struct {
    unsigned followers;
    enum treadle_event_type event;
} steps[] = {
    /* Also while its functions wait for their outputs. */
    [TREADLE_STEP_IN_PROGRESS] = {STEP(COMPLETED) | STEP(CANCELLED) | STEP(FAILED) | STEP(EXPIRED),
                                  0},
    [TREADLE_STEP_CANCELLED] = {0, TREADLE_EVENT_STEP_CANCELLED},
    [TREADLE_STEP_FAILED] = {0, TREADLE_EVENT_STEP_FAILED},
    [TREADLE_STEP_COMPLETED] = {0, TREADLE_EVENT_STEP_COMPLETED},
    [TREADLE_STEP_EXPIRED] = {0, TREADLE_EVENT_STEP_EXPIRED},
};

static const enum treadle_event_type messages[] = {
    [TREADLE_MESSAGE_IN_PROGRESS] = 0,
    [TREADLE_MESSAGE_COMPLETED] = TREADLE_EVENT_MESSAGE_COMPLETED,
    [TREADLE_MESSAGE_INCOMPLETE] = TREADLE_EVENT_MESSAGE_INCOMPLETE,
};

bool run_may_become(enum treadle_run_status from, enum treadle_run_status to)
{
    return runs[from].followers & 1U << to;
}

bool step_may_become(enum treadle_run_step_status from, enum treadle_run_step_status to)
{
    return steps[from].followers & 1U << to;
}

enum treadle_event_type run_event_of(enum treadle_run_status status)
{
    return runs[status].event;
}

enum treadle_event_type step_event_of(enum treadle_run_step_status status)
{
    return steps[status].event;
}

enum treadle_event_type message_event_of(enum treadle_message_status status)
{
    return messages[status];
}

bool run_is_final(enum treadle_run_status status)
{
    return runs[status].followers == 0;
}
