/*
 * Live runs: followers are sent everything once, in the order of the numbers, whichever changes
 * settle first, also when followers begin late or leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "run/live.h"

/* A follower that keeps the numbers and what was said, as "4:thread.run.queued ". */
struct listener {
    struct live_follower follower;
    char received[2048];
    int ends;
    bool refuses;
};

static int on_frames(void *context, const char *bytes, size_t length)
{
    struct listener *listener = context;
    char *copy = strndup(bytes, length);
    if (listener->refuses) {
        free(copy);
        return TREADLE_ESTATE;
    }
    for (char *at = copy; at && *at;) {
        char *end = strstr(at, "\n\n");
        char name[64] = "";
        long number = 0;
        if (end)
            *end = '\0';
        if (sscanf(at, "id: %ld\nevent: %63s", &number, name) < 2)
            sscanf(at, "event: %63s", name);
        size_t received = strlen(listener->received);
        snprintf(listener->received + received, sizeof listener->received - received, "%ld:%s ",
                 number, strncmp(name, "thread.", 7) == 0 ? name + 7 : name);
        at = end ? end + 2 : NULL;
    }
    free(copy);
    return 0;
}

static void on_end(void *context)
{
    ((struct listener *)context)->ends++;
}

static struct live_follower *follower_of(struct listener *listener)
{
    *listener =
        (struct listener){.follower = {.context = listener, .frames = on_frames, .end = on_end}};
    return &listener->follower;
}

struct scene {
    struct live_table *table;
    struct live_run *live;
    struct live_owner owner;
    int wakes;
    struct treadle_error error;
};

static void count_wake(void *context)
{
    ((struct scene *)context)->wakes++;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    scene->table = live_table_new();
    scene->live = live_open(scene->table, "run_a");
    scene->owner = (struct live_owner){.wake = count_wake, .context = scene};
    assert_int_equal(live_own(scene->table, "run_a", &scene->owner), 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    live_disown(&scene->owner);
    live_close(scene->live);
    live_table_free(scene->table);
    free(scene);
    return 0;
}

static struct live_slot *reserve(struct scene *scene, size_t count, struct buffer *pieces,
                                 int64_t *first)
{
    int64_t from;
    struct live_slot *slot = live_hold(scene->live);
    assert_non_null(slot);
    assert_int_equal(live_reserve(scene->live, slot, 0, count, pieces, &from, first, &scene->error),
                     0);
    return slot;
}

/* A change of one event, from its beginning to its end. */
static int64_t change(struct scene *scene, enum treadle_event_type type, bool over)
{
    struct buffer pieces;
    int64_t first;
    const struct live_event event = {{type}, "{}", NULL};
    buffer_init(&pieces, 65536);
    struct live_slot *slot = reserve(scene, 1, &pieces, &first);
    live_settle(scene->live, slot, &event, 1, over);
    buffer_clear(&pieces);
    return first;
}

static void say(struct scene *scene, const char *text)
{
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_add_text(scene->live, PIECE_TEXT, 0, text, strlen(text), &scene->error),
                     0);
    live_leave(&scene->owner);
}

static void begin(struct scene *scene)
{
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_begin(scene->live, "msg_a", &scene->error), 0);
    live_leave(&scene->owner);
}

static void publishes_changes_and_pieces(void **state)
{
    struct scene *scene = *state;
    struct listener listener;
    live_follow_change(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    change(scene, TREADLE_EVENT_RUN_CREATED, false);
    begin(scene);
    say(scene, "a");
    say(scene, "b");
    change(scene, TREADLE_EVENT_RUN_COMPLETED, true);
    assert_string_equal(listener.received, "1:run.created 2:message.delta 3:message.delta "
                                           "4:run.completed 0:done ");
    assert_int_equal(listener.ends, 1);
    assert_true(atomic_load(&scene->owner.over));
    live_forget(&listener.follower);
}

/* The later change settles first, and waits for the earlier one. */
static void keeps_the_order_of_numbers(void **state)
{
    struct scene *scene = *state;
    struct listener listener;
    struct buffer pieces;
    int64_t first, second;
    const struct live_event one = {
        {TREADLE_EVENT_RUN_CREATED, TREADLE_EVENT_RUN_QUEUED}, "{}", NULL};
    const struct live_event two = {{TREADLE_EVENT_RUN_CANCELLING}, "{}", NULL};
    buffer_init(&pieces, 65536);
    live_follow_change(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    struct live_slot *early = reserve(scene, 2, &pieces, &first);
    struct live_slot *late = reserve(scene, 1, &pieces, &second);
    assert_int_equal(first, 1);
    assert_int_equal(second, 3);
    live_settle(scene->live, late, &two, 1, false);
    assert_string_equal(listener.received, "");
    assert_false(live_enter(&scene->owner));
    live_settle(scene->live, early, &one, 1, false);
    assert_string_equal(listener.received, "1:run.created 2:run.queued 3:run.cancelling ");
    live_unfollow(&listener.follower);
    live_forget(&listener.follower);
}

static void a_change_that_failed_is_not_published(void **state)
{
    struct scene *scene = *state;
    struct listener listener;
    struct buffer pieces, again;
    int64_t first;
    buffer_init(&pieces, 65536);
    buffer_init(&again, 65536);
    live_follow_change(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    change(scene, TREADLE_EVENT_RUN_CREATED, false);
    begin(scene);
    say(scene, "kept");
    struct live_slot *slot = reserve(scene, 2, &pieces, &first);
    live_settle(scene->live, slot, NULL, 0, true);
    assert_false(atomic_load(&scene->owner.over));
    /* What it would have written is written by the next one. */
    slot = reserve(scene, 1, &again, &first);
    assert_string_equal(again.data, pieces.data);
    live_settle(scene->live, slot, NULL, 0, false);
    assert_string_equal(listener.received, "1:run.created 2:message.delta ");
    live_unfollow(&listener.follower);
    live_forget(&listener.follower);
    buffer_clear(&pieces);
    buffer_clear(&again);
}

/* Between a commit and its publication a reader of the database knows more than was published. */
static void what_was_read_is_not_sent_again(void **state)
{
    struct scene *scene = *state;
    struct listener listener;
    struct buffer pieces;
    int64_t first;
    const struct live_event event = {
        {TREADLE_EVENT_RUN_CREATED, TREADLE_EVENT_RUN_QUEUED}, "{}", NULL};
    buffer_init(&pieces, 65536);
    struct live_slot *slot = reserve(scene, 2, &pieces, &first);
    live_follow(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    live_catch_up(&listener.follower, 2, false);
    live_settle(scene->live, slot, &event, 1, false);
    assert_string_equal(listener.received, "");
    change(scene, TREADLE_EVENT_RUN_IN_PROGRESS, false);
    assert_string_equal(listener.received, "3:run.in_progress ");
    live_unfollow(&listener.follower);
    live_forget(&listener.follower);
}

static void who_comes_late_misses_nothing(void **state)
{
    struct scene *scene = *state;
    struct listener listener;
    change(scene, TREADLE_EVENT_RUN_CREATED, false);
    begin(scene);
    say(scene, "a");
    live_follow(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    say(scene, "b");
    change(scene, TREADLE_EVENT_RUN_COMPLETED, true);
    assert_string_equal(listener.received, "");
    live_catch_up(&listener.follower, 1, false);
    assert_string_equal(listener.received,
                        "2:message.delta 3:message.delta 4:run.completed 0:done ");
    assert_int_equal(listener.ends, 1);
    live_forget(&listener.follower);
}

static void who_refuses_is_let_go(void **state)
{
    struct scene *scene = *state;
    struct listener listener, other;
    live_follow_change(live_open(scene->table, "run_a"), follower_of(&listener), 0);
    live_follow_change(live_open(scene->table, "run_a"), follower_of(&other), 0);
    listener.refuses = true;
    change(scene, TREADLE_EVENT_RUN_CREATED, false);
    assert_int_equal(listener.ends, 1);
    live_unfollow(&listener.follower);
    assert_int_equal(listener.ends, 1);
    assert_string_equal(other.received, "1:run.created ");
    live_unfollow(&other.follower);
    assert_int_equal(other.ends, 1);
    live_forget(&listener.follower);
    live_forget(&other.follower);
}

static void content_is_what_was_published(void **state)
{
    struct scene *scene = *state;
    struct arena *arena = arena_new(0);
    struct treadle_content *content;
    size_t count;
    struct treadle_file_citation citation = {.file_id = "file-a", .page = TREADLE_VALUE(7)};
    const struct treadle_annotation annotation = {.type = TREADLE_ANNOTATION_FILE_CITATION,
                                                  .text = "[1]",
                                                  .start_index = 4,
                                                  .end_index = 7,
                                                  .file_citation = &citation};
    begin(scene);
    assert_int_equal(
        live_copy_content(scene->live, "msg_a", arena, &content, &count, &scene->error), 0);
    assert_int_equal(count, 0);
    say(scene, "Said");
    assert_true(live_is_unsaved(scene->live));
    assert_true(live_enter(&scene->owner));
    assert_int_equal(live_add_annotation(scene->live, 0, &annotation, &scene->error), 0);
    assert_int_equal(live_add_text(scene->live, PIECE_REFUSAL, 1, "No.", 3, &scene->error), 0);
    live_leave(&scene->owner);
    assert_int_equal(
        live_copy_content(scene->live, "msg_a", arena, &content, &count, &scene->error), 0);
    assert_int_equal(count, 2);
    assert_string_equal(content[0].text->value, "Said[1]");
    assert_int_equal(content[0].text->annotation_count, 1);
    assert_int_equal(content[0].text->annotations[0].file_citation->page.value, 7);
    assert_string_equal(content[1].refusal, "No.");
    assert_false(live_is_unsaved(scene->live));
    assert_int_equal(
        live_copy_content(scene->live, "msg_b", arena, &content, &count, &scene->error), 0);
    assert_int_equal(count, 0);
    arena_free(arena);
}

/* The run is claimed again before the change that let it wait is published. */
static void the_end_of_a_turn_is_not_that_of_the_next(void **state)
{
    struct scene *scene = *state;
    struct live_owner next = {.wake = count_wake, .context = scene};
    struct buffer pieces;
    int64_t first;
    const struct live_event event = {{TREADLE_EVENT_RUN_REQUIRES_ACTION}, "{}", NULL};
    buffer_init(&pieces, 65536);
    struct live_slot *slot = reserve(scene, 1, &pieces, &first);
    assert_int_equal(live_own(scene->table, "run_a", &next), 0);
    assert_false(live_is_last(&scene->owner));
    assert_false(live_enter(&next));
    live_settle(scene->live, slot, &event, 1, true);
    assert_true(atomic_load(&scene->owner.over));
    assert_false(live_enter(&scene->owner));
    assert_false(atomic_load(&next.over));
    assert_int_equal(scene->wakes, 2);
    /* That the earlier owner leaves takes nothing from the later one. */
    live_disown(&scene->owner);
    assert_true(live_is_owned(scene->table, "run_a"));
    assert_true(live_enter(&next));
    live_leave(&next);
    change(scene, TREADLE_EVENT_RUN_IN_PROGRESS, false);
    assert_int_equal(scene->wakes, 3);
    live_disown(&next);
    assert_false(live_is_owned(scene->table, "run_a"));
    assert_false(live_is_owned(scene->table, "run_b"));
    assert_int_equal(live_own(scene->table, "run_a", &scene->owner), 0);
    buffer_clear(&pieces);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(publishes_changes_and_pieces),
        TEST(keeps_the_order_of_numbers),
        TEST(a_change_that_failed_is_not_published),
        TEST(what_was_read_is_not_sent_again),
        TEST(who_comes_late_misses_nothing),
        TEST(who_refuses_is_let_go),
        TEST(content_is_what_was_published),
        TEST(the_end_of_a_turn_is_not_that_of_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
