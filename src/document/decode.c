/*
 * Decoding by byte order mark, by form, by name and by ICU's detector, in this order. ICU's own
 * data has the converters, so the sandboxed reader needs no file for them. A malformed character of
 * an older encoding becomes U+FFFD; in UTF-16 it means that the guess was wrong, so the file is not
 * text.
 */
#include "document/decode.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include "base/error.h"
#include "base/text.h"

enum {
    SAMPLE = 1 << 16, /* bytes that the detector looks at */
    MOSTLY = 8,       /* well-formed characters for each broken one in UTF-8 that was damaged */
    PIECE = 1 << 13
};

static const struct {
    const char *bytes;
    size_t length;
    const char *name;
} marks[] = {
    {"\xEF\xBB\xBF", 3, "UTF-8"}, {"\0\0\xFE\xFF", 4, "UTF-32BE"}, {"\xFF\xFE\0\0", 4, "UTF-32LE"},
    {"\xFE\xFF", 2, "UTF-16BE"},  {"\xFF\xFE", 2, "UTF-16LE"},
};

/* The encoding that a byte order mark names; `*length` of the mark. */
static const char *marked(const char *bytes, size_t size, size_t *length)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (size >= marks[i].length && memcmp(bytes, marks[i].bytes, marks[i].length) == 0) {
            *length = marks[i].length;
            return marks[i].name;
        }
    return NULL;
}

/* UTF-16 without a mark: most characters of its first line are of Latin, so every other byte is
 * zero. */
static const char *wide(const char *bytes, size_t length)
{
    size_t zeros[2] = {0}, sample = length < 4096 ? length & ~(size_t)1 : 4096;
    for (size_t i = 0; i < sample; i++)
        zeros[i % 2] += bytes[i] == '\0';
    if (sample < 8 || zeros[0] + zeros[1] < sample / 4)
        return NULL;
    return zeros[0] == 0 ? "UTF-16LE" : zeros[1] == 0 ? "UTF-16BE" : NULL;
}

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' && !strchr("\t\n\r\f\b\x1B\x1A", byte);
}

static bool has_control(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '\0' || is_control(bytes[i]))
            return true;
    return false;
}

bool decode_is_text(const char *bytes, size_t length)
{
    size_t mark = 0;
    return marked(bytes, length, &mark) || wide(bytes, length) || !has_control(bytes, length);
}

/* Converts by ICU. */
static int convert(struct buffer *out, const char *bytes, size_t length, const char *name,
                   bool strict, struct treadle_error *error)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *from = ucnv_open(name, &status), *to = ucnv_open("UTF-8", &status);
    if (strict && U_SUCCESS(status))
        ucnv_setToUCallBack(from, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    UChar pivot[PIECE], *write = pivot, *read = pivot;
    const char *source = bytes;
    bool first = true;
    while (U_SUCCESS(status)) {
        char piece[PIECE], *target = piece;
        ucnv_convertEx(to, from, &target, piece + sizeof piece, &source, bytes + length, pivot,
                       &read, &write, pivot + PIECE, first, true, &status);
        first = false;
        buffer_append(out, piece, (size_t)(target - piece));
        if (status != U_BUFFER_OVERFLOW_ERROR)
            break;
        status = U_ZERO_ERROR;
    }
    ucnv_close(from);
    ucnv_close(to);
    if (out->failed || status == U_MEMORY_ALLOCATION_ERROR)
        return error_set_memory(error);
    if (U_FAILURE(status))
        return error_set(error, TREADLE_EPARSE, "the file is not well-formed %s text", name);
    return 0;
}

/* The encoding that ICU finds most likely; Western where it finds none. */
static int convert_likely(struct buffer *out, const char *bytes, size_t length,
                          char encoding[DECODE_NAME], struct treadle_error *error)
{
    UErrorCode status = U_ZERO_ERROR;
    UCharsetDetector *detector = ucsdet_open(&status);
    const char *name = NULL;
    if (U_SUCCESS(status)) {
        ucsdet_setText(detector, bytes, (int32_t)(length < SAMPLE ? length : SAMPLE), &status);
        const UCharsetMatch *match = ucsdet_detect(detector, &status);
        name = match && U_SUCCESS(status) ? ucsdet_getName(match, &status) : NULL;
    }
    if (!name || U_FAILURE(status) || strncmp(name, "UTF-", 4) == 0)
        name = "windows-1252";
    snprintf(encoding, DECODE_NAME, "%s", name);
    ucsdet_close(detector);
    return convert(out, bytes, length, encoding, false, error);
}

/* Whether it is UTF-8 that was damaged: far more characters of several bytes are well-formed than
 * not. Text of an older encoding has hardly any that are. */
static bool is_broken_utf8(const char *bytes, size_t length)
{
    size_t sound = 0, broken = 0;
    for (size_t i = 0; i < length;) {
        if ((unsigned char)bytes[i] < 0x80) {
            i++;
            continue;
        }
        size_t size = 2;
        while (size <= 4 && !(i + size <= length && text_is_utf8(bytes + i, size)))
            size++;
        sound += size <= 4;
        broken += size > 4;
        i += size <= 4 ? size : 1;
    }
    return sound >= MOSTLY * broken;
}

static int decode_unmarked(struct buffer *out, const char *bytes, size_t length, const char *named,
                           enum decode_doubt *doubt, char encoding[DECODE_NAME],
                           struct treadle_error *error)
{
    size_t start = out->length;
    if (has_control(bytes, length))
        return error_set(error, TREADLE_EPARSE, "the file is not text");
    bool is_utf8 = named && strcasecmp(named, "UTF-8") == 0;
    if (named && !is_utf8 && convert(out, bytes, length, named, false, NULL) == 0)
        return 0;
    out->length = start;
    if (is_broken_utf8(bytes, length)) {
        *doubt = DECODE_BROKEN;
        return convert(out, bytes, length, "UTF-8", false, error);
    }
    *doubt = DECODE_GUESSED;
    return convert_likely(out, bytes, length, encoding, error);
}

int decode_text(struct buffer *out, const char *bytes, size_t length, const char *named,
                enum decode_doubt *doubt, char encoding[DECODE_NAME], struct treadle_error *error)
{
    size_t mark = 0, start = out->length;
    const char *name = marked(bytes, length, &mark);
    *doubt = DECODE_SURE;
    encoding[0] = '\0';
    if (!name && !(text_is_utf8(bytes, length) && !memchr(bytes, '\0', length)))
        name = wide(bytes, length);
    int rc = 0;
    if (name && strcmp(name, "UTF-8") != 0)
        rc = convert(out, bytes + mark, length - mark, name, true, error);
    else if (text_is_utf8(bytes + mark, length - mark))
        rc = buffer_append(out, bytes + mark, length - mark) ? error_set_memory(error) : 0;
    else
        rc = decode_unmarked(out, bytes + mark, length - mark, named, doubt, encoding, error);
    if (!rc && out->length > start && memchr(out->data + start, '\0', out->length - start))
        rc = error_set(error, TREADLE_EPARSE, "the file is not text");
    return rc;
}
