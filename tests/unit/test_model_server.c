/*
 * The parts of the model server's driver that need no server: requests, errors, names; and
 * the built-in embedding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "builtin/extractive.h"
#include "builtin/hash_embedding.h"
#include "openai/openai_server.h"
#include "openai/remote_error.h"
#include "scripted_server.h"
#include "server/models.h"

/* ---- Requests ------------------------------------------------------------------------------- */

static void passages_become_text_with_markers_and_pages(void **state)
{
    (void)state;
    const struct model_page pages[] = {{0, 3}, {6, 4}};
    const struct model_passage passage = {.marker = "【4:0†a.pdf】",
                                          .filename = "a.pdf",
                                          .heading = "Pumps",
                                          .text = "First Second",
                                          .score = 1,
                                          .pages = pages,
                                          .page_count = 2};
    const struct model_message messages[] = {
        {.role = MODEL_TOOL, .call_id = "c", .passages = &passage, .passage_count = 1},
        {.role = MODEL_TOOL, .call_id = "d"},
    };
    const struct model_request request = {.messages = messages,
                                          .message_count = 2,
                                          .temperature = {TREADLE_SET, 0.1},
                                          .further = "{\"seed\":5,\"model\":\"other\"}"};
    struct treadle_error error;
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(openai_request_print(&request, "m", 0, NULL, &text, &length, &error), 0);
    assert_int_equal(strlen(text), length);
    assert_non_null(strstr(text, "【4:0†a.pdf】 from a.pdf, under \\\"Pumps\\\"\\n"
                                 "[page 3]\\nFirst \\n[page 4]\\nSecond\\n"));
    assert_non_null(strstr(text, "No passage was found."));
    assert_non_null(strstr(text, "\"temperature\":0.1,"));
    assert_non_null(strstr(text, "\"seed\":5"));
    assert_non_null(strstr(text, "\"model\":\"m\""));
    assert_null(strstr(text, "other"));
    assert_null(strstr(text, "stream_options"));
    assert_null(strstr(text, "tool_choice"));
    free(text);
}

/* ---- Errors --------------------------------------------------------------------------------- */

static void errors_are_distinguished(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body, *message;
        int reported;
        bool again;
    } rows[] = {
        {400, "{\"error\":{\"message\":\"Bad.\"}}", "Bad.", 400, false},
        {404, "{\"error\":\"gone\"}", "gone", 404, false},
        {422, "{\"detail\":\"Odd.\"}", "Odd.", 400, false},
        {401, "{\"error\":{\"message\":\"Bad.\"}}", "refused the key", 502, false},
        {429, "{\"message\":\"Slow.\"}", "Slow.", 429, true},
        {429, "{\"error\":{\"code\":\"insufficient_quota\"}}", "too much", 429, false},
        {408, "", "timed out", 504, true},
        {503, "<html>", "status 503", 502, true},
        {307, "", "redirects", 502, false},
        {400, "{\"error\":{\"message\":\"key s3cret is odd\"}}", "refused the request", 400, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct treadle_error error;
        struct buffer body;
        buffer_init(&body, 1024);
        buffer_append_string(&body, rows[i].body);
        assert_int_equal(remote_error_read(rows[i].status, &body, "s3cret", &error), rows[i].again);
        assert_int_equal(error.http_status, rows[i].reported);
        assert_non_null(strstr(error.message, rows[i].message));
        assert_null(strstr(error.message, "s3cret"));
        buffer_clear(&body);
    }
}

/* ---- The registry --------------------------------------------------------------------------- */

struct heard {
    struct buffer text;
    enum model_finish finish;
    int done;
};

static void hear_text(void *context, const char *text, size_t length)
{
    buffer_append(&((struct heard *)context)->text, text, length);
}

static void hear_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    (void)context, (void)index, (void)id, (void)name, (void)arguments, (void)length;
}

static void hear_done(void *context, const struct model_outcome *outcome)
{
    struct heard *heard = context;
    assert_null(outcome->error);
    heard->finish = outcome->finish;
    heard->done++;
}

static struct heard ask(struct models *models, const atomic_bool *cancelled)
{
    const struct model_message message = {.role = MODEL_USER, .text = "Hello?"};
    const struct model_request request = {
        .model = "anything", .messages = &message, .message_count = 1, .cancelled = cancelled};
    struct heard heard = {.done = 0};
    const struct model_sink sink = {
        .context = &heard, .text = hear_text, .tool_call = hear_call, .done = hear_done};
    buffer_init(&heard.text, 4096);
    model_start(models_model(models), &request, &sink);
    return heard;
}

static void the_built_in_model_answers_without_a_server(void **state)
{
    (void)state;
    struct models *models = NULL;
    const struct models_options none = {.servers = {{.url = NULL}}};
    struct treadle_error error;
    atomic_bool cancelled = true;
    struct model_info infos[8];
    size_t count = 0;
    assert_int_equal(models_open(&models, &none, NULL, &error), 0);
    struct heard heard = ask(models, NULL);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.finish, MODEL_STOP);
    assert_non_null(strstr(heard.text.data, EXTRACTIVE));
    buffer_clear(&heard.text);
    heard = ask(models, &cancelled);
    assert_int_equal(heard.done, 1);
    assert_int_equal(heard.finish, MODEL_CANCELLED);
    assert_int_equal(heard.text.length, 0);
    model_cancel(models_model(models));
    struct arena *arena = arena_new(0);
    assert_int_equal(model_list_models(models_model(models), arena, infos, 8, &count, &error), 0);
    assert_int_equal(count, 2);
    arena_free(arena);
    models_close(models);
    models_close(NULL);
}

static void addresses_and_keys_are_checked(void **state)
{
    (void)state;
    static const struct openai_options bad[] = {
        {.url = "ftp://x"},       {.url = "http://"},
        {.url = "http:///v1"},    {.url = "http://a b/"},
        {.url = "http://u:p@x/"}, {.url = "http://x/v1", .key = "a\r\nX: y"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct models_options options = {.servers = {bad[i]}};
        struct models *models = NULL;
        struct treadle_error error;
        assert_int_equal(models_open(&models, &options, NULL, &error), TREADLE_EINVALID);
        assert_null(models);
    }
}

static void context_sizes_come_from_the_list_or_the_operator(void **state)
{
    (void)state;
    static const char list[] =
        "{\"data\":[{\"id\":\"vllm\",\"max_model_len\":8192},"
        "{\"id\":\"llama\",\"meta\":{\"n_ctx\":4096,\"n_ctx_train\":131072}},"
        "{\"id\":\"trained\",\"meta\":{\"n_ctx_train\":131072}},"
        "{\"id\":\"router\",\"context_length\":200000},"
        "{\"id\":\"odd\",\"context_window\":\"many\"}]}";
    static const struct {
        const char *name;
        int64_t configured, expected;
    } rows[] = {{"vllm", 5, 8192},      {"llama", 5, 4096},    {"trained", 5, 5},
                {"trained", 0, 131072}, {"router", 0, 200000}, {"odd", 7, 7},
                {"odd", 0, 0},          {"unlisted", 9, 9},    {EXTRACTIVE, 9, 0}};
    char *reply = scripted_reply("200 OK", "", list);
    struct scripted_server *server = scripted_server_start(NULL, (const char *[]){reply, NULL});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct models_options options = {
            .servers = {{.url = scripted_server_url(server), .context = rows[i].configured}}};
        struct models *models = NULL;
        struct treadle_error error;
        struct model_info infos[8];
        size_t count = 0;
        struct arena *arena = arena_new(0);
        assert_int_equal(models_open(&models, &options, NULL, &error), 0);
        assert_int_equal(model_list_models(models_model(models), arena, infos, 8, &count, &error),
                         0);
        struct model_facts facts;
        model_facts(models_model(models), rows[i].name, &facts);
        assert_int_equal(facts.context, rows[i].expected);
        models_close(models);
        arena_free(arena);
    }
    scripted_server_stop(server);
    free(reply);
}

/* ---- The built-in embedding ----------------------------------------------------------------- */

static double nearness(const char *a, const char *b)
{
    float first[HASH_EMBEDDING_DIMENSIONS], second[HASH_EMBEDDING_DIMENSIONS];
    struct treadle_error error;
    double sum = 0;
    assert_int_equal(hash_embedding_make(a, first, HASH_EMBEDDING_DIMENSIONS, &error), 0);
    assert_int_equal(hash_embedding_make(b, second, HASH_EMBEDDING_DIMENSIONS, &error), 0);
    for (size_t i = 0; i < HASH_EMBEDDING_DIMENSIONS; i++)
        sum += (double)first[i] * second[i];
    return sum;
}

static void texts_that_share_words_are_near(void **state)
{
    (void)state;
    assert_true(nearness("The pump needs oil", "The pump needs oil") > 0.9999);
    assert_true(nearness("oiling pumps", "The pump needs oil") >
                nearness("quantum chromodynamics", "The pump needs oil") + 0.2);
    assert_true(nearness("", "word") == 0);
    assert_true(nearness("水泵需要机油", "机油 水泵") > 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passages_become_text_with_markers_and_pages),
        cmocka_unit_test(errors_are_distinguished),
        cmocka_unit_test(the_built_in_model_answers_without_a_server),
        cmocka_unit_test(addresses_and_keys_are_checked),
        cmocka_unit_test(context_sizes_come_from_the_list_or_the_operator),
        cmocka_unit_test(texts_that_share_words_are_near),
    };
    return cmocka_run_group_tests_name("model_server", tests, NULL, NULL);
}
