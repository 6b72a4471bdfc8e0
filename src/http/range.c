/*
 * Ranges of bytes: "bytes=0-99", "bytes=100-" and "bytes=-100".
 */
#include "http/range.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char *find_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

/* Reads digits up to the end of the text or to `end`; false where it is no number, or none that
 * fits. */
static bool take_number(const char **text, char end, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (at == *text || *at != end)
        return false;
    *text = at;
    *out = value;
    return true;
}

enum http_range_outcome http_range_find(const struct http_request *request, const char *tag,
                                        uint64_t length, uint64_t *start, uint64_t *count)
{
    const char *range = find_header(request, "Range"), *only = find_header(request, "If-Range");
    uint64_t first = 0, last = UINT64_MAX;
    if (!range || strncasecmp(range, "bytes=", 6) != 0 || strcmp(request->method, "GET") != 0 ||
        (only && !text_equal(only, tag)))
        return HTTP_RANGE_WHOLE;
    range += 6;
    if (*range == '-') {
        range++;
        if (!take_number(&range, '\0', &last))
            return HTTP_RANGE_WHOLE;
        if (last == 0 || length == 0)
            return HTTP_RANGE_OUTSIDE;
        *start = last < length ? length - last : 0;
        *count = length - *start;
        return HTTP_RANGE_PART;
    }
    if (!take_number(&range, '-', &first))
        return HTTP_RANGE_WHOLE;
    range++;
    if (*range && (!take_number(&range, '\0', &last) || last < first))
        return HTTP_RANGE_WHOLE;
    if (first >= length)
        return HTTP_RANGE_OUTSIDE;
    *start = first;
    *count = (last < length ? last + 1 : length) - first;
    return HTTP_RANGE_PART;
}
