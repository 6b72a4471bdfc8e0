/*
 * What the parser refuses, and how it says so: message, param and code of each kind of error; what
 * the tolerant parser passes over; the error envelope.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/error.h"
#include "api/json.h"
#include "base/error.h"
#include "base/text.h"
#include "field_types.h"

struct refusal {
    const struct treadle_type *type;
    const char *text;
    const char *code;    /* "" for null */
    const char *param;   /* "" for null */
    const char *message; /* a part of it, NULL for any */
};

#define ASSISTANT &treadle_assistant_create_request_type
#define MESSAGE   &treadle_message_create_request_type
#define RUN       &treadle_run_create_request_type
#define THREAD    &treadle_thread_create_request_type
#define STORE     &treadle_vector_store_create_request_type

static const struct refusal refusals[] = {
    {ASSISTANT, "{}", "missing_required_parameter", "model",
     "Missing required parameter: 'model'."},
    {ASSISTANT, "{\"model\":null}", "invalid_type", "model",
     "Invalid type for 'model': expected a string, but got null instead."},
    {ASSISTANT, "{\"model\":3}", "invalid_type", "model",
     "Invalid type for 'model': expected a string, but got an integer instead."},
    {ASSISTANT, "{\"model\":\"\"}", "string_below_min_length", "model", "minimum length 1"},
    {ASSISTANT, "{\"model\":\"m\",\"modle\":1}", "unknown_parameter", "modle",
     "Unknown parameter: 'modle'."},
    {ASSISTANT, "{\"model\":\"m\",\"metadata\":{\"k\":true}}", "invalid_type", "metadata.k",
     "Invalid type for 'metadata.k': expected a string, but got a boolean instead."},
    {ASSISTANT, "{\"model\":\"m\",\"metadata\":[]}", "invalid_type", "metadata", "an array"},
    {ASSISTANT, "{\"model\":\"m\",\"temperature\":2.1}", "decimal_above_max_value", "temperature",
     "<= 2"},
    {ASSISTANT, "{\"model\":\"m\",\"temperature\":-1}", "decimal_below_min_value", "temperature",
     ">= 0"},
    {ASSISTANT, "{\"model\":\"m\",\"temperature\":\"1\"}", "invalid_type", "temperature",
     "expected a decimal, but got a string"},
    {ASSISTANT, "{\"model\":\"m\",\"top_p\":1.01}", "decimal_above_max_value", "top_p", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":{}}", "invalid_type", "tools",
     "expected an array, but got an object"},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[{\"type\":\"file_search\"},{}]}",
     "missing_required_parameter", "tools[1].type", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[7]}", "invalid_type", "tools[0]", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[{\"type\":\"retrieval\"}]}", "invalid_value",
     "tools[0].type", "Supported values are: 'code_interpreter', 'file_search' and 'function'."},
    /* A member of another variant. */
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[{\"type\":\"code_interpreter\",\"function\":{}}]}",
     "unknown_parameter", "tools[0].function", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[{\"type\":\"function\",\"file_search\":{}}]}",
     "unknown_parameter", "tools[0].file_search", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"tools\":[{\"type\":\"function\"}]}",
     "missing_required_parameter", "tools[0].function", NULL},
    {ASSISTANT,
     "{\"model\":\"m\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]}",
     "invalid_value", "tools[0].function.name", NULL},
    {ASSISTANT,
     "{\"model\":\"m\",\"tools\":[{\"type\":\"file_search\",\"file_search\":"
     "{\"max_num_results\":51}}]}",
     "integer_above_max_value", "tools[0].file_search.max_num_results", "<= 50"},
    {ASSISTANT,
     "{\"model\":\"m\",\"tools\":[{\"type\":\"file_search\",\"file_search\":"
     "{\"max_num_results\":1.5}}]}",
     "invalid_type", "tools[0].file_search.max_num_results", "expected an integer"},
    {ASSISTANT,
     "{\"model\":\"m\",\"tools\":[{\"type\":\"file_search\",\"file_search\":"
     "{\"ranking_options\":{}}}]}",
     "missing_required_parameter", "tools[0].file_search.ranking_options.score_threshold", NULL},
    {ASSISTANT,
     "{\"model\":\"m\",\"tools\":[{\"type\":\"file_search\",\"file_search\":"
     "{\"ranking_options\":{\"score_threshold\":0,\"ranker\":\"best\"}}}]}",
     "invalid_value", "tools[0].file_search.ranking_options.ranker", NULL},
    {ASSISTANT,
     "{\"model\":\"m\",\"tool_resources\":{\"file_search\":{\"vector_store_ids\":[\"a\",\"b\"]}}}",
     "array_above_max_length", "tool_resources.file_search.vector_store_ids", NULL},
    {ASSISTANT,
     "{\"model\":\"m\",\"tool_resources\":{\"file_search\":{\"vector_store_ids\":[\"a\"],"
     "\"vector_stores\":[{}]}}}",
     "invalid_value", "tool_resources.file_search", "not both"},
    {ASSISTANT, "{\"model\":\"m\",\"response_format\":\"json\"}", "invalid_value",
     "response_format", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"response_format\":3}", "invalid_type", "response_format",
     "expected a string or an object, but got an integer"},
    {ASSISTANT, "{\"model\":\"m\",\"response_format\":{\"type\":\"json_schema\"}}",
     "missing_required_parameter", "response_format.json_schema", NULL},
    {ASSISTANT, "{\"model\":\"m\",\"reasoning_effort\":\"huge\"}", "invalid_value",
     "reasoning_effort", NULL},
    {MESSAGE, "{\"role\":\"user\"}", "missing_required_parameter", "content", NULL},
    {MESSAGE, "{\"role\":\"system\",\"content\":\"x\"}", "invalid_value", "role",
     "Supported values are: 'user' and 'assistant'."},
    {MESSAGE, "{\"role\":\"user\",\"content\":\"\"}", "string_below_min_length", "content", NULL},
    {MESSAGE, "{\"role\":\"user\",\"content\":[]}", "array_below_min_length", "content", NULL},
    {MESSAGE, "{\"role\":\"user\",\"content\":{}}", "invalid_type", "content",
     "expected a string or an array, but got an object"},
    {MESSAGE, "{\"role\":\"user\",\"content\":null}", "invalid_type", "content", NULL},
    {MESSAGE, "{\"role\":\"user\",\"content\":[{\"type\":\"refusal\"}]}", "invalid_value",
     "content[0]", NULL},
    {MESSAGE, "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":{\"value\":\"x\"}}]}",
     "invalid_type", "content[0].text", NULL},
    {MESSAGE,
     "{\"role\":\"user\",\"content\":\"x\",\"attachments\":[{\"file_id\":\"f\",\"tools\":"
     "[{\"type\":\"function\"}]}]}",
     "invalid_value", "attachments[0].tools[0]", NULL},
    {RUN, "{\"assistant_id\":\"a\",\"tool_choice\":\"some\"}", "invalid_value", "tool_choice",
     "'none', 'auto', 'required', or an object"},
    {RUN, "{\"assistant_id\":\"a\",\"max_prompt_tokens\":0}", "integer_below_min_value",
     "max_prompt_tokens", NULL},
    {RUN, "{\"assistant_id\":\"a\",\"stream\":\"yes\"}", "invalid_type", "stream",
     "expected a boolean"},
    {RUN,
     "{\"assistant_id\":\"a\",\"truncation_strategy\":{\"type\":\"last_messages\","
     "\"last_messages\":0}}",
     "integer_below_min_value", "truncation_strategy.last_messages", NULL},
    {THREAD,
     "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\","
     "\"content\":\"b\",\"metadata\":{\"k\":1}}]}",
     "invalid_type", "messages[1].metadata.k", NULL},
    {STORE, "{\"expires_after\":{\"anchor\":\"created_at\",\"days\":1}}", "invalid_value",
     "expires_after.anchor", "Supported values are: 'last_active_at'."},
    {STORE, "{\"expires_after\":{\"anchor\":\"last_active_at\",\"days\":366}}",
     "integer_above_max_value", "expires_after.days", NULL},
    {STORE,
     "{\"chunking_strategy\":{\"type\":\"static\",\"static\":{\"max_chunk_size_tokens\":100,"
     "\"chunk_overlap_tokens\":51}}}",
     "invalid_value", "chunking_strategy.static.chunk_overlap_tokens", "half"},
    {STORE, "{\"chunking_strategy\":{\"type\":\"other\"}}", "invalid_value", NULL, NULL},
    {STORE, "{\"file_ids\":[\"a\",3]}", "invalid_type", "file_ids[1]", NULL},
    /* Not an object at all. */
    {THREAD, "[]", "invalid_type", "", "expected an object, but got an array"},
    {THREAD, "null", "invalid_type", "", NULL},
    {THREAD, "\"x\"", "invalid_type", "", NULL},
    /* Not JSON. */
    {THREAD, "", "invalid_json", "", NULL},
    {THREAD, "{", "invalid_json", "", NULL},
    {THREAD, "{}{}", "invalid_json", "", NULL},
    {THREAD, "{} x", "invalid_json", "", NULL},
    {THREAD, "{'metadata':{}}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{},}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{\"a\":\"b\"},\"metadata\":{}}", "invalid_json", "", "is twice"},
    {THREAD, "{\"metadata\":{\"a\":\"\\u0000\"}}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{\"a\":\"\xFF\"}}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{\"a\":\"\xC0\xAF\"}}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{\"a\":\"\\ud800\"}}", "invalid_json", "", NULL},
    {THREAD, "{\"metadata\":{\"a\":\"\n\"}}", "invalid_json", "", NULL},
    {RUN, "{\"assistant_id\":\"a\",\"max_prompt_tokens\":99999999999999999999}", "invalid_json", "",
     NULL},
    {RUN, "{\"assistant_id\":\"a\",\"temperature\":1e999}", "invalid_json", "", NULL},
    {RUN, "{\"assistant_id\":\"a\",\"temperature\":NaN}", "invalid_json", "", NULL},
};

/* Parses text that must be refused and leaves what it points to untouched. */
static void refuse(const struct treadle_type *type, const char *text, size_t length,
                   struct treadle_error *error)
{
    struct arena *arena = arena_new(0);
    unsigned char *out = malloc(type->size);
    memset(out, 0xA5, type->size);
    memset(error, 0xA5, sizeof *error);
    int rc = field_parse(type, text, length, FIELD_STRICT, arena, out, error);
    if (rc != TREADLE_EINVALID)
        fail_msg("%.200s: %d", text, rc);
    for (size_t i = 0; i < type->size; i++)
        assert_int_equal(out[i], 0xA5);
    assert_int_equal(error->http_status, 400);
    assert_string_equal(error->type, "invalid_request_error");
    assert_true(text_is_utf8(error->message, strlen(error->message)));
    assert_true(text_is_utf8(error->param, strlen(error->param)));
    free(out);
    arena_free(arena);
}

static void each_error_has_its_code_param_and_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *refusal = &refusals[i];
        struct treadle_error error;
        refuse(refusal->type, refusal->text, strlen(refusal->text), &error);
        bool fits = strcmp(error.wire_code, refusal->code) == 0 &&
                    (!refusal->param || strcmp(error.param, refusal->param) == 0) &&
                    (!refusal->message || strstr(error.message, refusal->message));
        if (!fits)
            fail_msg("%s\ngave code '%s', param '%s': %s", refusal->text, error.wire_code,
                     error.param, error.message);
    }
}

static void a_nul_byte_in_the_text_is_refused(void **state)
{
    (void)state;
    static const char between[] = "{\"metadata\":\0{}}", after[] = "{}\0",
                      within[] = "{\"metadata\":{\"a\":\"b\0c\"}}";
    struct treadle_error error;
    refuse(THREAD, between, sizeof between - 1, &error);
    refuse(THREAD, after, sizeof after - 1, &error);
    refuse(THREAD, within, sizeof within - 1, &error);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    static const char *const opening[] = {"[", "{\"a\":"};
    struct treadle_error error;
    for (size_t kind = 0; kind < 2; kind++) {
        for (int depth = 60; depth < 200000; depth = depth < 70 ? depth + 1 : depth * 8) {
            struct buffer text;
            buffer_init(&text, 1 << 22);
            buffer_append_string(&text, "{\"model\":\"m\",\"metadata\":");
            for (int i = 0; i < depth; i++)
                buffer_append_string(&text, opening[kind]);
            buffer_append_string(&text, "1");
            for (int i = 0; i < depth; i++)
                buffer_append_char(&text, kind ? '}' : ']');
            buffer_append_char(&text, '}');
            refuse(ASSISTANT, text.data, text.length, &error);
            assert_string_equal(error.wire_code,
                                depth >= FIELD_DEPTH ? "invalid_json" : "invalid_type");
            buffer_clear(&text);
        }
    }
    /* Brackets within a string do not count. */
    struct arena *arena = arena_new(0);
    struct treadle_thread_create_request request;
    char text[400] = "{\"metadata\":{\"a\":\"\\\"";
    memset(text + strlen(text), '[', 200);
    strcat(text, "\"}}");
    assert_int_equal(field_parse(THREAD, text, strlen(text), FIELD_STRICT, arena, &request, &error),
                     0);
    arena_free(arena);
}

/* Metadata of `pairs` pairs whose keys and values have that many characters of two bytes. */
static void put_metadata(struct buffer *out, int pairs, int key, int value)
{
    buffer_append_string(out, "{\"metadata\":{");
    for (int i = 0; i < pairs; i++) {
        buffer_append_format(out, "%s\"%02d", i ? "," : "", i);
        for (int j = 2; j < key; j++)
            buffer_append_string(out, "\xC3\xA9");
        buffer_append_string(out, "\":\"");
        for (int j = 0; j < value; j++)
            buffer_append_string(out, "\xC3\xA9");
        buffer_append_char(out, '"');
    }
    buffer_append_string(out, "}}");
}

static void metadata_has_its_limits_in_characters(void **state)
{
    (void)state;
    static const struct {
        int pairs, key, value;
        const char *code, *param;
    } cases[] = {
        {16, 64, 512, NULL, NULL},
        {0, 0, 0, NULL, NULL},
        {1, 2, 0, NULL, NULL},
        {17, 2, 1, "object_above_max_properties", "metadata"},
        {1, 65, 1, "invalid_property_name", "metadata"},
        {1, 2, 513, "string_above_max_length", "metadata.00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer text;
        struct treadle_error error;
        buffer_init(&text, 1 << 20);
        put_metadata(&text, cases[i].pairs, cases[i].key, cases[i].value);
        if (cases[i].code) {
            refuse(THREAD, text.data, text.length, &error);
            assert_string_equal(error.wire_code, cases[i].code);
            assert_string_equal(error.param, cases[i].param);
        } else {
            struct arena *arena = arena_new(0);
            struct treadle_thread_create_request request;
            assert_int_equal(
                field_parse(THREAD, text.data, text.length, FIELD_STRICT, arena, &request, &error),
                0);
            assert_int_equal(request.metadata->count, cases[i].pairs);
            arena_free(arena);
        }
        buffer_clear(&text);
    }
}

static void lengths_are_counted_in_characters(void **state)
{
    (void)state;
    for (int length = 256; length <= 257; length++) {
        struct arena *arena = arena_new(0);
        struct buffer text;
        struct treadle_error error;
        struct treadle_assistant_create_request request;
        buffer_init(&text, 1 << 20);
        buffer_append_string(&text, "{\"model\":\"m\",\"name\":\"");
        for (int i = 0; i < length; i++)
            buffer_append_string(&text, "\xF0\x9F\x98\x80");
        buffer_append_string(&text, "\"}");
        int rc =
            field_parse(ASSISTANT, text.data, text.length, FIELD_STRICT, arena, &request, &error);
        assert_int_equal(rc, length == 256 ? 0 : TREADLE_EINVALID);
        if (rc) {
            assert_string_equal(error.wire_code, "string_above_max_length");
            assert_non_null(strstr(error.message, "with length 257 instead"));
        }
        buffer_clear(&text);
        arena_free(arena);
    }
}

static void long_paths_and_keys_are_cut_between_characters(void **state)
{
    (void)state;
    for (int length = 100; length < 130; length++) {
        struct buffer text;
        struct treadle_error error;
        buffer_init(&text, 1 << 20);
        buffer_append_string(&text, "{\"tools\":[],\"metadata\":{\"");
        for (int i = 0; i < length; i++)
            buffer_append_string(&text, "\xE2\x82\xAC");
        buffer_append_string(&text, "\":{}}}");
        refuse(THREAD, text.data, text.length, &error);
        buffer_reset(&text);
        buffer_append_string(&text, "{\"");
        for (int i = 0; i < length; i++)
            buffer_append_string(&text, i % 2 ? "\xE2\x82\xAC" : "x");
        buffer_append_string(&text, "\":1}");
        refuse(THREAD, text.data, text.length, &error);
        assert_string_equal(error.wire_code, "unknown_parameter");
        buffer_clear(&text);
    }
}

static void null_on_an_optional_member_is_its_default(void **state)
{
    (void)state;
    static const char text[] = "{\"model\":\"m\",\"name\":null,\"description\":null,"
                               "\"instructions\":null,\"tools\":null,\"tool_resources\":null,"
                               "\"metadata\":null,\"temperature\":null,\"top_p\":null,"
                               "\"response_format\":null,\"reasoning_effort\":null}";
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    struct treadle_assistant_create_request request;
    assert_int_equal(
        field_parse(ASSISTANT, text, sizeof text - 1, FIELD_STRICT, arena, &request, &error), 0);
    assert_null(request.name);
    assert_null(request.tools);
    assert_null(request.metadata);
    assert_null(request.response_format);
    assert_int_equal(request.temperature.state, TREADLE_NULL);
    assert_int_equal(request.reasoning_effort, 0);
    arena_free(arena);
}

static void a_whole_decimal_is_an_integer(void **state)
{
    (void)state;
    static const char text[] = "{\"assistant_id\":\"a\",\"max_prompt_tokens\":20.0}";
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    struct treadle_run_create_request request;
    assert_int_equal(field_parse(RUN, text, sizeof text - 1, FIELD_STRICT, arena, &request, &error),
                     0);
    assert_true(request.max_prompt_tokens.value == 20);
    arena_free(arena);
}

static void a_tolerant_parse_passes_over_what_is_new(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":\"asst_1\",\"object\":\"assistant\",\"new\":{\"deep\":[1]},"
        "\"tools\":[{\"type\":\"telepathy\",\"telepathy\":{}},{\"type\":\"file_search\"}],"
        "\"temperature\":99,\"reasoning_effort\":\"enormous\","
        "\"response_format\":\"whatever\",\"metadata\":{\"k\":\"v\"}}";
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    struct treadle_assistant assistant;
    assert_int_equal(field_parse(&treadle_assistant_type, text, sizeof text - 1, FIELD_TOLERANT,
                                 arena, &assistant, &error),
                     0);
    assert_string_equal(assistant.id, "asst_1");
    assert_null(assistant.model);
    assert_int_equal(assistant.tool_count, 2);
    assert_int_equal(assistant.tools[0].type, 0);
    assert_int_equal(assistant.tools[1].type, TREADLE_TOOL_FILE_SEARCH);
    assert_true(assistant.temperature.value == 99);
    assert_int_equal(assistant.reasoning_effort, 0);
    assert_string_equal(assistant.response_format->word, "whatever");
    assert_int_equal(assistant.metadata->count, 1);
    arena_free(arena);
}

/* What it passes over is printed again, wherever it stands, and copies have it too. */
static void what_is_new_is_kept(void **state)
{
    (void)state;
    static const char text[] = "{\"id\":\"msg_1\",\"content\":[{\"type\":\"text\",\"text\":{"
                               "\"value\":\"x\",\"annotations\":"
                               "[{\"type\":\"url_citation\",\"text\":\"y\",\"url_citation\":{"
                               "\"url\":\"u\"}}],\"n\":null}},"
                               "{\"type\":\"hologram\",\"hologram\":[1,{}]}],\"role\":\"narrator\","
                               "\"deep\":{\"a\":\"\\\"b\"}}";
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    static const char *const kept[] = {"\"url_citation\":{\"url\":\"u\"}",
                                       "\"n\":null",
                                       "\"type\":\"url_citation\"",
                                       "\"type\":\"hologram\"",
                                       "\"hologram\":[1,{}]",
                                       "\"role\":\"narrator\"",
                                       "\"deep\":{\"a\":\"\\\"b\"}"};
    struct treadle_message message, copy;
    assert_int_equal(field_parse(&treadle_message_type, text, sizeof text - 1, FIELD_TOLERANT,
                                 arena, &message, &error),
                     0);
    assert_string_equal(field_other_text(message.others, "role", arena), "narrator");
    assert_null(field_other_text(message.others, "deep", arena));
    assert_int_equal(field_copy(&treadle_message_type, &message, arena, &copy), 0);
    const char *printed = field_text(&treadle_message_type, &copy, arena);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (!strstr(printed, kept[i]))
            fail_msg("%s is not in %s", kept[i], printed);
    arena_free(arena);
}

/* A request may not have them. */
static void what_is_new_is_refused_in_requests(void **state)
{
    (void)state;
    static const char text[] = "{\"model\":\"m\",\"tools\":[{\"type\":\"telepathy\"}]}";
    struct arena *arena = arena_new(0);
    struct treadle_error error;
    struct treadle_assistant_create_request request;
    assert_int_equal(field_parse(&treadle_assistant_create_request_type, text, sizeof text - 1,
                                 FIELD_STRICT, arena, &request, &error),
                     TREADLE_EINVALID);
    assert_string_equal(error.param, "tools[0].type");
    arena_free(arena);
}

static void a_full_arena_is_an_error_and_no_crash(void **state)
{
    (void)state;
    static const char text[] = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                               "\"text\":\"hello\"}],\"attachments\":[{\"file_id\":\"f\","
                               "\"tools\":[{\"type\":\"file_search\"}]}],\"metadata\":"
                               "{\"a\":\"b\"}}],\"tool_resources\":{\"file_search\":"
                               "{\"vector_store_ids\":[\"v\"]}}}";
    bool worked = false;
    for (size_t cap = 1; !worked; cap += 8) {
        struct arena *arena = arena_new(cap);
        struct treadle_error error;
        struct treadle_thread_create_request request;
        int rc = field_parse(THREAD, text, sizeof text - 1, FIELD_STRICT, arena, &request, &error);
        assert_true(rc == 0 || rc == TREADLE_EMEMORY);
        worked = rc == 0;
        arena_free(arena);
        assert_true(cap < 100000);
    }
}

static void the_envelope_goes_round(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct treadle_error error, again;
    struct buffer out;
    buffer_init(&out, 1 << 16);
    error_set_request(&error, "invalid_type", "a.b", "No \"%s\"\n", "thing");
    error_print(&error, &out);
    assert_string_equal(out.data,
                        "{\"error\":{\"message\":\"No \\\"thing\\\"\\n\",\"type\":"
                        "\"invalid_request_error\",\"param\":\"a.b\",\"code\":\"invalid_type\"}}");
    assert_int_equal(error_parse(out.data, out.length, 400, arena, &again), 0);
    assert_int_equal(again.code, TREADLE_EREMOTE);
    assert_int_equal(again.http_status, 400);
    assert_string_equal(again.message, error.message);
    assert_string_equal(again.param, "a.b");
    assert_string_equal(again.wire_code, "invalid_type");

    buffer_reset(&out);
    error_set(&error, TREADLE_EIO, "the disk is full");
    error.http_status = 500;
    error_print(&error, &out);
    assert_string_equal(out.data, "{\"error\":{\"message\":\"the disk is full\",\"type\":"
                                  "\"server_error\",\"param\":null,\"code\":null}}");
    buffer_clear(&out);
    arena_free(arena);
}

static void what_is_no_envelope_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{}", "[]", "{\"error\":null}", "{\"error\":\"x\"}", "<html>", "{\"error\":{}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena *arena = arena_new(0);
        struct treadle_error error = {.code = 77};
        assert_int_equal(error_parse(texts[i], strlen(texts[i]), 500, arena, &error),
                         TREADLE_EPARSE);
        assert_int_equal(error.code, 77);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_its_code_param_and_message),
        cmocka_unit_test(a_nul_byte_in_the_text_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(metadata_has_its_limits_in_characters),
        cmocka_unit_test(lengths_are_counted_in_characters),
        cmocka_unit_test(long_paths_and_keys_are_cut_between_characters),
        cmocka_unit_test(null_on_an_optional_member_is_its_default),
        cmocka_unit_test(a_whole_decimal_is_an_integer),
        cmocka_unit_test(a_tolerant_parse_passes_over_what_is_new),
        cmocka_unit_test(what_is_new_is_kept),
        cmocka_unit_test(what_is_new_is_refused_in_requests),
        cmocka_unit_test(a_full_arena_is_an_error_and_no_crash),
        cmocka_unit_test(the_envelope_goes_round),
        cmocka_unit_test(what_is_no_envelope_is_refused),
    };
    return cmocka_run_group_tests_name("field_error", tests, NULL, NULL);
}
