/*
 * Idempotency.
 */
#include "server/idempotency.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "resource/run_stream.h"
#include "store/idempotency_record.h"

enum { LONGEST_KEY = 255, DIGEST_BYTES = 32 };

bool idempotency_applies(const struct endpoint *endpoint, const struct http_request *request)
{
    return strcmp(endpoint->method, "POST") == 0 && !endpoint->owner &&
           http_header(request, "idempotency-key");
}

/* ---- The request ---------------------------------------------------------------------------- */

/* Of files the length alone counts: their contents may be large. */
static void append_part(const struct http_part *part, struct buffer *out)
{
    buffer_append_format(out, "%s %zu %s\n", part->name, (size_t)part->length,
                         part->path ? part->filename : part->value);
}

static int make_fingerprint(const struct resource_call *call, const char **out,
                            struct treadle_error *error)
{
    const struct http_request *request = call->request;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    char digits[2 * DIGEST_BYTES + 1];
    struct buffer text;
    buffer_init(&text, (size_t)32 << 20);
    buffer_append_format(&text, "%s %s\n", request->method, request->path);
    for (size_t i = 0; i < request->part_count; i++)
        append_part(&request->parts[i], &text);
    if (request->body)
        buffer_append(&text, request->body, request->body_length);
    bool made = !text.failed && EVP_Digest(text.data, text.length, bytes, NULL, EVP_sha256(), NULL);
    buffer_clear(&text);
    for (size_t i = 0; i < DIGEST_BYTES && made; i++)
        snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    *out = made ? arena_string(call->arena, digits) : NULL;
    return *out ? 0 : error_set_memory(error);
}

int idempotency_read(struct idempotency *out, const struct resource_call *call,
                     struct treadle_error *error)
{
    *out = (struct idempotency){.key = NULL};
    if (!idempotency_applies(call->endpoint, call->request))
        return 0;
    const char *key = http_header(call->request, "idempotency-key");
    size_t length = strlen(key);
    if (length < 1 || length > LONGEST_KEY)
        return error_set_request(error, "invalid_value", "Idempotency-Key",
                                 "Invalid Idempotency-Key: expected 1 to %d characters.",
                                 LONGEST_KEY);
    int rc = make_fingerprint(call, &out->fingerprint, error);
    if (!rc)
        out->key = key;
    return rc;
}

/* ---- The record ----------------------------------------------------------------------------- */

static int find(const struct idempotency *idempotency, struct db_session *session,
                struct resource_call *call, struct idempotency_record *out,
                struct treadle_error *error)
{
    int rc =
        idempotency_record_find(session, call->project, idempotency->key, call->arena, out, error);
    if (!rc && strcmp(out->fingerprint, idempotency->fingerprint) != 0)
        return error_set_wire(error, 422, "invalid_request_error", "idempotency_key_reused",
                              "Idempotency-Key",
                              "The Idempotency-Key came with another request before.");
    return rc;
}

static int refuse_in_progress(struct treadle_error *error)
{
    return error_set_wire(error, 409, "invalid_request_error", "idempotency_key_in_use",
                          "Idempotency-Key",
                          "A request with this Idempotency-Key is in progress, or was cut off "
                          "before its reply was made.");
}

struct look {
    const struct idempotency *idempotency;
    struct resource_call *call;
    struct idempotency_record record;
};

static int look(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct look *look = argument;
    return find(look->idempotency, session, look->call, &look->record, error);
}

static int repeat(struct resource_call *call, const struct idempotency_record *record,
                  struct treadle_error *error)
{
    http_reply_header(call->reply, "Idempotent-Replayed", "true");
    if (!record->body)
        return refuse_in_progress(error);
    if (record->streamed)
        return run_stream_repeat(call, record->body, record->after, error);
    buffer_append_string(&call->reply->body, record->body);
    return call->reply->body.failed ? error_set_memory(error) : 0;
}

int idempotency_repeat(const struct idempotency *idempotency, struct resource_call *call,
                       bool *replied, struct treadle_error *error)
{
    struct look found = {.idempotency = idempotency, .call = call};
    *replied = false;
    if (!idempotency->key)
        return 0;
    int rc = db_read(call->services->db, look, &found, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    *replied = true;
    return rc ? rc : repeat(call, &found.record, error);
}

int idempotency_check(const struct idempotency *idempotency, struct db_session *session,
                      struct resource_call *call, struct treadle_error *error)
{
    struct idempotency_record record;
    if (!idempotency->key || idempotency->inserted)
        return 0;
    int rc = find(idempotency, session, call, &record, error);
    if (rc == TREADLE_ENOTFOUND)
        return 0;
    return rc ? rc : refuse_in_progress(error);
}

int idempotency_keep(struct idempotency *idempotency, struct db_session *session,
                     struct resource_call *call, const struct resource_plan *plan,
                     struct treadle_error *error)
{
    const struct run_news *news = call->effects.change.news;
    bool streamed = plan->before_notice && news;
    struct idempotency_record record = {.fingerprint = idempotency->fingerprint,
                                        .body = streamed     ? news->run_id
                                                : plan->then ? NULL
                                                             : call->reply->body.data,
                                        .streamed = streamed,
                                        .after = streamed ? news->first - 1 : 0};
    if (!idempotency->key || idempotency->inserted)
        return 0;
    idempotency->inserted = true;
    return idempotency_record_insert(session, call->project, idempotency->key, &record, error);
}

struct conclusion {
    const struct idempotency *idempotency;
    struct resource_call *call;
};

static int conclude(struct db_session *session, void *argument, struct treadle_error *error)
{
    const struct conclusion *conclusion = argument;
    const struct resource_call *call = conclusion->call;
    return idempotency_record_conclude(session, call->project, conclusion->idempotency->key,
                                       call->reply->body.data, error);
}

int idempotency_conclude(const struct idempotency *idempotency, struct resource_call *call,
                         struct treadle_error *error)
{
    struct conclusion conclusion = {idempotency, call};
    if (!idempotency->key || !idempotency->inserted)
        return 0;
    return db_write(call->services->db, conclude, &conclusion, error);
}
