/*
 * The error envelope of the protocol: printing an error for the wire and reading one.
 */
#ifndef API_ERROR_H
#define API_ERROR_H

#include "api/field.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "treadle/error.h"

/* Said wherever what a model says passes a limit. */
#define ERROR_ANSWER_TOO_LARGE "The model's answer is too large."

/* The table of {"error": {message, type, param, code}}. */
extern const struct treadle_type *const error_envelope_type;

/* Appends the envelope. An error without a type gets the one of its status. */
void error_print(const struct treadle_error *error, struct buffer *out);

/* Appends the data of an error event: the members at the top, for clients that look there, and
 * again within the envelope, for those that look there. */
void error_print_event(const struct treadle_error *error, struct buffer *out);

/* Reads an envelope into `out`, with code TREADLE_EREMOTE and the given status. TREADLE_EPARSE when
 * the text is not an envelope. */
int error_parse(const char *text, size_t length, int http_status, struct arena *arena,
                struct treadle_error *out);

#endif
