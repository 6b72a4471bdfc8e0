/*
 * Memory runs out while something is parsed or printed: at every allocation in turn, each parser
 * must say so and lose nothing, and what is made in spite of it must be what is always made.
 *
 * usage: test_memory CASES         (tests/fuzz/cases, whose files are parsed)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/error.h"
#include "api/json.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/pool.h"
#include "document/document.h"
#include "failing_memory.h"
#include "field_types.h"
#include "http/multipart.h"
#include "http/parameter.h"
#include "http/uri.h"
#include "language/language.h"
#include "openai/openai_server.h"

enum { LARGEST_CASE = 256 * 1024, LARGEST_OUTPUT = 16 << 20, DIFFERENT = 1 };

static const char *cases;

/* A file of cases, and what was made of it first. */
struct input {
    char *bytes;
    size_t length;
    const struct treadle_type *type;
    struct buffer first;
    bool made; /* `first` is there */
};

/* The same must come out each time: 0, else DIFFERENT. What comes out first is undisturbed. */
static int compare(struct input *input, const char *bytes, size_t length)
{
    if (!input->made)
        buffer_append(&input->first, bytes, length);
    input->made = true;
    bool same =
        length == input->first.length && (!length || memcmp(bytes, input->first.data, length) == 0);
    return same ? 0 : DIFFERENT;
}

static bool read_input(const char *path, struct input *input)
{
    FILE *file = fopen(path, "rb");
    *input = (struct input){.bytes = malloc(LARGEST_CASE + 1)};
    assert_non_null(file);
    assert_non_null(input->bytes);
    input->length = fread(input->bytes, 1, LARGEST_CASE, file);
    bool whole = feof(file) != 0;
    input->bytes[input->length] = '\0';
    buffer_init(&input->first, LARGEST_OUTPUT);
    fclose(file);
    return whole;
}

/* Exhausts the attempt on every case of a target. */
static void exhaust_cases(const char *target, int (*attempt)(void *))
{
    char path[4096];
    unsigned count = 0, wrong = 0;
    snprintf(path, sizeof path, "%s/%s", cases, target);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct input input;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", cases, target, entry->d_name);
        if (read_input(path, &input)) {
            wrong += memory_exhaust(entry->d_name, attempt, NULL, &input);
            count++;
        }
        buffer_clear(&input.first);
        free(input.bytes);
    }
    closedir(directory);
    assert_true(count > 1);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

/* ---- Objects -------------------------------------------------------------------------------- */

static const struct treadle_type *type_of(const struct input *input, size_t *start)
{
    const struct treadle_type *all[FIELD_TYPES_MOST];
    size_t count = field_types(all);
    const char *end = memchr(input->bytes, '\n', input->length);
    size_t name = end ? (size_t)(end - input->bytes) : 0;
    *start = end ? name + 1 : 0;
    for (size_t i = 0; i < count; i++)
        if (strlen(all[i]->name) == name && memcmp(all[i]->name, input->bytes, name) == 0)
            return all[i];
    return &treadle_thread_run_create_request_type;
}

/* An error is printed, too. */
static int show_error(struct input *input, const struct treadle_error *error)
{
    struct buffer out;
    buffer_init(&out, LARGEST_OUTPUT);
    error_print(error, &out);
    int rc = out.failed ? TREADLE_EMEMORY : error->code;
    if (rc != TREADLE_EMEMORY && compare(input, out.data, out.length))
        rc = DIFFERENT;
    buffer_clear(&out);
    return rc;
}

static int parse_object(void *argument)
{
    struct input *input = argument;
    struct treadle_error error;
    size_t start;
    const struct treadle_type *type = type_of(input, &start);
    struct arena *arena = arena_new(0);
    void *object = arena ? arena_alloc(arena, type->size) : NULL;
    int rc = TREADLE_EMEMORY;
    if (object)
        rc = field_parse(type, input->bytes + start, input->length - start, FIELD_STRICT, arena,
                         object, &error);
    if (object && rc)
        rc = show_error(input, &error);
    if (!rc) {
        const char *text = field_text(type, object, arena);
        rc = text ? compare(input, text, strlen(text)) : TREADLE_EMEMORY;
    }
    arena_free(arena);
    return rc;
}

static void objects(void **state)
{
    (void)state;
    exhaust_cases("field", parse_object);
}

static int parse_json(void *argument)
{
    static const char text[] = "[1, [true, 2.5, null], {\"a name of more than sixteen bytes\": "
                               "\"and a text that is longer still, \\u00e9\"}]";
    struct treadle_error error;
    json_t *value = NULL;
    (void)argument;
    int rc = json_parse(text, strlen(text), &value, &error);
    json_decref(value);
    return rc;
}

static void json(void **state)
{
    (void)state;
    unsigned wrong = memory_exhaust("json", parse_json, NULL, NULL);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

/* ---- Requests ------------------------------------------------------------------------------- */

static int parse_target(void *argument)
{
    struct input *input = argument;
    struct treadle_error error;
    struct http_uri uri;
    struct arena *arena = arena_new(0);
    int rc = arena ? http_uri_parse(arena, input->bytes, &uri, &error) : TREADLE_EMEMORY;
    const char *cursor = input->bytes;
    char *name, *value;
    if (!rc && !http_parameter_main(arena, &cursor))
        rc = TREADLE_EMEMORY;
    for (int more = 1; !rc && more == 1;) {
        more = http_parameter_next(arena, &cursor, &name, &value);
        rc = more < 0 ? more : 0;
    }
    arena_free(arena);
    return rc;
}

static void targets(void **state)
{
    (void)state;
    exhaust_cases("query", parse_target);
}

static char part_directory[] = "/tmp/treadle-memory-XXXXXX";

static int parse_parts(void *argument)
{
    struct input *input = argument;
    struct treadle_error error;
    struct http_multipart *multipart = NULL;
    struct http_part *parts;
    size_t count;
    struct arena *arena = arena_new(0);
    int rc = arena ? http_multipart_new(&multipart, arena, "multipart/form-data; boundary=B",
                                        part_directory, &error)
                   : TREADLE_EMEMORY;
    if (!rc)
        rc = http_multipart_feed(multipart, input->bytes + 1, input->length - 1, &error);
    if (!rc)
        rc = http_multipart_finish(multipart, &parts, &count, &error);
    http_multipart_free(multipart);
    arena_free(arena);
    return rc;
}

static void parts(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(part_directory));
    exhaust_cases("multipart", parse_parts);
    assert_int_equal(rmdir(part_directory), 0); /* no file was left */
}

/* ---- Models --------------------------------------------------------------------------------- */

struct heard {
    struct buffer text;
    bool lacking;
};

static void hear_text(void *context, const char *text, size_t length)
{
    struct heard *heard = context;
    heard->lacking |= buffer_append(&heard->text, text, length) != 0;
}

static void hear_call(void *context, size_t index, const char *id, const char *name,
                      const char *arguments, size_t length)
{
    (void)index, (void)id;
    if (name)
        hear_text(context, name, strlen(name));
    hear_text(context, arguments, length);
}

static int read_answer(void *argument)
{
    struct input *input = argument;
    struct treadle_error error;
    struct openai_answer *answer = NULL;
    struct heard heard = {.lacking = false};
    const struct model_sink sink = {.context = &heard, .text = hear_text, .tool_call = hear_call};
    buffer_init(&heard.text, LARGEST_OUTPUT);
    int rc = openai_answer_new(&answer, &sink, "secret");
    if (!rc)
        rc = openai_answer_feed(answer, input->bytes + 1, input->length - 1, &error);
    if (!rc)
        rc = openai_answer_finish(answer, &error);
    if (!rc && heard.lacking)
        rc = TREADLE_EMEMORY;
    if (!rc)
        rc = compare(input, heard.text.data, heard.text.length);
    openai_answer_free(answer);
    buffer_clear(&heard.text);
    return rc;
}

static void answers(void **state)
{
    (void)state;
    exhaust_cases("answer", read_answer);
}

static int print_request(void *argument)
{
    static const struct model_page pages[] = {{0, 3}, {6, 4}};
    static const struct model_passage passage = {.marker = "【0:0†a.pdf】",
                                                 .filename = "a.pdf",
                                                 .heading = "Cords",
                                                 .text = "First. Second.",
                                                 .pages = pages,
                                                 .page_count = 2};
    static const struct model_call_request call = {"call_1", "note", "{\"a\":1}"};
    static const struct model_message messages[] = {
        {.role = MODEL_SYSTEM, .text = "Be brief."},
        {.role = MODEL_USER, .content = "[{\"type\":\"text\",\"text\":\"When?\"}]"},
        {.role = MODEL_ASSISTANT, .calls = &call, .call_count = 1},
        {.role = MODEL_TOOL, .call_id = "call_1", .passages = &passage, .passage_count = 1},
    };
    static const struct model_tool tool = {.name = "note",
                                           .description = "Notes.",
                                           .parameters = "{\"type\":\"object\"}",
                                           .strict = {TREADLE_SET, true}};
    const struct model_request request = {.messages = messages,
                                          .message_count = 4,
                                          .tools = &tool,
                                          .tool_count = 1,
                                          .tool_choice = MODEL_CHOICE_NAMED,
                                          .tool_name = "note",
                                          .temperature = {TREADLE_SET, 0.1},
                                          .response_format = "{\"type\":\"json_object\"}",
                                          .further = "{\"seed\":1}"};
    struct treadle_error error;
    char *text = NULL;
    size_t length;
    int rc = openai_request_print(&request, "m", OPENAI_STREAM_OPTIONS | OPENAI_TOOLS, NULL, &text,
                                  &length, &error);
    if (!rc)
        rc = compare(argument, text, length);
    free(text);
    return rc;
}

static void requests(void **state)
{
    (void)state;
    struct input input = {.made = false};
    buffer_init(&input.first, LARGEST_OUTPUT);
    unsigned wrong = memory_exhaust("request", print_request, NULL, &input);
    buffer_clear(&input.first);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

/* ---- The rest ------------------------------------------------------------------------------- */

static int read_document(void *argument)
{
    FILE *file = argument;
    const struct document_options options = {.seconds = 60};
    struct treadle_error error;
    struct document *document = NULL;
    rewind(file);
    int rc = document_read(&document, fileno(file), "a.md", &options, &error);
    document_free(document);
    return rc;
}

static void documents(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs("# A heading\n\nA paragraph of\ntwo lines.\n\n- one\n- two\n\nThe Schuß\u0301 ends.\n",
          file);
    fflush(file);
    unsigned wrong = memory_exhaust("document", read_document, NULL, file);
    fclose(file);
    assert_int_equal(wrong, 0);
    assert_false(memory_leaks());
}

static void count_down(void *argument)
{
    (void)argument;
}

static int use_pool(void *argument)
{
    (void)argument;
    struct pool *pool = pool_new(2, 4);
    int rc = pool ? 0 : TREADLE_EMEMORY;
    if (pool && !pool_submit(pool, count_down, NULL))
        rc = TREADLE_EMEMORY;
    pool_free(pool);
    return rc;
}

static void pools(void **state)
{
    (void)state;
    assert_int_equal(memory_exhaust("pool", use_pool, NULL, NULL), 0);
    assert_false(memory_leaks());
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects), cmocka_unit_test(targets),  cmocka_unit_test(parts),
        cmocka_unit_test(answers), cmocka_unit_test(requests), cmocka_unit_test(documents),
        cmocka_unit_test(pools),   cmocka_unit_test(json),
    };
    if (count != 2) {
        fprintf(stderr, "usage: test_memory CASES\n");
        return 2;
    }
    cases = arguments[1];
    memory_prepare();
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
