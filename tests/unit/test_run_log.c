/*
 * The log of a run: what is written comes back, from after any number, and texts come complete
 * wherever their pieces are parted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "run_fixture.h"

#include "run/run_log.h"
#include "store/run_event_record.h"

static const char run[] = "run_a";

struct row {
    int64_t first, last;
    const char *body;
};

static int insert(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct row *row = argument;
    return run_event_record_insert(session, run, row->first, row->last, row->body, error);
}

/* What a reader was sent, as one text: number and data of each event, a line each. */
struct heard {
    const char *run_id;
    int64_t after;
    char text[16384];
    int stop_after;
};

static int make_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct record_value values[] = {
        {.column = "id", .text = "msg_a"},
        {.column = "project", .text = "p"},
        {.column = "thread", .text = "thread_a"},
        {.column = "body", .text = "{}"},
    };
    (void)argument;
    return record_insert(session, "messages", values, 4, error);
}

static int hear(void *context, int64_t number, enum treadle_event_type type, const char *data)
{
    struct heard *heard = context;
    size_t length = strlen(heard->text);
    snprintf(heard->text + length, sizeof heard->text - length, "%lld %s %s\n", (long long)number,
             event_names[type], data);
    return heard->stop_after && --heard->stop_after == 0 ? TREADLE_ELIMIT : 0;
}

static int read_all(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct heard *heard = argument;
    const struct run_log_reader reader = {heard, hear};
    return run_log_read(session, run, heard->after, false, &reader, error);
}

static int read_last(struct db_session *session, void *argument, struct treadle_error *error)
{
    return run_event_record_last(session, run, argument, error);
}

static void write_row(struct scene *scene, int64_t first, int64_t last, struct buffer *body)
{
    struct row row = {first, last, body->data};
    assert_false(body->failed);
    assert_int_equal(db_write(scene->db, insert, &row, &scene->error), 0);
    buffer_reset(body);
}

static void assert_heard(struct scene *scene, int64_t after, const char *expected)
{
    struct heard heard = {.after = after};
    assert_int_equal(db_read(scene->db, read_all, &heard, &scene->error), 0);
    assert_string_equal(heard.text, expected);
}

static void print_text(struct buffer *out, int64_t first, const char *text, const uint32_t *lengths,
                       size_t count)
{
    run_log_print_pieces(&(struct run_pieces){.kind = PIECE_TEXT,
                                              .first = first,
                                              .subject = "msg_a",
                                              .opens = true,
                                              .text = text,
                                              .length = strlen(text),
                                              .lengths = lengths,
                                              .count = count},
                         out);
}

static int setup_message(void **state)
{
    setup(state);
    struct scene *scene = *state;
    return db_write(scene->db, make_message, NULL, &scene->error);
}

static void an_empty_log(void **state)
{
    int64_t last = 7;
    assert_int_equal(db_read(((struct scene *)*state)->db, read_last, &last, NULL), 0);
    assert_int_equal(last, 0);
    assert_heard(*state, 0, "");
}

static void events_come_back_in_order(void **state)
{
    struct buffer body;
    int64_t last = 0;
    buffer_init(&body, 65536);
    run_log_print_event(
        1, (enum treadle_event_type[2]){TREADLE_EVENT_RUN_CREATED, TREADLE_EVENT_RUN_QUEUED},
        "{\"a\":\"b c\"}", &body);
    write_row(*state, 1, 2, &body);
    run_log_print_event(9, (enum treadle_event_type[2]){TREADLE_EVENT_RUN_COMPLETED}, "{}", &body);
    write_row(*state, 9, 9, &body);
    assert_heard(*state, 0,
                 "1 thread.run.created {\"a\":\"b c\"}\n2 thread.run.queued {\"a\":\"b c\"}\n"
                 "9 thread.run.completed {}\n");
    assert_heard(*state, 1, "2 thread.run.queued {\"a\":\"b c\"}\n9 thread.run.completed {}\n");
    assert_heard(*state, 5, "9 thread.run.completed {}\n");
    assert_heard(*state, 9, "");
    assert_int_equal(db_read(((struct scene *)*state)->db, read_last, &last, NULL), 0);
    assert_int_equal(last, 9);
    buffer_clear(&body);
}

#define DELTA(text)                                                                                \
    "{\"id\":\"msg_a\",\"object\":\"thread.message.delta\",\"delta\":{\"content\":[{\"index\":0,"  \
    "\"type\":\"text\",\"text\":{\"value\":\"" text "\""
#define OPENING ",\"annotations\":[]}}]}}\n"
#define FURTHER "}}]}}\n"

static void pieces_come_merged_after_any_number(void **state)
{
    static const char *const rests[] = {"Wö\\n\\\"x\\\" end", "\\n\\\"x\\\" end", " end"};
    struct buffer body;
    char expected[512];
    buffer_init(&body, 65536);
    print_text(&body, 5, "Wö\n\"x\" end", (uint32_t[]){3, 4, 4}, 3);
    write_row(*state, 5, 7, &body);
    assert_heard(*state, 0, "7 thread.message.delta " DELTA("Wö\\n\\\"x\\\" end") OPENING);
    for (int64_t after = 5; after < 7; after++) {
        snprintf(expected, sizeof expected,
                 "7 thread.message.delta {\"id\":\"msg_a\",\"object\":\"thread.message.delta\","
                 "\"delta\":{\"content\":[{\"index\":0,\"type\":\"text\",\"text\":{\"value\":"
                 "\"%s\"" FURTHER,
                 rests[after - 4]);
        assert_heard(*state, after, expected);
    }
    assert_heard(*state, 7, "");
    buffer_clear(&body);
}

static void arguments_are_pieces_of_a_step(void **state)
{
    struct buffer body;
    buffer_init(&body, 65536);
    run_log_print_pieces(&(struct run_pieces){.kind = PIECE_ARGUMENTS,
                                              .first = 3,
                                              .subject = "step_a",
                                              .index = 2,
                                              .text = "{}",
                                              .length = 2,
                                              .lengths = (uint32_t[]){1, 1},
                                              .count = 2},
                         &body);
    write_row(*state, 3, 4, &body);
    assert_heard(
        *state, 0,
        "4 thread.run.step.delta {\"id\":\"step_a\",\"object\":\"thread.run.step.delta\","
        "\"delta\":{\"step_details\":{\"type\":\"tool_calls\",\"tool_calls\":[{\"index\":2,"
        "\"type\":\"function\",\"function\":{\"arguments\":\"{}\"}}]}}}\n");
    buffer_clear(&body);
}

static void a_reader_may_stop(void **state)
{
    struct scene *scene = *state;
    struct buffer body;
    struct heard heard = {.stop_after = 1};
    buffer_init(&body, 65536);
    run_log_print_event(
        1, (enum treadle_event_type[2]){TREADLE_EVENT_RUN_CREATED, TREADLE_EVENT_RUN_QUEUED}, "{}",
        &body);
    write_row(scene, 1, 2, &body);
    assert_int_equal(db_read(scene->db, read_all, &heard, &scene->error), TREADLE_ELIMIT);
    assert_string_equal(heard.text, "1 thread.run.created {}\n");
    buffer_clear(&body);
}

/* Does a transition, and notes its events. */
static void do_and_note(struct scene *scene, db_work work, struct heard *published)
{
    assert_int_equal(take(scene, work), 0);
    const struct run_news *news = scene->change.news;
    int64_t number = news->first;
    for (size_t i = 0; i < news->count; i++)
        for (size_t j = 0; j < 2 && news->events[i].types[j]; j++)
            hear(published, number++, news->events[i].types[j], news->events[i].data);
}

struct query {
    const char *sql, *run_id;
    int64_t number;
};

static int ask(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct query *query = argument;
    return fixture_query(session, query->sql, &query->number, error);
}

static int read_run_log(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct heard *heard = argument;
    const struct run_log_reader reader = {heard, hear};
    return run_log_read(session, heard->run_id, heard->after, false, &reader, error);
}

static void run_through(struct scene *scene, struct heard *published)
{
    assert_int_equal(create_run(scene, "thread_a"), 0);
    *published = (struct heard){.run_id = scene->run.id};
    const struct run_news *news = scene->change.news;
    hear(published, 1, TREADLE_EVENT_RUN_CREATED, news->events[0].data);
    hear(published, 2, TREADLE_EVENT_RUN_QUEUED, news->events[0].data);
    do_and_note(scene, claim, published);
    do_and_note(scene, begin_tools, published);
    do_and_note(scene, complete_tools, published);
    do_and_note(scene, begin_message, published);
    do_and_note(scene, complete_message, published);
    do_and_note(scene, complete, published);
}

/* The log of an ended run has what was published, in a fraction of the space. */
static void objects_come_back_from_their_rows(void **state)
{
    struct scene *scene = *state;
    struct heard published;
    struct query size = {.sql = "SELECT sum(length(body)) FROM run_events"};
    run_through(scene, &published);
    struct heard heard = {.run_id = published.run_id};
    assert_int_equal(db_read(scene->db, read_run_log, &heard, &scene->error), 0);
    assert_string_equal(heard.text, published.text);
    heard = (struct heard){.run_id = published.run_id, .after = 5};
    assert_int_equal(db_read(scene->db, read_run_log, &heard, &scene->error), 0);
    assert_string_equal(heard.text, strstr(published.text, "\n6 ") + 1);
    assert_int_equal(db_read(scene->db, ask, &size, &scene->error), 0);
    assert_in_range(size.number, 1, strlen(published.text) / 4);
}

static int delete_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct record_key keys[] = {{"id", argument}};
    return record_delete(session, "messages", keys, 1, NULL, error);
}

static void what_was_deleted_is_not_replayed(void **state)
{
    struct scene *scene = *state;
    struct heard published;
    run_through(scene, &published);
    const char *id = scene->step.step_details->message_creation->message_id;
    assert_int_equal(db_write(scene->db, delete_message, (void *)id, &scene->error), 0);
    struct heard heard = {.run_id = published.run_id};
    assert_int_equal(db_read(scene->db, read_run_log, &heard, &scene->error), 0);
    assert_null(strstr(heard.text, "thread.message"));
    assert_null(strstr(heard.text, "An answer."));
    assert_non_null(strstr(heard.text, "thread.run.step.completed"));
    assert_non_null(strstr(heard.text, "thread.run.completed"));
}

/* A run and its message. */
struct forgetting {
    const char *run_id, *message_id;
};

/* Pieces of the message and a citation, as an answer in pieces leaves them. */
static int insert_pieces(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct forgetting *ids = argument;
    struct buffer body, citation;
    buffer_init(&body, 65536);
    buffer_init(&citation, 65536);
    run_log_print_pieces(&(struct run_pieces){.kind = PIECE_TEXT,
                                              .first = 101,
                                              .subject = ids->message_id,
                                              .opens = true,
                                              .text = "An answer.",
                                              .length = 10,
                                              .lengths = (uint32_t[]){3, 7},
                                              .count = 2},
                         &body);
    run_log_print_delta(PIECE_TEXT, ids->message_id, 0, false, "An answer.", 10, &citation);
    run_log_print_event(103, (enum treadle_event_type[2]){TREADLE_EVENT_MESSAGE_DELTA},
                        citation.data, &body);
    int rc = run_event_record_insert(session, ids->run_id, 101, 103, body.data, error);
    buffer_clear(&body);
    buffer_clear(&citation);
    return rc;
}

static int forget_message(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct forgetting *ids = argument;
    return run_log_forget_message(session, ids->run_id, ids->message_id, error);
}

/* Not even in the database; what else the log says stays, and so do its numbers. */
static void what_was_deleted_is_not_kept(void **state)
{
    struct scene *scene = *state;
    struct heard published;
    struct query count = {.sql = "SELECT count(*) FROM run_events WHERE body LIKE '%An answer.%'"};
    run_through(scene, &published);
    const char *id = scene->step.step_details->message_creation->message_id;
    struct forgetting ids = {published.run_id, id};
    assert_int_equal(db_write(scene->db, insert_pieces, &ids, &scene->error), 0);
    assert_int_equal(db_read(scene->db, ask, &count, &scene->error), 0);
    assert_int_equal(count.number, 1);
    assert_int_equal(db_write(scene->db, delete_message, (void *)id, &scene->error), 0);
    struct heard before = {.run_id = published.run_id}, after = before;
    assert_int_equal(db_read(scene->db, read_run_log, &before, &scene->error), 0);
    assert_int_equal(db_write(scene->db, forget_message, &ids, &scene->error), 0);
    assert_int_equal(db_read(scene->db, read_run_log, &after, &scene->error), 0);
    assert_string_equal(after.text, before.text);
    assert_int_equal(db_read(scene->db, ask, &count, &scene->error), 0);
    assert_int_equal(count.number, 0);
    count.sql = "SELECT count(*) FROM run_events WHERE body LIKE '%thread.message.%'";
    assert_int_equal(db_read(scene->db, ask, &count, &scene->error), 0);
    assert_int_equal(count.number, 0);
}

/* A row that was not written here is an error, whatever is wrong with it. */
static void damage_is_reported(void **state)
{
    static const char *const bodies[] = {"x",
                                         "E",
                                         "E 1",
                                         "E x thread.run.created {}\n",
                                         "E 1 thread.none {}\n",
                                         "P 1 t\n",
                                         "P 1 t msg_a 0 1 3 \"x\n",
                                         "P 1 t msg_a 0 1 9 \"x\"\nE 2",
                                         "Q 1 x {}\n",
                                         "R 99 thread.created x =\n",
                                         "R 99 thread.message.created msg_a\n",
                                         "R 99 thread.message.created msg_a {\n",
                                         "P 1 t m 0 1 3 7\n"};
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct row row = {(int64_t)i * 2 + 1, (int64_t)i * 2 + 2, bodies[i]};
        struct heard heard = {.after = (int64_t)i * 2};
        assert_int_equal(db_write(scene->db, insert, &row, &scene->error), 0);
        assert_int_equal(db_read(scene->db, read_all, &heard, &scene->error), TREADLE_EIO);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_message, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_log),
        TEST(events_come_back_in_order),
        TEST(pieces_come_merged_after_any_number),
        TEST(objects_come_back_from_their_rows),
        TEST(what_was_deleted_is_not_replayed),
        TEST(what_was_deleted_is_not_kept),
        TEST(arguments_are_pieces_of_a_step),
        TEST(a_reader_may_stop),
        TEST(damage_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
