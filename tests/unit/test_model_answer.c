/*
 * What model servers say, with all their ways to say it: from bytes to the sink.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "openai/openai_server.h"

#define DELTA(members) "data: {\"choices\":[{\"index\":0,\"delta\":{" members "}}]}\n\n"
#define TEXT(text)     DELTA("\"content\":\"" text "\"")
#define CALL(members)  DELTA("\"tool_calls\":[{" members "}]")
#define FINISH(reason)                                                                             \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define DONE "data: [DONE]\n\n"

/* ---- A sink that writes down ---------------------------------------------------------------- */

struct heard {
    struct buffer all; /* texts as they are, [refusals], and calls as <index id name>arguments */
    size_t last;
};

static void hear_text(void *context, const char *text, size_t length)
{
    buffer_append(&((struct heard *)context)->all, text, length);
}

static void hear_refusal(void *context, const char *text, size_t length)
{
    buffer_append_format(&((struct heard *)context)->all, "[%.*s]", (int)length, text);
}

static void hear_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    struct heard *heard = context;
    /* An id that was made is not to be foreseen. */
    bool made = id && strncmp(id, "call_", 5) == 0;
    if (id)
        buffer_append_format(&heard->all, "<%zu %s %s>", index, made ? "made" : id, name);
    else if (index != heard->last)
        buffer_append_format(&heard->all, "<%zu>", index);
    heard->last = index;
    buffer_append(&heard->all, arguments, length);
}

struct received {
    int rc;
    enum model_finish finish;
    struct model_usage usage;
    struct treadle_error error;
};

/* Feeds the reply in pieces of that size; what the sink heard is in `heard`. */
static struct received feed(const char *reply, size_t length, size_t step, bool takes_refusals,
                            struct heard *heard)
{
    const struct model_message message = {.role = MODEL_USER, .text = "One two three four."};
    const struct model_request request = {.messages = &message, .message_count = 1};
    const struct model_sink sink = {.context = heard,
                                    .text = hear_text,
                                    .tool_call = hear_call,
                                    .refusal = takes_refusals ? hear_refusal : NULL};
    struct openai_answer *answer = NULL;
    struct received received = {.rc = 0};
    *heard = (struct heard){.last = 0};
    buffer_init(&heard->all, 1 << 20);
    assert_int_equal(openai_answer_new(&answer, &sink, "s3cret"), 0);
    for (size_t at = 0; !received.rc && at < length; at += step)
        received.rc = openai_answer_feed(answer, reply + at,
                                         length - at < step ? length - at : step, &received.error);
    if (!received.rc)
        received.rc = openai_answer_finish(answer, &received.error);
    received.finish = openai_answer_end(answer);
    received.usage = openai_answer_usage(answer, &request);
    openai_answer_free(answer);
    return received;
}

static void expect(const char *reply, int rc, const char *expected, enum model_finish finish)
{
    static const size_t steps[] = {1, 7, 100, 100000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct heard heard;
        struct received received = feed(reply, strlen(reply), steps[i], true, &heard);
        assert_string_equal(heard.all.data ? heard.all.data : "", expected);
        assert_int_equal(received.rc, rc);
        assert_int_equal(received.finish, finish);
        buffer_clear(&heard.all);
    }
}

/* ---- Text ----------------------------------------------------------------------------------- */

static void text_comes_through_however_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *expected;
    } rows[] = {
        {TEXT("Hello") TEXT(", ") TEXT("w\xc3\xb6rld") TEXT(".") FINISH("stop") DONE,
         "Hello, w\xc3\xb6rld."},
        {TEXT("a") TEXT("\\n\\\"b\\\"") TEXT("\\u00e9") TEXT("") TEXT("d") FINISH("stop"),
         "a\n\"b\"\xc3\xa9"
         "d"},
        /* Like the chunk before but for another member than the text. */
        {TEXT("a") DELTA("\"content\":\"b\",\"refusal\":\"no\"") TEXT("c") FINISH("stop"),
         "ab[no]c"},
        {TEXT("a") "data: {\"choices\":[]}\n\n" TEXT("content") TEXT("\\\"content\\\"") TEXT("b")
             FINISH("stop"),
         "acontent\"content\"b"},
        {": ping\n\n" TEXT("a") ": ping\r\n\r\n" FINISH("stop") DONE, "a"},
        {"data: {\"choices\":\r\ndata: [{\"delta\":{\"content\":\"odd\"}}]}\r\n\r\n" DONE, "odd"},
        {TEXT("no end but DONE") DONE TEXT("too late"), "no end but DONE"},
        {FINISH("stop") "data: [DONE]", ""},
        {"{\"choices\":[{\"message\":{\"content\":\"Whole.\"},\"finish_reason\":\"stop\"}]}",
         "Whole."},
        {"\n {\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"No.\"},"
         "\"finish_reason\":\"stop\"}]}\n",
         "[No.]"},
        {DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[]},{\"type\":\"text\","
               "\"text\":\"part\"}]") FINISH("stop"),
         "part"},
        {TEXT("a\\u0000b") FINISH("stop"), "ab"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].reply, 0, rows[i].expected, MODEL_STOP);
}

static void refusals_are_text_for_a_sink_that_knows_none(void **state)
{
    (void)state;
    static const char reply[] =
        DELTA("\"refusal\":\"I \"") DELTA("\"refusal\":\"won't.\"") FINISH("stop");
    struct heard heard;
    expect(reply, 0, "[I ][won't.]", MODEL_STOP);
    assert_int_equal(feed(reply, sizeof reply - 1, 64, false, &heard).rc, 0);
    assert_string_equal(heard.all.data, "I won't.");
    buffer_clear(&heard.all);
}

static void reasoning_is_no_part_of_the_answer(void **state)
{
    (void)state;
    expect(DELTA("\"reasoning_content\":\"Hm.\"") DELTA("\"reasoning\":\"So\",\"content\":\"\"")
               TEXT("Yes.") FINISH("stop"),
           0, "Yes.", MODEL_STOP);
}

static void endings_are_distinguished(void **state)
{
    (void)state;
    expect(TEXT("a") FINISH("length") DONE, 0, "a", MODEL_LENGTH);
    expect(TEXT("a") FINISH("content_filter") DONE, 0, "a", MODEL_CONTENT_FILTER);
    expect(TEXT("a") FINISH("eos_token") DONE, 0, "a", MODEL_STOP);
    expect(TEXT("a") FINISH("tool_calls") DONE, 0, "a", MODEL_STOP);
    expect(DELTA("\"content\":\"a\",\"tool_calls\":[]") FINISH("stop"), 0, "a", MODEL_STOP);
    expect(DELTA("\"content\":\"a\",\"tool_calls\":null") FINISH("stop"), 0, "a", MODEL_STOP);
}

/* ---- Calls ---------------------------------------------------------------------------------- */

static void calls_come_through_however_they_are_numbered(void **state)
{
    (void)state;
    static const struct {
        const char *reply, *expected;
    } rows[] = {
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")
             CALL("\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":\"}")
                 CALL("\"index\":0,\"function\":{\"arguments\":\"1}\"}") FINISH("tool_calls"),
         "<0 a f>{\"x\":1}"},
        /* Two at once, their pieces in turn. */
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}")
             CALL("\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"2\"}")
                 CALL("\"index\":0,\"function\":{\"arguments\":\"3\"}")
                     CALL("\"index\":1,\"function\":{\"arguments\":\"4\"}") FINISH("tool_calls"),
         "<0 a f>1<1 b g>2<0>3<1>4"},
        /* No id at all. */
        {CALL("\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}") FINISH("stop"),
         "<0 made f>{}"},
        {CALL("\"index\":0,\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")
             FINISH("stop"),
         "<0 made f>{}"},
        /* No index, and the name after the first arguments. */
        {CALL("\"id\":\"a\",\"function\":{\"arguments\":\"{\\\"x\"}")
             CALL("\"function\":{\"name\":\"f\",\"arguments\":\"\\\":1}\"}") CALL(
                 "\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}") FINISH("stop"),
         "<0 a f>{\"x\":1}<1 b g>{}"},
        /* The same index for two. */
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")
             CALL("\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}")
                 FINISH("stop"),
         "<0 a f>{}<1 b g>{}"},
        /* Arguments that are no JSON are none of the reader's business; an object becomes text. */
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{x: \"}")
             FINISH("stop"),
         "<0 a f>{x: "},
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}")
             FINISH("stop"),
         "<0 a f>{\"x\":1}"},
        {DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}")
             DELTA("\"function_call\":{\"arguments\":\"}\"}") FINISH("function_call"),
         "<0 made f>{}"},
        /* A name that never comes. */
        {CALL("\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}") FINISH("stop"),
         "<0 a >{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].reply, 0, rows[i].expected, MODEL_TOOL_CALLS);
}

static void calls_are_bounded(void **state)
{
    (void)state;
    struct buffer reply;
    struct heard heard;
    buffer_init(&reply, 1 << 20);
    for (int i = 0; i < 129; i++)
        buffer_append_format(
            &reply, CALL("\"index\":%d,\"function\":{\"name\":\"f\",\"arguments\":\"\"}"), i);
    struct received received = feed(reply.data, reply.length, 4096, true, &heard);
    assert_int_equal(received.rc, TREADLE_ELIMIT);
    assert_non_null(strstr(received.error.message, "more than 128 tools"));
    buffer_clear(&heard.all);
    buffer_clear(&reply);
}

/* ---- Faults --------------------------------------------------------------------------------- */

static void what_is_cut_off_has_broken_off(void **state)
{
    (void)state;
    expect(TEXT("half"), TREADLE_ENETWORK, "half", MODEL_STOP);
    expect(TEXT("half") "data: {\"choices\":[{\"del", TREADLE_ENETWORK, "half", MODEL_STOP);
    expect("", TREADLE_ENETWORK, "", MODEL_STOP);
    expect("{\"choices\":[{\"message\":{\"content\":\"ha", TREADLE_ENETWORK, "", MODEL_STOP);
}

static void what_is_no_answer_is_an_error(void **state)
{
    (void)state;
    expect(TEXT("a") "data: {not json\n\n" TEXT("b"), TREADLE_EPARSE, "a", MODEL_STOP);
    expect(TEXT("a") TEXT("b\xff") TEXT("c"), TREADLE_EPARSE, "a", MODEL_STOP);
    expect("data: {\"error\":{\"message\":\"s3cret\"}}\n\n", TREADLE_EREMOTE, "", MODEL_STOP);
    expect("data: {\"error\":{\"message\":\"Busy.\",\"code\":503}}\n\n", TREADLE_EBUSY, "",
           MODEL_STOP);
    expect("\n<!doctype html><title>It works</title>", TREADLE_EPARSE, "", MODEL_STOP);
    expect("event: error\ndata: {\"message\":\"Out of memory.\"}\n\n", TREADLE_EREMOTE, "",
           MODEL_STOP);
}

static void answers_are_bounded(void **state)
{
    (void)state;
    struct heard heard;
    size_t length = (128 << 20) + 1;
    char *reply = malloc(length);
    memset(reply, ':', length);
    struct received received = feed(reply, length, 65536, true, &heard);
    assert_int_equal(received.rc, TREADLE_ELIMIT);
    assert_non_null(strstr(received.error.message, "too large"));
    buffer_clear(&heard.all);
    free(reply);
}

/* ---- Usage ---------------------------------------------------------------------------------- */

static void usage_is_the_servers(void **state)
{
    (void)state;
    static const char reply[] = TEXT("a") FINISH(
        "stop") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,"
                "\"prompt_tokens_details\":{\"cached_tokens\":5},"
                "\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n" DONE;
    struct heard heard;
    struct model_usage usage = feed(reply, sizeof reply - 1, 50, true, &heard).usage;
    assert_int_equal(usage.prompt_tokens, 11);
    assert_int_equal(usage.completion_tokens, 7);
    assert_int_equal(usage.cached_tokens, 5);
    assert_int_equal(usage.reasoning_tokens, 3);
    buffer_clear(&heard.all);
}

static void usage_is_estimated_where_the_server_says_none(void **state)
{
    (void)state;
    static const char plain[] = TEXT("one two three four") FINISH("stop");
    static const char odd[] = TEXT("one two three four") FINISH(
        "stop") "data: "
                "{\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":2}}\n\n";
    static const char reasoned[] =
        DELTA("\"reasoning_content\":\"12345678\"") TEXT("one two three four") FINISH("stop");
    static const struct {
        const char *reply;
        int64_t reasoning;
    } rows[] = {{plain, 0}, {odd, 0}, {reasoned, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard heard;
        struct model_usage usage =
            feed(rows[i].reply, strlen(rows[i].reply), 50, true, &heard).usage;
        assert_int_equal(usage.completion_tokens, 4 + rows[i].reasoning);
        assert_int_equal(usage.reasoning_tokens, rows[i].reasoning);
        assert_true(usage.prompt_tokens >= 4);
        buffer_clear(&heard.all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_through_however_it_is_written),
        cmocka_unit_test(refusals_are_text_for_a_sink_that_knows_none),
        cmocka_unit_test(reasoning_is_no_part_of_the_answer),
        cmocka_unit_test(endings_are_distinguished),
        cmocka_unit_test(calls_come_through_however_they_are_numbered),
        cmocka_unit_test(calls_are_bounded),
        cmocka_unit_test(what_is_cut_off_has_broken_off),
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(answers_are_bounded),
        cmocka_unit_test(usage_is_the_servers),
        cmocka_unit_test(usage_is_estimated_where_the_server_says_none),
    };
    return cmocka_run_group_tests_name("model_answer", tests, NULL, NULL);
}
