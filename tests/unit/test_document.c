/*
 * Documents without the reader program: checking what a reader says, folding, hyphens, rows,
 * margins, headings, paragraphs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "document/assemble.h"
#include "document/document.h"
#include "document/fold.h"
#include "document/frame.h"
#include "document/hyphens.h"
#include "document/receive.h"

/* Pages made by hand: lines of 10 points, 12 apart, between 72 and 540 points from the left. */
struct draft {
    struct sheaf sheaf;
    struct page pages[12];
    struct word words[12][40];
    struct blocks blocks;
    struct document document;
};

static void draft_open(struct draft *draft, size_t pages)
{
    *draft = (struct draft){.sheaf = {.arena = arena_new(0), .count = pages}};
    draft->sheaf.sheets = arena_array(draft->sheaf.arena, pages, sizeof *draft->sheaf.sheets);
    assert_non_null(draft->sheaf.sheets);
    for (size_t p = 0; p < pages; p++)
        draft->pages[p] = (struct page){.width = 61200, .height = 79200, .words = draft->words[p]};
    blocks_init(&draft->blocks, draft->sheaf.arena, 1 << 20);
}

static void draft_close(struct draft *draft)
{
    blocks_clear(&draft->blocks);
    arena_free(draft->sheaf.arena);
}

/* A line, which is one word to the layout, at `left`, `top` and up to `right`, in points. */
static struct word *draft_line(struct draft *draft, int page, int left, int right, int top,
                               const char *text)
{
    struct page *at = &draft->pages[page - 1];
    struct word *word = &at->words[at->count++];
    *word = (struct word){.left = left * 100,
                          .right = right * 100,
                          .top = top * 100,
                          .bottom = top * 100 + 1000,
                          .base = top * 100 + 800,
                          .size = 1000,
                          .text = text,
                          .length = (uint32_t)strlen(text)};
    return word;
}

static const struct document_block *draft_assemble(struct draft *draft)
{
    struct treadle_error error = {0};
    struct sheaf *sheaf = &draft->sheaf;
    for (size_t p = 0; p < sheaf->count; p++)
        assert_int_equal(rows_make(&sheaf->sheets[p], &draft->pages[p], sheaf->arena, &error), 0);
    assert_int_equal(assemble_blocks(&draft->blocks, sheaf, &error), 0);
    assert_int_equal(blocks_finish(&draft->blocks, &draft->document, &error), 0);
    return draft->document.blocks;
}

static void joins_lines_to_paragraphs(void **state)
{
    (void)state;
    struct draft draft;
    draft_open(&draft, 1);
    draft_line(&draft, 1, 72, 540, 300, "Early termination ends a long com-");
    draft_line(&draft, 1, 72, 540, 312, "putation. Use the option --num-");
    draft_line(&draft, 1, 72, 300, 324, "callers for it.");
    draft_line(&draft, 1, 72, 540, 336, "The line above ended early, so that this");
    draft_line(&draft, 1, 72, 200, 348, "is another.");
    draft_line(&draft, 1, 72, 540, 380, "A gap parts as well.");
    const struct document_block *blocks = draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 3);
    assert_string_equal(blocks[0].text, "Early termination ends a long computation. Use the option "
                                        "--num-callers for it.");
    assert_string_equal(blocks[1].text, "The line above ended early, so that this is another.");
    assert_int_equal(blocks[2].kind, DOCUMENT_PARAGRAPH);
    assert_int_equal(blocks[2].page, 1);
    draft_close(&draft);
}

static void finds_headings(void **state)
{
    (void)state;
    struct draft draft;
    draft_open(&draft, 1);
    draft_line(&draft, 1, 72, 90, 200, "3.2")->size = 1400;
    draft_line(&draft, 1, 110, 200, 200, "Macro Bodies")->size = 1400;
    draft_line(&draft, 1, 72, 540, 240, "A macro body may contain a fragment of a");
    draft_line(&draft, 1, 72, 200, 252, "command.");
    draft_line(&draft, 1, 72, 150, 280, "Arguments")->style = FRAME_BOLD;
    draft_line(&draft, 1, 72, 540, 300, "A word in a bold line that is not a heading, for");
    draft_line(&draft, 1, 72, 500, 312, "it is part of this.")->style = FRAME_BOLD;
    const struct document_block *blocks = draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 4);
    assert_int_equal(blocks[0].kind, DOCUMENT_HEADING);
    assert_int_equal(blocks[0].level, 2);
    assert_string_equal(blocks[0].text, "3.2 Macro Bodies");
    assert_int_equal(blocks[1].kind, DOCUMENT_PARAGRAPH);
    assert_int_equal(blocks[2].kind, DOCUMENT_HEADING);
    assert_string_equal(blocks[2].text, "Arguments");
    assert_int_equal(blocks[3].kind, DOCUMENT_PARAGRAPH);
    draft_close(&draft);
}

static void puts_labels_and_cells_together(void **state)
{
    (void)state;
    struct draft draft;
    draft_open(&draft, 1);
    /* Labels first, then their texts, as poppler sends them. */
    draft_line(&draft, 1, 72, 100, 300, "what");
    draft_line(&draft, 1, 72, 100, 324, "which");
    draft_line(&draft, 1, 150, 540, 300, "a vector of names that specifies all of the");
    draft_line(&draft, 1, 150, 260, 312, "components.");
    draft_line(&draft, 1, 150, 400, 324, "one of them.");
    draft_line(&draft, 1, 72, 130, 360, "7 Packages . . . . . .");
    draft_line(&draft, 1, 500, 540, 360, "997");
    const struct document_block *blocks = draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 3);
    assert_string_equal(blocks[0].text,
                        "what a vector of names that specifies all of the components.");
    assert_string_equal(blocks[1].text, "which one of them.");
    assert_string_equal(blocks[2].text, "7 Packages 997");
    assert_int_equal(blocks[2].kind, DOCUMENT_PARAGRAPH);
    draft_close(&draft);
}

static void keeps_columns_apart(void **state)
{
    (void)state;
    struct draft draft;
    draft_open(&draft, 1);
    for (int i = 0; i < 14; i++)
        draft_line(&draft, 1, 72, 290, 200 + i * 12, i == 13 ? "left end." : "left and");
    for (int i = 0; i < 14; i++)
        draft_line(&draft, 1, 320, 540, 200 + i * 12, i == 13 ? "right end." : "right and");
    const struct document_block *blocks = draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 2);
    assert_null(strstr(blocks[0].text, "right"));
    assert_null(strstr(blocks[1].text, "left"));
    draft_close(&draft);
}

static void drops_margins(void **state)
{
    (void)state;
    static const char *const topics[] = {"apples", "apples", "plums", "plums"};
    static const char *const numbers[] = {"41", "42", "43", "44"};
    static const char *const totals[] = {"Total 10", "Total 7", "Total 12", "Total 9"};
    struct draft draft;
    draft_open(&draft, 4);
    for (int p = 1; p <= 4; p++) {
        draft_line(&draft, p, 72, 150, 50, topics[p - 1]);
        draft_line(&draft, p, 520, 540, 50, numbers[p - 1]);
        draft_line(&draft, p, 72, 540, 300, "What the page says.");
        draft_line(&draft, p, 72, 200, 720, totals[p - 1]);
        draft_line(&draft, p, 72, 200, 750, "Draft of May");
    }
    const struct document_block *blocks = draft_assemble(&draft);
    /* A head and a foot stay where they stand first; what differs is no margin. */
    static const char *const kept[] = {"apples 41",
                                       "What the page says.",
                                       "Total 10",
                                       "Draft of May",
                                       "What the page says.",
                                       "Total 7",
                                       "plums 43",
                                       "What the page says.",
                                       "Total 12",
                                       "What the page says.",
                                       "Total 9"};
    assert_int_equal(draft.document.block_count, sizeof kept / sizeof *kept);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        assert_string_equal(blocks[i].text, kept[i]);
        assert_int_equal(blocks[i].kind, DOCUMENT_PARAGRAPH);
    }
    draft_close(&draft);
}

static void keeps_numbers_of_their_own(void **state)
{
    (void)state;
    struct draft draft;
    draft_open(&draft, 5);
    static const char *const lines[] = {"Photograph 1 shows", "Photograph 2 shows",
                                        "Photograph 3 shows", "Photograph 4 shows",
                                        "Photograph 5 shows"};
    static const char *const pages[] = {"- 1 -", "- 2 -", "- 3 -", "- 4 -", "- 5 -"};
    for (int p = 1; p <= 5; p++) {
        draft_line(&draft, p, 72, 200, 740, lines[p - 1]);
        draft_line(&draft, p, 300, 320, 760, pages[p - 1]);
    }
    const struct document_block *blocks = draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 5);
    for (int p = 1; p <= 5; p++)
        assert_string_equal(blocks[p - 1].text, lines[p - 1]);
    draft_close(&draft);
}

static void empties_no_document(void **state)
{
    (void)state;
    struct draft draft;
    static const char *const pages[] = {"1", "2", "3"};
    draft_open(&draft, 3);
    for (int p = 1; p <= 3; p++)
        draft_line(&draft, p, 300, 320, 760, pages[p - 1]);
    draft_assemble(&draft);
    assert_int_equal(draft.document.block_count, 3);
    draft_close(&draft);
}

static void check_fold(const char *from, const char *to)
{
    struct buffer out;
    buffer_init(&out, 1000);
    assert_int_equal(fold_line(&out, from, strlen(from), NULL), 0);
    assert_string_equal(out.data ? out.data : "", to);
    buffer_clear(&out);
}

static void folds_characters(void **state)
{
    (void)state;
    check_fold("  \xEF\xAC\x81nd\t\xC2\xA0 it ", "find it"); /* ligature, spaces */
    check_fold("x\xC2\xB2 \xC2\xBD \xE2\x91\xA0", "x\xC2\xB2 \xC2\xBD \xE2\x91\xA0");
    check_fold("e\xCC\x81t\xC3\xA9", "\xC3\xA9t\xC3\xA9");                       /* NFC */
    check_fold("\xEF\xBB\xB3\xEF\xBA\x8E", "\xD9\x8A\xD8\xA7");                  /* Arabic forms */
    check_fold("\xE6\xBC\xA2 \xE5\xAD\x97 abc", "\xE6\xBC\xA2\xE5\xAD\x97 abc"); /* Han */
    check_fold("a\xE2\x80\xAE"
               "b\xE2\x80\x8B"
               "c",
               "abc"); /* direction marks */
    check_fold("\xC2\xB4"
               "a",
               "\xC2\xB4"
               "a"); /* an accent alone */
    check_fold("well\xE2\x80\x91known", "well-known");
    check_fold("so\xC2\xAD"
               "ft",
               "soft");
    check_fold("\x01\x02", "");
}

static bool keeps(struct hyphens *hyphens, const char *before, const char *after)
{
    return hyphens_keep(hyphens, before, strlen(before), after, strlen(after));
}

static void decides_on_hyphens(void **state)
{
    (void)state;
    static const char known[] = "a right-hand rule and the righthandle; multi-";
    struct hyphens hyphens = {0};
    assert_int_equal(hyphens_learn(&hyphens, known, strlen(known), NULL), 0);
    assert_true(keeps(&hyphens, "the right", "hand side"));
    assert_false(keeps(&hyphens, "the right", "handle"));
    assert_false(keeps(&hyphens, "long com", "putation"));
    assert_true(keeps(&hyphens, "use --num", "callers"));
    assert_true(keeps(&hyphens, "of date-or", "time"));
    assert_true(keeps(&hyphens, "Non", "linear"));
    assert_true(keeps(&hyphens, "foo_bar", "baz"));
    assert_true(keeps(&hyphens, "UTF", "8"));
    hyphens_clear(&hyphens);
    size_t cut = 0;
    assert_true(hyphens_ends("com-", 4, &cut));
    assert_int_equal(cut, 3);
    assert_false(hyphens_ends("a -", 3, &cut));
    assert_false(hyphens_ends("--", 2, &cut));
}

/* What a reader says, frame by frame. */
static void say(struct buffer *out, uint32_t kind, const void *body, size_t size, const char *text)
{
    struct frame frame = {.kind = kind, .length = (uint32_t)(size + strlen(text))};
    buffer_append(out, &frame, sizeof frame);
    buffer_append(out, body, size);
    buffer_append_string(out, text);
}

static void say_start(struct buffer *out, uint32_t pages)
{
    say(out, FRAME_READY, &(struct frame_ready){1}, sizeof(struct frame_ready), "");
    say(out, FRAME_DOCUMENT, &(struct frame_document){pages}, sizeof(struct frame_document), "T");
}

static void say_page(struct buffer *out, uint32_t number)
{
    struct frame_page page = {.number = number};
    struct frame_size size = {.width = 61200, .height = 79200};
    say(out, FRAME_PAGE, &page, sizeof page, "");
    say(out, FRAME_SIZE, &size, sizeof size, "");
}

static void say_word(struct buffer *out, const char *text)
{
    struct frame_word word = {
        .right = 100, .bottom = 100, .base = 80, .size = 1000, .length = (uint32_t)strlen(text)};
    say(out, FRAME_WORDS, &word, sizeof word, text);
}

/* Feeds what was said, `step` bytes at a time, and returns the code; empties `said`. */
static int hear(struct buffer *said, uint64_t budget, size_t step, struct sheaf *sheaf,
                enum receive_state *state)
{
    struct receiver receiver;
    int rc = 0;
    receive_init(&receiver, sheaf, 0, 1, 0, &budget);
    for (size_t i = 0; i < said->length && !rc; i += step) {
        size_t length = said->length - i < step ? said->length - i : step;
        rc = receive_bytes(&receiver, said->data + i, length, NULL);
    }
    *state = receiver.state;
    receive_clear(&receiver);
    buffer_reset(said);
    return rc;
}

static void hears_a_sound_reader(void **state)
{
    (void)state;
    for (size_t step = 1; step < 100; step += 13) {
        struct sheaf sheaf = {.arena = arena_new(0)};
        struct buffer said;
        enum receive_state at;
        buffer_init(&said, 1 << 16);
        say_start(&said, 2);
        say_page(&said, 1);
        say_word(&said, "one");
        say_page(&said, 2);
        say_word(&said, "three");
        say(&said, FRAME_NOTICE, &(struct frame_notice){NOTICE_PAGE_DAMAGED},
            sizeof(struct frame_notice), "");
        say(&said, FRAME_END, NULL, 0, "");
        assert_int_equal(hear(&said, 1000, step, &sheaf, &at), 0);
        assert_int_equal(sheaf.sheets[0].notices, 0);
        assert_int_equal(sheaf.sheets[1].notices, 1u << NOTICE_PAGE_DAMAGED);
        assert_int_equal(at, RECEIVE_END);
        assert_int_equal(sheaf.count, 2);
        assert_string_equal(sheaf.title, "T");
        assert_int_equal(sheaf.sheets[0].count, 1);
        assert_string_equal(sheaf.sheets[0].rows[0].text, "one");
        assert_string_equal(sheaf.sheets[1].rows[0].text, "three");
        buffer_clear(&said);
        arena_free(sheaf.arena);
    }
}

/* Each of these is a lie that a captured reader might send. */
static void send_lie(struct buffer *said, int which)
{
    struct frame_word upside_down = {.right = 100, .top = 100, .size = 1000, .length = 1};
    struct frame_word too_long = {.right = 100, .bottom = 100, .size = 1000, .length = 2};
    struct frame_word askew = {.right = 100, .bottom = 100, .rotation = 4, .length = 1};
    if (which == 0) { /* not ready */
        say(said, FRAME_DOCUMENT, &(struct frame_document){1}, sizeof(struct frame_document), "");
        return;
    }
    say_start(said, which == 1 ? 0 : 2);
    if (which == 2)
        say_page(said, 2);
    if (which == 3)
        say_word(said, "no page yet");
    if (which == 12)
        say(said, FRAME_NOTICE, &(struct frame_notice){0}, sizeof(struct frame_notice), "");
    say_page(said, 1);
    if (which == 4)
        say_page(said, 1);
    if (which == 5)
        say_word(said, "\xC3(");
    if (which == 6)
        say(said, FRAME_WORDS, &upside_down, sizeof upside_down, "x");
    if (which == 7)
        say(said, FRAME_END, NULL, 0, ""); /* a page is missing */
    if (which == 8)
        say(said, 99, NULL, 0, "");
    if (which == 9)
        buffer_append(said, &(struct frame){FRAME_WORDS, UINT32_MAX}, sizeof(struct frame));
    if (which == 10)
        say(said, FRAME_WORDS, "short", 5, "");
    if (which == 11)
        say_start(said, 2);
    if (which == 13)
        say(said, FRAME_NOTICE, &(struct frame_notice){NOTICE_CODES}, sizeof(struct frame_notice),
            "");
    if (which == 14)
        say(said, FRAME_SIZE, &(struct frame_size){.width = INT32_MIN}, sizeof(struct frame_size),
            "");
    if (which == 15)
        say(said, FRAME_WORDS, &too_long, sizeof too_long, "x");
    if (which == 16)
        say(said, FRAME_WORDS, &askew, sizeof askew, "x");
    if (which == 17)
        say(said, FRAME_WORDS, NULL, 0, "");
}

static void catches_a_lying_reader(void **state)
{
    (void)state;
    for (int which = 0; which <= 17; which++) {
        struct sheaf sheaf = {.arena = arena_new(0)};
        struct buffer said;
        enum receive_state at;
        buffer_init(&said, 1 << 16);
        send_lie(&said, which);
        int rc = hear(&said, 1000, 4096, &sheaf, &at);
        if (rc != TREADLE_EPARSE)
            fail_msg("lie %d gave %d", which, rc);
        buffer_clear(&said);
        arena_free(sheaf.arena);
    }
}

static void bounds_what_it_hears(void **state)
{
    (void)state;
    struct sheaf sheaf = {.arena = arena_new(0)};
    struct buffer said;
    enum receive_state at;
    buffer_init(&said, 1 << 16);
    say_start(&said, SHEAF_PAGES + 1);
    assert_int_equal(hear(&said, 1000, 4096, &sheaf, &at), TREADLE_ELIMIT);
    say_start(&said, 1);
    say_page(&said, 1);
    for (int i = 0; i < 300; i++)
        say_word(&said, "x");
    assert_int_equal(hear(&said, 1000, 4096, &sheaf, &at), TREADLE_ELIMIT);
    buffer_clear(&said);
    arena_free(sheaf.arena);
}

/* Reads bytes as a file of that name; the code, and the document when it is 0. */
static int read_bytes(struct document **out, const char *name, const char *bytes, size_t length)
{
    struct treadle_error error = {0};
    int file = memfd_create("test", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, length), length);
    int rc = document_read(out, file, name, NULL, &error);
    assert_int_equal(rc, error.code);
    assert_true(rc == 0 || error.message[0] != '\0');
    close(file);
    return rc;
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    struct document *document = NULL;
    assert_int_equal(read_bytes(&document, "a.txt", "", 0), TREADLE_EPARSE);
    assert_int_equal(read_bytes(&document, "a.txt", "a\0b", 3), TREADLE_EPARSE);
    assert_int_equal(read_bytes(&document, "a.pdf", "text", 4), TREADLE_EPARSE);
    assert_int_equal(read_bytes(&document, "a.exe", "a\0\1b", 4), TREADLE_EUNSUPPORTED);
    assert_int_equal(read_bytes(&document, NULL, "\0\0\0\0", 4), TREADLE_EUNSUPPORTED);
    assert_null(document);
    document_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_lines_to_paragraphs),
        cmocka_unit_test(finds_headings),
        cmocka_unit_test(puts_labels_and_cells_together),
        cmocka_unit_test(keeps_columns_apart),
        cmocka_unit_test(drops_margins),
        cmocka_unit_test(keeps_numbers_of_their_own),
        cmocka_unit_test(empties_no_document),
        cmocka_unit_test(folds_characters),
        cmocka_unit_test(decides_on_hyphens),
        cmocka_unit_test(hears_a_sound_reader),
        cmocka_unit_test(catches_a_lying_reader),
        cmocka_unit_test(bounds_what_it_hears),
        cmocka_unit_test(refuses_what_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
