/*
 * libtreadle against the real server, in one process: what the calls of the less common resources
 * do, from a store that is empty to one that is used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "db_fixture.h"
#include "server/server.h"
#include "treadle/treadle.h"

struct scene {
    struct fixture store;
    struct server *server;
    struct treadle_client *client;
    struct treadle_error error;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct treadle_client_options options = TREADLE_CLIENT_OPTIONS_INIT;
    assert_int_equal(fixture_make(&scene->store), 0);
    const struct server_options server = {.listen = {"127.0.0.1:0"},
                                          .store = scene->store.directory,
                                          .reader = getenv("TREADLE_TEST_READER")};
    assert_int_equal(server_start(&scene->server, &server, &scene->error), 0);
    options.base_url = server_address(scene->server, 0);
    assert_int_equal(treadle_client_new(&scene->client, &options, &scene->error), 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    treadle_client_free(scene->client);
    server_stop(scene->server, 0);
    assert_int_equal(fixture_remove(&scene->store), 0);
    free(scene);
    return 0;
}

/* A call that must succeed. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != 0)                                                                           \
            fail_msg("%s", scene->error.message);                                                  \
    } while (0)

/* ---- Uploads, batches, files of vector stores ----------------------------------------------- */

static struct treadle_upload_response *begin(struct scene *scene, int64_t bytes)
{
    struct treadle_upload_response *reply = NULL;
    const struct treadle_upload_create_request request = {.filename = "loom.txt",
                                                          .purpose = TREADLE_PURPOSE_ASSISTANTS,
                                                          .bytes = bytes,
                                                          .mime_type = "text/plain"};
    OK(treadle_upload_create(&reply, scene->client, &request, &scene->error));
    assert_int_equal(reply->upload.status, TREADLE_UPLOAD_PENDING);
    return reply;
}

static struct treadle_upload_part_response *send(struct scene *scene, const char *upload_id,
                                                 const char *text)
{
    struct treadle_upload_part_response *reply = NULL;
    OK(treadle_upload_part_create(&reply, scene->client, upload_id, text, strlen(text),
                                  &scene->error));
    assert_string_equal(reply->part.upload_id, upload_id);
    return reply;
}

/* Sends the second half first; the file's id goes to `id`. */
static void upload_file(struct scene *scene, char *id, size_t size)
{
    struct treadle_upload_response *upload = begin(scene, 22), *whole = NULL;
    const char *upload_id = upload->upload.id;
    struct treadle_upload_part_response *second = send(scene, upload_id, "weaves cloth.");
    struct treadle_upload_part_response *first = send(scene, upload_id, "The loom ");
    const char *ids[] = {first->part.id, second->part.id};
    const struct treadle_upload_complete_request request = {.part_ids = ids, .part_id_count = 2};
    OK(treadle_upload_complete(&whole, scene->client, upload_id, &request, &scene->error));
    assert_int_equal(whole->upload.status, TREADLE_UPLOAD_COMPLETED);
    assert_int_equal(whole->upload.file->bytes, 22);
    snprintf(id, size, "%s", whole->upload.file->id);
    treadle_upload_response_free(whole);
    treadle_upload_part_response_free(first);
    treadle_upload_part_response_free(second);
    treadle_upload_response_free(upload);
}

static void an_upload_becomes_a_file_of_a_vector_store(void **state)
{
    struct scene *scene = *state;
    struct treadle_client *client = scene->client;
    struct treadle_error *error = &scene->error;
    struct treadle_vector_store_response *store = NULL;
    struct treadle_vector_store_file_batch_response *batch = NULL;
    struct treadle_vector_store_file_page_response *page = NULL;
    struct treadle_vector_store_file_response *file = NULL;
    struct treadle_vector_store_file_content_response *content = NULL;
    char file_id[64];
    const char *ids[] = {file_id};
    upload_file(scene, file_id, sizeof file_id);
    OK(treadle_vector_store_create(&store, client, NULL, error));
    const char *store_id = store->vector_store.id;
    const struct treadle_vector_store_file_batch_create_request request = {.file_ids = ids,
                                                                           .file_id_count = 1};
    OK(treadle_vector_store_file_batch_create(&batch, client, store_id, &request, error));
    char *batch_id = strdup(batch->batch.id);
    treadle_vector_store_file_batch_response_free(batch);

    OK(treadle_vector_store_file_wait(NULL, client, store_id, file_id, error));
    batch = NULL;
    OK(treadle_vector_store_file_batch_retrieve(&batch, client, store_id, batch_id, error));
    assert_int_equal(batch->batch.status, TREADLE_VECTOR_STORE_FILE_COMPLETED);
    assert_int_equal(batch->batch.file_counts->completed, 1);
    OK(treadle_vector_store_file_batch_file_list(&page, client, store_id, batch_id, NULL, error));
    assert_int_equal(page->page.data_count, 1);
    assert_string_equal(page->page.data[0].id, file_id);

    struct treadle_attribute year = {.key = "year", .kind = TREADLE_VALUE_NUMBER, .number = 1801};
    struct treadle_attributes attributes = {1, &year};
    const struct treadle_vector_store_file_modify_request change = {&attributes};
    OK(treadle_vector_store_file_modify(&file, client, store_id, file_id, &change, error));
    assert_true(file->vector_store_file.attributes->items[0].number == 1801);
    OK(treadle_vector_store_file_content(&content, client, store_id, file_id, error));
    assert_string_equal(content->content.data[0].text, "The loom weaves cloth.");

    treadle_vector_store_file_content_response_free(content);
    treadle_vector_store_file_response_free(file);
    treadle_vector_store_file_page_response_free(page);
    treadle_vector_store_file_batch_response_free(batch);
    treadle_vector_store_response_free(store);
    free(batch_id);
}

static void what_is_over_cannot_be_cancelled(void **state)
{
    struct scene *scene = *state;
    struct treadle_upload_response *upload = begin(scene, 5), *reply = NULL;
    const char *id = upload->upload.id;
    treadle_upload_part_response_free(send(scene, id, "12345"));
    OK(treadle_upload_cancel(&reply, scene->client, id, &scene->error));
    assert_int_equal(reply->upload.status, TREADLE_UPLOAD_CANCELLED);
    treadle_upload_response_free(reply);
    reply = NULL;
    assert_int_equal(treadle_upload_cancel(&reply, scene->client, id, &scene->error),
                     TREADLE_EREMOTE);
    assert_int_equal(reply->base.http_status, 400);
    treadle_upload_response_free(reply);
    treadle_upload_response_free(upload);
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static void a_run_that_has_ended_takes_nothing_more(void **state)
{
    struct scene *scene = *state;
    struct treadle_client *client = scene->client;
    struct treadle_error *error = &scene->error;
    struct treadle_assistant_response *assistant = NULL;
    struct treadle_run_response *run = NULL, *reply = NULL;
    const struct treadle_assistant_create_request create = {.model = "treadle-extractive",
                                                            .instructions = "Answer."};
    OK(treadle_assistant_create(&assistant, client, &create, error));
    struct treadle_thread_run_create_request request = {.assistant_id = assistant->assistant.id};
    OK(treadle_thread_create_and_run(&run, client, &request, error));
    const char *thread_id = run->run.thread_id, *run_id = run->run.id;
    OK(treadle_run_wait(NULL, client, thread_id, run_id, error));
    assert_int_equal(treadle_run_cancel(&reply, client, thread_id, run_id, error), TREADLE_EREMOTE);
    assert_int_equal(reply->base.http_status, 400);
    treadle_run_response_free(reply);
    struct treadle_tool_output output = {.tool_call_id = "call_1", .output = "sunny"};
    const struct treadle_tool_outputs_request outputs = {.tool_outputs = &output,
                                                         .tool_output_count = 1};
    reply = NULL;
    assert_int_equal(
        treadle_run_submit_tool_outputs(&reply, client, thread_id, run_id, &outputs, error),
        TREADLE_EREMOTE);
    assert_int_equal(reply->base.http_status, 400);
    treadle_run_response_free(reply);
    treadle_run_response_free(run);
    treadle_assistant_response_free(assistant);
}

/* ---- Streams -------------------------------------------------------------------------------- */

/* The text and the state that a stream leaves, and the number of its last event. */
static void read_stream(struct scene *scene, struct treadle_stream *stream, char *text, size_t size,
                        char run_id[128], char thread_id[128], int64_t *number)
{
    struct treadle_event event = {.number = 0};
    enum treadle_run_status status = (enum treadle_run_status)0;
    int rc;
    text[0] = '\0';
    while ((rc = treadle_stream_next(stream, &event, &scene->error)) > 0) {
        const char *piece = treadle_event_text(&event);
        assert_true(event.number > *number);
        *number = event.number;
        if (piece)
            strncat(text, piece, size - strlen(text) - 1);
        if (!event.run)
            continue;
        status = event.run->status;
        snprintf(run_id, 128, "%s", event.run->id);
        snprintf(thread_id, 128, "%s", event.run->thread_id);
    }
    OK(rc);
    assert_int_equal(status, TREADLE_RUN_COMPLETED);
    treadle_stream_free(stream);
}

static void a_run_is_streamed_and_followed(void **state)
{
    struct scene *scene = *state;
    struct treadle_client *client = scene->client;
    struct treadle_error *error = &scene->error;
    struct treadle_assistant_response *assistant = NULL;
    struct treadle_run_times_response *times = NULL;
    struct treadle_stream *stream = NULL;
    char text[4096], again[4096], run_id[128], thread_id[128];
    int64_t number = 0, last = 0;
    const struct treadle_assistant_create_request create = {.model = "treadle-extractive"};
    OK(treadle_assistant_create(&assistant, client, &create, error));
    struct treadle_message_content content = {.text = "What is a loom?"};
    struct treadle_message_create_request message = {.role = TREADLE_ROLE_USER,
                                                     .content = &content};
    struct treadle_thread_create_request thread = {.messages = &message, .message_count = 1};
    const struct treadle_thread_run_create_request request = {
        .assistant_id = assistant->assistant.id, .thread = &thread};

    OK(treadle_thread_create_and_run_stream(&stream, client, &request, NULL, error));
    read_stream(scene, stream, text, sizeof text, run_id, thread_id, &last);
    assert_true(text[0] != '\0');
    stream = NULL;
    OK(treadle_run_events(&stream, client, thread_id, run_id, 0, NULL, error));
    read_stream(scene, stream, again, sizeof again, run_id, thread_id, &number);
    assert_string_equal(again, text);
    assert_int_equal(number, last);
    OK(treadle_run_times(&times, client, run_id, error));
    assert_string_equal(times->times.run_id, run_id);
    assert_true(times->times.model_us > 0 && times->times.first_us.state == TREADLE_SET);
    stream = NULL;
    assert_int_equal(treadle_run_events(&stream, client, thread_id, "run_x", 0, NULL, error),
                     TREADLE_EREMOTE);
    assert_int_equal(error->http_status, 404);
    assert_null(stream);
    treadle_run_times_response_free(times);
    treadle_assistant_response_free(assistant);
}

/* ---- Models --------------------------------------------------------------------------------- */

static void models_answer_and_embed(void **state)
{
    struct scene *scene = *state;
    struct treadle_client *client = scene->client;
    struct treadle_error *error = &scene->error;
    struct treadle_model_list_response *list = NULL;
    struct treadle_model_response *model = NULL;
    struct treadle_embedding_list_response *vectors = NULL;
    struct treadle_chat_completion_response *answer = NULL;
    OK(treadle_model_list(&list, client, error));
    assert_true(list->list.data_count >= 2);
    OK(treadle_model_retrieve(&model, client, list->list.data[0].id, error));
    assert_string_equal(model->model.id, list->list.data[0].id);

    const struct treadle_embedding_create_request texts = {.model = "treadle-hash-embedding",
                                                           .input = "[\"a loom\",\"a cord\"]"};
    OK(treadle_embedding_create(&vectors, client, &texts, error));
    assert_int_equal(vectors->list.data_count, 2);
    assert_int_equal(vectors->list.data[0].embedding[0], '[');

    struct treadle_chat_message message = {.role = TREADLE_CHAT_USER, .content = "\"Hello?\""};
    struct treadle_chat_create_request request = {
        .model = "treadle-extractive", .messages = &message, .message_count = 1};
    OK(treadle_chat_create(&answer, client, &request, error));
    assert_int_equal(answer->completion.choice_count, 1);
    assert_int_equal(answer->completion.choices[0].finish_reason, TREADLE_CHAT_STOP);
    assert_non_null(answer->completion.choices[0].message->content);
    assert_true(answer->completion.usage->total_tokens > 0);

    treadle_chat_completion_response_free(answer);
    treadle_embedding_list_response_free(vectors);
    treadle_model_response_free(model);
    treadle_model_list_response_free(list);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_upload_becomes_a_file_of_a_vector_store),
        TEST(what_is_over_cannot_be_cancelled),
        TEST(a_run_that_has_ended_takes_nothing_more),
        TEST(a_run_is_streamed_and_followed),
        TEST(models_answer_and_embed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
