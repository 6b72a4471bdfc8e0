/*
 * Shared by the tests of the engine: an engine on a real database, its runs made, claimed and
 * looked at as the server does it.
 */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/types.h"
#include "base/error.h"
#include "db_fixture.h"
#include "engine/engine.h"
#include "run/run_state.h"
#include "store/record.h"
#include "store/schema.h"

/* Something that a test does in a write, with a change, as a handler does. */
struct deed {
    struct db *db;
    struct engine *engine;
    const char *run_id, *thread_id, *model;
    const struct treadle_tool_output *outputs;
    size_t output_count;
    int64_t lifetime;
    int (*work)(struct deed *deed, struct treadle_error *error);
    void (*before_published)(struct deed *deed); /* may be NULL */
    void *context;
    struct arena *arena;
    struct run_change change;
    struct treadle_run run;
    struct execution *claimed;
};

static inline int deed_work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct deed *deed = argument;
    deed->change.session = session;
    int rc = deed->work(deed, error);
    return rc ? rc : run_change_store(&deed->change, error);
}

static inline int deed_do(struct deed *deed, struct treadle_error *error)
{
    deed->arena = arena_new(0);
    deed->claimed = NULL;
    deed->change = (struct run_change){.arena = deed->arena, .live = engine_live(deed->engine)};
    int rc = db_write(deed->db, deed_work, deed, error);
    if (rc >= 0 && deed->before_published)
        deed->before_published(deed);
    run_change_settle(&deed->change, rc >= 0);
    engine_take(deed->engine, deed->claimed, rc >= 0);
    if (rc >= 0 && deed->change.queued)
        engine_wake(deed->engine);
    return rc;
}

static inline void deed_clear(struct deed *deed)
{
    arena_free(deed->arena);
    deed->arena = NULL;
}

/* ---- Deeds ---------------------------------------------------------------------------------- */

static inline int deed_make_thread(struct deed *deed, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = deed->thread_id},
        {.column = "project", .text = "p"},
        {.column = "body", .text = "{\"id\":\"t\",\"object\":\"thread\",\"created_at\":1}"},
    };
    return record_insert(deed->change.session, "threads", values, 3, error);
}

static inline int deed_make_run(struct deed *deed, struct treadle_error *error)
{
    static const char *const names[] = {"f", "g"};
    struct treadle_tool *tools = arena_array(deed->arena, 2, sizeof *tools);
    struct treadle_function *functions = arena_array(deed->arena, 2, sizeof *functions);
    for (size_t i = 0; i < 2; i++) {
        functions[i].name = names[i];
        tools[i] = (struct treadle_tool){.type = TREADLE_TOOL_FUNCTION, .function = &functions[i]};
    }
    deed->run = (struct treadle_run){.thread_id = deed->thread_id,
                                     .assistant_id = "asst_a",
                                     .model = deed->model,
                                     .instructions = "Answer.",
                                     .tools = tools,
                                     .tool_count = 2,
                                     .parallel_tool_calls = true};
    int rc = run_state_create(&deed->change, "p", &deed->run, deed->lifetime ? deed->lifetime : 600,
                              NULL, error);
    return rc ? rc : engine_claim(deed->engine, &deed->change, &deed->run, &deed->claimed, error);
}

static inline int deed_submit(struct deed *deed, struct treadle_error *error)
{
    int rc = run_state_submit(&deed->change, deed->run_id, deed->outputs, deed->output_count,
                              &deed->run, error);
    return rc ? rc : engine_claim(deed->engine, &deed->change, &deed->run, &deed->claimed, error);
}

static inline int deed_cancel(struct deed *deed, struct treadle_error *error)
{
    return run_state_cancel(&deed->change, deed->run_id, &deed->run, error);
}

/* ---- Looking -------------------------------------------------------------------------------- */

struct look {
    const char *run_id;
    struct arena *arena;
    struct treadle_run run;
    void *context; /* of looks at something else */
};

static inline int look_work(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    const struct record_key keys[] = {{"id", look->run_id}};
    return record_load(session, "runs", &treadle_run_type, keys, 1, look->arena, &look->run, error);
}

/* The status of a run as the database has it; 0 when it is gone. */
static inline enum treadle_run_status run_status(struct db *db, const char *run_id)
{
    struct treadle_error error;
    struct look look = {.run_id = run_id, .arena = arena_new(0)};
    int rc = db_read(db, look_work, &look, &error);
    arena_free(look.arena);
    return rc ? 0 : look.run.status;
}

/* Waits until the run has that status. */
static inline bool await_status(struct db *db, const char *run_id, enum treadle_run_status status)
{
    for (int i = 0; i < 20000; i++) {
        if (run_status(db, run_id) == status)
            return true;
        usleep(1000);
    }
    return false;
}

#endif
