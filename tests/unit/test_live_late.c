/*
 * Live runs: what is kept of the published pieces, and what late followers get of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/types.h"
#include "run/live.h"

enum { MANY = 60000 };

struct scene {
    struct live_table *table;
    struct live_run *live;
    struct live_owner owner;
    struct arena *arena;
    struct live_follower follower;
    struct buffer frames; /* that the follower got */
    unsigned ends;
    struct treadle_error error;
};

static void woken(void *owner)
{
    (void)owner;
}

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct scene *scene = context;
    return buffer_append(&scene->frames, bytes, length);
}

static void on_end(void *context)
{
    ((struct scene *)context)->ends++;
}

/* A change of one event, with that number, which is not published yet. */
static struct live_slot *hold(struct scene *scene, int64_t number)
{
    struct buffer pieces;
    int64_t from, first;
    buffer_init(&pieces, 65536);
    struct live_slot *slot = live_hold(scene->live);
    assert_int_equal(live_reserve(scene->live, slot, 0, 1, &pieces, &from, &first, &scene->error),
                     0);
    assert_int_equal(first, number);
    buffer_clear(&pieces);
    return slot;
}

static void settle(struct scene *scene, struct live_slot *slot, enum treadle_event_type type,
                   bool over)
{
    const struct live_event event = {{type}, "{}", NULL};
    live_settle(scene->live, slot, &event, 1, over);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    scene->table = live_table_new();
    scene->live = live_open(scene->table, "run_a");
    scene->arena = arena_new(64 << 20);
    buffer_init(&scene->frames, 64 << 20);
    scene->follower = (struct live_follower){.context = scene, .frames = on_frames, .end = on_end};
    scene->owner = (struct live_owner){.wake = woken, .context = scene};
    assert_int_equal(live_own(scene->table, "run_a", &scene->owner), 0);
    settle(scene, hold(scene, 1), TREADLE_EVENT_RUN_CREATED, false);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    live_disown(&scene->owner);
    live_close(scene->live);
    live_table_free(scene->table);
    arena_free(scene->arena);
    buffer_clear(&scene->frames);
    free(scene);
    return 0;
}

static void begin(struct scene *scene, const char *subject)
{
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_begin(scene->live, subject, &scene->error), 0);
    live_leave(&scene->owner);
}

static void publish(struct scene *scene, enum piece_kind kind, unsigned index, const char *text)
{
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_add_text(scene->live, kind, index, text, strlen(text), &scene->error), 0);
    live_leave(&scene->owner);
}

static const char **arguments_of(struct treadle_tool_call *call)
{
    return &call->function->arguments;
}

static void publish_call(struct scene *scene, const char *id, int64_t index)
{
    struct treadle_function_call_delta function = {.name = "f", .arguments = ""};
    struct treadle_function_call begun = {.name = "f", .arguments = ""};
    const struct treadle_tool_call call = {
        .id = id, .type = TREADLE_TOOL_FUNCTION, .function = &begun};
    const struct treadle_tool_call_delta delta = {
        .index = index, .id = id, .type = TREADLE_TOOL_FUNCTION, .function = &function};
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_add_call(scene->live, &call, arguments_of, &delta, &scene->error), 0);
    live_leave(&scene->owner);
}

/* Follows from after that number as a client does whose database has nothing of it. */
static void follow(struct scene *scene, int64_t after)
{
    struct live_run *live = live_open(scene->table, "run_a");
    buffer_reset(&scene->frames);
    scene->ends = 0;
    live_follow(live, &scene->follower, after);
    live_catch_up(&scene->follower, after, false);
}

static void leave(struct scene *scene)
{
    live_unfollow(&scene->follower);
    assert_int_equal(scene->ends, 1);
    live_forget(&scene->follower);
}

/* The text of message pieces, of the refusal's where there is no other, or the arguments of the
 * call with that index. */
static const char *piece_of(json_t *delta, int index)
{
    json_t *part = json_array_get(json_object_get(delta, "content"), 0);
    json_t *call =
        json_array_get(json_object_get(json_object_get(delta, "step_details"), "tool_calls"), 0);
    const char *text = json_string_value(json_object_get(json_object_get(part, "text"), "value"));
    if (call && json_integer_value(json_object_get(call, "index")) == index)
        text = json_string_value(json_object_get(json_object_get(call, "function"), "arguments"));
    return text ? text : json_string_value(json_object_get(part, "refusal"));
}

/* What the frames say; gives their count, and `last` becomes the number of the last. */
static size_t read_frames(const struct scene *scene, int index, struct buffer *text, int64_t *last)
{
    size_t count = 0;
    const char *at = scene->frames.data;
    while (at && *at) {
        int64_t number = strtoll(at + strlen("id: "), NULL, 10);
        const char *data = strstr(at, "\ndata: ") + 7;
        const char *end = strstr(data, "\n\n");
        json_t *object = json_loadb(data, (size_t)(end - data), 0, NULL);
        const char *piece = piece_of(json_object_get(object, "delta"), index);
        assert_true(number > *last);
        assert_non_null(object);
        if (piece)
            buffer_append_string(text, piece);
        json_decref(object);
        *last = number;
        count++;
        at = end + 2;
    }
    return count;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

/* Each piece alone would be a frame many times its size. */
static void who_comes_late_gets_pieces_joined(void **state)
{
    struct scene *scene = *state;
    struct buffer text;
    int64_t last = 0;
    buffer_init(&text, 1 << 20);
    begin(scene, "step_a");
    publish_call(scene, "call_a", 0);
    for (int i = 0; i < MANY; i++)
        publish(scene, PIECE_ARGUMENTS, 0, i % 2 ? "b" : "a");
    follow(scene, 1);
    assert_int_equal(scene->ends, 0);
    assert_true(read_frames(scene, 0, &text, &last) <= 3);
    assert_int_equal(text.length, MANY);
    assert_int_equal(last, MANY + 2);
    publish(scene, PIECE_ARGUMENTS, 0, "c");
    buffer_reset(&text);
    last = 0;
    read_frames(scene, 0, &text, &last);
    assert_int_equal(text.length, MANY + 1);
    assert_int_equal(text.data[MANY], 'c');
    leave(scene);
    buffer_clear(&text);
}

static void who_comes_back_gets_the_rest(void **state)
{
    struct scene *scene = *state;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    begin(scene, "msg_a");
    for (int i = 0; i < 20; i++)
        publish(scene, PIECE_TEXT, 0, i % 2 ? "b" : "a");
    for (int after = 1; after <= 22; after++) {
        int64_t last = after;
        buffer_reset(&text);
        follow(scene, after);
        read_frames(scene, 0, &text, &last);
        assert_int_equal(text.length, after < 21 ? 21 - after : 0);
        if (text.length)
            assert_int_equal(text.data[0], after % 2 ? 'a' : 'b');
        /* Only the first piece of a text brings its list of annotations. */
        assert_int_equal(strstr(scene->frames.data ? scene->frames.data : "", "annotations") !=
                             NULL,
                         after == 1);
        leave(scene);
    }
    buffer_clear(&text);
}

static void texts_that_take_turns_stay_apart(void **state)
{
    struct scene *scene = *state;
    begin(scene, "step_a");
    publish_call(scene, "call_a", 0);
    publish_call(scene, "call_b", 1);
    for (int i = 0; i < 10; i++) {
        publish(scene, PIECE_ARGUMENTS, 0, "a");
        publish(scene, PIECE_ARGUMENTS, 1, "b");
    }
    follow(scene, 1);
    for (int index = 0; index < 2; index++) {
        struct buffer text;
        int64_t last = 0;
        buffer_init(&text, 1 << 20);
        read_frames(scene, index, &text, &last);
        assert_string_equal(text.data, index ? "bbbbbbbbbb" : "aaaaaaaaaa");
        buffer_clear(&text);
    }
    leave(scene);
}

/* A follower for which there is too much is ended, and gets nothing with a gap. */
static void what_is_too_much_ends_the_follower(void **state)
{
    struct scene *scene = *state;
    begin(scene, "step_a");
    publish_call(scene, "call_a", 0);
    publish_call(scene, "call_b", 1);
    for (int i = 0; i < MANY; i++)
        publish(scene, PIECE_ARGUMENTS, i % 2, "a");
    follow(scene, 1);
    assert_int_equal(scene->ends, 1);
    assert_int_equal(scene->frames.length, 0);
    live_forget(&scene->follower);
}

static void a_follower_of_what_will_not_come_is_ended(void **state)
{
    struct scene *scene = *state;
    follow(scene, 1000);
    settle(scene, hold(scene, 2), TREADLE_EVENT_RUN_COMPLETED, true);
    assert_string_equal(scene->frames.data, "event: done\ndata: [DONE]\n\n");
    assert_int_equal(scene->ends, 1);
    live_forget(&scene->follower);
}

/* Outputs can be there before the request for them is published. */
static void an_end_that_others_follow_ends_no_later_one(void **state)
{
    struct scene *scene = *state;
    struct live_slot *asked = hold(scene, 2), *given = hold(scene, 3);
    follow(scene, 3);
    settle(scene, asked, TREADLE_EVENT_RUN_REQUIRES_ACTION, true);
    settle(scene, given, TREADLE_EVENT_RUN_QUEUED, false);
    assert_int_equal(scene->ends, 0);
    assert_int_equal(scene->frames.length, 0);
    settle(scene, hold(scene, 4), TREADLE_EVENT_RUN_IN_PROGRESS, false);
    assert_non_null(strstr(scene->frames.data, "id: 4\nevent: thread.run.in_progress\n"));
    leave(scene);
}

static void calls_are_kept_as_they_were_published(void **state)
{
    struct scene *scene = *state;
    struct treadle_tool_call *calls = NULL;
    size_t count = 0;
    begin(scene, "step_a");
    for (int i = 0; i < 9; i++) {
        char id[] = "call_0";
        id[5] = (char)('0' + i);
        publish_call(scene, id, i);
    }
    publish(scene, PIECE_ARGUMENTS, 0, "{\"a\"");
    publish(scene, PIECE_ARGUMENTS, 8, "{}");
    publish(scene, PIECE_ARGUMENTS, 0, ":1}");
    assert_int_equal(
        live_copy_calls(scene->live, "step_a", scene->arena, &calls, &count, &scene->error), 0);
    assert_int_equal(count, 9);
    assert_string_equal(calls[0].function->arguments, "{\"a\":1}");
    assert_string_equal(calls[1].function->arguments, "");
    assert_string_equal(calls[8].id, "call_8");
    assert_string_equal(calls[8].function->name, "f");
    assert_string_equal(calls[8].function->arguments, "{}");
    assert_null(calls[8].function->output);
    /* Those of one step are not another's. */
    assert_int_equal(
        live_copy_calls(scene->live, "step_b", scene->arena, &calls, &count, &scene->error), 0);
    assert_int_equal(count, 0);
    begin(scene, "step_b");
    assert_int_equal(
        live_copy_calls(scene->live, "step_b", scene->arena, &calls, &count, &scene->error), 0);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_late_gets_pieces_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_gets_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_that_take_turns_stay_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_much_ends_the_follower, setup, teardown),
        cmocka_unit_test_setup_teardown(a_follower_of_what_will_not_come_is_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_others_follow_ends_no_later_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(calls_are_kept_as_they_were_published, setup, teardown),
    };
    return cmocka_run_group_tests_name("live_late", tests, NULL, NULL);
}
