/*
 * Citations: markers become annotations at the right characters with the right page; whatever is
 * no marker of a known passage is left alone or taken out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tool/citation.h"

#define FIRST  "【0:0†a.pdf】"
#define SECOND "【0:1†b.pdf】"

static const struct search_page first_pages[] = {{0, 4, NULL}, {22, 5, NULL}};
static const struct search_page second_pages[] = {{0, 0, NULL}};
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

static enum citation_matching matching;

static int setup(void **state)
{
    matching = CITATION_AS_WRITTEN;
    *state = arena_new(0);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* What was handed on, put together. */
struct gathered {
    char value[1024];
    size_t length;
    struct treadle_annotation annotations[8];
    struct treadle_file_citation citations[8];
    size_t annotation_count;
};

static int gather_text(void *context, const char *text, size_t length, struct treadle_error *error)
{
    struct gathered *gathered = context;
    (void)error;
    memcpy(gathered->value + gathered->length, text, length);
    gathered->length += length;
    return 0;
}

static int gather_annotation(void *context, const struct treadle_annotation *annotation,
                             struct treadle_error *error)
{
    struct gathered *gathered = context;
    size_t at = gathered->annotation_count++;
    gathered->annotations[at] = *annotation;
    gathered->citations[at] = *annotation->file_citation;
    gathered->annotations[at].file_citation = &gathered->citations[at];
    return gather_text(gathered, annotation->text, strlen(annotation->text), error);
}

static void walk(void **state, const char *text, size_t piece, struct gathered *out)
{
    struct treadle_error error;
    const struct citation_target target = {out, gather_text, gather_annotation};
    *out = (struct gathered){0};
    const struct citation_options options = {
        .sources = sources, .source_count = 2, .matching = matching};
    struct citation_walk *walk = citation_begin(&options, &target, *state);
    for (size_t at = 0, length = strlen(text); at < length; at += piece)
        assert_int_equal(
            citation_feed(walk, text + at, piece < length - at ? piece : length - at, &error), 0);
    assert_int_equal(citation_finish(walk, &error), 0);
    citation_free(walk);
}

/* However the text is cut, the same comes of it. */
static struct gathered resolve(void **state, const char *text)
{
    struct gathered whole, cut;
    walk(state, text, strlen(text) + 1, &whole);
    for (size_t piece = 1; piece < 8; piece++) {
        walk(state, text, piece, &cut);
        assert_string_equal(cut.value, whole.value);
        assert_int_equal(cut.annotation_count, whole.annotation_count);
        for (size_t i = 0; i < whole.annotation_count; i++) {
            assert_int_equal(cut.annotations[i].start_index, whole.annotations[i].start_index);
            assert_int_equal(cut.citations[i].page.value, whole.citations[i].page.value);
        }
    }
    for (size_t i = 0; i < whole.annotation_count; i++)
        whole.annotations[i].file_citation = NULL;
    return whole;
}

static void annotates_at_characters(void **state)
{
    struct gathered text = resolve(state, "“Ä cat.” " FIRST " end");
    assert_string_equal(text.value, "“Ä cat.” " FIRST " end");
    assert_int_equal(text.annotation_count, 1);
    assert_string_equal(text.annotations[0].text, FIRST);
    assert_int_equal(text.annotations[0].start_index, 9);
    assert_int_equal(text.annotations[0].end_index, 20);
    assert_string_equal(text.citations[0].file_id, "file-a");
}

static void finds_the_page(void **state)
{
    struct gathered text =
        resolve(state, "“The dog ran off there.” " FIRST "\nThe cat sat down here. " FIRST);
    assert_int_equal(text.annotation_count, 2);
    assert_int_equal(text.citations[0].page.value, 5);
    assert_int_equal(text.citations[1].page.value, 4);
}

static void believes_a_page_that_is_named(void **state)
{
    struct gathered text = resolve(state, "“The cat sat down here.” (page 5) " FIRST);
    assert_int_equal(text.citations[0].page.value, 5);
    text = resolve(state, "“The cat sat down here.” (page 77) " FIRST);
    assert_int_equal(text.citations[0].page.value, 4);
}

/* Models change what comes after the numbers; the numbers alone identify the passage. */
static void goes_by_the_numbers(void **state)
{
    static const char *const markers[] = {"【0:0†source】", "【0:0†】", "【0:0†A】",
                                          "【0:0†a†L1-L3】"};
    assert_true(strncmp(FIRST, "【0:0†", strlen("【0:0†")) == 0);
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        char said[128];
        snprintf(said, sizeof said, "The cat sat down here. %s end", markers[i]);
        struct gathered text = resolve(state, said);
        assert_string_equal(text.value, "The cat sat down here. " FIRST " end");
        assert_int_equal(text.annotation_count, 1);
        assert_int_equal(text.citations[0].page.value, 4);
    }
    assert_int_equal(resolve(state, "No 【10:0†a】").annotation_count, 0);
    assert_int_equal(resolve(state, "Yes 【0:00†a】【00:0†a】").annotation_count, 2);
}

/* Models change brackets and add blanks; what is no marker of a passage stays or goes as before. */
static void knows_altered_markers(void **state)
{
    static const char *const markers[] = {"[0:0†x]", "【0:0 † a.pdf】", "【 0 : 0 †】",
                                          "[0:0†a.pdf]"};
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        char said[128];
        snprintf(said, sizeof said, "The cat sat down here. %s end", markers[i]);
        struct gathered text = resolve(state, said);
        assert_string_equal(text.value, "The cat sat down here. " FIRST " end");
        assert_int_equal(text.annotation_count, 1);
    }
    assert_string_equal(resolve(state, "a[0:1] = b[i]; [x](y) [12:30]").value,
                        "a[0:1] = b[i]; [x](y) [12:30]");
}

/* ---- Statements without a marker ------------------------------------------------------------ */

static void sentences_get_the_markers_of_their_passages(void **state)
{
    matching = CITATION_SENTENCES;
    struct gathered text = resolve(state, "The cat sat down here.  Bananas are yellow.\n"
                                          "- The dog ran off there\n");
    assert_string_equal(text.value, "The cat sat down here." FIRST "  Bananas are yellow.\n"
                                    "- The dog ran off there" FIRST "\n");
    assert_int_equal(text.annotation_count, 2);
    assert_int_equal(text.citations[0].page.value, 4);
    assert_int_equal(text.citations[1].page.value, 5);
    assert_int_equal(text.annotations[0].start_index, 22);
    assert_string_equal(resolve(state, "```\nThe cat sat down here.\n```\n").value,
                        "```\nThe cat sat down here.\n```\n");
    assert_string_equal(resolve(state, "The cat sat down here 17 times. ").value,
                        "The cat sat down here 17 times. ");
}

/* Once the model cites, it is left to it. */
static void a_model_that_cites_is_left_to_it(void **state)
{
    matching = CITATION_SENTENCES;
    struct gathered text = resolve(state, "It is so. " SECOND " The cat sat down here. So.");
    assert_string_equal(text.value, "It is so. " SECOND " The cat sat down here. So.");
    assert_int_equal(text.annotation_count, 1);
}

static void paragraphs_get_them_at_their_ends(void **state)
{
    matching = CITATION_PARAGRAPHS;
    struct gathered text =
        resolve(state, "The cat sat down here. Bananas are yellow.\n\nThe dog ran off there.");
    assert_string_equal(text.value, "The cat sat down here. Bananas are yellow." FIRST
                                    "\n\nThe dog ran off there." FIRST);
    text = resolve(state, "The cat sat down here. It is so." SECOND "\n\nThe dog ran off there.");
    assert_int_equal(text.annotation_count, 1);
}

static void quotes_what_supports(void **state)
{
    struct gathered text = resolve(state, "“The dog ran  off there.” " FIRST);
    assert_string_equal(text.citations[0].quote, "The dog ran off there.");
    text = resolve(state, "A dog was there, and ran. " FIRST);
    assert_string_equal(text.citations[0].quote, "The cat sat down here. The dog ran off there.");
    text = resolve(state, "Zebra! " FIRST);
    assert_string_equal(text.citations[0].quote, "");
}

static void gives_no_page_where_there_is_none(void **state)
{
    struct gathered text = resolve(state, "No pages. " SECOND);
    assert_int_equal(text.citations[0].page.state, TREADLE_ABSENT);
    assert_string_equal(text.citations[0].file_id, "file-b");
}

static void takes_out_what_it_does_not_know(void **state)
{
    struct gathered text = resolve(state, "A【0:9†a.pdf】 B【7:0†c】" FIRST);
    assert_string_equal(text.value, "A B" FIRST);
    assert_int_equal(text.annotation_count, 1);
    assert_int_equal(text.annotations[0].start_index, 3);
}

static void leaves_other_brackets_alone(void **state)
{
    static const char *const texts[] = {"【",      "【】", "【a:b†c】", "【1:2】",
                                        "【1†x】", "x】",  "",          "【0:0†never closed"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct gathered text = resolve(state, texts[i]);
        assert_string_equal(text.value, texts[i]);
        assert_int_equal(text.annotation_count, 0);
    }
}

static void two_markers_cite_one_statement(void **state)
{
    struct gathered text = resolve(state, "The dog ran off there. " SECOND FIRST);
    assert_int_equal(text.annotation_count, 2);
    assert_int_equal(text.citations[1].page.value, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(annotates_at_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_the_page, setup, teardown),
        cmocka_unit_test_setup_teardown(believes_a_page_that_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_by_the_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(knows_altered_markers, setup, teardown),
        cmocka_unit_test_setup_teardown(sentences_get_the_markers_of_their_passages, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_model_that_cites_is_left_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(paragraphs_get_them_at_their_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(quotes_what_supports, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_no_page_where_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_out_what_it_does_not_know, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_other_brackets_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(two_markers_cite_one_statement, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
