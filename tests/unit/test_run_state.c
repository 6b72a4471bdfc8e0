/*
 * Run state on a real database: the lock, every transition that a run goes through, its end by
 * failure and by a crash, and the values of run, step and message at each moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "run_fixture.h"

/* ---- Reading -------------------------------------------------------------------------------- */

static int read_detail(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    const struct record_key keys[] = {{"id", reading->id}};
    return record_text(session, "run_steps", "detail", keys, 1, reading->scene->arena, reading->out,
                       error);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void starts_queued(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    scene->record.run.id = scene->run.id;
    struct treadle_run run = read_run(scene);
    assert_int_equal(run.status, TREADLE_RUN_QUEUED);
    assert_int_equal(run.started_at.state, TREADLE_NULL);
    assert_int_equal(run.expires_at.value, run.created_at + 600);
    assert_null(run.usage);
}

static void locks_the_thread(void **state)
{
    struct scene *scene = *state;
    char expected[160];
    assert_int_equal(take(scene, check_unlocked), 0);
    assert_int_equal(create_run(scene, "thread_a"), 0);
    const char *first = scene->run.id;
    assert_int_equal(create_run(scene, "thread_a"), TREADLE_EINVALID);
    snprintf(expected, sizeof expected, "Thread thread_a already has an active run %s.", first);
    assert_string_equal(scene->error.message, expected);
    assert_int_equal(scene->error.http_status, 400);
    assert_int_equal(take(scene, check_unlocked), TREADLE_EINVALID);
    snprintf(expected, sizeof expected, "Can't add messages to thread_a while a run %s is active.",
             first);
    assert_string_equal(scene->error.message, expected);
    assert_int_equal(create_run(scene, "thread_b"), 0);
}

static void runs_in_order_of_creation(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_b"), 0);
    const char *first = scene->run.id;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
    assert_string_equal(scene->record.run.id, first);
    assert_string_equal(scene->record.project, "p");
    assert_int_equal(read_run(scene).status, TREADLE_RUN_IN_PROGRESS);
    assert_int_equal(read_run(scene).started_at.state, TREADLE_SET);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, claim), TREADLE_ENOTFOUND);
}

static void completes_with_the_sum_of_its_steps(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, begin_tools), 0);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_IN_PROGRESS);
    assert_int_equal(step.step_details->tool_call_count, 0);
    assert_null(step.usage);
    assert_int_equal(step.expires_at.value, read_run(scene).expires_at.value);
    assert_int_equal(take(scene, complete_tools), 0);
    step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_COMPLETED);
    assert_int_equal(step.completed_at.state, TREADLE_SET);
    assert_int_equal(step.expires_at.state, TREADLE_NULL);
    assert_int_equal(step.usage->total_tokens, 7);

    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(read_message(scene).status, TREADLE_MESSAGE_IN_PROGRESS);
    assert_int_equal(read_message(scene).content_count, 0);
    assert_null(read_run(scene).usage);
    assert_int_equal(take(scene, complete_message), 0);
    assert_int_equal(take(scene, complete), 0);
    struct treadle_run run = read_run(scene);
    assert_int_equal(run.status, TREADLE_RUN_COMPLETED);
    assert_int_equal(run.completed_at.state, TREADLE_SET);
    assert_int_equal(run.expires_at.state, TREADLE_NULL);
    assert_int_equal(run.usage->prompt_tokens, 10);
    assert_int_equal(run.usage->total_tokens, 14);
    struct treadle_message message = read_message(scene);
    assert_int_equal(message.status, TREADLE_MESSAGE_COMPLETED);
    assert_string_equal(message.content[0].text->value, "An answer.");
    assert_int_equal(take(scene, check_unlocked), 0);
}

static void keeps_search_content_apart(void **state)
{
    struct scene *scene = *state;
    const char *detail = NULL;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, begin_tools), 0);
    assert_int_equal(take(scene, complete_tools), 0);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.step_details->tool_calls[0].file_search->result_count, 1);
    assert_null(step.step_details->tool_calls[0].file_search->results[0].content);
    struct reading reading = {scene, NULL, NULL, scene->step.id, &detail};
    assert_int_equal(db_read(scene->db, read_detail, &reading, &scene->error), 0);
    assert_non_null(strstr(detail, "secret chunk"));
}

static void fails_with_what_was_under_way(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, fail_run), 0);
    struct treadle_run run = read_run(scene);
    assert_int_equal(run.status, TREADLE_RUN_FAILED);
    assert_string_equal(run.last_error->message, "It broke.");
    assert_int_equal(run.failed_at.state, TREADLE_SET);
    assert_int_equal(run.completed_at.state, TREADLE_NULL);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_FAILED);
    assert_string_equal(step.last_error->code, "server_error");
    assert_int_equal(step.failed_at.state, TREADLE_SET);
    struct treadle_message message = read_message(scene);
    assert_int_equal(message.status, TREADLE_MESSAGE_INCOMPLETE);
    assert_string_equal(message.incomplete_details->reason, "run_failed");
    assert_int_equal(message.incomplete_at.state, TREADLE_SET);
    assert_int_equal(take(scene, check_unlocked), 0);
}

static void refuses_what_the_state_does_not_allow(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    scene->record.run.id = scene->run.id;
    assert_int_equal(take(scene, complete), TREADLE_ESTATE);
    assert_int_equal(take(scene, begin_tools), TREADLE_ESTATE);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_QUEUED);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, begin_tools), 0);
    assert_int_equal(take(scene, fail_run), 0);
    assert_int_equal(take(scene, fail_run), TREADLE_ESTATE);
    assert_int_equal(take(scene, complete), TREADLE_ESTATE);
    assert_int_equal(take(scene, complete_tools), TREADLE_ESTATE);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_FAILED);
    assert_int_equal(read_step(scene).status, TREADLE_STEP_FAILED);
}

static void recovers_what_a_crash_left(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(create_run(scene, "thread_b"), 0);
    assert_int_equal(take(scene, recover), 0);
    assert_int_equal(scene->count, 1);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_FAILED);
    assert_int_equal(read_message(scene).status, TREADLE_MESSAGE_INCOMPLETE);
    assert_int_equal(take(scene, check_unlocked), 0);
    scene->record.run.id = scene->run.id;
    assert_int_equal(read_run(scene).status, TREADLE_RUN_QUEUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_the_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_in_order_of_creation, setup, teardown),
        cmocka_unit_test_setup_teardown(completes_with_the_sum_of_its_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_search_content_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(fails_with_what_was_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_the_state_does_not_allow, setup, teardown),
        cmocka_unit_test_setup_teardown(recovers_what_a_crash_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
