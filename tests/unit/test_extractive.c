/*
 * The extractive model: it searches first, quotes what supports the question, says when nothing
 * does, and honours what the request says about tools.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/text.h"
#include "builtin/extractive.h"

#define MARKER "【4:0†a manual.pdf】"

struct heard {
    struct buffer text, arguments;
    char name[64], id[64];
    size_t pieces, done;
    size_t markers; /* pieces that are MARKER and no more */
    struct model_outcome outcome;
    int error;
};

static void hear_text(void *context, const char *text, size_t length)
{
    struct heard *heard = context;
    assert_int_equal(heard->done, 0);
    buffer_append(&heard->text, text, length);
    heard->pieces++;
    heard->markers += length == strlen(MARKER) && memcmp(text, MARKER, length) == 0;
}

static void hear_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    struct heard *heard = context;
    assert_int_equal(index, 0);
    if (name)
        strcpy(heard->name, name);
    if (id)
        strcpy(heard->id, id);
    buffer_append(&heard->arguments, arguments, length);
}

static void hear_done(void *context, const struct model_outcome *outcome)
{
    struct heard *heard = context;
    heard->done++;
    heard->outcome = *outcome;
    heard->error = outcome->error ? outcome->error->code : 0;
}

static const struct model_tool file_search = {.name = "file_search", .searches = true};

static struct heard ask(const struct model_request *request)
{
    struct heard heard = {.done = 0};
    buffer_init(&heard.text, 1 << 20);
    buffer_init(&heard.arguments, 4 << 20);
    buffer_append(&heard.text, "", 0);
    buffer_append(&heard.arguments, "", 0);
    const struct model_sink sink = {
        .context = &heard, .text = hear_text, .tool_call = hear_call, .done = hear_done};
    struct model *model;
    struct treadle_error error;
    assert_int_equal(extractive_new(&model, &error), 0);
    model_start(model, request, &sink);
    model_free(model);
    assert_int_equal(heard.done, 1);
    assert_true(text_is_utf8(heard.text.data, heard.text.length));
    assert_true(heard.outcome.usage.prompt_tokens >= 0);
    return heard;
}

static void forget(struct heard *heard)
{
    buffer_clear(&heard->text);
    buffer_clear(&heard->arguments);
}

static struct heard ask_first(const char *question, enum model_tool_choice choice)
{
    struct model_message message = {.role = MODEL_USER, .text = question};
    struct model_request request = {.messages = &message,
                                    .message_count = 1,
                                    .tools = &file_search,
                                    .tool_count = 1,
                                    .tool_choice = choice,
                                    .tool_name = "file_search"};
    return ask(&request);
}

/* Asks with one passage found. */
static struct heard ask_about(const char *question, const char *heading, const char *text,
                              const struct model_page *pages, size_t page_count)
{
    struct model_call_request call = {"call_1", "file_search", "{}"};
    struct model_passage passage = {.marker = "【4:0†manual.pdf】",
                                    .filename = "manual.pdf",
                                    .heading = heading,
                                    .text = text,
                                    .score = 0.8,
                                    .pages = pages,
                                    .page_count = page_count};
    struct model_message messages[] = {
        {.role = MODEL_USER, .text = question},
        {.role = MODEL_ASSISTANT, .calls = &call, .call_count = 1},
        {.role = MODEL_TOOL, .call_id = "call_1", .passages = &passage, .passage_count = 1}};
    struct model_request request = {
        .messages = messages, .message_count = 3, .tools = &file_search, .tool_count = 1};
    return ask(&request);
}

static const char manual[] =
    "Contents\n"
    "Installing packages . . . . . . . . . . . . . 17\n"
    "1.1 Installing Packages\n"
    "Packages extend what the program can do.\n"
    "A package that lies in an archive can be installed with the command\n"
    "pkg install archive.tar.gz\n"
    "If the installation fails, the reason is printed.\n"
    "1.2 Searching\n"
    "fzero (fun, x0)\n"
    "Find a zero of a univariate function.\n"
    "The search starts at x0.\n"
    "maxit the greatest number of iterations; the default is 100.\n"
    "The dimensions are printed with the symbol. The variable show_dimensions controls this "
    "behavior.\n"
    "It is possible to store several values in one. A cell array is a container that does just "
    "that.";

static const struct model_page pages[] = {{0, 3}, {180, 4}, {350, 5}};

static void a_question_is_searched_for_first(void **state)
{
    (void)state;
    struct heard heard = ask_first("How do I \"install\" a package?", MODEL_CHOICE_AUTO);
    assert_int_equal(heard.outcome.finish, MODEL_TOOL_CALLS);
    assert_string_equal(heard.name, "file_search");
    assert_true(strlen(heard.id) > 5);
    assert_string_equal(heard.arguments.data,
                        "{\"queries\":[\"How do I \\\"install\\\" a package?\"]}");
    assert_int_equal(heard.text.length, 0);
    assert_true(heard.outcome.usage.completion_tokens > 0);
    forget(&heard);
}

static void tool_choice_is_honoured(void **state)
{
    (void)state;
    struct heard heard = ask_first("What is a package?", MODEL_CHOICE_NONE);
    assert_int_equal(heard.outcome.finish, MODEL_STOP);
    assert_non_null(strstr(heard.text.data, "no documents") ? heard.text.data
                                                            : strstr(heard.text.data, "none"));
    forget(&heard);
    heard = ask_first("What is a package?", MODEL_CHOICE_REQUIRED);
    assert_string_equal(heard.name, "file_search");
    forget(&heard);
    heard = ask_first("What is a package?", MODEL_CHOICE_NAMED);
    assert_string_equal(heard.name, "file_search");
    forget(&heard);
}

static struct heard ask_with_function(const char *parameters, enum model_tool_choice choice)
{
    struct model_message message = {.role = MODEL_USER, .text = "How warm is it in Oslo?"};
    struct model_tool tool = {.name = "weather", .parameters = parameters};
    struct model_request request = {.messages = &message,
                                    .message_count = 1,
                                    .tools = &tool,
                                    .tool_count = 1,
                                    .tool_choice = choice,
                                    .tool_name = "weather"};
    return ask(&request);
}

static void a_function_is_called_only_with_what_is_known(void **state)
{
    (void)state;
    static const char one[] = "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}},"
                              "\"required\":[\"q\"]}";
    static const char two[] = "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"},"
                              "\"n\":{\"type\":\"integer\"}},\"required\":[\"q\",\"n\"]}";
    struct heard heard = ask_with_function(one, MODEL_CHOICE_NAMED);
    assert_string_equal(heard.arguments.data, "{\"q\":\"How warm is it in Oslo?\"}");
    forget(&heard);
    heard = ask_with_function("{}", MODEL_CHOICE_REQUIRED);
    assert_string_equal(heard.arguments.data, "{}");
    forget(&heard);
    heard = ask_with_function(two, MODEL_CHOICE_NAMED);
    assert_int_equal(heard.error, TREADLE_EUNSUPPORTED);
    assert_int_equal(heard.arguments.length, 0);
    forget(&heard);
    heard = ask_with_function("not json", MODEL_CHOICE_AUTO);
    assert_int_equal(heard.outcome.finish, MODEL_STOP);
    assert_int_equal(heard.error, 0);
    forget(&heard);
}

static void assert_answer(const char *question, const char *expected)
{
    struct heard heard = ask_about(question, NULL, manual, pages, 3);
    assert_int_equal(heard.error, 0);
    assert_int_equal(heard.outcome.finish, MODEL_STOP);
    if (!strstr(heard.text.data, expected))
        fail_msg("“%s” got: %s", question, heard.text.data);
    forget(&heard);
}

/* A sentence comes with the title that it stands under, its neighbours, its page and its marker. */
static void the_sentence_that_answers_is_quoted(void **state)
{
    (void)state;
    assert_answer(
        "How do I install a package?",
        "From manual.pdf:\n“1.1 Installing Packages\nPackages extend what the program can "
        "do.\nA package that lies in an archive can be installed with the command\n"
        "pkg install archive.tar.gz\nIf the installation fails, the reason is printed.” "
        "(page 3) 【4:0†manual.pdf】");
    assert_answer("What does the function fzero do?",
                  "fzero (fun, x0)\nFind a zero of a univariate function.");
    assert_answer("What is the default of maxit?",
                  "maxit the greatest number of iterations; the default is 100.");
    assert_answer("What is a cell array?", "It is possible to store several values in one. A cell "
                                           "array is a container that does just that.” (page 5)");
}

static const char not_direct[] = "No passage answers this directly.";

static void assert_certain(const char *question, const char *text, const char *expected)
{
    static const struct model_page page = {0, 7};
    struct heard heard = ask_about(question, NULL, text, &page, 1);
    if (text_starts_with(heard.text.data, not_direct) || !strstr(heard.text.data, expected))
        fail_msg("“%s” got: %s", question, heard.text.data);
    forget(&heard);
}

static void assert_nearest(const char *question, const char *text, const char *expected)
{
    static const struct model_page page = {0, 7};
    struct heard heard = ask_about(question, NULL, text, &page, 1);
    if (!text_starts_with(heard.text.data, not_direct) || !strstr(heard.text.data, expected) ||
        !strstr(heard.text.data, "(page 7) 【4:0†manual.pdf】"))
        fail_msg("“%s” got: %s", question, heard.text.data);
    forget(&heard);
}

/* Where no sentence holds what was asked, the nearest passages are shown, and it says so. */
static void near_passages_are_shown_as_such(void **state)
{
    (void)state;
    assert_nearest("How do I install a dishwasher?", manual, "can be installed with the command");
    assert_nearest("How many packages does an archive hold?", "An archive holds some packages.",
                   "An archive holds some packages.");
    assert_nearest("When was the loom built?", "The loom was built by a weaver.",
                   "The loom was built by a weaver.");
    assert_certain("When was the loom built?", "The loom was built in 1804 by a weaver.", "1804");
    assert_nearest("Who built the loom?", "The loom was built in the old mill.", "old mill");
    assert_certain("Who built the loom?", "The loom was built by Ada Hartley.", "Ada Hartley");
}

/* Several facts that are asked at once are searched and answered apart. */
static void questions_in_one_are_parted(void **state)
{
    (void)state;
    static const char *const samples[][2] = {
        {"What is the total and where is parcel 7 kept?",
         "{\"queries\":[\"What is the total\",\"where is parcel 7 kept?\"]}"},
        {"Wie hoch ist die Miete und wann endet der Vertrag?",
         "{\"queries\":[\"Wie hoch ist die Miete\",\"wann endet der Vertrag?\"]}"},
        {"Who built it? When?", "{\"queries\":[\"Who built it?\",\"When?\"]}"},
        {"What is the difference between cats and dogs?",
         "{\"queries\":[\"What is the difference between cats and dogs?\"]}"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct heard heard = ask_first(samples[i][0], MODEL_CHOICE_AUTO);
        assert_string_equal(heard.arguments.data, samples[i][1]);
        forget(&heard);
    }
    struct heard heard =
        ask_about("What is the total and where is parcel 7 kept?", NULL,
                  "Total due: 4,212.50 GBP.\nParcel 7 is kept in the cellar.", pages, 1);
    const char *total = strstr(heard.text.data, "4,212.50");
    assert_non_null(total);
    assert_non_null(strstr(total, "where is parcel 7 kept?\n\n"));
    assert_non_null(strstr(total, "in the cellar"));
    forget(&heard);
}

static void what_has_nothing_to_do_with_the_files_is_refused(void **state)
{
    (void)state;
    static const char *const questions[] = {"What is the capital of France?",
                                            "How do I bake bread?", "Who won the cup in 1998?"};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct heard heard = ask_about(questions[i], NULL, manual, pages, 3);
        if (strstr(heard.text.data, "【"))
            fail_msg("“%s” got: %s", questions[i], heard.text.data);
        assert_non_null(strstr(heard.text.data, "found no passage"));
        forget(&heard);
    }
}

/* What is nearest in meaning is shown, also where it shares no word with the question; it is not
 * taken for certain. */
static void what_is_near_in_meaning_is_shown(void **state)
{
    (void)state;
    static const char text[] = "Silberpfeil is how the planners call the new line.\n"
                               "Coffee is served at ten.\nThe lift is out of order.";
    static const struct model_near near[] = {{0, 50, 0.41f}, {51, 24, 0.1f}, {76, 25, 0.05f}};
    struct model_passage passage = {.marker = "【4:0†notes.txt】",
                                    .filename = "notes.txt",
                                    .text = text,
                                    .pages = pages,
                                    .page_count = 1,
                                    .near = near,
                                    .near_count = 3};
    struct model_message messages[] = {
        {.role = MODEL_USER, .text = "Under which code name does the project run?"},
        {.role = MODEL_TOOL, .call_id = "call_1", .passages = &passage, .passage_count = 1}};
    struct model_request request = {
        .messages = messages, .message_count = 2, .tools = &file_search, .tool_count = 1};
    struct heard heard = ask(&request);
    assert_memory_equal(heard.text.data, "No passage answers this directly.", 33);
    assert_non_null(strstr(heard.text.data, "Silberpfeil"));
    forget(&heard);
    /* Neither words nor meaning. */
    passage.near_count = 0;
    heard = ask(&request);
    assert_non_null(strstr(heard.text.data, "found no passage"));
    forget(&heard);
}

/* Every quote stands in the passage word for word. */
static void nothing_is_invented(void **state)
{
    (void)state;
    static const char *const questions[] = {"install", "package zero dimensions", "cell array",
                                            "maxit",   "What is printed?",        "default"};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct heard heard = ask_about(questions[i], NULL, manual, pages, 3);
        const char *open = heard.text.data;
        while ((open = strstr(open, "“"))) {
            const char *close = strstr(open, "”");
            assert_non_null(close);
            const char *found = manual;
            size_t length = (size_t)(close - open) - strlen("“"), same = 0;
            for (; *found && same < length; found++)
                for (same = 0; same < length; same++) {
                    char quoted = open[strlen("“") + same];
                    if (found[same] != quoted && !(found[same] == '\n' && quoted == ' '))
                        break;
                }
            assert_int_equal(same, length);
            open = close;
        }
        forget(&heard);
    }
}

static void headings_say_what_a_passage_is_about(void **state)
{
    (void)state;
    static const char text[] =
        "na.rm a logical value that says whether missing values are dropped.\n"
        "trim the fraction of observations to be cut from each end.";
    struct heard heard =
        ask_about("What does na.rm do in mean?", "base > mean Arithmetic Mean", text, pages, 1);
    assert_non_null(strstr(heard.text.data, "na.rm a logical value"));
    forget(&heard);
}

static void long_quotes_end_at_a_clause(void **state)
{
    (void)state;
    char text[2000] = "The walrus is an animal";
    for (int i = 0; i < 18; i++)
        strcat(text, ", which lives on the ice");
    strcat(text, ".");
    struct heard heard = ask_about("What is a walrus?", NULL, text, pages, 1);
    assert_in_range(heard.text.length, 100, 520);
    assert_non_null(strstr(heard.text.data, "on the ice …”"));
    forget(&heard);
}

static void a_follow_up_names_its_topic(void **state)
{
    (void)state;
    struct model_message messages[] = {{.role = MODEL_USER, .text = "What is the package manager?"},
                                       {.role = MODEL_ASSISTANT, .text = "A program."},
                                       {.role = MODEL_USER, .text = "How do I start it?"}};
    struct model_request request = {
        .messages = messages, .message_count = 3, .tools = &file_search, .tool_count = 1};
    struct heard heard = ask(&request);
    assert_string_equal(heard.arguments.data,
                        "{\"queries\":[\"How do I start it? package manager\"]}");
    forget(&heard);
    messages[2].text = "How do I compile the sources of the server?";
    heard = ask(&request);
    assert_string_equal(heard.arguments.data,
                        "{\"queries\":[\"How do I compile the sources of the server?\"]}");
    forget(&heard);
    /* One that leans on a question which leans on another, in several languages. */
    static const char *const samples[][4] = {
        {"Who keeps parcel 69999?", "And the second one?", "Where?",
         "Where? second keeps parcel 69999"},
        {"Wie hoch ist die Kaltmiete?", "Und die Kaution?", "Und wann endet sie?",
         "Und wann endet sie? Kaution hoch Kaltmiete"},
        {"¿Cuál es el número de póliza?", "¿Y la fecha?", "¿Y el lugar?",
         "¿Y el lugar? fecha número póliza"},
        {"次の会議はいつですか?", "それはどこですか?", NULL, "それはどこですか? 次 会議"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        size_t count = samples[i][2] ? 3 : 2;
        char wanted[200];
        for (size_t j = 0; j < count; j++)
            messages[j] = (struct model_message){.role = MODEL_USER, .text = samples[i][j]};
        request.message_count = count;
        heard = ask(&request);
        snprintf(wanted, sizeof wanted, "{\"queries\":[\"%s\"]}", samples[i][3]);
        assert_string_equal(heard.arguments.data, wanted);
        forget(&heard);
    }
}

static void a_text_in_the_message_is_quoted_from(void **state)
{
    (void)state;
    static const char text[] =
        "The harbour of the town was built in two parts over many years. The first part was "
        "finished when the railway came. The lighthouse is a tower of stone that warns ships of "
        "the rocks. Fishing boats lie in the old basin, and the ferries leave from the new quay "
        "every morning. In winter the harbour is closed for a month because of the ice. The "
        "harbour master lives in the white house behind the customs office. Visitors find a small "
        "museum there. What is the lighthouse?";
    struct model_message message = {.role = MODEL_USER, .text = text};
    struct model_request request = {.messages = &message, .message_count = 1};
    struct heard heard = ask(&request);
    assert_non_null(strstr(heard.text.data, "The lighthouse is a tower of stone that warns ships "
                                            "of the rocks."));
    assert_null(strstr(heard.text.data, "What is the lighthouse?"));
    forget(&heard);
}

static void odd_requests_do_no_harm(void **state)
{
    (void)state;
    struct model_request empty = {.message_count = 0};
    struct heard heard = ask(&empty);
    assert_int_equal(heard.error, 0);
    forget(&heard);
    heard = ask_first("", MODEL_CHOICE_AUTO);
    assert_int_equal(heard.outcome.finish, MODEL_STOP);
    forget(&heard);
    heard = ask_first("the of?", MODEL_CHOICE_AUTO);
    assert_int_equal(heard.outcome.finish, MODEL_STOP);
    forget(&heard);
    size_t size = 1 << 20;
    char *question = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        question[i] = "why not? \xC3\xA4"[i % 11];
    question[size] = 0;
    heard = ask_first(question, MODEL_CHOICE_AUTO);
    assert_in_range(heard.arguments.length, 1, 10000);
    forget(&heard);
    heard = ask_about(question, NULL, manual, pages, 3);
    forget(&heard);
    heard = ask_about("why?", NULL, question, NULL, 0);
    forget(&heard);
    free(question);
    heard = ask_about("What?", "", "", NULL, 0);
    assert_non_null(strstr(heard.text.data, "found no passage"));
    forget(&heard);
}

static void a_function_result_is_passed_on(void **state)
{
    (void)state;
    struct model_call_request call = {"call_1", "weather", "{}"};
    struct model_message messages[] = {
        {.role = MODEL_USER, .text = "How warm is it in Oslo?"},
        {.role = MODEL_ASSISTANT, .calls = &call, .call_count = 1},
        {.role = MODEL_TOOL, .call_id = "call_1", .text = "{\"celsius\": 7}"}};
    struct model_request request = {.messages = messages, .message_count = 3};
    struct heard heard = ask(&request);
    assert_string_equal(heard.text.data, "The tool returned: {\"celsius\": 7}");
    forget(&heard);
}

static struct heard ask_within(int64_t tokens, const char *question, const char *text)
{
    struct model_call_request call = {"call_1", "file_search", "{}"};
    struct model_page page = {0, 3};
    struct model_passage passage = {.marker = MARKER,
                                    .filename = "a manual.pdf",
                                    .text = text,
                                    .score = 0.8,
                                    .pages = &page,
                                    .page_count = 1};
    struct model_message messages[] = {
        {.role = MODEL_USER, .text = question},
        {.role = MODEL_ASSISTANT, .calls = &call, .call_count = 1},
        {.role = MODEL_TOOL, .call_id = "call_1", .passages = &passage, .passage_count = 1}};
    struct model_request request = {.messages = messages, .message_count = 3};
    if (tokens)
        request.max_completion_tokens = (struct treadle_integer){TREADLE_SET, tokens};
    return ask(&request);
}

static void answers_come_in_pieces_and_markers_whole(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"How often must the pump be serviced?",
         "The pump must be serviced every 400 hours of operation, or once a year."},
        {"水泵多久维修一次？",
         "水泵必须每运行四百小时维修一次，或者每年维修一次，以先到者为准，不得延误。"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct heard whole = ask_within(0, texts[i][0], texts[i][1]);
        assert_int_equal(whole.markers, 1);
        assert_true(whole.pieces >= 4);
        assert_int_equal(whole.outcome.finish, MODEL_STOP);
        int64_t all = whole.outcome.usage.completion_tokens;
        for (int64_t tokens = 1; tokens <= all; tokens++) {
            struct heard cut = ask_within(tokens, texts[i][0], texts[i][1]);
            assert_true(cut.outcome.usage.completion_tokens <= tokens);
            assert_int_equal(cut.outcome.finish, tokens < all ? MODEL_LENGTH : MODEL_STOP);
            assert_memory_equal(cut.text.data, whole.text.data, cut.text.length);
            assert_int_equal(cut.markers, strstr(cut.text.data, "【") != NULL);
            forget(&cut);
        }
        forget(&whole);
    }
}

static void a_driver_without_start_is_refused(void **state)
{
    (void)state;
    static const struct model_driver driver = {.name = "empty"};
    struct model model = {&driver};
    struct heard heard = {.done = 0};
    const struct model_sink sink = {
        .context = &heard, .text = hear_text, .tool_call = hear_call, .done = hear_done};
    struct model_request request = {.message_count = 0};
    model_start(&model, &request, &sink);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.error, TREADLE_EUNSUPPORTED);
    model_free(&model);
    model_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_searched_for_first),
        cmocka_unit_test(tool_choice_is_honoured),
        cmocka_unit_test(a_function_is_called_only_with_what_is_known),
        cmocka_unit_test(the_sentence_that_answers_is_quoted),
        cmocka_unit_test(near_passages_are_shown_as_such),
        cmocka_unit_test(questions_in_one_are_parted),
        cmocka_unit_test(what_has_nothing_to_do_with_the_files_is_refused),
        cmocka_unit_test(what_is_near_in_meaning_is_shown),
        cmocka_unit_test(nothing_is_invented),
        cmocka_unit_test(headings_say_what_a_passage_is_about),
        cmocka_unit_test(long_quotes_end_at_a_clause),
        cmocka_unit_test(a_follow_up_names_its_topic),
        cmocka_unit_test(a_text_in_the_message_is_quoted_from),
        cmocka_unit_test(odd_requests_do_no_harm),
        cmocka_unit_test(a_function_result_is_passed_on),
        cmocka_unit_test(answers_come_in_pieces_and_markers_whole),
        cmocka_unit_test(a_driver_without_start_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
