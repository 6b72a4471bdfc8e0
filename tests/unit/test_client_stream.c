/*
 * Streams of the client against a scripted server: what they read, what they make of a connection
 * that breaks, and of everything that is no stream.
 */
#include "client_setting.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
#define OPEN HEAD "Connection: close\r\n\r\n"
#define RUN                                                                                        \
    "\"object\":\"thread.run\",\"thread_id\":\"thread_1\",\"model\":\"m\",\"unknown\":[1]}\n\n"
#define CREATED                                                                                    \
    "id: 1\nevent: thread.run.created\ndata: {\"id\":\"run_1\",\"status\":\"queued\"," RUN
#define QUEUED "id: 2\nevent: thread.run.queued\ndata: {\"id\":\"run_1\",\"status\":\"queued\"," RUN
#define TEXT(number, text)                                                                         \
    "id: " number                                                                                  \
    "\nevent: thread.message.delta\ndata: {\"id\":\"msg_1\",\"delta\":{\"content\":["              \
    "{\"index\":0,\"type\":\"text\",\"text\":{\"value\":\"" text "\"}}]}}\n\n"
#define COMPLETED                                                                                  \
    "id: 9\nevent: thread.run.completed\ndata: {\"id\":\"run_1\",\"status\":\"completed\"," RUN
#define DONE "event: done\ndata: [DONE]\n\n"

static const struct treadle_stream_options plain = TREADLE_STREAM_OPTIONS_INIT;

struct reading {
    struct setting setting;
    struct treadle_stream *stream;
    struct treadle_event event;
    struct treadle_error error;
};

/* Opens a stream of a new run, which the server answers by its script. */
static void begin(struct reading *reading, const struct treadle_stream_options *options,
                  const char *const *replies)
{
    const struct treadle_run_create_request request = {.assistant_id = "asst_1"};
    memset(reading, 0, sizeof *reading);
    start(&reading->setting, replies, -1);
    assert_int_equal(treadle_run_create_stream(&reading->stream, reading->setting.client,
                                               "thread_1", &request, options, &reading->error),
                     0);
}

#define BEGIN(reading, options, ...) begin(reading, options, (const char *[]){__VA_ARGS__, NULL})

static void end(struct reading *reading)
{
    treadle_stream_free(reading->stream);
    stop(&reading->setting);
}

static int next(struct reading *reading)
{
    return treadle_stream_next(reading->stream, &reading->event, &reading->error);
}

static void expect(struct reading *reading, enum treadle_event_type type, int64_t number)
{
    if (next(reading) != 1)
        fail_msg("no event: %s", reading->error.message);
    assert_string_equal(reading->event.name, treadle_event_type_name(type));
    assert_int_equal(reading->event.type, type);
    assert_int_equal(reading->event.number, number);
}

static void expect_text(struct reading *reading, const char *text, int64_t number)
{
    expect(reading, TREADLE_EVENT_MESSAGE_DELTA, number);
    assert_string_equal(treadle_event_text(&reading->event), text);
}

static void expect_done(struct reading *reading)
{
    assert_int_equal(next(reading), 0);
    assert_int_equal(next(reading), 0);
}

/* It fails so, and stays so. */
static void expect_failure(struct reading *reading, int code)
{
    assert_int_equal(next(reading), code);
    assert_int_equal(reading->error.code, code);
    memset(&reading->error, 0, sizeof reading->error);
    assert_int_equal(next(reading), code);
    assert_int_equal(reading->error.code, code);
    assert_true(reading->error.message[0] != '\0');
}

static void expect_request(const struct reading *reading, size_t index, const char *operation)
{
    const char *sent = scripted_server_request(reading->setting.server, index);
    assert_non_null(sent);
    assert_memory_equal(sent, operation, strlen(operation));
}

/* ---- Events --------------------------------------------------------------------------------- */

static void every_kind_of_event_brings_its_object(void **state)
{
    (void)state;
    struct reading reading;
    BEGIN(&reading, NULL,
          OPEN ": keep-alive\n\n"
               "id: 1\nevent: thread.created\ndata: {\"id\":\"thread_1\"}\n\n" QUEUED
               "id: 3\nevent: thread.run.step.created\ndata: {\"id\":\"step_1\",\"type\":"
               "\"tool_calls\"}\n\n"
               "id: 4\nevent: thread.run.step.delta\ndata: {\"id\":\"step_1\",\"delta\":"
               "{\"step_details\":{\"type\":\"tool_calls\",\"tool_calls\":[{\"index\":0,\"type\":"
               "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}}\n\n"
               "event: thread.something.new\ndata: not even JSON\n\n"
               "id: 6\nevent: thread.message.created\ndata: {\"id\":\"msg_1\",\"role\":"
               "\"assistant\"}\n\n"
               ": keep-alive\n\n" TEXT("7", "Hi") COMPLETED DONE);
    expect_request(&reading, 0, "POST /v1/threads/thread_1/runs HTTP/1.1\r\n");
    assert_non_null(strstr(scripted_server_request(reading.setting.server, 0),
                           "{\"assistant_id\":\"asst_1\",\"stream\":true}"));
    expect(&reading, TREADLE_EVENT_THREAD_CREATED, 1);
    assert_string_equal(reading.event.thread->id, "thread_1");
    assert_null(treadle_event_text(&reading.event));
    expect(&reading, TREADLE_EVENT_RUN_QUEUED, 2);
    assert_int_equal(reading.event.run->status, TREADLE_RUN_QUEUED);
    assert_null(reading.event.thread);
    expect(&reading, TREADLE_EVENT_STEP_CREATED, 3);
    assert_int_equal(reading.event.step->type, TREADLE_STEP_TOOL_CALLS);
    expect(&reading, TREADLE_EVENT_STEP_DELTA, 4);
    assert_string_equal(reading.event.step_delta->delta->step_details->tool_calls[0].function->name,
                        "f");
    expect(&reading, TREADLE_EVENT_MESSAGE_CREATED, 6);
    assert_int_equal(reading.event.message->role, TREADLE_ROLE_ASSISTANT);
    assert_string_equal(reading.event.data, "{\"id\":\"msg_1\",\"role\":\"assistant\"}");
    assert_int_equal(reading.event.data_length, strlen(reading.event.data));
    expect_text(&reading, "Hi", 7);
    expect(&reading, TREADLE_EVENT_RUN_COMPLETED, 9);
    expect_done(&reading);
    end(&reading);
}

static void errors_are_read_in_either_form(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"error\":{\"message\":\"Gone.\",\"type\":\"server_error\",\"code\":\"gone\"}}",
        "{\"message\":\"Gone.\",\"type\":\"server_error\",\"code\":\"gone\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading reading;
        char *reply = NULL;
        assert_true(asprintf(&reply, OPEN CREATED "event: error\ndata: %s\n\n" DONE, rows[i]) > 0);
        BEGIN(&reading, NULL, reply);
        expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
        expect(&reading, TREADLE_EVENT_ERROR, 0);
        assert_string_equal(reading.event.error->message, "Gone.");
        assert_string_equal(reading.event.error->wire_code, "gone");
        expect_done(&reading);
        end(&reading);
        free(reply);
    }
}

static void nothing_is_requested_after_an_error(void **state)
{
    (void)state;
    struct reading reading;
    BEGIN(&reading, NULL, OPEN CREATED "event: error\ndata: what?\n\n");
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect(&reading, TREADLE_EVENT_ERROR, 0);
    assert_true(reading.event.error->message[0] != '\0');
    expect_failure(&reading, TREADLE_ENETWORK);
    assert_int_equal(scripted_server_requests(reading.setting.server), 1);
    end(&reading);
}

/* More than is kept at once. */
static void a_slow_reader_misses_nothing(void **state)
{
    (void)state;
    enum { PIECES = 10000 };
    struct reading reading;
    size_t size = 0;
    char *reply = NULL, text[32];
    FILE *out = open_memstream(&reply, &size);
    fputs(OPEN CREATED, out);
    for (int i = 0; i < PIECES; i++)
        fprintf(out, TEXT("%d", "piece %d"), i + 2, i);
    fputs(DONE, out);
    fclose(out);
    BEGIN(&reading, NULL, reply);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    for (int i = 0; i < PIECES; i++) {
        snprintf(text, sizeof text, "piece %d", i);
        expect_text(&reading, text, i + 2);
    }
    expect_done(&reading);
    end(&reading);
    free(reply);
}

/* ---- Broken connections --------------------------------------------------------------------- */

static void a_stream_continues_after_the_last_event(void **state)
{
    (void)state;
    struct reading reading;
    BEGIN(&reading, NULL, OPEN CREATED QUEUED TEXT("3", "one ") "id: 4\nevent: thread.mess", "",
          OPEN TEXT("3", "one ") TEXT("4", "two "),
          HEAD "Content-Length: 9999\r\nConnection: close\r\n\r\n" TEXT("6", "three"),
          OPEN COMPLETED DONE);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect(&reading, TREADLE_EVENT_RUN_QUEUED, 2);
    expect_text(&reading, "one ", 3);
    expect_text(&reading, "two ", 4);
    expect_text(&reading, "three", 6);
    expect(&reading, TREADLE_EVENT_RUN_COMPLETED, 9);
    expect_done(&reading);
    for (size_t i = 1; i < 3; i++)
        expect_request(&reading, i, "GET /v1/threads/thread_1/runs/run_1/events?after=3 HTTP/1.1");
    expect_request(&reading, 3, "GET /v1/threads/thread_1/runs/run_1/events?after=4 HTTP/1.1");
    expect_request(&reading, 4, "GET /v1/threads/thread_1/runs/run_1/events?after=6 HTTP/1.1");
    end(&reading);
}

static void a_silent_connection_is_a_broken_one(void **state)
{
    (void)state;
    struct reading reading;
    struct treadle_stream_options options = TREADLE_STREAM_OPTIONS_INIT;
    options.silence_seconds = 0.05;
    BEGIN(&reading, &options, HEAD "\r\n" CREATED, OPEN QUEUED DONE);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect(&reading, TREADLE_EVENT_RUN_QUEUED, 2);
    expect_done(&reading);
    end(&reading);
    options.reattach_seconds = -1;
    BEGIN(&reading, &options, HEAD "\r\n" CREATED);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect_failure(&reading, TREADLE_ETIMEOUT);
    end(&reading);
}

static void what_cannot_be_gone_on_with_is_a_failure(void **state)
{
    (void)state;
    struct reading reading;
    struct treadle_stream_options never = TREADLE_STREAM_OPTIONS_INIT;
    never.reattach_seconds = -1;
    static const struct {
        const char *reply;
        int events;
        bool never;
    } rows[] = {
        {OPEN CREATED, 1, true},
        {OPEN, 0, false},
        {OPEN "event: thread.run.created\ndata: {\"id\":\"run_1\",\"status\":\"queued\"," RUN, 1,
         false},
        {OPEN TEXT("1", "of a run that nobody named"), 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BEGIN(&reading, rows[i].never ? &never : &plain, rows[i].reply);
        for (int event = 0; event < rows[i].events; event++)
            assert_int_equal(next(&reading), 1);
        expect_failure(&reading, TREADLE_ENETWORK);
        assert_int_equal(scripted_server_requests(reading.setting.server), 1);
        end(&reading);
    }
}

static void a_server_that_is_away_is_waited_for(void **state)
{
    (void)state;
    struct reading reading;
    char *busy = scripted_reply("503 Busy", "", "{}");
    BEGIN(&reading, NULL, OPEN CREATED, busy, busy, OPEN QUEUED DONE);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect(&reading, TREADLE_EVENT_RUN_QUEUED, 2);
    expect_done(&reading);
    end(&reading);
    struct treadle_stream_options options = TREADLE_STREAM_OPTIONS_INIT;
    options.reattach_seconds = 0.05;
    BEGIN(&reading, &options, OPEN CREATED, busy);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect_failure(&reading, TREADLE_EREMOTE);
    assert_int_equal(reading.error.http_status, 503);
    end(&reading);
    free(busy);
}

static void a_run_that_is_gone_is_not_waited_for(void **state)
{
    (void)state;
    struct reading reading;
    char *gone = scripted_reply("404 Not Found", "", "{\"error\":{\"message\":\"No run.\"}}");
    BEGIN(&reading, NULL, OPEN CREATED, gone);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect_failure(&reading, TREADLE_EREMOTE);
    assert_int_equal(reading.error.http_status, 404);
    assert_string_equal(reading.error.message, "No run.");
    assert_int_equal(scripted_server_requests(reading.setting.server), 2);
    end(&reading);
    free(gone);
}

/* ---- The four calls ------------------------------------------------------------------------- */

static void runs_are_followed_from_any_event(void **state)
{
    (void)state;
    struct reading reading = {.stream = NULL};
    struct treadle_stream_options options = TREADLE_STREAM_OPTIONS_INIT;
    options.include_content = true;
    start(&reading.setting, (const char *[]){OPEN, OPEN COMPLETED DONE, NULL}, -1);
    assert_int_equal(treadle_run_events(&reading.stream, reading.setting.client, "t/1", "run_1", 7,
                                        &options, &reading.error),
                     0);
    expect(&reading, TREADLE_EVENT_RUN_COMPLETED, 9);
    expect_done(&reading);
    for (size_t i = 0; i < 2; i++)
        expect_request(&reading, i,
                       "GET /v1/threads/t%2F1/runs/run_1/events?include[]=step_details."
                       "tool_calls%5B%2A%5D.file_search.results%5B%2A%5D.content&after=7 ");
    end(&reading);
}

static void submissions_are_streams_of_their_run(void **state)
{
    (void)state;
    struct reading reading = {.stream = NULL};
    struct treadle_tool_output output = {.tool_call_id = "call_1", .output = "sunny"};
    const struct treadle_tool_outputs_request request = {.tool_outputs = &output,
                                                         .tool_output_count = 1};
    start(&reading.setting, (const char *[]){OPEN TEXT("7", "So"), OPEN COMPLETED DONE, NULL}, -1);
    assert_int_equal(treadle_run_submit_tool_outputs_stream(&reading.stream, reading.setting.client,
                                                            "thread_1", "run_1", &request, NULL,
                                                            &reading.error),
                     0);
    expect_request(&reading, 0, "POST /v1/threads/thread_1/runs/run_1/submit_tool_outputs ");
    assert_non_null(strstr(scripted_server_request(reading.setting.server, 0),
                           "\"output\":\"sunny\"}],\"stream\":true}"));
    expect_text(&reading, "So", 7);
    expect(&reading, TREADLE_EVENT_RUN_COMPLETED, 9);
    expect_request(&reading, 1, "GET /v1/threads/thread_1/runs/run_1/events?after=7 ");
    end(&reading);
}

static void a_thread_is_made_with_its_run(void **state)
{
    (void)state;
    struct reading reading = {.stream = NULL};
    const struct treadle_thread_run_create_request request = {.assistant_id = "asst_1"};
    start(&reading.setting, (const char *[]){OPEN CREATED DONE, NULL}, -1);
    assert_int_equal(treadle_thread_create_and_run_stream(&reading.stream, reading.setting.client,
                                                          &request, NULL, &reading.error),
                     0);
    expect_request(&reading, 0, "POST /v1/threads/runs ");
    assert_non_null(strstr(scripted_server_request(reading.setting.server, 0),
                           "\r\n\r\n{\"assistant_id\":\"asst_1\",\"stream\":true}"));
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect_done(&reading);
    end(&reading);
}

/* ---- What is no stream ---------------------------------------------------------------------- */

static int refused(struct reading *reading, int max_retries, const char *const *replies)
{
    struct treadle_stream *const untouched = (void *)reading;
    memset(reading, 0, sizeof *reading);
    reading->stream = untouched;
    start(&reading->setting, replies, max_retries);
    int rc = treadle_run_create_stream(&reading->stream, reading->setting.client, "thread_1", NULL,
                                       NULL, &reading->error);
    if (rc)
        assert_ptr_equal(reading->stream, untouched);
    return rc;
}

static void what_the_server_refuses_is_no_stream(void **state)
{
    (void)state;
    struct reading reading;
    char *locked = scripted_reply("400 Bad Request", "",
                                  "{\"error\":{\"message\":\"Busy.\",\"code\":\"locked\"}}");
    char *json = scripted_reply("200 OK", "", "{\"id\":\"run_1\"}");
    assert_int_equal(refused(&reading, -1, (const char *[]){locked, NULL}), TREADLE_EREMOTE);
    assert_int_equal(reading.error.http_status, 400);
    assert_string_equal(reading.error.wire_code, "locked");
    stop(&reading.setting);
    assert_int_equal(refused(&reading, -1, (const char *[]){json, NULL}), TREADLE_EPARSE);
    stop(&reading.setting);
    assert_int_equal(refused(&reading, -1, (const char *[]){"", NULL}), TREADLE_ENETWORK);
    stop(&reading.setting);
    assert_int_equal(refused(&reading, -1, (const char *[]){"SSH-2.0\r\n\r\n", NULL}),
                     TREADLE_ENETWORK);
    stop(&reading.setting);
    free(locked);
    free(json);
}

static void opening_is_tried_again_as_every_call(void **state)
{
    (void)state;
    struct reading reading;
    char *busy = scripted_reply("500 No", "", "{}");
    assert_int_equal(refused(&reading, 2, (const char *[]){busy, "", OPEN CREATED DONE, NULL}), 0);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    end(&reading);
    assert_int_equal(refused(&reading, 1, (const char *[]){busy, busy, OPEN DONE, NULL}),
                     TREADLE_EREMOTE);
    stop(&reading.setting);
    free(busy);
}

static void what_cannot_be_read_is_a_failure(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "event: thread.run.queued\ndata: {\n\n",
        "event: thread.run.queued\ndata: []\n\n",
        "event: thread.run.queued\ndata: {\"status\":\"queued\"}\n\n",
        "event: thread.run.queued\ndata: {\"id\":7}\n\n",
        "event: thread.message.delta\ndata:\n\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading reading;
        char *reply = NULL;
        assert_true(asprintf(&reply, OPEN CREATED "%s" DONE, rows[i]) > 0);
        BEGIN(&reading, NULL, reply);
        expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
        expect_failure(&reading, TREADLE_EPARSE);
        assert_int_equal(scripted_server_requests(reading.setting.server), 1);
        end(&reading);
        free(reply);
    }
}

static void an_event_has_a_largest_size(void **state)
{
    (void)state;
    enum { SIZE = 33 << 20 };
    static const char head[] = OPEN CREATED "event: thread.run.queued\ndata: ";
    struct reading reading;
    char *reply = malloc(SIZE + 1);
    memset(reply, 'x', SIZE);
    memcpy(reply, head, sizeof head - 1);
    reply[SIZE] = '\0';
    BEGIN(&reading, NULL, reply);
    expect(&reading, TREADLE_EVENT_RUN_CREATED, 1);
    expect_failure(&reading, TREADLE_ELIMIT);
    end(&reading);
    free(reply);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    struct reading reading = {.stream = NULL};
    struct treadle_stream_options options = TREADLE_STREAM_OPTIONS_INIT;
    const struct treadle_run_create_request run = {.stream = TREADLE_VALUE(true)};
    const struct treadle_thread_run_create_request both = {.stream = TREADLE_VALUE(true)};
    const struct treadle_tool_outputs_request outputs = {.stream = TREADLE_VALUE(true)};
    const struct treadle_chat_create_request chat = {.stream = TREADLE_VALUE(true)};
    start(&reading.setting, (const char *[]){OPEN DONE, NULL}, -1);
    struct treadle_client *client = reading.setting.client;
    assert_int_equal(treadle_run_create(NULL, client, "t", &run, NULL), TREADLE_EINVALID);
    assert_int_equal(treadle_thread_create_and_run(NULL, client, &both, NULL), TREADLE_EINVALID);
    assert_int_equal(treadle_run_submit_tool_outputs(NULL, client, "t", "r", &outputs, NULL),
                     TREADLE_EINVALID);
    assert_int_equal(treadle_chat_create(NULL, client, &chat, NULL), TREADLE_EINVALID);
    assert_int_equal(treadle_run_events(&reading.stream, client, "t", "", 0, NULL, NULL),
                     TREADLE_EINVALID);
    options.version = 2;
    assert_int_equal(treadle_run_events(&reading.stream, client, "t", "r", 0, &options, NULL),
                     TREADLE_EINVALID);
    options = plain;
    options.silence_seconds = 1e9;
    assert_int_equal(treadle_run_events(&reading.stream, client, "t", "r", 0, &options, NULL),
                     TREADLE_EINVALID);
    options = plain;
    options.include_content = true;
    assert_int_equal(
        treadle_thread_create_and_run_stream(&reading.stream, client, &both, &options, NULL),
        TREADLE_EINVALID);
    assert_int_equal(scripted_server_requests(reading.setting.server), 0);
    assert_null(treadle_event_type_name((enum treadle_event_type)0));
    assert_string_equal(treadle_event_type_name(TREADLE_EVENT_DONE), "done");
    end(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_event_brings_its_object),
        cmocka_unit_test(errors_are_read_in_either_form),
        cmocka_unit_test(nothing_is_requested_after_an_error),
        cmocka_unit_test(a_slow_reader_misses_nothing),
        cmocka_unit_test(a_stream_continues_after_the_last_event),
        cmocka_unit_test(a_silent_connection_is_a_broken_one),
        cmocka_unit_test(what_cannot_be_gone_on_with_is_a_failure),
        cmocka_unit_test(a_server_that_is_away_is_waited_for),
        cmocka_unit_test(a_run_that_is_gone_is_not_waited_for),
        cmocka_unit_test(runs_are_followed_from_any_event),
        cmocka_unit_test(submissions_are_streams_of_their_run),
        cmocka_unit_test(a_thread_is_made_with_its_run),
        cmocka_unit_test(what_the_server_refuses_is_no_stream),
        cmocka_unit_test(opening_is_tried_again_as_every_call),
        cmocka_unit_test(what_cannot_be_read_is_a_failure),
        cmocka_unit_test(an_event_has_a_largest_size),
        cmocka_unit_test(arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
