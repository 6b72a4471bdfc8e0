/*
 * Memory runs out while a run changes state: every transition says so, and none is half done. Each
 * is tried in a transaction that is undone, so all attempts find the same state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "failing_memory.h"
#include "run_fixture.h"

/* A transition to try. */
struct trial {
    struct scene *scene;
    db_work work;
    bool worked;
};

static int try_and_undo(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct trial *trial = argument;
    trial->scene->work = trial->work;
    int rc = take_work(session, trial->scene, error);
    trial->worked = rc == 0;
    return rc ? rc : error_set(error, TREADLE_ESTATE, "undone");
}

static int attempt(void *argument)
{
    struct trial *trial = argument;
    struct scene *scene = trial->scene;
    struct arena *kept = scene->arena;
    struct treadle_run run = scene->run;
    struct run_record record = scene->record;
    struct treadle_run_step step = scene->step;
    struct treadle_error error;
    trial->worked = false;
    scene->arena = arena_new(0);
    int rc = scene->arena ? db_write(scene->db, try_and_undo, trial, &error) : TREADLE_EMEMORY;
    run_change_settle(&scene->change, false);
    arena_free(scene->arena);
    scene->arena = kept;
    scene->run = run;
    scene->record = record;
    scene->step = step;
    return trial->worked ? 0 : rc;
}

/* The transition without memory, and then with it, for good. */
static unsigned exhaust(struct scene *scene, const char *name, db_work work)
{
    struct trial trial = {.scene = scene, .work = work};
    unsigned wrong = memory_exhaust(name, attempt, NULL, &trial);
    assert_true(trial.worked);
    return wrong;
}

static unsigned exhaust_and_take(struct scene *scene, const char *name, db_work work)
{
    unsigned wrong = exhaust(scene, name, work);
    assert_int_equal(take(scene, work), 0);
    return wrong;
}

static void transitions(void **state)
{
    struct scene *scene = *state;
    unsigned wrong = 0;
    scene->run = (struct treadle_run){.thread_id = "thread_a",
                                      .assistant_id = "asst_a",
                                      .model = "m",
                                      .parallel_tool_calls = true};
    wrong += exhaust_and_take(scene, "create", create);
    wrong += exhaust_and_take(scene, "claim", claim);
    wrong += exhaust_and_take(scene, "begin tools", begin_tools);
    wrong += exhaust_and_take(scene, "complete tools", complete_tools);
    wrong += exhaust_and_take(scene, "begin message", begin_message);
    wrong += exhaust(scene, "recover", recover);
    wrong += exhaust(scene, "fail", fail_run);
    wrong += exhaust_and_take(scene, "complete message", complete_message);
    wrong += exhaust_and_take(scene, "complete", complete);
    assert_int_equal(read_run(scene).status, TREADLE_RUN_COMPLETED);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transitions, setup, teardown)};
    memory_prepare();
    return cmocka_run_group_tests_name("memory_runs", tests, NULL, NULL);
}
