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

/* Sets code and message and clears every other member. */
int error_set(struct treadle_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets code and message, followed by ": " and the text for `error_number` (an errno value). The
 * code for ENOMEM is always TREADLE_EMEMORY. */
int error_set_errno(struct treadle_error *error, int code, int error_number, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* Sets TREADLE_EMEMORY. */
int error_set_memory(struct treadle_error *error);

/* An error of the protocol: HTTP status, type, code and param (NULL for null). The error's own
 * code follows from the status: 404 is ENOTFOUND, 4xx EINVALID, 503 EBUSY, other 5xx EIO. */
int error_set_wire(struct treadle_error *error, int http_status, const char *type,
                   const char *wire_code, const char *param, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The commonest of these: status 400, type invalid_request_error. */
int error_set_request(struct treadle_error *error, const char *wire_code, const char *param,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
