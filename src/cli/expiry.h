/*
 * Expiry: "90d" or "2027-01-31" as a moment.
 */
#ifndef CLI_EXPIRY_H
#define CLI_EXPIRY_H

#include <stdint.h>

/*
 * From `now`: a number and one of s, m, h, d, w; or a day, which means its start in UTC; or a
 * moment such as 2027-01-31T12:00:00Z. Returns 0, or TREADLE_EINVALID, also for a time that is not
 * after `now`.
 */
int expiry_parse(const char *text, int64_t now, int64_t *out);

#endif
