/*
 * Filling error objects.
 *
 * Each function here accepts NULL for `error`, truncates what does not fit at a character's
 * boundary, and returns the code, so that a caller can write `return error_set(error, …)`.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#include "treadle/error.h"

/* Each of these is a function whose arguments stand with it, and its result is seen to be negative
 * where it is used: so neither a compiler nor an analyser takes a failure for success. */

/* Sets code and message and clears every other member. */
#define error_set(...) error_negative(error_fill(__VA_ARGS__))
int error_fill(struct treadle_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets code and message, followed by ": " and the text for `error_number` (an errno value). The
 * code for ENOMEM is always TREADLE_EMEMORY. */
#define error_set_errno(...) error_negative(error_fill_errno(__VA_ARGS__))
int error_fill_errno(struct treadle_error *error, int code, int error_number, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Sets TREADLE_EMEMORY. */
#define error_set_memory(error) error_set(error, TREADLE_EMEMORY, "out of memory")

/* An error of the protocol: HTTP status, type, code and param (NULL for null). The error's own
 * code follows from the status: 404 is ENOTFOUND, 4xx EINVALID, 503 EBUSY, other 5xx EIO. */
#define error_set_wire(...) error_negative(error_fill_wire(__VA_ARGS__))
int error_fill_wire(struct treadle_error *error, int http_status, const char *type,
                    const char *wire_code, const char *param, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The commonest of these: status 400, type invalid_request_error. */
#define error_set_request(error, ...)                                                              \
    error_set_wire(error, 400, "invalid_request_error", __VA_ARGS__)

/* A code that is none becomes TREADLE_EIO. */
static inline int error_negative(int code)
{
    return code < 0 ? code : TREADLE_EIO;
}

#endif
