/*
 * A kind of tool that lives in this file alone goes through a whole run: it is opened, waited for,
 * offered, called beside a function, executed on a worker with pieces that followers see, recorded
 * in its step, recalled once the output of the function is there, and cancelled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "engine_fixture.h"

/* ---- The kind: a bell that rings as often as the model says ---------------------------------- */

struct bell {
    int looks; /* how often it was asked whether it is ready */
    bool used;
};

static atomic_bool holds; /* it rings until its run is over */
static atomic_int ringing;

static int bell_open(const struct tool_context *context, void **state, struct treadle_error *error)
{
    struct bell *bell = arena_alloc(context->arena, sizeof *bell);
    *state = bell;
    return bell ? 0 : error_set_memory(error);
}

static int bell_ready(const struct tool_context *context, void *state, bool *out,
                      struct treadle_error *error)
{
    (void)context, (void)error;
    *out = ++((struct bell *)state)->looks > 1;
    return 0;
}

static int bell_use(struct db_session *session, const struct tool_context *context, void *state,
                    struct treadle_error *error)
{
    (void)session, (void)context, (void)error;
    ((struct bell *)state)->used = true;
    return 0;
}

/* One tool of the run may be several functions of the model. */
static size_t bell_offer(const struct tool_context *context, const struct treadle_tool *tool,
                         void *state, struct model_tool *out, size_t room)
{
    const struct bell *bell = state;
    (void)context, (void)tool;
    assert_true(room >= 2);
    assert_int_equal(bell->looks, 2);
    assert_true(bell->used);
    out[0] = (struct model_tool){.name = "ring", .description = "Rings."};
    out[1] = (struct model_tool){.name = "strike", .description = "Strikes."};
    return 2;
}

static int bell_begin(const struct tool_context *context, struct tool_call *call,
                      struct treadle_tool_call_delta *delta, struct treadle_error *error)
{
    struct treadle_code_interpreter_call *code = arena_alloc(context->arena, sizeof *code);
    struct treadle_code_interpreter_call_delta *piece = arena_alloc(context->arena, sizeof *piece);
    if (!code || !piece)
        return error_set_memory(error);
    code->input = piece->input = "";
    call->recorded.code_interpreter = code;
    delta->code_interpreter = piece;
    return 0;
}

static int report(struct tool_call *call, const char *logs, const struct tool_progress *progress,
                  struct treadle_error *error)
{
    struct treadle_code_interpreter_call *code = call->recorded.code_interpreter;
    struct treadle_code_output_delta output = {
        .index = (int64_t)code->output_count, .type = TREADLE_CODE_OUTPUT_LOGS, .logs = logs};
    struct treadle_code_interpreter_call_delta piece = {.outputs = &output, .output_count = 1};
    struct treadle_tool_call_delta delta = {.code_interpreter = &piece};
    code->outputs[code->output_count++] =
        (struct treadle_code_output){.type = TREADLE_CODE_OUTPUT_LOGS, .logs = logs};
    return progress->report(progress->context, &delta, error);
}

static int bell_run(const struct tool_context *context, struct tool_call *call,
                    const struct tool_progress *progress, struct tool_result *out,
                    struct buffer *memory, struct treadle_error *error)
{
    struct treadle_code_interpreter_call *code = call->recorded.code_interpreter;
    code->input = arena_format(context->arena, "%s %s", call->name, call->arguments);
    code->outputs = arena_array(context->arena, 2, sizeof *code->outputs);
    if (!code->input || !code->outputs)
        return error_set_memory(error);
    int rc = report(call, "ding", progress, error);
    for (atomic_store(&ringing, 1); atomic_load(&holds) && !progress->cancelled(progress->context);)
        usleep(1000);
    if (!rc)
        rc = report(call, "dong", progress, error);
    out->text = "It rang.";
    buffer_append_format(memory, "{\"name\":\"%s\",\"turn\":%u}", call->name, call->turn);
    return rc;
}

static int bell_recall(const struct tool_context *context, struct tool_call *call,
                       const char *memory, struct tool_result *out, struct treadle_error *error)
{
    const struct treadle_code_interpreter_call *code = call->recorded.code_interpreter;
    call->name = "ring";
    call->arguments = "{}";
    out->text = arena_format(context->arena, "%s: %s, %s; %s", code->input, code->outputs[0].logs,
                             code->outputs[1].logs, memory);
    return out->text ? 0 : error_set_memory(error);
}

static void bell_describe(const struct treadle_tool_call *recorded, bool in_progress,
                          struct buffer *out)
{
    (void)recorded, (void)in_progress;
    buffer_append_string(out, "a bell");
}

static const struct tool_kind bell_kind = {
    .type = TREADLE_TOOL_CODE_INTERPRETER,
    .single = true,
    .open = bell_open,
    .ready = bell_ready,
    .patience_us = 60000000,
    .use = bell_use,
    .offer = bell_offer,
    .begin = bell_begin,
    .run = bell_run,
    .recall = bell_recall,
    .describe = bell_describe,
};

/* ---- The model ------------------------------------------------------------------------------ */

/* Calls the bell, a function, and a name that it has made up; then repeats what it was given. */
struct puppet {
    struct model model;
    char offered[128], given[512];
};

static void finish(const struct model_sink *sink, enum model_finish how)
{
    const struct model_outcome outcome = {.finish = how};
    sink->done(sink->context, &outcome);
}

static void start(struct model *model, const struct model_request *request,
                  const struct model_sink *sink)
{
    struct puppet *puppet = (struct puppet *)model;
    struct buffer given;
    buffer_init(&given, sizeof puppet->given - 1);
    puppet->offered[0] = '\0';
    for (size_t i = 0; i < request->tool_count; i++) {
        strncat(puppet->offered, request->tools[i].name, 20);
        strncat(puppet->offered, " ", 2);
    }
    for (size_t i = 0; i < request->message_count; i++)
        if (request->messages[i].role == MODEL_TOOL)
            buffer_append_format(&given, "[%s]", request->messages[i].text);
    if (given.length) {
        assert_int_equal(given.failed, 0);
        memcpy(puppet->given, given.data, given.length + 1);
        sink->text(sink->context, "Done.", 5);
        finish(sink, MODEL_STOP);
    } else {
        sink->tool_call(sink->context, 0, "a", "ring", "{\"times\":", 9);
        sink->tool_call(sink->context, 0, NULL, NULL, "2}", 2);
        sink->tool_call(sink->context, 1, "b", "f", "{}", 2);
        sink->tool_call(sink->context, 2, "c", "hoot", "{}", 2);
        finish(sink, MODEL_TOOL_CALLS);
    }
    buffer_clear(&given);
}

static void destroy(struct model *model)
{
    (void)model;
}

static const struct model_driver driver = {.name = "puppet", .start = start, .destroy = destroy};

/* ---- The stage ------------------------------------------------------------------------------ */

static const struct tool_kind *kinds[4];

struct stage {
    struct fixture store;
    struct db *db;
    struct engine *engine;
    struct puppet puppet;
    struct treadle_error error;
    struct live_follower follower;
    pthread_mutex_t mutex;
    struct buffer frames;
    atomic_bool ended;
    struct deed deed;
};

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct stage *stage = context;
    pthread_mutex_lock(&stage->mutex);
    buffer_append(&stage->frames, bytes, length);
    pthread_mutex_unlock(&stage->mutex);
    return 0;
}

static void on_end(void *context)
{
    atomic_store(&((struct stage *)context)->ended, true);
}

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->puppet.model.driver = &driver;
    pthread_mutex_init(&stage->mutex, NULL);
    buffer_init(&stage->frames, 1 << 20);
    kinds[0] = &bell_kind;
    kinds[1] = tool_kind_find(tool_kinds, TREADLE_TOOL_FILE_SEARCH);
    kinds[2] = tool_kind_find(tool_kinds, TREADLE_TOOL_FUNCTION);
    assert_int_equal(fixture_make(&stage->store), 0);
    assert_int_equal(
        db_open_sqlite(&stage->db, stage->store.path, schema_migrations, &stage->error), 0);
    const struct engine_options options = {
        .db = stage->db, .model = &stage->puppet.model, .tool_kinds = kinds};
    assert_int_equal(engine_open(&stage->engine, &options, &stage->error), 0);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    deed_clear(&stage->deed);
    live_unfollow(&stage->follower);
    live_forget(&stage->follower);
    engine_close(stage->engine, 10);
    db_close(stage->db);
    buffer_clear(&stage->frames);
    pthread_mutex_destroy(&stage->mutex);
    assert_int_equal(fixture_remove(&stage->store), 0);
    free(stage);
    return 0;
}

static int make_run(struct deed *deed, struct treadle_error *error)
{
    struct stage *stage = deed->context;
    static struct treadle_function function = {.name = "f"};
    static struct treadle_tool tools[] = {
        {.type = TREADLE_TOOL_FUNCTION, .function = &function},
        {.type = TREADLE_TOOL_CODE_INTERPRETER},
        {.type = TREADLE_TOOL_CODE_INTERPRETER},
        {.type = TREADLE_TOOL_FILE_SEARCH},
    };
    deed->run = (struct treadle_run){.thread_id = "thread_a",
                                     .assistant_id = "asst_a",
                                     .model = "puppet",
                                     .instructions = "Ring.",
                                     .tools = tools,
                                     .tool_count = 4,
                                     .parallel_tool_calls = true};
    int rc = run_state_create(&deed->change, "p", &deed->run, 600, NULL, error);
    if (rc)
        return rc;
    stage->follower = (struct live_follower){stage, .frames = on_frames, .end = on_end};
    struct live_run *live = live_open(engine_live(stage->engine), deed->run.id);
    live_follow(live, &stage->follower, 0);
    live_catch_up(&stage->follower, 0, false);
    return engine_claim(deed->engine, &deed->change, &deed->run, &deed->claimed, error);
}

static void begin(struct stage *stage)
{
    stage->deed = (struct deed){
        .db = stage->db, .engine = stage->engine, .thread_id = "thread_a", .context = stage};
    stage->deed.work = deed_make_thread;
    assert_int_equal(deed_do(&stage->deed, &stage->error), 0);
    deed_clear(&stage->deed);
    stage->deed.work = make_run;
    assert_int_equal(deed_do(&stage->deed, &stage->error), 0);
    stage->deed.run_id = stage->deed.run.id;
}

static bool was_sent(struct stage *stage, const char *text)
{
    pthread_mutex_lock(&stage->mutex);
    bool sent = stage->frames.data && strstr(stage->frames.data, text);
    pthread_mutex_unlock(&stage->mutex);
    return sent;
}

/* The step of the calls, as the database has it. */
static int load_step(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    const struct record_key keys[] = {{"run", look->run_id}};
    const char *id = NULL;
    int rc = record_text(session, "run_steps", "id", keys, 1, look->arena, &id, error);
    const struct record_key step[] = {{"id", id}};
    return rc ? rc
              : record_load(session, "run_steps", &treadle_run_step_type, step, 1, look->arena,
                            look->context, error);
}

static struct treadle_run_step step_of(struct stage *stage, struct arena *arena)
{
    struct treadle_run_step step;
    struct look look = {.run_id = stage->deed.run_id, .arena = arena, .context = &step};
    assert_int_equal(db_read(stage->db, load_step, &look, &stage->error), 0);
    return step;
}

static int submit_due(struct deed *deed, struct treadle_error *error)
{
    struct look look = {.run_id = deed->run_id, .arena = deed->arena};
    int rc = look_work(deed->change.session, &look, error);
    if (rc || !look.run.required_action)
        return rc ? rc : TREADLE_ESTATE;
    assert_int_equal(look.run.required_action->submit_tool_outputs->tool_call_count, 1);
    const struct treadle_tool_output output = {
        .tool_call_id = look.run.required_action->submit_tool_outputs->tool_calls[0].id,
        .output = "an output"};
    deed->outputs = &output;
    deed->output_count = 1;
    return deed_submit(deed, error);
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void a_kind_goes_through_a_whole_run(void **state)
{
    struct stage *stage = *state;
    begin(stage);
    const char *run_id = stage->deed.run_id;
    assert_true(await_status(stage->db, run_id, TREADLE_RUN_REQUIRES_ACTION));
    assert_string_equal(stage->puppet.offered, "ring strike f ");
    while (!atomic_load(&stage->ended))
        usleep(1000);
    assert_true(was_sent(stage, "\"tool_calls\":[{\"index\":0,\"id\":\"call_"));
    assert_true(
        was_sent(stage, "\"type\":\"code_interpreter\",\"code_interpreter\":{\"input\":\"\"}"));
    assert_true(was_sent(stage, "{\"index\":0,\"type\":\"logs\",\"logs\":\"ding\"}"));
    assert_true(was_sent(stage, "{\"index\":1,\"type\":\"logs\",\"logs\":\"dong\"}"));
    /* Arguments are shown of functions alone. */
    assert_false(was_sent(stage, "{\\\"times\\\":\"}"));

    char kept[64];
    snprintf(kept, sizeof kept, "%s", run_id);
    deed_clear(&stage->deed);
    stage->deed.work = submit_due;
    stage->deed.run_id = kept;
    assert_int_equal(deed_do(&stage->deed, &stage->error), 0);
    assert_true(await_status(stage->db, kept, TREADLE_RUN_COMPLETED));
    assert_string_equal(stage->puppet.given,
                        "[ring {\"times\":2}: ding, dong; {\"name\":\"ring\",\"turn\":0}]"
                        "[an output][There is no tool 'hoot'.]");

    struct arena *arena = arena_new(0);
    const struct treadle_run_step step = step_of(stage, arena);
    const struct treadle_step_details *details = step.step_details;
    assert_int_equal(step.status, TREADLE_STEP_COMPLETED);
    assert_int_equal(details->tool_call_count, 3);
    assert_int_equal(details->tool_calls[0].type, TREADLE_TOOL_CODE_INTERPRETER);
    assert_string_equal(details->tool_calls[0].code_interpreter->input, "ring {\"times\":2}");
    assert_int_equal(details->tool_calls[0].code_interpreter->output_count, 2);
    assert_string_equal(details->tool_calls[1].function->output, "an output");
    assert_string_equal(details->tool_calls[2].function->output, "There is no tool 'hoot'.");
    arena_free(arena);
}

/* Who ends a run from elsewhere finds the call as its followers have seen it. */
static void a_run_that_is_cancelled_keeps_what_was_sent(void **state)
{
    struct stage *stage = *state;
    char run_id[64];
    atomic_store(&ringing, 0);
    atomic_store(&holds, true);
    begin(stage);
    snprintf(run_id, sizeof run_id, "%s", stage->deed.run_id);
    while (!atomic_load(&ringing))
        usleep(1000);
    deed_clear(&stage->deed);
    stage->deed.work = deed_cancel;
    stage->deed.run_id = run_id;
    assert_int_equal(deed_do(&stage->deed, &stage->error), 0);
    assert_int_equal(engine_finish_cancel(stage->db, stage->engine, run_id, &stage->error), 0);
    assert_int_equal(run_status(stage->db, run_id), TREADLE_RUN_CANCELLED);
    assert_true(was_sent(stage, "ding"));
    assert_false(was_sent(stage, "dong"));

    struct arena *arena = arena_new(0);
    const struct treadle_run_step step = step_of(stage, arena);
    const struct treadle_tool_call *call = &step.step_details->tool_calls[0];
    assert_int_equal(step.status, TREADLE_STEP_CANCELLED);
    assert_int_equal(call->code_interpreter->output_count, 1);
    assert_string_equal(call->code_interpreter->outputs[0].logs, "ding");
    assert_string_equal(step.step_details->tool_calls[1].function->arguments, "{}");
    arena_free(arena);
    atomic_store(&holds, false);
}

static void every_kind_has_what_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; tool_kinds[i]; i++) {
        assert_non_null(tool_kinds[i]->describe);
        assert_ptr_equal(tool_kind_find(tool_kinds, tool_kinds[i]->type), tool_kinds[i]);
        if (!tool_kinds[i]->offer)
            continue;
        assert_non_null(tool_kinds[i]->begin);
        assert_non_null(tool_kinds[i]->recall);
    }
    for (int type = 1; tool_type_names[type]; type++)
        assert_non_null(tool_kind_find(tool_kinds, (enum treadle_tool_type)type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kind_goes_through_a_whole_run, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_is_cancelled_keeps_what_was_sent, setup,
                                        teardown),
        cmocka_unit_test(every_kind_has_what_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
