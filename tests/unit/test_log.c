/*
 * The log: one line an event whatever the values hold, levels, and threads that do not mix.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* What the log writes, in memory. */
struct capture {
    FILE *stream;
    char *text;
    size_t length;
    struct log *log;
};

static void capture_start_as(struct capture *capture, enum log_level level, enum log_format format)
{
    *capture = (struct capture){0};
    capture->stream = open_memstream(&capture->text, &capture->length);
    capture->log = log_new(capture->stream, level, format);
}

static void capture_start(struct capture *capture, enum log_level level)
{
    capture_start_as(capture, level, LOG_LOGFMT);
}

static void capture_end(struct capture *capture)
{
    log_free(capture->log);
    fclose(capture->stream);
    free(capture->text);
}

static size_t lines(const char *text)
{
    size_t count = 0;
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    return count;
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture, LOG_INFO);
    log_write(capture.log, LOG_WARNING, "listening", "address", "127.0.0.1:1", "left_out", NULL,
              "empty", "", "words", "two words", NULL);
    assert_memory_equal(capture.text, "time=20", 7);
    assert_int_equal(capture.text[15], 'T');
    assert_string_equal(strchr(capture.text, ' '),
                        " level=warning event=listening address=127.0.0.1:1 empty=\"\" "
                        "words=\"two words\"\n");
    capture_end(&capture);
}

static void a_value_cannot_forge_a_line(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture, LOG_DEBUG);
    log_write(capture.log, LOG_INFO, "file", "name", "a\nlevel=error event=\"x\"\r\x1b[2J\\", NULL);
    assert_int_equal(lines(capture.text), 1);
    assert_non_null(
        strstr(capture.text, "name=\"a\\x0alevel=error event=\\\"x\\\"\\x0d\\x1b[2J\\\\\"\n"));
    capture_end(&capture);
}

static void lower_levels_are_left_out(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture, LOG_WARNING);
    log_write(capture.log, LOG_DEBUG, "a", NULL);
    log_write(capture.log, LOG_INFO, "b", NULL);
    fflush(capture.stream);
    assert_int_equal(capture.length, 0);
    log_write(capture.log, LOG_ERROR, "c", NULL);
    assert_int_equal(lines(capture.text), 1);
    log_write(NULL, LOG_ERROR, "nobody", NULL);
    log_free(NULL);
    capture_end(&capture);
}

static void long_values_still_end_the_line(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture, LOG_INFO);
    char *value = calloc(1, 200001);
    memset(value, '\n', 200000);
    log_write(capture.log, LOG_INFO, "a", "one", value, "two", value, "three", value, "four", value,
              NULL);
    assert_int_equal(lines(capture.text), 1);
    assert_int_equal(capture.text[capture.length - 1], '\n');
    assert_true(capture.length <= 8192);
    free(value);
    capture_end(&capture);
}

static void json_is_json_whatever_the_values_hold(void **state)
{
    (void)state;
    struct capture capture;
    capture_start_as(&capture, LOG_INFO, LOG_JSON);
    log_write(capture.log, LOG_ERROR, "file", "name", "a\"\\\n\x01\x7f\xff\xc3\xa9\xc3", "none",
              NULL, "empty", "", NULL);
    assert_memory_equal(capture.text, "{\"time\":\"20", 11);
    assert_string_equal(strstr(capture.text, ",\"level\""),
                        ",\"level\":\"error\",\"event\":\"file\",\"name\":\"a\\\"\\\\\\u000a\\u0001"
                        "\\u007f\\ufffd\xc3\xa9\\ufffd\",\"empty\":\"\"}\n");
    capture_end(&capture);
}

static void a_pair_without_room_is_left_out_whole(void **state)
{
    (void)state;
    struct capture capture;
    char value[1025];
    memset(value, '\n', 1024);
    value[1024] = '\0';
    capture_start_as(&capture, LOG_INFO, LOG_JSON);
    log_write(capture.log, LOG_INFO, "a", "one", value, "two", value, "three", "short", NULL);
    assert_non_null(strstr(capture.text, "\\u000a\",\"three\":\"short\"}\n"));
    assert_null(strstr(capture.text, "two"));
    capture_end(&capture);
}

static void *write_many(void *log)
{
    for (int i = 0; i < 2000; i++)
        log_write(log, LOG_INFO, "tick", "a", "1", "b", "two words", NULL);
    return NULL;
}

static void check_threads(bool gathered)
{
    struct capture capture;
    pthread_t threads[4];
    capture_start(&capture, LOG_INFO);
    log_gather(capture.log, gathered);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_many, capture.log);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    log_gather(capture.log, false);
    assert_int_equal(lines(capture.text), 8000);
    char *rest = NULL;
    for (char *line = strtok_r(capture.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        assert_string_equal(strchr(line, ' '), " level=info event=tick a=1 b=\"two words\"");
    capture_end(&capture);
}

static void threads_do_not_mix(void **state)
{
    (void)state;
    check_threads(false);
}

static void gathered_lines_stay_whole_and_lose_none(void **state)
{
    (void)state;
    check_threads(true);
}

static void gathered_lines_come_before_a_warning_and_at_the_end(void **state)
{
    (void)state;
    struct capture capture;
    capture_start(&capture, LOG_INFO);
    log_gather(capture.log, true);
    log_write(capture.log, LOG_INFO, "first", NULL);
    log_write(capture.log, LOG_WARNING, "second", NULL);
    assert_int_equal(lines(capture.text), 2);
    assert_true(strstr(capture.text, "event=first") < strstr(capture.text, "event=second"));
    log_write(capture.log, LOG_INFO, "third", NULL);
    log_gather(capture.log, false);
    assert_int_equal(lines(capture.text), 3);
    log_write(capture.log, LOG_INFO, "fourth", NULL);
    assert_int_equal(lines(capture.text), 4);
    capture_end(&capture);
}

static void gathered_lines_come_by_themselves(void **state)
{
    (void)state;
    int ends[2];
    char text[256];
    assert_int_equal(pipe(ends), 0);
    FILE *stream = fdopen(ends[1], "w");
    struct log *log = log_new(stream, LOG_INFO, LOG_LOGFMT);
    log_gather(log, true);
    for (int i = 0; i < 2; i++) {
        log_write(log, LOG_INFO, "alone", NULL);
        ssize_t got = read(ends[0], text, sizeof text - 1);
        assert_true(got > 0);
        text[got] = '\0';
        assert_non_null(strstr(text, "event=alone\n"));
    }
    log_free(log);
    fclose(stream);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(a_value_cannot_forge_a_line),
        cmocka_unit_test(lower_levels_are_left_out),
        cmocka_unit_test(long_values_still_end_the_line),
        cmocka_unit_test(json_is_json_whatever_the_values_hold),
        cmocka_unit_test(a_pair_without_room_is_left_out_whole),
        cmocka_unit_test(threads_do_not_mix),
        cmocka_unit_test(gathered_lines_stay_whole_and_lose_none),
        cmocka_unit_test(gathered_lines_come_before_a_warning_and_at_the_end),
        cmocka_unit_test(gathered_lines_come_by_themselves),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
