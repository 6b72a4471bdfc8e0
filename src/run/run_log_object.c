/*
 * Objects in the log of a run.
 */
#include "run/run_log_object.h"

#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/json_scan.h"
#include "api/types.h"
#include "base/error.h"
#include "store/message_record.h"
#include "store/run_record.h"
#include "store/run_step_record.h"

/* Written in place of the members of an object in its last state. */
static const char as_it_is[] = "=";

/* The members that may differ between an event and the row as it is later. One that the log does
 * not keep was null. */
static const char *const run_members[] = {"status",          "started_at", "expires_at",
                                          "cancelled_at",    "failed_at",  "completed_at",
                                          "required_action", "last_error", "incomplete_details",
                                          "usage",           NULL};
static const char *const step_members[] = {
    "status",    "step_details", "last_error", "expired_at", "cancelled_at",
    "failed_at", "completed_at", "expires_at", "usage",      NULL};
static const char *const message_members[] = {
    "status", "incomplete_details", "completed_at", "incomplete_at", "content", NULL};

enum kind { KIND_RUN, KIND_STEP, KIND_MESSAGE, KIND_NONE };

static const struct {
    const char *prefix; /* of the names of its events */
    const char *const *members;
} kinds[RUN_LOG_KINDS] = {
    [KIND_RUN] = {"thread.run.", run_members},
    [KIND_STEP] = {"thread.run.step.", step_members},
    [KIND_MESSAGE] = {"thread.message.", message_members},
};

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum kind kind_of(enum treadle_event_type type)
{
    const char *name = event_names[type];
    if (begins_with(name, kinds[KIND_MESSAGE].prefix))
        return KIND_MESSAGE;
    if (begins_with(name, kinds[KIND_STEP].prefix))
        return KIND_STEP;
    return begins_with(name, kinds[KIND_RUN].prefix) ? KIND_RUN : KIND_NONE;
}

static bool is_delta(enum treadle_event_type type)
{
    return type == TREADLE_EVENT_MESSAGE_DELTA || type == TREADLE_EVENT_STEP_DELTA;
}

/* Whether the row stays as the event has it, except for its metadata. */
static bool is_last(enum treadle_event_type type)
{
    switch (type) {
    case TREADLE_EVENT_RUN_CREATED:
    case TREADLE_EVENT_RUN_QUEUED:
    case TREADLE_EVENT_RUN_IN_PROGRESS:
    case TREADLE_EVENT_RUN_REQUIRES_ACTION:
    case TREADLE_EVENT_RUN_CANCELLING:
    case TREADLE_EVENT_STEP_CREATED:
    case TREADLE_EVENT_STEP_IN_PROGRESS:
    case TREADLE_EVENT_MESSAGE_CREATED:
    case TREADLE_EVENT_MESSAGE_IN_PROGRESS:
        return false;
    default:
        return true;
    }
}

/* ---- Writing -------------------------------------------------------------------------------- */

static bool is_kept(const char *const *members, const struct json_span *name)
{
    while (*members && !json_span_is(name, *members))
        members++;
    return *members != NULL;
}

static void append_member(struct buffer *out, const struct json_span *name,
                          const struct json_span *value, bool first)
{
    buffer_append(out, first ? "{\"" : ",\"", 2);
    buffer_append(out, name->text, name->length);
    buffer_append(out, "\":", 2);
    buffer_append(out, value->text, value->length);
}

static bool append_members(const char *const *members, const char *object, struct buffer *out)
{
    struct json_scan scan = json_scan_open(object);
    struct json_span name, value;
    bool first = true;
    while (json_scan_member(&scan, &name, &value)) {
        if (!is_kept(members, &name) || json_span_is(&value, "null"))
            continue;
        append_member(out, &name, &value, first);
        first = false;
    }
    buffer_append_string(out, first ? "{}" : "}");
    return !scan.broken;
}

static bool append_id(const char *object, struct buffer *out)
{
    struct json_scan scan = json_scan_open(object);
    struct json_span name, value;
    if (!json_scan_member(&scan, &name, &value) || !json_span_is(&name, "id") || value.length < 3 ||
        value.length >= IDENT_SIZE || value.text[0] != '"')
        return false;
    buffer_append(out, value.text + 1, value.length - 2);
    buffer_append_char(out, ' ');
    return true;
}

static void take_back(struct buffer *out, size_t length)
{
    out->length = length;
    if (out->data)
        out->data[length] = '\0';
}

bool run_log_shorten(enum treadle_event_type type, const char *object, struct buffer *out)
{
    enum kind kind = kind_of(type);
    size_t start = out->length;
    if (kind == KIND_NONE || is_delta(type) || !append_id(object, out))
        return false;
    if (is_last(type)) {
        buffer_append_string(out, as_it_is);
        return true;
    }
    if (append_members(kinds[kind].members, object, out))
        return true;
    take_back(out, start);
    return false;
}

/* ---- Reading -------------------------------------------------------------------------------- */

void run_log_rows_clear(struct run_log_rows *rows)
{
    for (size_t i = 0; i < RUN_LOG_KINDS; i++)
        free(rows->rows[i].body);
}

static int read_text(struct run_log_rows *rows, enum kind kind, const char *id, struct arena *arena,
                     const char **out, struct treadle_error *error)
{
    switch (kind) {
    case KIND_RUN:
        return run_record_text(rows->session, id, arena, out, error);
    case KIND_STEP:
        return run_step_record_text(rows->session, id, rows->content, arena, out, error);
    default:
        return message_record_text(rows->session, id, arena, out, error);
    }
}

static int read_row(struct run_log_rows *rows, enum kind kind, const char *id,
                    struct treadle_error *error)
{
    if (strcmp(rows->rows[kind].id, id) == 0)
        return 0;
    if (strlen(id) >= IDENT_SIZE)
        return error_set(error, TREADLE_EIO, "the log of a run is damaged");
    struct arena *arena = arena_new(0);
    const char *text = NULL;
    int rc = arena ? read_text(rows, kind, id, arena, &text, error) : error_set_memory(error);
    char *body = text ? strdup(text) : NULL;
    if (text && !body)
        rc = error_set_memory(error);
    arena_free(arena);
    if (rc && rc != TREADLE_ENOTFOUND)
        return rc;
    free(rows->rows[kind].body);
    rows->rows[kind].body = body;
    memcpy(rows->rows[kind].id, id, strlen(id) + 1);
    return 0;
}

/* Replaces the members of the row with those of the log. */
static int put_members(json_t *row, json_t *members, const char *const *names,
                       struct treadle_error *error)
{
    for (; *names; names++) {
        json_t *value = json_object_get(members, *names);
        if (json_object_set_new(row, *names, value ? json_incref(value) : json_null()))
            return error_set_memory(error);
    }
    return 0;
}

static int merge(const char *body, const char *members, const char *const *names,
                 struct buffer *out, struct treadle_error *error)
{
    json_t *row = NULL, *kept = NULL;
    int rc = json_read(body, strlen(body), JSON_READ_STRICT, &row, error);
    if (!rc)
        rc = json_read(members, strlen(members), JSON_READ_STRICT, &kept, error);
    if (!rc)
        rc = put_members(row, kept, names, error);
    if (!rc)
        json_print(row, out);
    json_decref(row);
    json_decref(kept);
    if (rc == TREADLE_EPARSE)
        return error_set(error, TREADLE_EIO, "the log of a run is damaged");
    return rc;
}

int run_log_restore(struct run_log_rows *rows, enum treadle_event_type type, const char *id,
                    const char *members, struct buffer *out, bool *found,
                    struct treadle_error *error)
{
    enum kind kind = kind_of(type);
    if (kind == KIND_NONE)
        return error_set(error, TREADLE_EIO, "the log of a run is damaged");
    int rc = read_row(rows, kind, id, error);
    if (rc)
        return rc;
    const char *body = rows->rows[kind].body;
    *found = body != NULL;
    if (body && strcmp(members, as_it_is) == 0)
        buffer_append_string(out, body);
    else if (body)
        rc = merge(body, members, kinds[kind].members, out, error);
    return rc;
}

int run_log_has(struct run_log_rows *rows, enum treadle_event_type type, const char *id,
                bool *found, struct treadle_error *error)
{
    *found = true;
    if (kind_of(type) != KIND_MESSAGE)
        return 0;
    int rc = read_row(rows, KIND_MESSAGE, id, error);
    *found = rc || rows->rows[KIND_MESSAGE].body;
    return rc;
}
