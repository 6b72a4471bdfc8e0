/*
 * Every call of the client that is one request: which operation it asks for, with which body, and
 * where its object comes back.
 */
#include "client_setting.h"

/* A reply that any object can be read from. */
static const char anything[] =
    "{\"id\":\"x\",\"bytes\":9,\"status\":\"cancelled\",\"data\":[{\"id\":\"y\"}],"
    "\"file\":{\"id\":\"file-1\"},\"choices\":[{\"message\":{\"content\":\"Hi\"}}],"
    "\"usage\":{\"total_tokens\":3}}";

/* Makes the call and looks at what was sent. */
#define CALL(reply_type, function, operation, body, ...)                                           \
    do {                                                                                           \
        struct reply_type##_response *reply = NULL;                                                \
        assert_int_equal(function(&reply, setting.client, __VA_ARGS__), 0);                        \
        check_request(&setting, operation, body);                                                  \
        assert_string_equal(name_of_##reply_type(reply), "x");                                     \
        reply_type##_response_free(reply);                                                         \
        assert_int_equal(function(NULL, setting.client, __VA_ARGS__), 0);                          \
        check_request(&setting, operation, body);                                                  \
    } while (0)

#define NAME(reply_type, member)                                                                   \
    static const char *name_of_##reply_type(const struct reply_type##_response *reply)             \
    {                                                                                              \
        return reply->member;                                                                      \
    }
NAME(treadle_run, run.id)
NAME(treadle_upload, upload.id)
NAME(treadle_upload_part, part.id)
NAME(treadle_vector_store_file, vector_store_file.id)
NAME(treadle_vector_store_file_batch, batch.id)
NAME(treadle_model, model.id)
NAME(treadle_chat_completion, completion.id)

/* The last request, as "METHOD /path" and the body as it must be; NULL for none. */
static void check_request(const struct setting *setting, const char *operation, const char *body)
{
    size_t last = scripted_server_requests(setting->server) - 1;
    const char *sent = scripted_server_request(setting->server, last);
    size_t length = strlen(operation);
    assert_memory_equal(sent, operation, length);
    assert_memory_equal(sent + length, " HTTP/1.1\r\n", 11);
    const char *rest = strstr(sent, "\r\n\r\n");
    assert_non_null(rest);
    assert_string_equal(rest + 4, body ? body : "");
}

static void runs(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_tool_output outputs[] = {{.tool_call_id = "call_1", .output = "sunny"}};
    const struct treadle_tool_outputs_request request = {.tool_outputs = outputs,
                                                         .tool_output_count = 1};
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_run, treadle_run_cancel, "POST /v1/threads/t/runs/r/cancel", NULL, "t", "r",
         &error);
    CALL(treadle_run, treadle_run_submit_tool_outputs,
         "POST /v1/threads/t/runs/r/submit_tool_outputs",
         "{\"tool_outputs\":[{\"tool_call_id\":\"call_1\",\"output\":\"sunny\"}]}", "t", "r",
         &request, &error);
    stop(&setting);
}

static void uploads(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    const char *ids[] = {"part_b", "part_a"};
    const struct treadle_upload_create_request create = {.filename = "a.txt",
                                                         .purpose = TREADLE_PURPOSE_ASSISTANTS,
                                                         .bytes = 9,
                                                         .mime_type = "text/plain"};
    const struct treadle_upload_complete_request complete = {.part_ids = ids, .part_id_count = 2};
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_upload, treadle_upload_create, "POST /v1/uploads",
         "{\"filename\":\"a.txt\",\"purpose\":\"assistants\",\"bytes\":9,"
         "\"mime_type\":\"text/plain\"}",
         &create, &error);
    CALL(treadle_upload, treadle_upload_complete, "POST /v1/uploads/u/complete",
         "{\"part_ids\":[\"part_b\",\"part_a\"]}", "u", &complete, &error);
    CALL(treadle_upload, treadle_upload_cancel, "POST /v1/uploads/u/cancel", NULL, "u", &error);
    stop(&setting);
}

/* A part is a form with its bytes and nothing else. */
static void parts(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_upload_part_response *reply = NULL;
    struct treadle_error error = {0};
    char *busy = scripted_reply("500 No", "", "{}");
    char *good = scripted_reply("200 OK", "", anything);
    start(&setting, (const char *[]){busy, good, NULL}, 1);
    assert_int_equal(treadle_upload_part_create(&reply, setting.client, "u", "a\0b", 3, &error), 0);
    assert_string_equal(name_of_treadle_upload_part(reply), "x");
    treadle_upload_part_response_free(reply);
    for (size_t i = 0; i < 2; i++) {
        const char *sent = scripted_server_request(setting.server, i);
        size_t length = scripted_server_request_length(setting.server, i);
        assert_non_null(strstr(sent, "POST /v1/uploads/u/parts HTTP/1.1\r\n"));
        assert_non_null(strstr(sent, "name=\"data\"; filename=\"part\"\r\n"));
        assert_null(strstr(sent, "purpose"));
        assert_non_null(memmem(sent, length, "\r\n\r\na\0b\r\n--", 11));
    }
    stop(&setting);
    free(busy);
    free(good);
}

static void files_of_vector_stores(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_vector_store_file_content_response *content = NULL;
    struct treadle_attribute attribute = {
        .key = "year", .kind = TREADLE_VALUE_NUMBER, .number = 1999.5};
    struct treadle_attributes attributes = {1, &attribute};
    const struct treadle_vector_store_file_modify_request none = {NULL}, some = {&attributes};
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_vector_store_file, treadle_vector_store_file_modify,
         "POST /v1/vector_stores/v/files/f", "{\"attributes\":{\"year\":1999.5}}", "v", "f", &some,
         &error);
    CALL(treadle_vector_store_file, treadle_vector_store_file_modify,
         "POST /v1/vector_stores/v/files/f", "{\"attributes\":null}", "v", "f", &none, &error);
    stop(&setting);

    start_with(&setting, "200 OK", "", "{\"data\":[{\"type\":\"text\",\"text\":\"A loom.\"}]}");
    assert_int_equal(treadle_vector_store_file_content(&content, setting.client, "v", "f", &error),
                     0);
    check_request(&setting, "GET /v1/vector_stores/v/files/f/content", NULL);
    assert_int_equal(content->content.data_count, 1);
    assert_string_equal(content->content.data[0].text, "A loom.");
    treadle_vector_store_file_content_response_free(content);
    stop(&setting);
}

static void batches(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_vector_store_file_page_response *page = NULL;
    struct treadle_list_options options = TREADLE_LIST_OPTIONS_INIT;
    const char *ids[] = {"file-1"};
    const struct treadle_vector_store_file_batch_create_request request = {.file_ids = ids,
                                                                           .file_id_count = 1};
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_vector_store_file_batch, treadle_vector_store_file_batch_create,
         "POST /v1/vector_stores/v/file_batches", "{\"file_ids\":[\"file-1\"]}", "v", &request,
         &error);
    CALL(treadle_vector_store_file_batch, treadle_vector_store_file_batch_retrieve,
         "GET /v1/vector_stores/v/file_batches/b", NULL, "v", "b", &error);
    CALL(treadle_vector_store_file_batch, treadle_vector_store_file_batch_cancel,
         "POST /v1/vector_stores/v/file_batches/b/cancel", NULL, "v", "b", &error);
    options.filter = TREADLE_VECTOR_STORE_FILE_FAILED;
    assert_int_equal(treadle_vector_store_file_batch_file_list(&page, setting.client, "v", "b",
                                                               &options, &error),
                     0);
    check_request(&setting, "GET /v1/vector_stores/v/file_batches/b/files?filter=failed", NULL);
    assert_string_equal(page->page.data[0].id, "y");
    treadle_vector_store_file_page_response_free(page);
    stop(&setting);
}

static void models(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_model_list_response *list = NULL;
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_model, treadle_model_retrieve, "GET /v1/models/org%2Fone%3A7b", NULL, "org/one:7b",
         &error);
    assert_int_equal(treadle_model_list(&list, setting.client, &error), 0);
    check_request(&setting, "GET /v1/models", NULL);
    assert_string_equal(list->list.data[0].id, "y");
    treadle_model_list_response_free(list);
    stop(&setting);
}

static void embeddings(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_embedding_list_response *list = NULL;
    const struct treadle_embedding_create_request request = {
        .model = "m", .input = "[\"a\",\"b\"]", .dimensions = TREADLE_VALUE(2)};
    start_with(&setting, "200 OK", "",
               "{\"data\":[{\"index\":0,\"embedding\":[0.5, 1]}],\"model\":\"m\","
               "\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}");
    assert_int_equal(treadle_embedding_create(&list, setting.client, &request, &error), 0);
    check_request(&setting, "POST /v1/embeddings",
                  "{\"input\":[\"a\",\"b\"],\"model\":\"m\",\"dimensions\":2}");
    assert_string_equal(list->list.data[0].embedding, "[0.5,1]");
    assert_int_equal(list->list.usage->total_tokens, 2);
    treadle_embedding_list_response_free(list);
    stop(&setting);
}

static void chat_completions(void **state)
{
    (void)state;
    struct setting setting;
    struct treadle_error error = {0};
    struct treadle_chat_completion_response *answer = NULL;
    struct treadle_chat_message message = {.role = TREADLE_CHAT_USER, .content = "\"Hello\""};
    const struct treadle_chat_create_request request = {
        .model = "m", .messages = &message, .message_count = 1, .temperature = TREADLE_VALUE(0.5)};
    static const char body[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                               "\"content\":\"Hello\"}],\"temperature\":0.5}";
    start_with(&setting, "200 OK", "", anything);
    CALL(treadle_chat_completion, treadle_chat_create, "POST /v1/chat/completions", body, &request,
         &error);
    assert_int_equal(treadle_chat_create(&answer, setting.client, &request, &error), 0);
    assert_int_equal(answer->completion.choice_count, 1);
    assert_string_equal(answer->completion.choices[0].message->content, "Hi");
    assert_int_equal(answer->completion.usage->total_tokens, 3);
    treadle_chat_completion_response_free(answer);
    stop(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs),       cmocka_unit_test(uploads),
        cmocka_unit_test(parts),      cmocka_unit_test(files_of_vector_stores),
        cmocka_unit_test(batches),    cmocka_unit_test(models),
        cmocka_unit_test(embeddings), cmocka_unit_test(chat_completions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
