/*
 * What the commands are made of: escaping, widths, tables, options, answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <locale.h>

#include "cli/answer.h"
#include "cli/ask_input.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/show.h"
#include "cli/table.h"

/* ---- Showing -------------------------------------------------------------------------------- */

static void check_shown(const char *text, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 1024);
    show_line(&out, text);
    assert_string_equal(out.data ? out.data : "", expected);
    buffer_clear(&out);
}

static void escapes_what_terminals_obey(void **state)
{
    (void)state;
    check_shown("", "");
    check_shown("plain é 漢字", "plain é 漢字");
    check_shown("a\nb\tc\rd", "a\\nb\\tc\\rd");
    check_shown("\033[31mred\007", "\\x1b[31mred\\x07");
    check_shown("\x7f\xc2\x9b", "\\x7f\\x9b");
    check_shown("\xe2\x80\xae"
                "fdp",
                "\\u{202e}fdp");
    check_shown("\xff\xc3", "\xEF\xBF\xBD\xEF\xBF\xBD");
    struct buffer out;
    buffer_init(&out, 1024);
    show_block(&out, "one\n\ttwo\033");
    assert_string_equal(out.data, "one\n\ttwo\\x1b");
    buffer_clear(&out);
}

static void counts_columns(void **state)
{
    (void)state;
    size_t taken;
    assert_int_equal(show_width("abc"), 3);
    assert_int_equal(show_width("漢字"), 4);
    assert_int_equal(show_width("e\xCC\x81"), 1);
    assert_int_equal(show_cut("漢字", 3, &taken), 3);
    assert_int_equal(taken, 2);
    assert_int_equal(show_cut("abc", 10, &taken), 3);
    assert_int_equal(show_cut("abc", 0, &taken), 0);
}

static void check_duration(int64_t seconds, const char *expected)
{
    char text[64];
    show_duration(text, sizeof text, seconds);
    assert_string_equal(text, expected);
}

static void check_span(int64_t microseconds, const char *expected)
{
    char text[64];
    show_span(text, sizeof text, microseconds);
    assert_string_equal(text, expected);
}

static void shows_times(void **state)
{
    (void)state;
    char text[64];
    check_duration(-1, "-");
    check_duration(0, "<1 s");
    check_duration(59, "59 s");
    check_duration(200, "3 min 20 s");
    check_duration(7500, "2 h 5 min");
    check_span(0, "<1 ms");
    check_span(999, "<1 ms");
    check_span(12345, "12 ms");
    check_span(2319999, "2.31 s");
    check_span(59999999, "59.99 s");
    check_span(200000000, "3 min 20 s");
    check_span(INT64_MAX, "2562047788 h 0 min");
    setenv("TZ", "UTC", 1);
    show_time(text, sizeof text, 1700000000);
    assert_string_equal(text, "2023-11-14 22:13:20");
    show_clock(text, sizeof text, 1700000000);
    assert_string_equal(text, "22:13:20");
    show_time(text, sizeof text, INT64_MAX);
    assert_string_equal(text, "-");
    show_time(text, sizeof text, 0);
    assert_string_equal(text, "-");
}

/* ---- Tables --------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {.title = "ID"},
    {.title = "NAME", .least = 4},
    {.title = "N", .right = true},
    {.title = "WHAT", .least = 8, .below = true},
};

static void check_table(size_t width, bool color, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_new(columns, 4);
    assert_int_equal(table_add(table, (const char *[]){"a", "漢字 name", "5", "did this and that"}),
                     0);
    assert_int_equal(table_add(table, (const char *[]){"bb", "x\ny", "1234", NULL}), 0);
    table_print(table, out, width, color);
    table_free(table);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void prints_tables(void **state)
{
    (void)state;
    check_table(0, false,
                "ID  NAME          N  WHAT\n"
                "a   漢字 name     5  did this and that\n"
                "bb  x\\ny       1234  \n");
}

static void fits_tables_to_the_screen(void **state)
{
    (void)state;
    check_table(32, false,
                "ID  NAME          N  WHAT\n"
                "a   漢字 name     5  did this a…\n"
                "bb  x\\ny       1234  \n");
    check_table(25, false,
                "ID  NAME      N  WHAT\n"
                "a   漢字…     5  did thi…\n"
                "bb  x\\ny   1234  \n");
    check_table(20, false,
                "ID  NAME          N\n"
                "a   漢字 name     5\n"
                "    did this and th…\n"
                "bb  x\\ny       1234\n");
}

static void leaves_out_spare_columns(void **state)
{
    (void)state;
    static const struct table_column spare[] = {
        {.title = "AAAA"}, {.title = "BBBB", .spare = true}, {.title = "CCCC"}};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_new(spare, 3);
    assert_int_equal(table_add(table, (const char *[]){"a", "b", "c"}), 0);
    table_print(table, out, 12, false);
    table_print(table, out, 5, false);
    fclose(out);
    assert_string_equal(text, "AAAA  CCCC\na     c\nAAAA  CCCC\na     c\n");
    free(text);
    table_free(table);
}

static void colors_only_when_asked(void **state)
{
    (void)state;
    static const struct table_column status[] = {{.title = "S", .status = true}};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_new(status, 1);
    assert_int_equal(table_add(table, (const char *[]){"failed"}), 0);
    table_print(table, out, 0, true);
    fflush(out);
    assert_string_equal(text, "\033[1mS\033[0m\n\033[31mfailed\033[0m\n");
    table_print(table, out, 0, false);
    fflush(out);
    assert_non_null(strstr(text, "\nS\nfailed\n"));
    fclose(out);
    free(text);
    table_free(table);
}

/* ---- Options -------------------------------------------------------------------------------- */

struct settings {
    const char *text;
    bool flag;
    int64_t count;
    struct option_list list;
};

static const struct option_row rows[] = {
    {"text-value", 't', OPTION_TEXT, "TEXT", offsetof(struct settings, text), 0, "Text."},
    {"flag", 0, OPTION_FLAG, NULL, offsetof(struct settings, flag), 0, "A flag."},
    {"count", 'c', OPTION_COUNT, "NUMBER", offsetof(struct settings, count), 100, "A count."},
    {"list", 'l', OPTION_LIST, "ITEM", offsetof(struct settings, list), 0, "A list."},
};

static const struct option_form form = {"test", "", "Tests.", rows, 4};

static int parse(struct settings *settings, struct options *options, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    *settings = (struct settings){.count = 7};
    return options_parse(&form, argc, argv, settings, options);
}

#define ARGUMENTS(...)                                                                             \
    (char *[])                                                                                     \
    {                                                                                              \
        (char *)"test", __VA_ARGS__, NULL                                                          \
    }

static char first[] = "first", second[] = "second";

static void reads_options(void **state)
{
    (void)state;
    struct settings settings;
    struct options options;
    char text[] = "--text-value=x y", flag[] = "--flag", count[] = "-c", hundred[] = "100",
         list[] = "--list", item[] = "-lb", end[] = "--";
    assert_int_equal(
        parse(&settings, &options,
              ARGUMENTS(first, text, flag, count, hundred, list, second, item, end, flag)),
        -1);
    assert_string_equal(settings.text, "x y");
    assert_true(settings.flag);
    assert_int_equal(settings.count, 100);
    assert_int_equal(settings.list.count, 2);
    assert_string_equal(settings.list.items[1], "b");
    assert_int_equal(options.operand_count, 2);
    assert_string_equal(options.operands[0], "first");
    assert_string_equal(options.operands[1], "--flag");
    options_free(&options);
}

static void reads_the_environment(void **state)
{
    (void)state;
    struct settings settings;
    struct options options;
    char text[] = "--text-value", own[] = "own";
    setenv("TREADLE_TEXT_VALUE", "theirs", 1);
    setenv("TREADLE_LIST", "a,b,c", 1);
    setenv("TREADLE_COUNT", "9", 1);
    setenv("TREADLE_FLAG", "true", 1);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(text, own)), -1);
    assert_string_equal(settings.text, "own");
    assert_int_equal(settings.list.count, 3);
    assert_string_equal(settings.list.items[2], "c");
    assert_int_equal(settings.count, 9);
    assert_true(settings.flag);
    options_free(&options);
    setenv("TREADLE_FLAG", "perhaps", 1);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(first)), CLI_USAGE);
    unsetenv("TREADLE_FLAG");
    setenv("TREADLE_LIST", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", 1);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(first)), CLI_USAGE);
    unsetenv("TREADLE_LIST");
    unsetenv("TREADLE_COUNT");
    unsetenv("TREADLE_TEXT_VALUE");
}

static void refuses_wrong_options(void **state)
{
    (void)state;
    struct settings settings;
    struct options options;
    char unknown[] = "--unknown", letter[] = "-z", count[] = "--count", zero[] = "0",
         much[] = "101", word[] = "many", empty[] = "--text-value=", flag[] = "--flag=1";
    assert_int_equal(parse(&settings, &options, ARGUMENTS(unknown)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(letter)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(count)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(count, zero)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(count, much)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(count, word)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(empty)), CLI_USAGE);
    assert_int_equal(parse(&settings, &options, ARGUMENTS(flag)), CLI_USAGE);
}

/* ---- Answers -------------------------------------------------------------------------------- */

static struct treadle_annotation cite(const char *text, struct treadle_file_citation *citation)
{
    return (struct treadle_annotation){
        .type = TREADLE_ANNOTATION_FILE_CITATION, .text = text, .file_citation = citation};
}

static void numbers_citations(void **state)
{
    (void)state;
    struct treadle_file_citation page7 = {.file_id = "file-a", .page = TREADLE_VALUE(7)},
                                 page7_again = {.file_id = "file-a", .page = TREADLE_VALUE(7)},
                                 other = {.file_id = "file-b", .page = {TREADLE_ABSENT, 0}};
    struct treadle_annotation annotations[] = {cite("【0:0†a.pdf】", &page7),
                                               cite("【0:1†b.pdf】", &other),
                                               cite("【0:2†a.pdf】", &page7_again)};
    struct treadle_text text = {.value =
                                    "One\033【0:0†a.pdf】. Two【0:1†b.pdf】【0:2†a.pdf】 【9:9†c】",
                                .annotations = annotations,
                                .annotation_count = 3};
    struct treadle_content parts[] = {{.type = TREADLE_CONTENT_TEXT, .text = &text},
                                      {.type = TREADLE_CONTENT_REFUSAL, .refusal = "no"}};
    struct treadle_message message = {.content = parts, .content_count = 2};
    struct answer answer;
    answer_init(&answer);
    answer_add(&answer, &message);
    assert_string_equal(answer.text.data, "One\\x1b[1]. Two[2][1] 【9:9†c】\n\nno");
    assert_int_equal(answer.source_count, 2);
    assert_string_equal(answer.sources[0].file_id, "file-a");
    assert_int_equal(answer.sources[0].page, 7);
    assert_int_equal(answer.sources[1].page, 0);
    answer_free(&answer);
}

/* One chunk may be cited for two of its pages. */
static void distinguishes_pages_of_one_marker(void **state)
{
    (void)state;
    struct treadle_file_citation page3 = {.file_id = "file-a", .page = TREADLE_VALUE(3)},
                                 page4 = {.file_id = "file-a", .page = TREADLE_VALUE(4)};
    struct treadle_annotation annotations[] = {cite("【0:0†a】", &page3),
                                               cite("【0:0†a】", &page4)};
    annotations[0].start_index = 2;
    annotations[1].start_index = 11;
    struct treadle_text text = {
        .value = "Ä 【0:0†a】 B【0:0†a】", .annotations = annotations, .annotation_count = 2};
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &text};
    struct treadle_message message = {.content = &part, .content_count = 1};
    struct answer answer;
    answer_init(&answer);
    answer_add(&answer, &message);
    assert_string_equal(answer.text.data, "Ä [1] B[2]");
    assert_int_equal(answer.sources[0].page, 3);
    assert_int_equal(answer.sources[1].page, 4);
    answer_free(&answer);
}

static void add_piece(struct answer *answer, const char *message, int64_t index, const char *value,
                      const char *marked, const char *file_id)
{
    struct treadle_file_citation_delta citation = {.file_id = file_id, .page = TREADLE_VALUE(7)};
    struct treadle_annotation_delta annotation = {
        .type = TREADLE_ANNOTATION_FILE_CITATION, .text = marked, .file_citation = &citation};
    struct treadle_text_delta text = {
        .value = value, .annotations = &annotation, .annotation_count = marked != NULL};
    struct treadle_content_delta part = {
        .index = index, .type = TREADLE_CONTENT_TEXT, .text = &text};
    struct treadle_message_change change = {.content = &part, .content_count = 1};
    answer_add_piece(answer, &(struct treadle_message_delta){.id = message, .delta = &change});
}

/* Pieces make what the whole message would; what is shown is taken away in between. */
static void shows_answers_in_pieces(void **state)
{
    (void)state;
    char file[] = "file-a";
    struct answer answer;
    answer_init(&answer);
    add_piece(&answer, "msg_1", 0, NULL, NULL, NULL);
    add_piece(&answer, "msg_1", 0, "One\033", NULL, NULL);
    add_piece(&answer, "msg_1", 0, "【0:0†a】", "【0:0†a】", file);
    assert_string_equal(answer.text.data, "One\\x1b[1]");
    buffer_reset(&answer.text);
    memset(file, 'x', sizeof file - 1);
    add_piece(&answer, "msg_1", 0, " two", NULL, NULL);
    add_piece(&answer, "msg_1", 1, "part", NULL, NULL);
    add_piece(&answer, "msg_2", 0, "【0:0†a】", "【0:0†a】", "file-a");
    assert_string_equal(answer.text.data, " two\n\npart\n\n[1]");
    answer_add_piece(&answer, &(struct treadle_message_delta){.id = "msg_3"});
    assert_int_equal(answer.source_count, 1);
    assert_string_equal(answer.sources[0].file_id, "file-a");
    answer_free(&answer);
}

/* ---- Input ---------------------------------------------------------------------------------- */

static void write_file(char *path, size_t size, const char *directory, const char *name,
                       const char *content)
{
    snprintf(path, size, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void distinguishes_inputs(void **state)
{
    (void)state;
    char directory[] = "/tmp/treadle-cli-XXXXXX", a[128], b[128], empty[128], odd[128];
    struct ask_input one, two;
    assert_non_null(mkdtemp(directory));
    write_file(a, sizeof a, directory, "a", "alpha");
    write_file(b, sizeof b, directory, "b", "beta");
    write_file(empty, sizeof empty, directory, "empty", "");
    write_file(odd, sizeof odd, directory, "x\ny\033\xff", "alpha");

    assert_int_equal(ask_input_read((char *[]){a, b}, 2, &one), 0);
    assert_int_equal(ask_input_read((char *[]){b, a, a}, 3, &two), 0);
    assert_int_equal(two.count, 2);
    assert_string_equal(one.digest, two.digest);
    ask_input_free(&two);
    assert_int_equal(ask_input_read((char *[]){odd, b}, 2, &two), 0);
    assert_string_not_equal(one.digest, two.digest);
    ask_input_free(&two);
    assert_int_equal(ask_input_read((char *[]){odd}, 1, &two), 0);
    assert_string_equal(two.files[0].name, "x_y_\xEF\xBF\xBD");
    assert_string_equal(two.files[0].digest,
                        "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8");
    ask_input_free(&two);
    assert_true(ask_input_read((char *[]){a, empty}, 2, &two) < 0);
    assert_true(ask_input_read((char *[]){directory}, 1, &two) < 0);
    assert_true(ask_input_read((char *[]){(char *)"/dev/null"}, 1, &two) < 0);
    assert_true(ask_input_read((char *[]){(char *)"/nonexistent"}, 1, &two) < 0);
    ask_input_free(&one);
    unlink(a);
    unlink(b);
    unlink(empty);
    unlink(odd);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_terminals_obey),
        cmocka_unit_test(counts_columns),
        cmocka_unit_test(shows_times),
        cmocka_unit_test(prints_tables),
        cmocka_unit_test(fits_tables_to_the_screen),
        cmocka_unit_test(leaves_out_spare_columns),
        cmocka_unit_test(colors_only_when_asked),
        cmocka_unit_test(reads_options),
        cmocka_unit_test(reads_the_environment),
        cmocka_unit_test(refuses_wrong_options),
        cmocka_unit_test(numbers_citations),
        cmocka_unit_test(distinguishes_pages_of_one_marker),
        cmocka_unit_test(shows_answers_in_pieces),
        cmocka_unit_test(distinguishes_inputs),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
