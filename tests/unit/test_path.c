/*
 * Paths: joined where they fit, refused where they do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"

static void a_path_ends_at_the_longest(void **state)
{
    (void)state;
    char out[PATH_MAX], directory[PATH_MAX];
    struct treadle_error error;
    memset(directory, 'd', sizeof directory);
    directory[PATH_MAX - 4] = '\0';
    assert_int_equal(path_join(out, "/store", "files", &error), 0);
    assert_string_equal(out, "/store/files");
    assert_int_equal(path_join(out, directory, "ab", &error), 0);
    assert_int_equal(strlen(out), PATH_MAX - 1);
    assert_int_equal(path_join(out, directory, "abc", &error), TREADLE_EINVALID);
    assert_non_null(strstr(error.message, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_path_ends_at_the_longest)};
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
