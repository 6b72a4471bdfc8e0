/*
 * Transitions: every pair of states is held against the protocol's list, and every status against
 * the event that reports it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "api/types.h"
#include "run/run_transitions.h"

/* As the protocol has them; "any active" is written out. A run that is cancelling is not expired:
 * it is cancelled then. */
static const enum treadle_run_status allowed[][2] = {
    {TREADLE_RUN_QUEUED, TREADLE_RUN_IN_PROGRESS},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_REQUIRES_ACTION},
    {TREADLE_RUN_REQUIRES_ACTION, TREADLE_RUN_QUEUED},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_COMPLETED},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_INCOMPLETE},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_FAILED},
    {TREADLE_RUN_QUEUED, TREADLE_RUN_CANCELLING},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_CANCELLING},
    {TREADLE_RUN_REQUIRES_ACTION, TREADLE_RUN_CANCELLING},
    {TREADLE_RUN_CANCELLING, TREADLE_RUN_CANCELLED},
    {TREADLE_RUN_CANCELLING, TREADLE_RUN_COMPLETED},
    {TREADLE_RUN_CANCELLING, TREADLE_RUN_INCOMPLETE},
    {TREADLE_RUN_QUEUED, TREADLE_RUN_EXPIRED},
    {TREADLE_RUN_IN_PROGRESS, TREADLE_RUN_EXPIRED},
    {TREADLE_RUN_REQUIRES_ACTION, TREADLE_RUN_EXPIRED},
};

static bool is_allowed(int from, int to)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if ((int)allowed[i][0] == from && (int)allowed[i][1] == to)
            return true;
    return false;
}

static void runs_go_as_the_protocol_says(void **state)
{
    (void)state;
    for (int from = TREADLE_RUN_QUEUED; from <= TREADLE_RUN_EXPIRED; from++) {
        bool any = false;
        for (int to = TREADLE_RUN_QUEUED; to <= TREADLE_RUN_EXPIRED; to++) {
            any = any || is_allowed(from, to);
            if (run_may_become((enum treadle_run_status)from, (enum treadle_run_status)to) !=
                is_allowed(from, to))
                fail_msg("%s to %s", run_status_names[from], run_status_names[to]);
        }
        assert_int_equal(run_is_final((enum treadle_run_status)from), !any);
    }
}

static void steps_end_once(void **state)
{
    (void)state;
    for (int from = TREADLE_STEP_IN_PROGRESS; from <= TREADLE_STEP_EXPIRED; from++)
        for (int to = TREADLE_STEP_IN_PROGRESS; to <= TREADLE_STEP_EXPIRED; to++)
            assert_int_equal(step_may_become((enum treadle_run_step_status)from,
                                             (enum treadle_run_step_status)to),
                             from == TREADLE_STEP_IN_PROGRESS && to != from);
}

/* An event is named after the status that it reports. */
static void events_bear_the_name_of_their_status(void **state)
{
    char name[64];
    (void)state;
    for (int status = TREADLE_RUN_QUEUED; status <= TREADLE_RUN_EXPIRED; status++) {
        snprintf(name, sizeof name, "thread.run.%s", run_status_names[status]);
        assert_string_equal(event_names[run_event_of((enum treadle_run_status)status)], name);
    }
    for (int status = TREADLE_STEP_CANCELLED; status <= TREADLE_STEP_EXPIRED; status++) {
        snprintf(name, sizeof name, "thread.run.step.%s", run_step_status_names[status]);
        assert_string_equal(event_names[step_event_of((enum treadle_run_step_status)status)], name);
    }
    assert_int_equal(step_event_of(TREADLE_STEP_IN_PROGRESS), 0);
    assert_int_equal(message_event_of(TREADLE_MESSAGE_IN_PROGRESS), 0);
    assert_string_equal(event_names[message_event_of(TREADLE_MESSAGE_COMPLETED)],
                        "thread.message.completed");
    assert_string_equal(event_names[message_event_of(TREADLE_MESSAGE_INCOMPLETE)],
                        "thread.message.incomplete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_go_as_the_protocol_says),
        cmocka_unit_test(steps_end_once),
        cmocka_unit_test(events_bear_the_name_of_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
