/*
 * Citations: markers become annotations at the right characters with the right page; whatever is
 * no marker of a known passage is left alone or taken out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tool/citation.h"

#define FIRST  "【0:0†a.pdf】"
#define SECOND "【0:1†b.pdf】"

static const struct search_page first_pages[] = {{0, 4}, {22, 5}};
static const struct search_page second_pages[] = {{0, 0}};
static const struct search_result results[] = {
    {.file_id = "file-a",
     .text = "The cat sat down here. The dog ran off there.",
     .pages = first_pages,
     .page_count = 2},
    {.file_id = "file-b", .text = "No pages.", .pages = second_pages, .page_count = 1},
};
static const struct model_passage passages[] = {{.marker = FIRST}, {.marker = SECOND}};
static const struct citation_source sources[] = {{&passages[0], &results[0]},
                                                 {&passages[1], &results[1]}};

static int setup(void **state)
{
    *state = arena_new(0);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct treadle_text resolve(void **state, const char *text)
{
    struct treadle_text out;
    struct treadle_error error;
    assert_int_equal(citation_resolve(text, sources, 2, *state, &out, &error), 0);
    return out;
}

static void annotates_at_characters(void **state)
{
    struct treadle_text text = resolve(state, "“Ä cat.” " FIRST " end");
    assert_string_equal(text.value, "“Ä cat.” " FIRST " end");
    assert_int_equal(text.annotation_count, 1);
    assert_string_equal(text.annotations[0].text, FIRST);
    assert_int_equal(text.annotations[0].start_index, 9);
    assert_int_equal(text.annotations[0].end_index, 20);
    assert_string_equal(text.annotations[0].file_citation->file_id, "file-a");
}

static void finds_the_page(void **state)
{
    struct treadle_text text =
        resolve(state, "“The dog ran off there.” " FIRST "\nThe cat sat down here. " FIRST);
    assert_int_equal(text.annotation_count, 2);
    assert_int_equal(text.annotations[0].file_citation->page.value, 5);
    assert_int_equal(text.annotations[1].file_citation->page.value, 4);
}

static void believes_a_page_that_is_named(void **state)
{
    struct treadle_text text = resolve(state, "“The cat sat down here.” (page 5) " FIRST);
    assert_int_equal(text.annotations[0].file_citation->page.value, 5);
    text = resolve(state, "“The cat sat down here.” (page 77) " FIRST);
    assert_int_equal(text.annotations[0].file_citation->page.value, 4);
}

static void gives_no_page_where_there_is_none(void **state)
{
    struct treadle_text text = resolve(state, "No pages. " SECOND);
    assert_int_equal(text.annotations[0].file_citation->page.state, TREADLE_ABSENT);
    assert_string_equal(text.annotations[0].file_citation->file_id, "file-b");
}

static void takes_out_what_it_does_not_know(void **state)
{
    struct treadle_text text = resolve(state, "A【0:9†a.pdf】 B【7:0†c】" FIRST);
    assert_string_equal(text.value, "A B" FIRST);
    assert_int_equal(text.annotation_count, 1);
    assert_int_equal(text.annotations[0].start_index, 3);
}

static void leaves_other_brackets_alone(void **state)
{
    static const char *const texts[] = {"【",      "【】", "【a:b†c】", "【1:2】",
                                        "【1†x】", "x】",  "",          "【0:0†never closed"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct treadle_text text = resolve(state, texts[i]);
        assert_string_equal(text.value, texts[i]);
        assert_int_equal(text.annotation_count, 0);
    }
}

static void two_markers_cite_one_statement(void **state)
{
    struct treadle_text text = resolve(state, "The dog ran off there. " SECOND FIRST);
    assert_int_equal(text.annotation_count, 2);
    assert_int_equal(text.annotations[1].file_citation->page.value, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(annotates_at_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_the_page, setup, teardown),
        cmocka_unit_test_setup_teardown(believes_a_page_that_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_no_page_where_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_out_what_it_does_not_know, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_other_brackets_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(two_markers_cite_one_statement, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
