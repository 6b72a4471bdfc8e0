/*
 * Errors: what the setters fill, truncation at characters, and the envelope's classes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"

static void setting_clears_what_was_there(void **state)
{
    (void)state;
    struct treadle_error error;
    memset(&error, 'x', sizeof error);
    assert_int_equal(error_set(&error, TREADLE_ELIMIT, "%s %d", "more than", 7), TREADLE_ELIMIT);
    assert_int_equal(error.code, TREADLE_ELIMIT);
    assert_string_equal(error.message, "more than 7");
    assert_int_equal(error.http_status, 0);
    assert_string_equal(error.type, "");
    assert_string_equal(error.param, "");
    assert_string_equal(error.wire_code, "");
}

static void a_null_error_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, TREADLE_EIO, "x"), TREADLE_EIO);
    assert_int_equal(error_set_errno(NULL, TREADLE_EIO, ENOENT, "x"), TREADLE_EIO);
    assert_int_equal(error_set_memory(NULL), TREADLE_EMEMORY);
    assert_int_equal(error_set_request(NULL, NULL, NULL, "x"), TREADLE_EINVALID);
    assert_int_equal(error_set_wire(NULL, 404, "t", NULL, NULL, "x"), TREADLE_ENOTFOUND);
}

static void the_code_follows_from_the_status(void **state)
{
    (void)state;
    static const struct {
        int status, code;
    } cases[] = {
        {400, TREADLE_EINVALID}, {404, TREADLE_ENOTFOUND}, {413, TREADLE_EINVALID},
        {500, TREADLE_EIO},      {503, TREADLE_EBUSY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct treadle_error error;
        assert_int_equal(error_set_wire(&error, cases[i].status, "type", "code", "param", "text"),
                         cases[i].code);
        assert_int_equal(error.http_status, cases[i].status);
        assert_string_equal(error.type, "type");
        assert_string_equal(error.wire_code, "code");
        assert_string_equal(error.param, "param");
    }
}

static void a_request_error_is_400(void **state)
{
    (void)state;
    struct treadle_error error;
    error_set_request(&error, NULL, NULL, "No.");
    assert_int_equal(error.http_status, 400);
    assert_string_equal(error.type, "invalid_request_error");
    assert_string_equal(error.wire_code, "");
    assert_string_equal(error.param, "");
}

static void errno_is_put_into_words(void **state)
{
    (void)state;
    struct treadle_error error;
    assert_int_equal(error_set_errno(&error, TREADLE_EIO, ENOMEM, "cannot read"), TREADLE_EMEMORY);
    assert_int_equal(error.code, TREADLE_EMEMORY);
    error_set_errno(&error, TREADLE_EIO, ENOSPC, "cannot write '%s'", "a");
    assert_string_equal(error.message, "cannot write 'a': No space left on device");
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    struct treadle_error error;
    for (size_t kind = 0; kind < 3; kind++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2000] = "";
            memset(text, 'a', shift);
            while (strlen(text) < 1500)
                strcat(text, characters[kind]);
            error_set_request(&error, "c", text, "%s", text);
            assert_true(strlen(error.message) >= sizeof error.message - 5);
            assert_true(text_is_utf8(error.message, strlen(error.message)));
            assert_true(strlen(error.param) >= sizeof error.param - 5);
            assert_true(text_is_utf8(error.param, strlen(error.param)));
            error_set_errno(&error, TREADLE_EIO, ENOENT, "%s", text);
            assert_true(text_is_utf8(error.message, strlen(error.message)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_clears_what_was_there),
        cmocka_unit_test(a_null_error_is_accepted),
        cmocka_unit_test(the_code_follows_from_the_status),
        cmocka_unit_test(a_request_error_is_400),
        cmocka_unit_test(errno_is_put_into_words),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
