/*
 * Scanning messages: what is read from a printed message without parsing it is what parsing gives,
 * whatever the text; what has other parts is left to parsing; and a text that was cut off anywhere
 * is never read past its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "api/json_scan.h"
#include "api/types.h"
#include "engine/message_scan.h"

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

static const char *print(struct arena *arena, enum treadle_role role, const char *run_id,
                         struct treadle_content *parts, size_t count)
{
    const struct treadle_message message = {.id = "msg_a",
                                            .created_at = 1,
                                            .thread_id = "thread_a",
                                            .status = TREADLE_MESSAGE_COMPLETED,
                                            .role = role,
                                            .content = parts,
                                            .content_count = count,
                                            .run_id = run_id};
    const char *body = field_text(&treadle_message_type, &message, arena);
    assert_non_null(body);
    return body;
}

static const char *print_text(struct arena *arena, const char *text)
{
    struct treadle_text said = {.value = text};
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &said};
    return print(arena, TREADLE_ROLE_USER, NULL, &part, 1);
}

static void texts_come_as_they_were(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "\"",
        "\\",
        "\\\\\"",
        "a\\",
        "\n\t",
        "\b\f\r \x01/",
        "\x7f\x1f",
        "ä 🙂 【",
        "{\"text\":\"x\"}",
        "]},\"role\":\"x\"",
        "\\u",
        "ends in \\\"",
        "[{\"type\":",
        "0123456\"89abcde\\",
        "eight by\ntes and more\"",
    };
    struct message_scan scanned;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(message_scan(print_text(*state, texts[i]), "run_a", *state, &scanned));
        assert_string_equal(scanned.text, texts[i]);
        assert_true(scanned.user);
        assert_false(scanned.of_run);
    }
}

static void who_wrote_it_is_known(void **state)
{
    struct treadle_text said = {.value = "x"};
    struct treadle_content part = {.type = TREADLE_CONTENT_TEXT, .text = &said};
    struct message_scan scanned;
    const char *body = print(*state, TREADLE_ROLE_ASSISTANT, "run_a", &part, 1);
    assert_true(message_scan(body, "run_a", *state, &scanned));
    assert_true(scanned.of_run && !scanned.user);
    assert_true(message_scan(body, "run_b", *state, &scanned));
    assert_false(scanned.of_run);
    assert_true(message_scan(body, "run_aa", *state, &scanned));
    assert_false(scanned.of_run);
    assert_true(
        message_scan(print(*state, TREADLE_ROLE_USER, NULL, NULL, 0), "run_a", *state, &scanned));
    assert_string_equal(scanned.text, "");
}

static void other_parts_are_left_to_parsing(void **state)
{
    struct treadle_text said = {.value = "x"};
    struct treadle_image_file image = {.file_id = "file-1"};
    struct treadle_content parts[] = {
        {.type = TREADLE_CONTENT_TEXT, .text = &said},
        {.type = TREADLE_CONTENT_IMAGE_FILE, .image_file = &image},
        {.type = TREADLE_CONTENT_TEXT, .text = &said},
        {.type = TREADLE_CONTENT_REFUSAL, .refusal = "No."},
    };
    struct message_scan scanned;
    for (size_t from = 0; from < 4; from++) {
        const char *body = print(*state, TREADLE_ROLE_USER, NULL, &parts[from], 4 - from);
        assert_false(message_scan(body, "run_a", *state, &scanned));
    }
}

static void nothing_is_read_past_the_end(void **state)
{
    const char *body = print_text(*state, "a \"b\\\" c\n【0:0†a.pdf】");
    struct message_scan scanned;
    for (size_t length = 0; length < strlen(body); length++) {
        /* Of the very size, so that a sanitizer sees a step too far. */
        char *cut = test_malloc(length + 1);
        memcpy(cut, body, length);
        cut[length] = '\0';
        assert_false(message_scan(cut, "run_a", *state, &scanned));
        test_free(cut);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_come_as_they_were),
        TEST(who_wrote_it_is_known),
        TEST(other_parts_are_left_to_parsing),
        TEST(nothing_is_read_past_the_end),
    };
    return cmocka_run_group_tests_name("message_scan", tests, NULL, NULL);
}
