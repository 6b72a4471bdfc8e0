/*
 * The turns of a run: what ends one is never taken for the end of the next, however late it is
 * published; and a run in progress that nobody executes is found and failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include "engine_fixture.h"

/* A model that says what the test has it say. Its runs are distinguished by their model's name. */
enum { SLOTS = 3 };

struct puppet {
    struct model model;
    pthread_mutex_t mutex;
    int asked[SLOTS];
    struct model_sink sinks[SLOTS];
};

static void start(struct model *model, const struct model_request *request,
                  const struct model_sink *sink)
{
    struct puppet *puppet = (struct puppet *)model;
    int slot = request->model[0] - '0';
    pthread_mutex_lock(&puppet->mutex);
    puppet->asked[slot]++;
    puppet->sinks[slot] = *sink;
    pthread_mutex_unlock(&puppet->mutex);
}

static void destroy(struct model *model)
{
    pthread_mutex_destroy(&((struct puppet *)model)->mutex);
}

static const struct model_driver driver = {.name = "puppet", .start = start, .destroy = destroy};

/* Waits until that run has asked so often. */
static struct model_sink *await_asked(struct puppet *puppet, int slot, int times)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&puppet->mutex);
        bool asked = puppet->asked[slot] >= times;
        pthread_mutex_unlock(&puppet->mutex);
        if (asked)
            return &puppet->sinks[slot];
        usleep(1000);
    }
    fail_msg("the model was not asked");
    return NULL;
}

static void say(const struct model_sink *sink, const char *text)
{
    sink->text(sink->context, text, strlen(text));
    sink->flush(sink->context);
}

static void finish(const struct model_sink *sink, enum model_finish how)
{
    const struct model_outcome outcome = {.finish = how};
    sink->done(sink->context, &outcome);
}

/* A follower that, once it is armed, stops the thread that sends it the next piece. */
struct brake {
    struct live_follower follower;
    sem_t stopped, go;
    atomic_int pieces;
    atomic_bool armed;
};

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct brake *brake = context;
    (void)length;
    if (!strstr(bytes, "thread.message.delta"))
        return 0;
    atomic_fetch_add(&brake->pieces, 1);
    if (!atomic_exchange(&brake->armed, false))
        return 0;
    sem_post(&brake->stopped);
    while (sem_wait(&brake->go))
        ;
    return 0;
}

static void on_end(void *context)
{
    (void)context;
}

struct stage {
    struct fixture store;
    struct db *db;
    struct engine *engine;
    struct puppet puppet;
    struct treadle_error error;
};

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->puppet.model.driver = &driver;
    pthread_mutex_init(&stage->puppet.mutex, NULL);
    assert_int_equal(fixture_make(&stage->store), 0);
    assert_int_equal(
        db_open_sqlite(&stage->db, stage->store.path, schema_migrations, &stage->error), 0);
    const struct engine_options options = {.db = stage->db, .model = &stage->puppet.model};
    assert_int_equal(engine_open(&stage->engine, &options, &stage->error), 0);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    engine_close(stage->engine, 10);
    db_close(stage->db);
    model_free(&stage->puppet.model);
    assert_int_equal(fixture_remove(&stage->store), 0);
    free(stage);
    return 0;
}

static struct deed begin(struct stage *stage, const char *thread_id, const char *model)
{
    struct deed deed = {
        .db = stage->db, .engine = stage->engine, .thread_id = thread_id, .model = model};
    deed.work = deed_make_thread;
    assert_int_equal(deed_do(&deed, &stage->error), 0);
    deed_clear(&deed);
    deed.work = deed_make_run;
    assert_int_equal(deed_do(&deed, &stage->error), 0);
    assert_non_null(deed.claimed);
    deed.run_id = deed.run.id;
    return deed;
}

static void follow(struct stage *stage, const char *run_id, struct brake *brake)
{
    *brake = (struct brake){.follower = {.context = brake, .frames = on_frames, .end = on_end}};
    sem_init(&brake->stopped, 0, 0);
    sem_init(&brake->go, 0, 0);
    struct live_run *live = live_open(engine_live(stage->engine), run_id);
    live_follow(live, &brake->follower, 0);
    live_catch_up(&brake->follower, 0, false);
}

static void unfollow(struct brake *brake)
{
    live_unfollow(&brake->follower);
    live_forget(&brake->follower);
    sem_destroy(&brake->stopped);
    sem_destroy(&brake->go);
}

/* Lets a run say something, and waits until it was published. */
static void speak(struct stage *stage, int slot, struct brake *brake)
{
    say(&stage->puppet.sinks[slot], "A piece.");
    while (atomic_load(&brake->pieces) == 0)
        usleep(1000);
}

/* Both threads that advance runs stand still, each within a run of its own; what was to be advanced
 * before was. */
static void stop_both(struct stage *stage, struct brake brakes[2])
{
    for (int i = 0; i < 2; i++)
        atomic_store(&brakes[i].armed, true);
    for (int i = 0; i < 2; i++)
        say(&stage->puppet.sinks[i + 1], "Another.");
    for (int i = 0; i < 2; i++)
        while (sem_wait(&brakes[i].stopped))
            ;
}

/* ---- The writer, held ----------------------------------------------------------------------- */

struct hold {
    sem_t begun, go;
};

static int wait_in_writer(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct hold *hold = argument;
    (void)session, (void)error;
    sem_post(&hold->begun);
    while (sem_wait(&hold->go))
        ;
    return 0;
}

static void on_held(struct db_task *task)
{
    (void)task;
}

static void hold_writer(struct stage *stage, struct hold *hold, struct db_task *task)
{
    sem_init(&hold->begun, 0, 0);
    sem_init(&hold->go, 0, 0);
    *task = (struct db_task){.work = wait_in_writer, .argument = hold, .done = on_held};
    db_write_start(stage->db, task);
    while (sem_wait(&hold->begun))
        ;
}

static int count_steps(struct db_session *session, void *argument, struct treadle_error *error)
{
    return fixture_query(session, "SELECT count(*) FROM run_steps", argument, error);
}

static void await_steps(struct stage *stage, int64_t wanted)
{
    for (int64_t count = 0; count < wanted; usleep(1000))
        assert_int_equal(db_read(stage->db, count_steps, &count, &stage->error), 0);
}

static int submit_due(struct deed *deed, struct treadle_error *error)
{
    struct look look = {.run_id = deed->run_id, .arena = deed->arena};
    int rc = look_work(deed->change.session, &look, error);
    if (rc || !look.run.required_action)
        return rc ? rc : TREADLE_ESTATE;
    const struct treadle_tool_output output = {
        .tool_call_id = look.run.required_action->submit_tool_outputs->tool_calls[0].id,
        .output = "1"};
    deed->outputs = &output;
    deed->output_count = 1;
    return deed_submit(deed, error);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

/* Who polls sees that a run waits, and submits, before its execution has heard of its own write: so
 * the next turn begins before the end of the first is published. */
static void outputs_come_before_the_turn_has_ended(void **state)
{
    struct stage *stage = *state;
    struct puppet *puppet = &stage->puppet;
    struct brake brakes[2];
    struct hold hold;
    struct db_task task;
    struct deed run = begin(stage, "thread_0", "0");
    struct deed others[2] = {begin(stage, "thread_1", "1"), begin(stage, "thread_2", "2")};
    const struct model_sink *sink = await_asked(puppet, 0, 1);
    sink->tool_call(sink->context, 0, "call_x", "f", "{}", 2);
    sink->flush(sink->context);
    for (int i = 0; i < 2; i++) {
        await_asked(puppet, i + 1, 1);
        follow(stage, others[i].run_id, &brakes[i]);
        speak(stage, i + 1, &brakes[i]);
    }
    await_steps(stage, 3);

    hold_writer(stage, &hold, &task);
    finish(sink, MODEL_TOOL_CALLS);
    stop_both(stage, brakes);
    sem_post(&hold.go);
    assert_true(await_status(stage->db, run.run_id, TREADLE_RUN_REQUIRES_ACTION));
    struct deed next = {
        .db = stage->db, .engine = stage->engine, .run_id = run.run_id, .work = submit_due};
    assert_int_equal(deed_do(&next, &stage->error), 0);
    assert_non_null(next.claimed);
    for (int i = 0; i < 2; i++)
        sem_post(&brakes[i].go);

    sink = await_asked(puppet, 0, 2);
    say(sink, "It is 1.");
    finish(sink, MODEL_STOP);
    for (int i = 0; i < 2; i++)
        finish(&puppet->sinks[i + 1], MODEL_STOP);
    assert_true(await_status(stage->db, run.run_id, TREADLE_RUN_COMPLETED));
    for (int i = 0; i < 2; i++) {
        assert_true(await_status(stage->db, others[i].run_id, TREADLE_RUN_COMPLETED));
        unfollow(&brakes[i]);
        deed_clear(&others[i]);
    }
    deed_clear(&run);
    deed_clear(&next);
    sem_destroy(&hold.begun);
    sem_destroy(&hold.go);
}

/* A model that gives up by itself has not answered. */
static void an_answer_given_up_fails_its_run(void **state)
{
    struct stage *stage = *state;
    struct deed run = begin(stage, "thread_0", "0");
    const struct model_sink *sink = await_asked(&stage->puppet, 0, 1);
    say(sink, "The answer is 42 【4:0");
    await_steps(stage, 1);
    finish(sink, MODEL_CANCELLED);
    assert_true(await_status(stage->db, run.run_id, TREADLE_RUN_FAILED));
    deed_clear(&run);
}

static int make_without_owner(struct deed *deed, struct treadle_error *error)
{
    struct run_record record;
    deed->run = (struct treadle_run){
        .thread_id = deed->thread_id, .assistant_id = "asst_a", .model = deed->model};
    int rc = run_state_create(&deed->change, "p", &deed->run, 600, NULL, error);
    return rc ? rc : run_state_claim(&deed->change, &(struct run_claim){0}, &record, error);
}

static void a_run_without_an_owner_fails(void **state)
{
    struct stage *stage = *state;
    struct deed lost = {
        .db = stage->db, .engine = stage->engine, .thread_id = "thread_0", .model = "0"};
    lost.work = deed_make_thread;
    assert_int_equal(deed_do(&lost, &stage->error), 0);
    deed_clear(&lost);
    lost.work = make_without_owner;
    assert_int_equal(deed_do(&lost, &stage->error), 0);
    struct deed kept = begin(stage, "thread_1", "1");
    const struct model_sink *sink = await_asked(&stage->puppet, 1, 1);

    assert_int_equal(engine_end_unowned(stage->engine, &stage->error), 0);
    assert_int_equal(run_status(stage->db, lost.run.id), TREADLE_RUN_FAILED);
    assert_int_equal(run_status(stage->db, kept.run_id), TREADLE_RUN_IN_PROGRESS);
    say(sink, "Done.");
    finish(sink, MODEL_STOP);
    assert_true(await_status(stage->db, kept.run_id, TREADLE_RUN_COMPLETED));
    assert_int_equal(engine_end_unowned(stage->engine, &stage->error), 0);
    assert_int_equal(run_status(stage->db, kept.run_id), TREADLE_RUN_COMPLETED);
    deed_clear(&lost);
    deed_clear(&kept);
}

/* The walk over citations holds a begun marker back, and the run is ended from elsewhere. */
static void a_run_ends_within_a_marker(void **state)
{
    struct stage *stage = *state;
    struct deed run = begin(stage, "thread_0", "0");
    const struct model_sink *sink = await_asked(&stage->puppet, 0, 1);
    say(sink, "The answer is 42 【4:0");
    await_steps(stage, 1);
    assert_int_equal(engine_expire(stage->db, stage->engine, run.run_id, &stage->error), 0);
    finish(sink, MODEL_CANCELLED);
    assert_int_equal(run_status(stage->db, run.run_id), TREADLE_RUN_EXPIRED);
    deed_clear(&run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outputs_come_before_the_turn_has_ended),
        TEST(an_answer_given_up_fails_its_run),
        TEST(a_run_without_an_owner_fails),
        TEST(a_run_ends_within_a_marker),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
