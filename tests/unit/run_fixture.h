/*
 * What the tests of run state share: a database with two threads, every transition of a run as a
 * piece of work, and reading back what it wrote.
 */
#ifndef TESTS_UNIT_RUN_FIXTURE_H
#define TESTS_UNIT_RUN_FIXTURE_H

#include <stdlib.h>

#include "api/types.h"
#include "db_fixture.h"
#include "run/run_state.h"
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
    struct run_change change;
    db_work work;
};

static inline int make_thread(struct db_session *session, const char *id,
                              struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = id},
        {.column = "project", .text = "p"},
        {.column = "body", .text = "{\"id\":\"t\"}"},
    };
    return record_insert(session, "threads", values, 3, error);
}

static inline int make_threads(struct db_session *session, void *argument,
                               struct treadle_error *error)
{
    (void)argument;
    int rc = make_thread(session, "thread_a", error);
    return rc ? rc : make_thread(session, "thread_b", error);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    struct scene *scene = *state;
    db_close(scene->db);
    arena_free(scene->arena);
    assert_int_equal(fixture_remove(&scene->store), 0);
    free(scene);
    return 0;
}

/* Does the work with a change of its own, and stores its events. */
static inline int take_work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    scene->change = (struct run_change){.session = session, .arena = scene->arena};
    int rc = scene->work(session, scene, error);
    return rc ? rc : run_change_store(&scene->change, error);
}

static inline int take(struct scene *scene, db_work work)
{
    scene->work = work;
    return db_write(scene->db, take_work, scene, &scene->error);
}

/* ---- Works ---------------------------------------------------------------------------------- */

static inline int create(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_create(&scene->change, "p", &scene->run, 600, NULL, error);
}

static inline int create_run(struct scene *scene, const char *thread_id)
{
    scene->run = (struct treadle_run){.thread_id = thread_id,
                                      .assistant_id = "asst_a",
                                      .model = "m",
                                      .parallel_tool_calls = true};
    return take(scene, create);
}

static inline int claim(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_claim(&scene->change, &(struct run_claim){0}, &scene->record, error);
}

static inline int begin_tools(struct db_session *session, void *argument,
                              struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_begin_tools(&scene->change, &scene->record, &scene->step, error);
}

static const struct treadle_usage usage = {
    .prompt_tokens = 5, .completion_tokens = 2, .total_tokens = 7};

static inline int complete_tools(struct db_session *session, void *argument,
                                 struct treadle_error *error)
{
    struct scene *scene = argument;
    struct treadle_search_content content = {.text = "secret chunk"};
    struct treadle_file_search_result result = {.file_id = "file-1",
                                                .file_name = "a.pdf",
                                                .score = 0.5,
                                                .content = &content,
                                                .content_count = 1};
    struct treadle_search_ranking ranking = {.ranker = "default_2024_08_21", .score_threshold = 0};
    struct treadle_file_search_call search = {
        .ranking_options = &ranking, .results = &result, .result_count = 1};
    struct treadle_tool_call call = {
        .id = "call_1", .type = TREADLE_TOOL_FILE_SEARCH, .file_search = &search};
    (void)session;
    return run_state_complete_tools(&scene->change, &scene->step, &call, 1, &usage, error);
}

static inline int begin_message(struct db_session *session, void *argument,
                                struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_begin_message(&scene->change, &scene->record, &scene->step, error);
}

static inline int complete_message(struct db_session *session, void *argument,
                                   struct treadle_error *error)
{
    struct scene *scene = argument;
    struct treadle_text text = {.value = "An answer."};
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &text};
    (void)session;
    return run_state_complete_message(&scene->change, &scene->step, &part, 1, NULL, &usage, error);
}

static inline int complete(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    (void)session;
    return run_state_complete(&scene->change, scene->record.run.id, error);
}

static inline int fail_run(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    static const struct treadle_last_error reason = {.code = "server_error",
                                                     .message = "It broke."};
    (void)session;
    return run_state_fail(&scene->change, scene->record.run.id, &reason, error);
}

static inline int recover(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_recover(session, &scene->count, error);
}

static inline int check_unlocked(struct db_session *session, void *argument,
                                 struct treadle_error *error)
{
    struct scene *scene = argument;
    return run_state_check_unlocked(session, "thread_a", "add messages to", scene->arena, error);
}

/* ---- Reading -------------------------------------------------------------------------------- */

struct reading {
    struct scene *scene;
    const char *table;
    const struct treadle_type *type;
    const char *id;
    void *out;
};

static inline int load(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct reading *reading = argument;
    const struct record_key keys[] = {{"id", reading->id}};
    return record_load(session, reading->table, reading->type, keys, 1, reading->scene->arena,
                       reading->out, error);
}

static inline struct treadle_run read_run(struct scene *scene)
{
    struct treadle_run run;
    struct reading reading = {scene, "runs", &treadle_run_type, scene->record.run.id, &run};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return run;
}

static inline struct treadle_run_step read_step(struct scene *scene)
{
    struct treadle_run_step step;
    struct reading reading = {scene, "run_steps", &treadle_run_step_type, scene->step.id, &step};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return step;
}

static inline struct treadle_message read_message(struct scene *scene)
{
    struct treadle_message message;
    struct reading reading = {scene, "messages", &treadle_message_type,
                              scene->step.step_details->message_creation->message_id, &message};
    assert_int_equal(db_read(scene->db, load, &reading, &scene->error), 0);
    return message;
}

#endif
