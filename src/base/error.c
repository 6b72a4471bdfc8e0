/*
 * Filling error objects: formatting, with the result well-formed UTF-8 whatever was cut.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

/* Texts are cut to fit, here and by precisions such as "%.64s", and the cut may be within a
 * character: the bytes of an incomplete one are dropped. */
static void drop_partial_characters(char *text)
{
    size_t length = strlen(text), kept = 0;
    for (size_t at = 0; at < length;) {
        size_t start = at;
        uint32_t character = text_next(text, length, &at);
        bool whole = character != 0xFFFD || at - start > 1;
        if (whole)
            memmove(text + kept, text + start, at - start);
        kept += whole ? at - start : 0;
    }
    text[kept] = '\0';
}

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
    drop_partial_characters(to);
}

static int set_formatted(struct treadle_error *error, int code, const char *format, va_list args)
{
    if (!error)
        return code;
    memset(error, 0, sizeof *error);
    error->code = code;
    number_format_list(error->message, sizeof error->message, format, args);
    drop_partial_characters(error->message);
    return code;
}

int error_fill(struct treadle_error *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_formatted(error, code, format, args);
    va_end(args);
    return code;
}

int error_fill_errno(struct treadle_error *error, int code, int error_number, const char *format,
                     ...)
{
    va_list args;
    code = error_number == ENOMEM ? TREADLE_EMEMORY : code;
    va_start(args, format);
    set_formatted(error, code, format, args);
    va_end(args);
    if (error) {
        char reason[128] = "";
        size_t length = strlen(error->message);
        const char *text = strerror_r(error_number, reason, sizeof reason);
        snprintf(error->message + length, sizeof error->message - length, ": %s", text);
        drop_partial_characters(error->message);
    }
    return code;
}

static void set_wire_members(struct treadle_error *error, int http_status, const char *type,
                             const char *wire_code, const char *param)
{
    if (!error)
        return;
    error->http_status = http_status;
    copy_text(error->type, sizeof error->type, type);
    copy_text(error->wire_code, sizeof error->wire_code, wire_code);
    copy_text(error->param, sizeof error->param, param);
}

static int code_of_status(int http_status)
{
    if (http_status == 404)
        return TREADLE_ENOTFOUND;
    if (http_status == 503)
        return TREADLE_EBUSY;
    return http_status >= 500 ? TREADLE_EIO : TREADLE_EINVALID;
}

int error_fill_wire(struct treadle_error *error, int http_status, const char *type,
                    const char *wire_code, const char *param, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = set_formatted(error, code_of_status(http_status), format, args);
    va_end(args);
    set_wire_members(error, http_status, type, wire_code, param);
    return rc;
}
