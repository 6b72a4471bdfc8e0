/*
 * The engine under whatever may happen: a model that sends anything, a writer that is slow to say
 * that something is durable, runs that end in every way there is at any moment, and followers that
 * come, go and lag. Nothing is asked of an answer; what must hold is that every run ends, that its
 * thread is free then, that nothing of it stays open, and that its log, its message and what its
 * followers were sent agree.
 *
 * usage: test_hostile [ROUNDS [SEED]]
 *
 * Each round has a seed of its own, which is printed when it fails; threads make it differ from one
 * time to the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <time.h>

#include "engine_fixture.h"
#include "hostile_model.h"
#include "run/run_transitions.h"
#include "slow_db.h"
#include "tool/file_search.h"

enum { RUNS = 24, DIRECTORS = 4, FOLLOWERS = 3, ROUNDS = 6, LARGEST_LOG = 8 << 20 };

static unsigned first_seed;
static unsigned rounds = ROUNDS;

struct stage {
    struct fixture store;
    struct db *db;
    struct slow_db slow;
    struct hostile_model model;
    struct engine *engine;
    unsigned seed;
    atomic_uint next_run;
    struct play *plays; /* RUNS */
    atomic_bool stopping;
};

/* ---- Followers ------------------------------------------------------------------------------ */

/* What is left of a stream or a log once it no longer matters how its texts were cut: every event
 * but the pieces, and all pieces of a subject together. */
struct account {
    struct buffer events, texts;
    int64_t last;
    bool ended;
};

static void account_init(struct account *account)
{
    *account = (struct account){.last = 0};
    buffer_init(&account->events, LARGEST_LOG);
    buffer_init(&account->texts, LARGEST_LOG);
}

static void account_clear(struct account *account)
{
    buffer_clear(&account->events);
    buffer_clear(&account->texts);
}

static void add_parts(struct account *account, const struct treadle_message_delta *delta)
{
    for (size_t i = 0; i < delta->delta->content_count; i++) {
        const struct treadle_content_delta *part = &delta->delta->content[i];
        const char *text = part->text ? part->text->value : part->refusal;
        buffer_append_string(&account->texts, text ? text : "");
    }
}

static void add_calls(struct account *account, const struct treadle_run_step_delta *delta)
{
    const struct treadle_step_details_delta *details = delta->delta->step_details;
    for (size_t i = 0; details && i < details->tool_call_count; i++) {
        const struct treadle_tool_call_delta *call = &details->tool_calls[i];
        if (call->id)
            buffer_append_format(&account->texts, "<%s>", call->id);
        if (call->function && call->function->arguments)
            buffer_append_string(&account->texts, call->function->arguments);
    }
}

static int account_event(void *context, int64_t number, enum treadle_event_type type,
                         const char *data)
{
    struct account *account = context;
    struct arena *arena = arena_new(0);
    struct treadle_message_delta message;
    struct treadle_run_step_delta step;
    struct treadle_error error;
    assert_true(number > account->last);
    account->last = number;
    account->ended = event_ends_stream(type);
    if (type == TREADLE_EVENT_MESSAGE_DELTA) {
        assert_int_equal(field_parse(&treadle_message_delta_type, data, strlen(data),
                                     FIELD_TOLERANT, arena, &message, &error),
                         0);
        add_parts(account, &message);
    } else if (type == TREADLE_EVENT_STEP_DELTA) {
        assert_int_equal(field_parse(&treadle_run_step_delta_type, data, strlen(data),
                                     FIELD_TOLERANT, arena, &step, &error),
                         0);
        add_calls(account, &step);
    } else {
        buffer_append_format(&account->events, "%" PRId64 " %s %s\n", number, event_names[type],
                             data);
    }
    arena_free(arena);
    return 0;
}

enum manner { FROM_THE_START, FROM_THE_LOG };

struct listener {
    struct live_follower follower;
    enum manner manner;
    unsigned seed;
    bool refuses, lags;
    atomic_bool ended;
    bool follows;
    bool dropped;         /* guarded by the live run's lock until it has ended */
    struct buffer frames; /* the same */
};

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct listener *listener = context;
    if (listener->lags)
        usleep(hostile_pick(&listener->seed, 300));
    if (listener->refuses && hostile_pick(&listener->seed, 8) == 0) {
        listener->dropped = true;
        return -1;
    }
    return buffer_append(&listener->frames, bytes, length);
}

static void on_end(void *context)
{
    atomic_store(&((struct listener *)context)->ended, true);
}

static void listener_init(struct listener *listener, enum manner manner, unsigned *seed)
{
    *listener = (struct listener){.follower = {.context = listener,
                                               .frames = on_frames,
                                               .end = on_end,
                                               .content = hostile_pick(seed, 2)},
                                  .manner = manner,
                                  .seed = hostile_pick(seed, 1 << 20),
                                  .refuses = hostile_pick(seed, 4) == 0,
                                  .lags = hostile_pick(seed, 4) == 0};
    buffer_init(&listener->frames, LARGEST_LOG);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

/* A run, who directs it, and who follows it. */
struct play {
    struct stage *stage;
    unsigned seed;
    char thread_id[32], run_id[48];
    bool made, deleted;
    struct listener listeners[FOLLOWERS];
};

static struct deed deed_of(struct play *play)
{
    return (struct deed){.db = &play->stage->slow.db,
                         .engine = play->stage->engine,
                         .run_id = play->run_id,
                         .thread_id = play->thread_id,
                         .model = "m",
                         .context = play};
}

/* A search that the run seems to have made already, so that there is something to cite. */
static int search_before(struct deed *deed, struct treadle_error *error)
{
    static const struct treadle_usage none;
    struct treadle_search_content content = {.text = "The answer is 42."};
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
    const struct run_record record = {.project = "p", .run = deed->run};
    struct treadle_run_step step;
    int rc = run_state_begin_tools(&deed->change, &record, &step, error);
    if (!rc)
        rc =
            run_state_remember(&deed->change, step.id,
                               "[{\"arguments\":\"{}\",\"results\":[{\"pages\":[[0,7]]}]}]", error);
    return rc ? rc : run_state_complete_tools(&deed->change, &step, &call, 1, &none, error);
}

static int make_run(struct deed *deed, struct treadle_error *error)
{
    struct play *play = deed->context;
    int rc = deed_make_thread(deed, error);
    if (!rc)
        rc = deed_make_run(deed, error);
    if (!rc && deed->claimed && hostile_pick(&play->seed, 2))
        rc = search_before(deed, error);
    if (!rc)
        memcpy(play->run_id, deed->run.id, strlen(deed->run.id) + 1);
    return rc;
}

static void follow_from_the_start(struct deed *deed)
{
    struct play *play = deed->context;
    struct listener *listener = &play->listeners[0];
    listener_init(listener, FROM_THE_START, &play->seed);
    struct live_run *live = live_open(engine_live(deed->engine), play->run_id);
    live_follow_change(live, &listener->follower, deed->change.news->first - 1);
    listener->follows = true;
}

/* As a client does that comes later: follow, read the log, catch up. */
struct replay {
    const char *run_id;
    int64_t after;
    bool ended;
    struct listener *listener;
    struct buffer frames;
};

static int print_frame(void *context, int64_t number, enum treadle_event_type type,
                       const char *data)
{
    struct replay *replay = context;
    live_print_frame(number, type, data, &replay->frames);
    replay->after = number;
    replay->ended = event_ends_stream(type);
    return 0;
}

static int read_log(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct replay *replay = argument;
    const struct run_log_reader reader = {replay, print_frame};
    struct look look = {.run_id = replay->run_id, .arena = arena_new(0)};
    int rc = run_log_read(session, replay->run_id, replay->after,
                          replay->listener->follower.content, &reader, error);
    if (!rc)
        rc = look_work(session, &look, error);
    replay->ended = replay->ended || (!rc && run_is_final(look.run.status));
    arena_free(look.arena);
    return rc;
}

static void follow_from_the_log(struct play *play, struct listener *listener)
{
    struct treadle_error error;
    struct replay replay = {.run_id = play->run_id, .listener = listener};
    listener_init(listener, FROM_THE_LOG, &play->seed);
    buffer_init(&replay.frames, LARGEST_LOG);
    struct live_run *live = live_open(engine_live(play->stage->engine), play->run_id);
    live_follow(live, &listener->follower, 0);
    listener->follows = true;
    int rc = db_read(play->stage->db, read_log, &replay, &error);
    if (!rc && replay.frames.length)
        on_frames(listener, replay.frames.data, replay.frames.length);
    if (rc) {
        live_unfollow(&listener->follower);
        listener->dropped = true;
    } else {
        live_catch_up(&listener->follower, replay.after, replay.ended);
    }
    buffer_clear(&replay.frames);
}

static void leave(struct listener *listener)
{
    if (!atomic_load(&listener->ended)) {
        live_unfollow(&listener->follower);
        listener->dropped = true;
    }
}

/* ---- What is done to runs ------------------------------------------------------------------- */

static int delete_rows(struct deed *deed, const char *table, const char *column, const char *value,
                       struct treadle_error *error)
{
    const struct record_key keys[] = {{column, value}};
    return record_delete(deed->change.session, table, keys, 1, NULL, error);
}

static int delete_thread(struct deed *deed, struct treadle_error *error)
{
    struct play *play = deed->context;
    struct run_news *news = run_change_news(&deed->change, play->run_id);
    news->gone = news->leaps = true;
    int rc = run_change_add(&deed->change, play->run_id, TREADLE_EVENT_ERROR, 0, "{}", NULL, error);
    if (!rc)
        rc = delete_rows(deed, "threads", "id", play->thread_id, error);
    if (!rc)
        rc = delete_rows(deed, "run_events", "run", play->run_id, error);
    if (!rc)
        rc = delete_rows(deed, "messages", "thread", play->thread_id, error);
    if (!rc)
        rc = delete_rows(deed, "run_steps", "thread", play->thread_id, error);
    return rc ? rc : delete_rows(deed, "runs", "thread", play->thread_id, error);
}

static int submit_all(struct deed *deed, struct treadle_error *error)
{
    struct look look = {.run_id = deed->run_id, .arena = deed->arena};
    int rc = look_work(deed->change.session, &look, error);
    if (rc || !look.run.required_action)
        return rc ? rc : error_set(error, TREADLE_ESTATE, "the run does not wait");
    const struct treadle_submit_tool_outputs *due = look.run.required_action->submit_tool_outputs;
    struct treadle_tool_output *outputs =
        arena_array(deed->arena, due->tool_call_count, sizeof *outputs);
    for (size_t i = 0; i < due->tool_call_count; i++)
        outputs[i] =
            (struct treadle_tool_output){.tool_call_id = due->tool_calls[i].id, .output = "1"};
    deed->outputs = outputs;
    deed->output_count = due->tool_call_count;
    return deed_submit(deed, error);
}

static int act(struct play *play, int (*work)(struct deed *deed, struct treadle_error *error))
{
    struct treadle_error error;
    struct deed deed = deed_of(play);
    deed.work = work;
    int rc = deed_do(&deed, &error);
    deed_clear(&deed);
    return rc;
}

static void cancel(struct play *play)
{
    struct treadle_error error;
    if (act(play, deed_cancel) == 0 && hostile_pick(&play->seed, 4))
        engine_finish_cancel(&play->stage->slow.db, play->stage->engine, play->run_id, &error);
}

static void end_somehow(struct play *play)
{
    struct treadle_error error;
    switch (hostile_pick(&play->seed, 4)) {
    case 0:
        cancel(play);
        break;
    case 1:
        engine_expire(&play->stage->slow.db, play->stage->engine, play->run_id, &error);
        break;
    case 2:
        play->deleted = act(play, delete_thread) == 0;
        break;
    default:
        break;
    }
}

/* Who polls, and submits at once. */
static void accompany(struct play *play)
{
    unsigned ends_after =
        hostile_pick(&play->seed, 2) ? hostile_pick(&play->seed, 120) : UINT32_MAX;
    for (unsigned i = 0; i < 4000 && !atomic_load(&play->stage->stopping) && !play->deleted; i++) {
        enum treadle_run_status status = run_status(play->stage->db, play->run_id);
        if (run_is_final(status))
            return;
        if (status == TREADLE_RUN_REQUIRES_ACTION && hostile_pick(&play->seed, 4))
            act(play, submit_all);
        if (i == ends_after)
            end_somehow(play);
        for (int j = 1; j < FOLLOWERS; j++) {
            struct listener *listener = &play->listeners[j];
            if (!listener->follows && hostile_pick(&play->seed, 20) == 0)
                follow_from_the_log(play, listener);
            else if (listener->follows && hostile_pick(&play->seed, 40) == 0)
                leave(listener);
        }
        usleep(hostile_pick(&play->seed, 2000));
    }
}

static void *direct(void *argument)
{
    struct stage *stage = argument;
    unsigned number;
    while ((number = atomic_fetch_add(&stage->next_run, 1)) < RUNS &&
           !atomic_load(&stage->stopping)) {
        struct treadle_error error;
        struct play *play = &stage->plays[number];
        snprintf(play->thread_id, sizeof play->thread_id, "thread_%u", number);
        struct deed deed = deed_of(play);
        deed.work = make_run;
        deed.before_published = hostile_pick(&play->seed, 4) ? follow_from_the_start : NULL;
        play->made = deed_do(&deed, &error) == 0;
        deed_clear(&deed);
        if (play->made)
            accompany(play);
    }
    return NULL;
}

/* ---- What must hold ------------------------------------------------------------------------- */

static int read_account(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct replay *replay = argument;
    struct account *account = (struct account *)replay->listener;
    const struct run_log_reader reader = {account, account_event};
    return run_log_read(session, replay->run_id, replay->after, true, &reader, error);
}

static void read_from(struct stage *stage, const char *run_id, int64_t after, struct account *out)
{
    struct treadle_error error;
    struct replay replay = {.run_id = run_id, .after = after, .listener = (void *)out};
    account_init(out);
    assert_int_equal(db_read(stage->db, read_account, &replay, &error), 0);
}

static const char *text_of(const struct buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}

/* A replay from anywhere is the rest of the whole. */
static void check_rest(struct play *play, const struct account *whole)
{
    struct account rest;
    int64_t after = (int64_t)hostile_pick(&play->seed, (unsigned)(whole->last % 100000) + 1);
    read_from(play->stage, play->run_id, after, &rest);
    size_t length = whole->events.length, tail = rest.events.length;
    assert_true(tail <= length && rest.texts.length <= whole->texts.length);
    assert_string_equal(text_of(&rest.events), text_of(&whole->events) + (length - tail));
    assert_string_equal(text_of(&rest.texts),
                        text_of(&whole->texts) + (whole->texts.length - rest.texts.length));
    account_clear(&rest);
}

static enum treadle_event_type find_type(const char *name, size_t length)
{
    for (int i = 1; event_names[i]; i++)
        if (strlen(event_names[i]) == length && memcmp(event_names[i], name, length) == 0)
            return (enum treadle_event_type)i;
    return 0;
}

/* What a follower was sent, frame by frame. */
static void read_frames(const struct listener *listener, struct account *out)
{
    account_init(out);
    for (const char *at = text_of(&listener->frames); *at;) {
        if (strncmp(at, LIVE_DONE, strlen(LIVE_DONE)) == 0) {
            assert_string_equal(at, LIVE_DONE);
            return;
        }
        const char *name = strstr(at, "\nevent: ") + 8, *data = strstr(name, "\ndata: ") + 7;
        const char *end = strstr(data, "\n\n");
        char *copy = strndup(data, (size_t)(end - data));
        account_event(out, strtoll(at + strlen("id: "), NULL, 10),
                      find_type(name, (size_t)(data - 7 - name)), copy);
        free(copy);
        at = end + 2;
    }
}

/* Who has followed to the end, or where the run came to wait, knows what the log knows up to
 * there. The thread that was deleted has no log. */
static void check_listener(const struct listener *listener, const struct account *log)
{
    struct account heard;
    if (!listener->follows)
        return;
    read_frames(listener, &heard);
    if (!listener->dropped && listener->follower.content) {
        assert_true(heard.events.length <= log->events.length);
        assert_memory_equal(text_of(&heard.events), text_of(&log->events), heard.events.length);
        assert_true(heard.texts.length <= log->texts.length);
        assert_memory_equal(text_of(&heard.texts), text_of(&log->texts), heard.texts.length);
    }
    account_clear(&heard);
}

struct count {
    const char *sql;
    int64_t count;
};

static int count_rows(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct count *count = argument;
    return fixture_query(session, count->sql, &count->count, error);
}

static void assert_none(struct stage *stage, const char *sql)
{
    struct treadle_error error;
    struct count count = {sql, -1};
    assert_int_equal(db_read(stage->db, count_rows, &count, &error), 0);
    if (count.count)
        fail_msg("%" PRId64 " rows: %s", count.count, sql);
}

static const char *const nothing_of[] = {
    "SELECT count(*) FROM runs WHERE status IN ('queued', 'in_progress', 'cancelling')",
    "SELECT count(*) FROM threads WHERE active_run IS NOT NULL",
    "SELECT count(*) FROM run_steps WHERE status = 'in_progress'",
    "SELECT count(*) FROM messages WHERE body LIKE '%\"status\":\"in_progress\"%'",
    "SELECT count(*) FROM messages WHERE thread NOT IN (SELECT id FROM threads)",
    "SELECT count(*) FROM run_steps WHERE thread NOT IN (SELECT id FROM threads)",
    "SELECT count(*) FROM run_events WHERE run NOT IN (SELECT id FROM runs)",
};

struct answer {
    const char *run_id;
    struct buffer text;
};

/* The texts of all messages of a run, in order. */
static int read_answer(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct answer *answer = argument;
    struct arena *arena = arena_new(0);
    struct db_statement *statement;
    struct treadle_message message;
    int rc = db_prepare(session, &statement, "SELECT body FROM messages WHERE run = ? ORDER BY seq",
                        error);
    if (!rc)
        db_bind_text(statement, 1, answer->run_id);
    while (!rc && (rc = db_step(statement, error)) > 0) {
        size_t length;
        const char *body = db_column_text(statement, 0, &length);
        rc = field_parse(&treadle_message_type, body, length, FIELD_TOLERANT, arena, &message,
                         error);
        for (size_t i = 0; !rc && i < message.content_count; i++)
            buffer_append_string(&answer->text, message.content[i].text
                                                    ? message.content[i].text->value
                                                    : message.content[i].refusal);
    }
    arena_free(arena);
    return rc;
}

/* As long as no refusal was published within a text, and no tool was called in between, the log has
 * the very text of the messages. */
static void check_answer(struct play *play, const struct account *log)
{
    struct treadle_error error;
    struct answer answer = {.run_id = play->run_id};
    buffer_init(&answer.text, LARGEST_LOG);
    assert_int_equal(db_read(play->stage->db, read_answer, &answer, &error), 0);
    if (!strstr(text_of(&log->texts), "<call_") && !strstr(text_of(&log->events), "refusal"))
        assert_string_equal(text_of(&log->texts), text_of(&answer.text));
    buffer_clear(&answer.text);
}

static void check_play(struct play *play)
{
    struct account log;
    if (!play->made)
        return;
    read_from(play->stage, play->run_id, 0, &log);
    if (!play->deleted) {
        assert_true(run_is_final(run_status(play->stage->db, play->run_id)));
        assert_true(log.ended);
        check_rest(play, &log);
        check_answer(play, &log);
        for (int i = 0; i < FOLLOWERS; i++)
            check_listener(&play->listeners[i], &log);
    }
    account_clear(&log);
}

/* ---- A round -------------------------------------------------------------------------------- */

static void open_engine(struct stage *stage)
{
    struct treadle_error error;
    const struct engine_options options = {.db = &stage->slow.db, .model = &stage->model.model};
    assert_int_equal(engine_open(&stage->engine, &options, &error), 0);
}

static void end_followers(struct stage *stage)
{
    for (int i = 0; i < RUNS; i++) {
        for (int j = 0; j < FOLLOWERS; j++) {
            struct listener *listener = &stage->plays[i].listeners[j];
            if (!listener->follows)
                continue;
            leave(listener);
            live_forget(&listener->follower);
        }
    }
}

/* What waits for outputs or was asked to end is ended, and everything else ends by itself. */
static void finish_all(struct stage *stage)
{
    struct treadle_error error;
    for (int i = 0; i < RUNS; i++) {
        struct play *play = &stage->plays[i];
        for (int tries = 0; play->made && !play->deleted && tries < 20000; tries++) {
            enum treadle_run_status status = run_status(stage->db, play->run_id);
            if (run_is_final(status))
                break;
            if (status == TREADLE_RUN_REQUIRES_ACTION || status == TREADLE_RUN_CANCELLING)
                engine_expire(&stage->slow.db, stage->engine, play->run_id, &error);
            usleep(1000);
        }
    }
}

static void play_round(struct stage *stage)
{
    pthread_t directors[DIRECTORS];
    bool stops = hostile_pick(&stage->seed, 2);
    for (int i = 0; i < RUNS; i++)
        stage->plays[i] =
            (struct play){.stage = stage, .seed = hostile_pick(&stage->seed, 1 << 20)};
    open_engine(stage);
    for (int i = 0; i < DIRECTORS; i++)
        assert_int_equal(pthread_create(&directors[i], NULL, direct, stage), 0);
    if (stops) {
        usleep(hostile_pick(&stage->seed, 400000));
        atomic_store(&stage->stopping, true);
    }
    for (int i = 0; i < DIRECTORS; i++)
        pthread_join(directors[i], NULL);
    if (stops) {
        end_followers(stage);
        engine_close(stage->engine, 0);
        open_engine(stage);
    }
    finish_all(stage);
    if (!stops)
        end_followers(stage);
    engine_close(stage->engine, 10);
}

static void everything_ends(void **state)
{
    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        struct treadle_error error;
        struct stage stage = {.seed = first_seed + round};
        stage.plays = calloc(RUNS, sizeof *stage.plays);
        assert_int_equal(fixture_make(&stage.store), 0);
        assert_int_equal(db_open_sqlite(&stage.db, stage.store.path, schema_migrations, &error), 0);
        print_message("# round with seed %u\n", stage.seed);
        slow_open(&stage.slow, stage.db, stage.seed);
        hostile_open(&stage.model, stage.seed);
        play_round(&stage);
        for (size_t i = 0; i < sizeof nothing_of / sizeof nothing_of[0]; i++)
            assert_none(&stage, nothing_of[i]);
        for (int i = 0; i < RUNS; i++) {
            check_play(&stage.plays[i]);
            for (int j = 0; j < FOLLOWERS; j++)
                buffer_clear(&stage.plays[i].listeners[j].frames);
        }
        model_free(&stage.model.model);
        db_close(stage.db);
        assert_int_equal(fixture_remove(&stage.store), 0);
        free(stage.plays);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_ends)};
    rounds = count > 1 ? (unsigned)strtoul(arguments[1], NULL, 10) : ROUNDS;
    first_seed =
        count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : (unsigned)time(NULL) * 1000;
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
