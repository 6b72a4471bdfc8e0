/*
 * Table of the error, and the envelope in which every failure goes over the wire.
 *
 * The wire form and struct treadle_error hold the same; the struct has fixed arrays so that an
 * error can be made when memory has run out, so the two are copied here.
 */
#include "api/error.h"

#include <stdio.h>

#include "api/types.h"

struct wire_error {
    const char *message;
    const char *type;
    const char *param;
    const char *code;
};

struct wire_envelope {
    struct wire_error *error;
};

#define ERROR_ROWS(T)                                                                              \
    ROW_STRING(T, message, .flags = FIELD_REQUIRED, .doc = "What is wrong, as a sentence."),       \
        ROW_STRING(T, type, .flags = FIELD_REQUIRED, .doc = "The class of error."),                \
        ROW_STRING(T, param, .flags = FIELD_REQUIRED | FIELD_NULLABLE,                             \
                   .doc = "The member that is wrong, as a path."),                                 \
        ROW_STRING(T, code, .flags = FIELD_REQUIRED | FIELD_NULLABLE,                              \
                   .doc = "What is wrong, as a word.")

static const struct field wire_error_fields[] = {ERROR_ROWS(wire_error)};
static FIELD_TYPE(wire_error, "Error", .doc = "What went wrong.");

struct wire_event {
    const char *message;
    const char *type;
    const char *param;
    const char *code;
    struct wire_error *error;
};

static const struct field wire_event_fields[] = {
    ERROR_ROWS(wire_event),
    ROW_STRUCT(wire_event, error, wire_error, .flags = FIELD_REQUIRED, .doc = "The same."),
};
static FIELD_TYPE(wire_event, "ErrorEvent", .doc = "How a stream reports an error.");

static const struct field wire_envelope_fields[] = {
    ROW_STRUCT(wire_envelope, error, wire_error, .flags = FIELD_REQUIRED, .doc = "The error."),
};
static FIELD_TYPE(wire_envelope, "ErrorResponse", .doc = "How every failure is answered.");

const struct treadle_type *const error_envelope_type = &wire_envelope_type;

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static struct wire_error to_wire(const struct treadle_error *error)
{
    return (struct wire_error){
        .message = error->message,
        .type = error->type[0]              ? error->type
                : error->http_status >= 500 ? "server_error"
                                            : "invalid_request_error",
        .param = or_null(error->param),
        .code = or_null(error->wire_code),
    };
}

void error_print(const struct treadle_error *error, struct buffer *out)
{
    struct wire_error wire = to_wire(error);
    struct wire_envelope envelope = {.error = &wire};
    field_print(&wire_envelope_type, &envelope, out);
}

void error_print_event(const struct treadle_error *error, struct buffer *out)
{
    struct wire_error wire = to_wire(error);
    struct wire_event event = {wire.message, wire.type, wire.param, wire.code, &wire};
    field_print(&wire_event_type, &event, out);
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

int error_parse(const char *text, size_t length, int http_status, struct arena *arena,
                struct treadle_error *out)
{
    struct wire_envelope envelope = {0};
    struct treadle_error ignored;
    int rc =
        field_parse(&wire_envelope_type, text, length, FIELD_TOLERANT, arena, &envelope, &ignored);
    if (rc || !envelope.error || !envelope.error->message)
        return TREADLE_EPARSE;
    *out = (struct treadle_error){.code = TREADLE_EREMOTE, .http_status = http_status};
    copy(out->message, sizeof out->message, envelope.error->message);
    copy(out->type, sizeof out->type, envelope.error->type);
    copy(out->param, sizeof out->param, envelope.error->param);
    copy(out->wire_code, sizeof out->wire_code, envelope.error->code);
    return 0;
}
