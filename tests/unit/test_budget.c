/*
 * Budgets: what of a conversation is sent when not all of it fits, and how long the answer may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "engine/budget.h"

enum { MOST = 64 };

static const char longer[] = "The pump must be serviced every four hundred hours of its operation, "
                             "by someone who has read the manual from its first to its last page.";

struct scene {
    struct arena *arena;
    struct model_message messages[MOST];
    struct conversation conversation;
    struct budget budget;
    struct model_request request;
    struct estimate sent;
    enum budget_verdict verdict;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    scene->arena = arena_new(0);
    scene->conversation.messages = scene->messages;
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    arena_free(scene->arena);
    free(scene);
    return 0;
}

/* Each message is known by its name; all of them are of one length. */
static void add(struct scene *scene, enum model_role role, const char *name, bool of_run)
{
    scene->messages[scene->conversation.count++] =
        (struct model_message){.role = role, .text = longer, .name = name, .of_run = of_run};
}

/* "S" instructions, "u" and "a" what stands in the thread, "c" a call and "o" its output. */
static void make(struct scene *scene, const char *letters)
{
    static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    scene->conversation.count = 0;
    for (size_t i = 0; letters[i]; i++) {
        char letter = letters[i];
        enum model_role role = letter == 'S'                    ? MODEL_SYSTEM
                               : letter == 'u'                  ? MODEL_USER
                               : letter == 'a' || letter == 'c' ? MODEL_ASSISTANT
                                                                : MODEL_TOOL;
        add(scene, role, names[i], letter == 'c' || letter == 'o');
    }
}

static int64_t all_tokens(const struct scene *scene)
{
    const struct model_request all = {.messages = scene->messages,
                                      .message_count = scene->conversation.count};
    return model_prompt_tokens(&all);
}

static int64_t each(const struct scene *scene)
{
    return (all_tokens(scene) - MODEL_REPLY_TOKENS) / (int64_t)scene->conversation.count;
}

/* The names of the messages that are sent. */
static void sent(struct scene *scene, const char *expected)
{
    char names[MOST + 1] = "";
    assert_int_equal(budget_fit(&scene->budget, &scene->conversation, scene->arena, &scene->request,
                                &scene->sent, &scene->verdict),
                     0);
    for (size_t i = 0; i < scene->request.message_count; i++)
        names[i] = scene->request.messages[i].name[0];
    assert_string_equal(names, expected);
}

static void what_fits_is_sent_completely(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suauau");
    sent(scene, "012345");
    assert_ptr_equal(scene->request.messages, scene->messages);
    scene->budget.max_prompt = all_tokens(scene);
    sent(scene, "012345");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    assert_int_equal(scene->request.max_completion_tokens.state, TREADLE_ABSENT);
}

/* However many are left out, the rest is the most that fits. */
static void the_middle_is_left_out(void **state)
{
    static const char *const expected[] = {"0123456789", "013456789", "01456789", "0156789",
                                           "016789",     "01789",     "0189",     "019"};
    struct scene *scene = *state;
    make(scene, "Suauauauau");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        scene->budget.max_prompt = all_tokens(scene) - (int64_t)i * each(scene);
        sent(scene, expected[i]);
        assert_int_equal(scene->verdict, BUDGET_FITS);
        scene->budget.max_prompt += each(scene) - 1;
        sent(scene, expected[i]);
    }
}

static void the_first_message_goes_last(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suauau");
    scene->budget.max_prompt = MODEL_REPLY_TOKENS + 2 * each(scene);
    sent(scene, "05");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    scene->budget.max_prompt--;
    sent(scene, "05");
    assert_int_equal(scene->verdict, BUDGET_NO_PROMPT);
    make(scene, "uau");
    scene->budget.max_prompt = MODEL_REPLY_TOKENS + each(scene);
    sent(scene, "2");
    assert_int_equal(scene->verdict, BUDGET_FITS);
}

static void what_the_run_did_stays(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suaucoco");
    scene->budget.max_prompt = MODEL_REPLY_TOKENS + 7 * each(scene);
    sent(scene, "0134567");
    scene->budget.max_prompt = MODEL_REPLY_TOKENS + 6 * each(scene);
    sent(scene, "034567");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    scene->budget.max_prompt = MODEL_REPLY_TOKENS + 5 * each(scene);
    sent(scene, "034567");
    assert_int_equal(scene->verdict, BUDGET_NO_PROMPT);
    /* A run may begin without any message. */
    make(scene, "Sco");
    sent(scene, "012");
}

/* An estimate that is too high must not keep a run from its model. */
static void a_context_that_is_too_small_is_the_servers_to_refuse(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suau");
    scene->budget.context = 1;
    sent(scene, "03");
    assert_int_equal(scene->verdict, BUDGET_FITS);
}

static void a_context_keeps_room_for_the_answer(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suauau");
    int64_t all = all_tokens(scene);
    scene->budget.context = all;
    sent(scene, "01345");
    assert_in_range(scene->request.max_completion_tokens.value, all / 13, all / 4);
    scene->budget.context = all * 100 / 89 + 4;
    sent(scene, "012345");
    scene->budget.context = all * 50 / 49 + 12;
    scene->budget.max_completion = 10;
    sent(scene, "012345");
    assert_int_equal(scene->request.max_completion_tokens.value, 10);
    scene->budget.max_completion = 1000000;
    sent(scene, "01345");
    assert_int_equal(scene->request.max_completion_tokens.value, 1000000);
}

/* A small model must not go on until its context is full. */
static void an_answer_is_bounded_where_a_context_is_known(void **state)
{
    struct scene *scene = *state;
    make(scene, "Su");
    sent(scene, "01");
    assert_int_equal(scene->request.max_completion_tokens.state, TREADLE_ABSENT);
    scene->budget.context = 8192;
    sent(scene, "01");
    assert_int_equal(scene->request.max_completion_tokens.value, 2048);
    scene->budget.answer = 300;
    sent(scene, "01");
    assert_int_equal(scene->request.max_completion_tokens.value, 300);
    scene->request.max_completion_tokens.state = TREADLE_ABSENT;
    scene->budget.answer = -1;
    sent(scene, "01");
    assert_int_equal(scene->request.max_completion_tokens.state, TREADLE_ABSENT);
    scene->budget.answer = 0;
    scene->budget.context = 131072;
    sent(scene, "01");
    assert_int_equal(scene->request.max_completion_tokens.state, TREADLE_ABSENT);
}

/* What a model counts more of takes more of its context, and a run may be corrected on top. */
static void a_context_is_measured_as_the_model_counts(void **state)
{
    struct scene *scene = *state;
    struct estimate_scale scale = estimate_plain;
    struct estimate estimate;
    make(scene, "Suauauauau");
    scene->budget.context = all_tokens(scene) * 100 / 89 + 4;
    sent(scene, "0123456789");
    scene->budget.correction = 2;
    sent(scene, "01789");
    scene->budget.correction = 0;
    estimate = estimate_message(&scene->messages[0]);
    for (int i = 0; i < 20; i++)
        estimate_learn(&scale, &estimate, 2 * estimate_tokens(&estimate, &estimate_plain));
    assert_in_range(estimate_tokens(&estimate, &scale),
                    2 * estimate_tokens(&estimate, &estimate_plain) - 1,
                    2 * estimate_tokens(&estimate, &estimate_plain) + 1);
    scene->budget.scale = &scale;
    sent(scene, "01789");
}

/* The newest of what is left out keeps its end, in whole words. */
static void the_end_of_a_long_message_is_kept(void **state)
{
    struct scene *scene = *state;
    char text[4096] = "";
    make(scene, "Suau");
    for (int i = 0; i < 100; i++)
        strcat(text, "four words of it ");
    scene->messages[2].text = text;
    scene->budget.context = 400;
    sent(scene, "0123");
    const char *kept = scene->request.messages[2].text;
    assert_memory_equal(kept, "… ", strlen("… "));
    assert_string_equal(kept + strlen("… "), text + strlen(text) - strlen(kept) + strlen("… "));
    assert_in_range(estimate_tokens(&scene->sent, &estimate_plain), 338, 359);
}

static void limits_go_over_all_turns(void **state)
{
    struct scene *scene = *state;
    make(scene, "Suauau");
    scene->budget.max_prompt = 1000 + all_tokens(scene) - each(scene);
    scene->budget.used.prompt_tokens = 1000;
    sent(scene, "01345");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    scene->budget.used.prompt_tokens = 1000000;
    sent(scene, "05");
    assert_int_equal(scene->verdict, BUDGET_NO_PROMPT);
    scene->budget.max_prompt = 0;
    scene->budget.max_completion = 300;
    scene->budget.used.completion_tokens = 299;
    sent(scene, "012345");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    assert_int_equal(scene->request.max_completion_tokens.value, 1);
    scene->budget.used.completion_tokens = 300;
    sent(scene, "012345");
    assert_int_equal(scene->verdict, BUDGET_NO_COMPLETION);
}

static void tools_count(void **state)
{
    struct scene *scene = *state;
    const struct model_tool tool = {.name = "f", .description = longer};
    make(scene, "Suauau");
    scene->budget.max_prompt = all_tokens(scene);
    scene->request.tools = &tool;
    scene->request.tool_count = 1;
    sent(scene, "01345");
}

/* Results of a search are sent best first, so the worst is dropped first, and one always stays. */
static void searches_lose_their_worst_passages(void **state)
{
    static const struct model_page page = {0, 1};
    struct model_passage passages[8];
    struct scene *scene = *state;
    make(scene, "Suco");
    for (size_t i = 0; i < 8; i++)
        passages[i] = (struct model_passage){
            .marker = "m", .filename = "f", .text = longer, .pages = &page, .page_count = 1};
    struct model_message *output = &scene->messages[3];
    output->text = NULL;
    output->passages = passages;
    output->passage_count = 5;
    int64_t five = all_tokens(scene);
    output->passage_count = 8;
    scene->budget.max_prompt = five;
    sent(scene, "0123");
    assert_int_equal(scene->verdict, BUDGET_FITS);
    assert_int_equal(scene->request.messages[3].passage_count, 5);
    assert_int_equal(output->passage_count, 8);
    scene->budget.max_prompt = 10;
    sent(scene, "0123");
    assert_int_equal(scene->verdict, BUDGET_NO_PROMPT);
    assert_int_equal(scene->request.messages[3].passage_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_fits_is_sent_completely, setup, teardown),
        cmocka_unit_test_setup_teardown(the_middle_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_message_goes_last, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_run_did_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_context_that_is_too_small_is_the_servers_to_refuse, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_context_keeps_room_for_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_is_bounded_where_a_context_is_known, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_context_is_measured_as_the_model_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_a_long_message_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_go_over_all_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(tools_count, setup, teardown),
        cmocka_unit_test_setup_teardown(searches_lose_their_worst_passages, setup, teardown),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
