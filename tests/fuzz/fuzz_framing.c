/*
 * Fuzzing the framing of requests. Two readers stand beside the check: one as strict as the
 * standard and one that takes whatever a lenient library might (bare LF, folded lines, blanks
 * around sizes). Where the check lets a request through, both must find its end at the same byte;
 * and what it says must not depend on how the bytes were parted on their way.
 *
 * The first byte of a case parts the rest.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

/* ---- The two readers ------------------------------------------------------------------------ */

struct text {
    const char *at, *end;
    bool strict;
};

/* Takes a line: where it ends, without its end. NULL when there is none. */
static const char *take_line(struct text *text)
{
    const char *start = text->at;
    const char *feed = memchr(start, '\n', (size_t)(text->end - start));
    if (!feed)
        return NULL;
    text->at = feed + 1;
    bool returned = feed > start && feed[-1] == '\r';
    if (text->strict && !returned)
        return NULL;
    return returned ? feed - 1 : feed;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* A number at the beginning; a lenient reader skips what it does not understand after it. */
static bool take_number(const char *at, const char *end, int base, uint64_t *out)
{
    char digits[40] = "";
    size_t count = 0;
    for (at = skip_blanks(at, end); at < end && count < sizeof digits - 1; at++) {
        char c = (char)(*at | 0x20);
        if (!(*at >= '0' && *at <= '9') && !(base == 16 && c >= 'a' && c <= 'f'))
            break;
        digits[count++] = *at;
    }
    *out = strtoull(digits, NULL, base);
    return count > 0;
}

struct head {
    uint64_t length;
    bool chunked;
};

static void take_header(const char *line, const char *end, struct head *head)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    size_t name = colon ? (size_t)(colon - line) : 0;
    while (name && (line[name - 1] == ' ' || line[name - 1] == '\t'))
        name--;
    if (name == 14 && strncasecmp(line, "content-length", 14) == 0)
        take_number(colon + 1, end, 10, &head->length);
    if (name == 17 && strncasecmp(line, "transfer-encoding", 17) == 0)
        head->chunked = true;
}

/* Takes lines up to the blank one. */
static bool take_lines(struct text *text, struct head *head)
{
    for (;;) {
        const char *line = text->at, *end = take_line(text);
        if (!end)
            return false;
        if (end == line)
            return true;
        if (head)
            take_header(line, end, head);
    }
}

static bool take_chunks(struct text *text)
{
    for (;;) {
        const char *line = text->at, *end = take_line(text);
        uint64_t size;
        if (!end || !take_number(line, end, 16, &size))
            return false;
        if (!size)
            return take_lines(text, NULL);
        if (size > (uint64_t)(text->end - text->at))
            return false;
        text->at += size;
        line = text->at;
        if (take_line(text) != line)
            return false;
    }
}

/* The end of the first request, or NULL where it is not there. */
static const char *find_end(const char *start, const char *end, bool strict)
{
    struct text text = {start, end, strict};
    struct head head = {0};
    const char *line = start, *line_end;
    while ((line_end = take_line(&text)) && line_end == line)
        line = text.at;
    if (!line_end || !take_lines(&text, &head))
        return NULL;
    if (head.chunked)
        return take_chunks(&text) ? text.at : NULL;
    return head.length <= (uint64_t)(end - text.at) ? text.at + head.length : NULL;
}

/* ---- The check ------------------------------------------------------------------------------ */

static void check_ends(const char *text, size_t whole)
{
    const char *at = text, *end = text + whole;
    while (at < end) {
        const char *strict = find_end(at, end, true), *lenient = find_end(at, end, false);
        /* Blank lines that follow the last request. */
        if (!strict && !lenient) {
            demand(strspn(at, "\r\n") >= (size_t)(end - at));
            return;
        }
        demand(strict && strict == lenient);
        at = strict;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t step = data[0] + 1U, length = size - 1, whole, parted_whole = 0;
    char *text = malloc(length + 1);
    if (!text)
        abort();
    memcpy(text, data + 1, length);
    text[length] = '\0';
    struct http_framing_reader at_once = {.state = HTTP_FRAMING_START}, parted = at_once;
    int rc = http_framing_read(&at_once, text, length, &whole);
    int parted_rc = 0;
    for (size_t at = 0; at < length && !parted_rc; at += step) {
        size_t piece = length - at < step ? length - at : step, found;
        parted_rc = http_framing_read(&parted, text + at, piece, &found);
        if (found)
            parted_whole = at + found;
    }
    demand(rc == parted_rc && whole == parted_whole && at_once.status == parted.status);
    demand((rc == 0) == (at_once.state != HTTP_FRAMING_REFUSED));
    check_ends(text, whole);
    free(text);
    return 0;
}
