/*
 * Expiry.
 */
#include "cli/expiry.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "treadle/error.h"

/* A year beyond all plans; it keeps every sum within bounds. */
enum { LAST_YEAR = 9999, MOST_UNITS = 1000000000 };

static int parse_duration(const char *text, int64_t now, int64_t *out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    char number[16];
    size_t length = strlen(text);
    int64_t count;
    if (length < 2 || length > sizeof number)
        return TREADLE_EINVALID;
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    if (text_to_integer(number, 1, MOST_UNITS, &count))
        return TREADLE_EINVALID;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].letter == text[length - 1]) {
            *out = now + count * units[i].seconds;
            return 0;
        }
    }
    return TREADLE_EINVALID;
}

/* strptime reads the 31st of June as the 1st of July, so the result is read back. */
static int parse_date(const char *text, const char *format, int64_t *out)
{
    struct tm parts = {0}, again;
    const char *end = strptime(text, format, &parts);
    if (!end || *end || parts.tm_year + 1900 > LAST_YEAR)
        return TREADLE_EINVALID;
    int day = parts.tm_mday;
    time_t moment = timegm(&parts);
    if (!gmtime_r(&moment, &again) || again.tm_mday != day)
        return TREADLE_EINVALID;
    *out = moment;
    return 0;
}

int expiry_parse(const char *text, int64_t now, int64_t *out)
{
    int64_t moment;
    int rc = parse_duration(text, now, &moment);
    if (rc)
        rc = parse_date(text, "%Y-%m-%d", &moment);
    if (rc)
        rc = parse_date(text, "%Y-%m-%dT%H:%M:%SZ", &moment);
    if (rc || moment <= now)
        return TREADLE_EINVALID;
    *out = moment;
    return 0;
}
