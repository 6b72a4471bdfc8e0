/*
 * Replies: from what an exchange gathered to the base and the typed object, in one arena. The base
 * can always be read, whatever the server sends: a status, the headers that could be parsed, and
 * for every reply that is no success an error with a message, made from the status where the body
 * has no envelope.
 */
#include <jansson.h>
#include <string.h>

#include "api/error.h"
#include "api/field.h"
#include "api/json.h"
#include "base/error.h"
#include "base/text.h"
#include "client/internal.h"

enum { HEADER_COUNT = 256 };

void treadle_response_free(struct treadle_response *response)
{
    if (response)
        arena_free(response->memory);
}

const char *treadle_response_header(const struct treadle_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (text_equal_ignoring_case(response->headers[i].name, name))
            return response->headers[i].value;
    return NULL;
}

/* ---- Headers -------------------------------------------------------------------------------- */

/* "HTTP/1.1 404 Not Found": the text after the second space. */
static int take_reason(struct treadle_response *response, const char *line, size_t length)
{
    const char *end = line + length;
    const char *at = memchr(line, ' ', length);
    at = at ? memchr(at + 1, ' ', (size_t)(end - at - 1)) : NULL;
    if (!at || at + 1 >= end)
        return 0;
    response->reason_phrase = arena_copy(response->memory, at + 1, (size_t)(end - at - 1));
    return response->reason_phrase ? 0 : TREADLE_EMEMORY;
}

static int take_header(struct treadle_response *response, struct treadle_header *headers,
                       const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (!colon || colon == line || response->header_count == HEADER_COUNT)
        return 0;
    const char *value = colon + 1, *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    struct treadle_header *header = &headers[response->header_count];
    header->name = arena_copy(response->memory, line, (size_t)(colon - line));
    header->value = arena_copy(response->memory, value, (size_t)(end - value));
    if (!header->name || !header->value)
        return TREADLE_EMEMORY;
    response->header_count++;
    return 0;
}

static int take_headers(struct treadle_response *response, const struct buffer *text)
{
    struct treadle_header *headers = arena_array(response->memory, HEADER_COUNT, sizeof *headers);
    if (!headers)
        return TREADLE_EMEMORY;
    response->headers = headers;
    int rc = 0;
    for (size_t at = 0; at < text->length && !rc;) {
        const char *line = text->data + at;
        const char *end = memchr(line, '\n', text->length - at);
        size_t whole = end ? (size_t)(end - line) + 1 : text->length - at;
        size_t length = end ? whole - 1 : whole;
        if (length && line[length - 1] == '\r')
            length--;
        rc = at == 0 ? take_reason(response, line, length)
                     : take_header(response, headers, line, length);
        at += whole;
    }
    response->request_id = treadle_response_header(response, "x-request-id");
    return rc;
}

/* ---- Errors --------------------------------------------------------------------------------- */

static const char *text_of_value(struct arena *arena, const json_t *value)
{
    struct buffer text;
    if (json_is_string(value))
        return arena_string(arena, json_string_value(value));
    buffer_init(&text, (size_t)64 << 10);
    json_print(value, &text);
    const char *copy = text.failed ? NULL : arena_string(arena, text.data);
    buffer_clear(&text);
    return copy;
}

/* Members that servers other than Treadle use: `detail`, and an `error` that is a plain string. */
static const char *find_member(struct treadle_response *response, const char *name,
                               bool strings_only)
{
    json_t *value = NULL;
    const char *text = NULL;
    if (json_parse(response->body, response->body_length, &value, NULL))
        return NULL;
    const json_t *member = json_object_get(value, name);
    if (member && !json_is_null(member) && (json_is_string(member) || !strings_only))
        text = text_of_value(response->memory, member);
    json_decref(value);
    return text;
}

static int take_error(struct treadle_response *response, struct treadle_error *error)
{
    struct treadle_error found;
    response->detail = find_member(response, "detail", false);
    if (error_parse(response->body, response->body_length, response->http_status, response->memory,
                    &found)) {
        const char *message = find_member(response, "error", true);
        message = message ? message : response->detail;
        if (message)
            error_set(&found, TREADLE_EREMOTE, "%s", message);
        else
            error_set(&found, TREADLE_EREMOTE, "the server answered %d%s%s without saying why",
                      response->http_status, response->reason_phrase ? " " : "",
                      response->reason_phrase ? response->reason_phrase : "");
        found.http_status = response->http_status;
    }
    struct treadle_error *copy = arena_alloc(response->memory, sizeof *copy);
    if (!copy)
        return error_set_memory(error);
    *copy = found;
    response->error = copy;
    response->error_message = copy->message;
    if (error)
        *error = found;
    return TREADLE_EREMOTE;
}

/* ---- Objects -------------------------------------------------------------------------------- */

static const char *const *id_of(const struct treadle_type *type, const void *object)
{
    const struct field *field = field_find(type, "id");
    return field ? (const char *const *)((const char *)object + field->offset) : NULL;
}

/* A tolerant parse accepts any JSON object. */
bool response_has_ids(const struct treadle_type *type, const void *object)
{
    const char *const *id = id_of(type, object);
    if (id)
        return *id != NULL;
    const struct field *data = field_find(type, "data");
    if (!data || data->kind != FIELD_ARRAY || !data->type)
        return true;
    const char *items = *(const char *const *)((const char *)object + data->offset);
    size_t count = *(const size_t *)((const char *)object + data->count_offset);
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) {
        id = id_of(data->type, items + i * data->type->size);
        if (id && !*id)
            return false;
    }
    return true;
}

static int unreadable(struct treadle_response *response, const char *why,
                      struct treadle_error *error)
{
    struct treadle_error *copy = arena_alloc(response->memory, sizeof *copy);
    if (!copy)
        return error_set_memory(error);
    error_set(copy, TREADLE_EPARSE, "the server answered %d, but not with the requested object: %s",
              response->http_status, why);
    copy->http_status = response->http_status;
    response->is_successful = false;
    response->error = copy;
    response->error_message = copy->message;
    if (error)
        *error = *copy;
    return TREADLE_EPARSE;
}

static int take_object(struct treadle_response *response, const struct treadle_type *type,
                       void *object, struct treadle_error *error)
{
    struct treadle_error why;
    int rc = field_parse(type, response->body, response->body_length, FIELD_TOLERANT,
                         response->memory, object, &why);
    if (rc == TREADLE_EMEMORY)
        return error_set(error, TREADLE_ELIMIT, "the reply takes too much memory");
    if (rc)
        return unreadable(response, why.message, error);
    if (response_has_ids(type, object))
        return 0;
    memset(object, 0, type->size);
    return unreadable(response, "it has no id.", error);
}

int response_new(struct treadle_response **out, const struct exchange *exchange, size_t size,
                 size_t offset, const struct treadle_type *type, struct treadle_error *error)
{
    struct arena *arena = arena_new(CLIENT_MEMORY_LIMIT);
    if (!arena)
        return error_set_memory(error);
    int rc = 0;
    struct treadle_response *response = arena_alloc(arena, size);
    const char *body =
        arena_copy(arena, exchange->reply.data ? exchange->reply.data : "", exchange->reply.length);
    if (!response || !body) {
        rc = error_set_memory(error);
        goto done;
    }
    response->memory = arena;
    response->http_status = (int)exchange->status;
    response->is_successful = exchange->status >= 200 && exchange->status < 300;
    response->body = exchange->delivered ? NULL : body;
    response->body_length = exchange->reply.length;
    if (take_headers(response, &exchange->header_text)) {
        rc = error_set_memory(error);
        goto done;
    }
    if (!response->is_successful)
        rc = take_error(response, error);
    else if (type)
        rc = take_object(response, type, (char *)response + offset, error);
    if (rc && !response->error)
        goto done;
    *out = response;
    arena = NULL;
done:
    arena_free(arena);
    return rc;
}
