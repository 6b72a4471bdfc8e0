/*
 * The ends of a run that are no completion, waiting for the outputs of functions, and what a
 * thread has used, on a real database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "run_fixture.h"

/* ---- Works ---------------------------------------------------------------------------------- */

static int cancel(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_cancel(&scene->change, scene->record.run.id, &scene->run, error);
}

static int finish_cancel(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_finish_cancel(&scene->change, scene->record.run.id, error);
}

static int expire_due(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    const char *id = NULL;
    int rc = run_state_next_due(session, (int64_t)scene->count, scene->arena, &id, error);
    if (rc)
        return rc;
    return id ? run_state_expire(&scene->change, id, error) : TREADLE_ENOTFOUND;
}

static int require_action(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    struct treadle_function_call sun = {.name = "sun", .arguments = "{\"at\":1}", .output = NULL},
                                 rain = {.name = "rain", .arguments = "{}", .output = NULL};
    struct treadle_file_search_call search = {
        .ranking_options = NULL, .results = NULL, .result_count = 0};
    struct treadle_tool_call calls[] = {
        {.id = "call_a", .type = TREADLE_TOOL_FUNCTION, .function = &sun},
        {.id = "call_s", .type = TREADLE_TOOL_FILE_SEARCH, .file_search = &search},
        {.id = "call_b", .type = TREADLE_TOOL_FUNCTION, .function = &rain},
    };
    (void)session;
    return run_state_require_action(&scene->change, &scene->step, calls, 3, &usage, error);
}

static int require_nothing(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_require_action(&scene->change, &scene->step, NULL, 0, &usage, error);
}

struct submission {
    struct scene *scene;
    const char *ids[3];
    size_t count;
};

static int submit(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct submission *submission = argument;
    struct scene *scene = submission->scene;
    struct treadle_tool_output outputs[3];
    for (size_t i = 0; i < submission->count; i++)
        outputs[i] = (struct treadle_tool_output){.tool_call_id = submission->ids[i],
                                                  .output = i ? NULL : "warm"};
    scene->change = (struct run_change){.session = session, .arena = scene->arena};
    return run_state_submit(&scene->change, scene->record.run.id, outputs, submission->count,
                            &scene->run, error);
}

static int read_sums(struct db_session *session, void *argument, struct treadle_error *error)
{
    int64_t *sums = argument;
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT run_count, prompt_tokens, completion_tokens, total_tokens "
                        "FROM threads WHERE id = 'thread_a'",
                        error);
    if (!rc)
        rc = db_step(statement, error);
    for (int i = 0; i < 4 && rc > 0; i++)
        sums[i] = db_column_integer(statement, i);
    return rc < 0 ? rc : 0;
}

static void assert_sums(struct scene *scene, int64_t runs, int64_t prompt, int64_t completion)
{
    int64_t sums[4] = {-1, -1, -1, -1};
    assert_int_equal(db_read(scene->db, read_sums, sums, &scene->error), 0);
    assert_int_equal(sums[0], runs);
    assert_int_equal(sums[1], prompt);
    assert_int_equal(sums[2], completion);
    assert_int_equal(sums[3], prompt + completion);
}

static void start(struct scene *scene)
{
    assert_int_equal(create_run(scene, "thread_a"), 0);
    assert_int_equal(take(scene, claim), 0);
}

static void start_waiting(struct scene *scene)
{
    start(scene);
    assert_int_equal(take(scene, begin_tools), 0);
    assert_int_equal(take(scene, require_action), 0);
}

/* ---- Cancelling ----------------------------------------------------------------------------- */

static void cancels_what_is_under_way(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, finish_cancel), TREADLE_ESTATE);
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(scene->run.status, TREADLE_RUN_CANCELLING);
    assert_int_equal(scene->run.cancelled_at.state, TREADLE_NULL);
    assert_int_equal(scene->run.expires_at.state, TREADLE_SET);
    assert_int_equal(take(scene, check_unlocked), TREADLE_EINVALID);
    assert_int_equal(read_message(scene).status, TREADLE_MESSAGE_IN_PROGRESS);

    assert_int_equal(take(scene, finish_cancel), 0);
    struct treadle_run run = read_run(scene);
    assert_int_equal(run.status, TREADLE_RUN_CANCELLED);
    assert_int_equal(run.cancelled_at.state, TREADLE_SET);
    assert_int_equal(run.failed_at.state, TREADLE_NULL);
    assert_int_equal(run.expires_at.state, TREADLE_NULL);
    assert_null(run.last_error);
    assert_int_equal(run.usage->total_tokens, 0);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_CANCELLED);
    assert_int_equal(step.cancelled_at.state, TREADLE_SET);
    assert_int_equal(step.expires_at.state, TREADLE_NULL);
    assert_null(step.last_error);
    struct treadle_message message = read_message(scene);
    assert_int_equal(message.status, TREADLE_MESSAGE_INCOMPLETE);
    assert_string_equal(message.incomplete_details->reason, "run_cancelled");
    assert_int_equal(take(scene, check_unlocked), 0);
}

static void cancels_what_is_queued(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(create_run(scene, "thread_a"), 0);
    scene->record.run.id = scene->run.id;
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(take(scene, claim), TREADLE_ENOTFOUND);
    assert_int_equal(take(scene, finish_cancel), 0);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_CANCELLED);
    assert_int_equal(read_run(scene).started_at.state, TREADLE_NULL);
}

static void refuses_to_cancel_twice(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(take(scene, cancel), TREADLE_EINVALID);
    assert_string_equal(scene->error.message, "Cannot cancel run with status 'cancelling'.");
    assert_int_equal(scene->error.http_status, 400);
    assert_int_equal(take(scene, finish_cancel), 0);
    assert_int_equal(take(scene, cancel), TREADLE_EINVALID);
    assert_string_equal(scene->error.message, "Cannot cancel run with status 'cancelled'.");
}

/* The thread that executes the run notices at its next transition, whichever that is. */
static void stops_the_execution_of_a_cancelled_run(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, cancel), 0);
    struct treadle_run_step step = scene->step;
    assert_int_equal(take(scene, begin_tools), TREADLE_ESTATE);
    assert_int_equal(take(scene, fail_run), TREADLE_ESTATE);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_CANCELLING);
    assert_int_equal(take(scene, finish_cancel), 0);
    scene->step = step;
    assert_int_equal(take(scene, complete_message), TREADLE_ESTATE);
    assert_int_equal(take(scene, complete), TREADLE_ESTATE);
    assert_int_equal(read_message(scene).status, TREADLE_MESSAGE_INCOMPLETE);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_CANCELLED);
}

static void recovers_a_run_that_was_being_cancelled(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(take(scene, recover), 0);
    assert_int_equal(scene->count, 1);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_CANCELLED);
    assert_int_equal(read_step(scene).status, TREADLE_STEP_CANCELLED);
    assert_int_equal(take(scene, check_unlocked), 0);
}

/* ---- Expiry --------------------------------------------------------------------------------- */

static void expires_when_its_time_is_up(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, begin_message), 0);
    int64_t due = read_run(scene).expires_at.value;
    scene->count = (size_t)due - 1;
    assert_int_equal(take(scene, expire_due), TREADLE_ENOTFOUND);
    scene->count = (size_t)due;
    assert_int_equal(take(scene, expire_due), 0);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_EXPIRED);
    assert_int_equal(read_run(scene).failed_at.state, TREADLE_NULL);
    assert_int_equal(read_step(scene).status, TREADLE_STEP_EXPIRED);
    assert_int_equal(read_step(scene).expired_at.state, TREADLE_SET);
    assert_string_equal(read_message(scene).incomplete_details->reason, "run_expired");
    assert_int_equal(take(scene, check_unlocked), 0);
    assert_int_equal(take(scene, expire_due), TREADLE_ENOTFOUND);
}

static void a_run_being_cancelled_expires_as_cancelled(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, cancel), 0);
    scene->count = SIZE_MAX / 2;
    assert_int_equal(take(scene, expire_due), 0);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_CANCELLED);
}

/* ---- Waiting for outputs -------------------------------------------------------------------- */

static void waits_for_outputs(void **state)
{
    struct scene *scene = *state;
    start(scene);
    assert_int_equal(take(scene, begin_tools), 0);
    assert_int_equal(take(scene, require_nothing), TREADLE_EINVALID);
    assert_int_equal(take(scene, require_action), 0);
    struct treadle_run run = read_run(scene);
    assert_int_equal(run.status, TREADLE_RUN_REQUIRES_ACTION);
    assert_null(run.usage);
    const struct treadle_submit_tool_outputs *due = run.required_action->submit_tool_outputs;
    assert_int_equal(due->tool_call_count, 2);
    assert_string_equal(due->tool_calls[1].id, "call_b");
    assert_string_equal(due->tool_calls[0].function->arguments, "{\"at\":1}");
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_IN_PROGRESS);
    assert_null(step.usage);
    assert_int_equal(step.step_details->tool_call_count, 3);
    assert_null(step.step_details->tool_calls[0].function->output);
    assert_int_equal(take(scene, check_unlocked), TREADLE_EINVALID);
    assert_int_equal(take(scene, claim), TREADLE_ENOTFOUND);
}

static void goes_on_with_all_outputs(void **state)
{
    struct scene *scene = *state;
    start_waiting(scene);
    int64_t due = read_run(scene).expires_at.value;
    struct submission whole = {scene, {"call_b", "call_a"}, 2};
    assert_int_equal(db_write(scene->db, submit, &whole, &scene->error), 0);
    assert_int_equal(scene->run.status, TREADLE_RUN_QUEUED);
    assert_null(scene->run.required_action);
    assert_int_equal(scene->run.expires_at.value, due);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_COMPLETED);
    assert_int_equal(step.usage->total_tokens, usage.total_tokens);
    assert_string_equal(step.step_details->tool_calls[0].function->output, "");
    assert_string_equal(step.step_details->tool_calls[2].function->output, "warm");
    assert_int_equal(db_write(scene->db, submit, &whole, &scene->error), TREADLE_EINVALID);
    assert_string_equal(scene->error.message,
                        "Runs in status \"queued\" do not accept tool outputs.");
    assert_int_equal(take(scene, claim), 0);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_IN_PROGRESS);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, complete_message), 0);
    assert_int_equal(take(scene, complete), 0);
    assert_int_equal(read_run(scene).usage->total_tokens, 2 * usage.total_tokens);
}

static void refuses_another_set_of_outputs(void **state)
{
    struct scene *scene = *state;
    struct submission wrong[] = {
        {scene, {NULL}, 0},
        {scene, {"call_a"}, 1},
        {scene, {"call_a", "call_a"}, 2},
        {scene, {"call_a", "call_s"}, 2},
        {scene, {"call_a", "call_b", "call_b"}, 3},
    };
    start_waiting(scene);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(db_write(scene->db, submit, &wrong[i], &scene->error), TREADLE_EINVALID);
        assert_int_equal(scene->error.http_status, 400);
        if (i == 1)
            assert_string_equal(
                scene->error.message,
                "Expected tool outputs for call_ids ['call_a', 'call_b'], got ['call_a']");
    }
    assert_int_equal(read_run(scene).status, TREADLE_RUN_REQUIRES_ACTION);
    assert_int_equal(read_step(scene).status, TREADLE_STEP_IN_PROGRESS);
}

static void keeps_what_it_used_when_it_ends_while_it_waits(void **state)
{
    struct scene *scene = *state;
    start_waiting(scene);
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(take(scene, finish_cancel), 0);
    assert_int_equal(read_run(scene).usage->total_tokens, usage.total_tokens);
    assert_null(read_run(scene).required_action);
    struct treadle_run_step step = read_step(scene);
    assert_int_equal(step.status, TREADLE_STEP_CANCELLED);
    assert_null(step.step_details->tool_calls[0].function->output);
}

/* ---- What a thread has used ----------------------------------------------------------------- */

static void adds_up_what_a_thread_has_used(void **state)
{
    struct scene *scene = *state;
    assert_sums(scene, 0, 0, 0);
    start(scene);
    assert_int_equal(take(scene, begin_message), 0);
    assert_int_equal(take(scene, complete_message), 0);
    assert_sums(scene, 0, 0, 0);
    assert_int_equal(take(scene, complete), 0);
    assert_sums(scene, 1, usage.prompt_tokens, usage.completion_tokens);
    start_waiting(scene);
    assert_int_equal(take(scene, fail_run), TREADLE_ESTATE);
    assert_int_equal(take(scene, cancel), 0);
    assert_int_equal(take(scene, finish_cancel), 0);
    assert_sums(scene, 2, 2 * usage.prompt_tokens, 2 * usage.completion_tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cancels_what_is_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(cancels_what_is_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_to_cancel_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_the_execution_of_a_cancelled_run, setup, teardown),
        cmocka_unit_test_setup_teardown(recovers_a_run_that_was_being_cancelled, setup, teardown),
        cmocka_unit_test_setup_teardown(expires_when_its_time_is_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_being_cancelled_expires_as_cancelled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(waits_for_outputs, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_with_all_outputs, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_another_set_of_outputs, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_what_it_used_when_it_ends_while_it_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(adds_up_what_a_thread_has_used, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
