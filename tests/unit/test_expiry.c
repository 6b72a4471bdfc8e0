/*
 * Expiry: what --expires understands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/expiry.h"
#include "treadle/error.h"

#define NOW 1795392000 /* 2026-11-23T00:00:00Z */

static void expect(const char *text, int64_t moment)
{
    int64_t found = 0;
    if (expiry_parse(text, NOW, &found))
        fail_msg("'%s' is not understood", text);
    assert_int_equal(found, moment);
}

static void refuse(const char *text)
{
    int64_t found = 7;
    if (expiry_parse(text, NOW, &found) != TREADLE_EINVALID)
        fail_msg("'%s' is understood", text);
    assert_int_equal(found, 7);
}

static void test_durations(void **state)
{
    (void)state;
    expect("1s", NOW + 1);
    expect("90m", NOW + 5400);
    expect("36h", NOW + 129600);
    expect("90d", NOW + 7776000);
    expect("2w", NOW + 1209600);
    static const char *const bad[] = {"",   "d",   "0d",   "-1d", "1",   "1y",
                                      "1D", "1 d", "1.5d", "+1d", "1dd", "99999999999999999d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i]);
}

static void test_dates(void **state)
{
    (void)state;
    expect("2026-11-24", NOW + 86400);
    expect("2026-11-23T00:00:01Z", NOW + 1);
    expect("2028-02-29", NOW + 463 * 86400);
    static const char *const bad[] = {"2026-11-23",  "2020-01-01", "2027-02-29",
                                      "2027-06-31",  "2027-13-01", "2027-01-01T00:00:00",
                                      "2027-01-01x", "01-01-2027", "tomorrow"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
