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
#include <stdlib.h>
#include <string.h>

#include "api/types.h"
#include "db_fixture.h"
#include "engine/run_state.h"
#include "store/record.h"
#include "store/schema.h"

struct scene {
    struct fixture store;
    struct db *db;
    struct arena *arena;
    /* What the work under test gets and gives. */
    struct treadle_run run;
    struct run_record record;
    struct treadle_run_step step;
    struct treadle_error error;
    size_t count;
};

static int make_thread(struct db_session *session, const char *id, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = id},
        {.column = "project", .text = "p"},
        {.column = "body", .text = "{\"id\":\"t\"}"},
    };
    return record_insert(session, "threads", values, 3, error);
}

static int make_threads(struct db_session *session, void *argument, struct treadle_error *error)
{
    (void)argument;
    int rc = make_thread(session, "thread_a", error);
    return rc ? rc : make_thread(session, "thread_b", error);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(fixture_make(&scene->store), 0);
    assert_int_equal(
        db_open_sqlite(&scene->db, scene->store.path, schema_migrations, &scene->error), 0);
    assert_int_equal(db_write(scene->db, make_threads, NULL, &scene->error), 0);
    scene->arena = arena_new(0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    arena_free(scene->arena);
    assert_int_equal(fixture_remove(&scene->store), 0);
    free(scene);
    return 0;
}

/* ---- Works ---------------------------------------------------------------------------------- */

static int create(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_create(session, "p", &scene->run, scene->arena, error);
}

static int create_run(struct scene *scene, const char *thread_id)
{
    scene->run = (struct treadle_run){.thread_id = thread_id,
                                      .assistant_id = "asst_a",
                                      .model = "m",
                                      .parallel_tool_calls = true};
    return db_write(scene->db, create, scene, &scene->error);
}

static int claim(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_claim(session, scene->arena, &scene->record, error);
}

static int begin_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_begin_tools(session, &scene->record, scene->arena, &scene->step, error);
}

static const struct treadle_usage usage = {
    .prompt_tokens = 5, .completion_tokens = 2, .total_tokens = 7};

static int complete_tools(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    struct treadle_search_content content = {.text = "secret chunk"};
    struct treadle_file_search_result result = {.file_id = "file-1",
                                                .file_name = "a.pdf",
                                                .score = 0.5,
                                                .content = &content,
                                                .content_count = 1};
    struct treadle_search_ranking ranking = {"default_2024_08_21", 0};
    struct treadle_file_search_call search = {&ranking, &result, 1};
    struct treadle_tool_call call = {
        .id = "call_1", .type = TREADLE_TOOL_FILE_SEARCH, .file_search = &search};
    return run_state_complete_tools(session, &scene->step, &call, 1, &usage, scene->arena, error);
}

static int begin_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_begin_message(session, &scene->record, scene->arena, &scene->step, error);
}

static int complete_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    const struct treadle_text text = {.value = "An answer."};
    return run_state_complete_message(session, &scene->step, &text, &usage, scene->arena, error);
}

static int complete(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_complete(session, scene->record.run.id, scene->arena, error);
}

static int fail_run(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    static const struct treadle_last_error reason = {"server_error", "It broke."};
    return run_state_fail(session, scene->record.run.id, &reason, scene->arena, error);
}

static int recover(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_recover(session, &scene->count, error);
}

static int check_unlocked(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_check_unlocked(session, "thread_a", scene->arena, error);
}

static int take(struct scene *scene, db_work work)
{
    return db_write(scene->db, work, scene, &scene->error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

struct reading {
    struct scene *scene;
    const char *table;
    const struct treadle_type *type;
    const char *id;
    void *out;
};

static int load(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    const struct record_key keys[] = {{"id", reading->id}};
    return record_load(session, reading->table, reading->type, keys, 1, reading->scene->arena,
                       reading->out, error);
}

static struct treadle_run read_run(struct scene *scene)
{
    struct treadle_run run;
    struct reading reading = {scene, "runs", &treadle_run_type, scene->record.run.id, &run};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return run;
}

static struct treadle_run_step read_step(struct scene *scene)
{
    struct treadle_run_step step;
    struct reading reading = {scene, "run_steps", &treadle_run_step_type, scene->step.id, &step};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return step;
}

static struct treadle_message read_message(struct scene *scene)
{
    struct treadle_message message;
    struct reading reading = {scene, "messages", &treadle_message_type,
                              scene->step.step_details->message_creation->message_id, &message};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return message;
}

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
