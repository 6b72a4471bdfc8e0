/*
 * Files: upload, list, retrieve, content, delete. The content is on disk before the row is written,
 * and the row is deleted before the content, so a listed file can always be read. When the reply to
 * a deletion is sent, the content is gone; where removing it fails, the removal that was noted with
 * the row is done later.
 */
#include "resource/handlers.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "http/range.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "resource/form.h"
#include "store/file_record.h"

enum {
    LARGEST_NAME = 1024,
    SHORTEST_LIFE = 3600,
    LONGEST_LIFE = 2592000,
    VERIFIED_BYTES =
        4 << 20 /* contents up to this size are compared with their checksum when sent */
};

/* ---- Upload --------------------------------------------------------------------------------- */

static int parse_purpose(const struct http_request *request, enum treadle_file_purpose *out,
                         struct treadle_error *error)
{
    const struct http_part *part = form_find(request, "purpose");
    if (!part || !part->value)
        return form_missing("purpose", error);
    int purpose = field_value(file_purpose_names, part->value);
    /* What runs and jobs write is not for users to upload. */
    if (purpose && purpose != TREADLE_PURPOSE_ASSISTANTS_OUTPUT &&
        purpose != TREADLE_PURPOSE_BATCH_OUTPUT && purpose != TREADLE_PURPOSE_FINE_TUNE_RESULTS) {
        *out = (enum treadle_file_purpose)purpose;
        return 0;
    }
    return error_set_request(error, "invalid_value", "purpose",
                             "Invalid value: '%.64s'. Supported values are: 'assistants', "
                             "'batch', 'fine-tune', 'vision', 'user_data' and 'evals'.",
                             part->value);
}

static int parse_expiry(const struct http_request *request, int64_t now,
                        struct treadle_integer *out, struct treadle_error *error)
{
    const struct http_part *anchor = form_find(request, "expires_after[anchor]");
    const struct http_part *seconds = form_find(request, "expires_after[seconds]");
    int64_t life;
    *out = (struct treadle_integer){TREADLE_NULL, 0};
    if (!anchor && !seconds)
        return 0;
    if (!anchor || !anchor->value)
        return form_missing("expires_after[anchor]", error);
    if (!seconds || !seconds->value)
        return form_missing("expires_after[seconds]", error);
    if (strcmp(anchor->value, "created_at") != 0)
        return error_set_request(error, "invalid_value", "expires_after[anchor]",
                                 "Invalid value: '%.64s'. Supported values are: 'created_at'.",
                                 anchor->value);
    if (text_to_integer(seconds->value, SHORTEST_LIFE, LONGEST_LIFE, &life))
        return error_set_request(error, "invalid_value", "expires_after[seconds]",
                                 "Invalid 'expires_after[seconds]': expected a number from %d to "
                                 "%d.",
                                 SHORTEST_LIFE, LONGEST_LIFE);
    *out = (struct treadle_integer){TREADLE_SET, now + life};
    return 0;
}

static int parse_upload(struct resource_call *call, struct treadle_file *out,
                        const struct http_part **content, struct treadle_error *error)
{
    const struct http_part *part = form_find(call->request, "file");
    static const char *const known[] = {"file", "purpose", "expires_after[anchor]",
                                        "expires_after[seconds]"};
    int rc = form_check(call->request, known, sizeof known / sizeof known[0], error);
    if (rc)
        return rc;
    if (!part || !part->path)
        return form_missing("file", error);
    size_t length = strlen(part->filename);
    if (!length || length > LARGEST_NAME)
        return error_set_request(error, "invalid_value", "file",
                                 "The file's name must have 1 to %d bytes, but it has %zu.",
                                 LARGEST_NAME, length);
    out->created_at = clock_seconds();
    out->bytes = (int64_t)part->length;
    out->filename = part->filename;
    out->status = TREADLE_FILE_PROCESSED;
    *content = part;
    rc = parse_purpose(call->request, &out->purpose, error);
    return rc ? rc : parse_expiry(call->request, out->created_at, &out->expires_at, error);
}

struct creation {
    struct treadle_file file;
    struct blob_sum sum;
};

static int insert(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct creation *creation = call->state;
    int rc = file_record_insert(session, call->project, &creation->file, creation->sum.sha256,
                                call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_file_type, &creation->file, error);
}

static struct resource_plan finish_create(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    const struct creation *creation = call->state;
    struct treadle_error ignored;
    (void)error;
    if (rc)
        blob_remove(call->services->blobs, creation->file.id, &ignored);
    else
        blob_settle(call->services->blobs, creation->file.id, &ignored);
    return resource_answer(rc);
}

struct resource_plan file_create(struct resource_call *call, struct treadle_error *error)
{
    struct creation *creation = arena_alloc(call->arena, sizeof *creation);
    const struct http_part *content = NULL;
    int rc =
        creation ? parse_upload(call, &creation->file, &content, error) : error_set_memory(error);
    if (rc)
        return resource_answer(rc);
    creation->file.id = resource_id(call, "file-");
    if (!creation->file.id)
        return resource_answer(error_set_memory(error));
    rc = blob_adopt(call->services->blobs, creation->file.id, content->path, &creation->sum, error);
    if (rc)
        return resource_answer(rc);
    call->state = creation;
    return resource_write(insert, finish_create);
}

/* ---- Reading -------------------------------------------------------------------------------- */

int file_list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct record_page page;
    int rc = file_record_page(session, call->project, call->query.purpose, &call->query.page,
                              call->arena, &page, error);
    return rc ? rc : resource_reply_page(call, &page, error);
}

int file_retrieve(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct treadle_file file;
    int rc = attach_find_file(session, call, call->arguments[0], &file, error);
    return rc ? rc : resource_reply(call, &treadle_file_type, &file, error);
}

static int find_sum(struct db_session *session, struct resource_call *call,
                    struct treadle_error *error)
{
    struct treadle_file file;
    int rc = attach_find_file(session, call, call->arguments[0], &file, error);
    return rc ? rc : file_record_sum(session, file.id, call->arena, call->state, error);
}

/* Content that has changed since it was stored is not sent. */
static int open_content(struct resource_call *call, int *descriptor, uint64_t *length,
                        struct treadle_error *error)
{
    const struct blob_sum *sum = call->state;
    const char *id = call->arguments[0];
    int rc = blob_read(call->services->blobs, id, descriptor, length, error);
    if (rc == TREADLE_ENOTFOUND && !sum->sha256[0])
        return error_set_wire(error, 404, "invalid_request_error", "content_missing", "id",
                              "File %.100s was imported without its content.", id);
    if (rc)
        return rc;
    if (*length != sum->length)
        rc = blob_wrong_length(id, *length, sum->length, error);
    else if (*length <= VERIFIED_BYTES)
        rc = blob_verify(*descriptor, id, sum, error);
    if (rc)
        close(*descriptor);
    return rc;
}

/* Chooses the part of the content that is sent. A content never changes, so its hash is its tag. */
static int choose_part(struct resource_call *call, uint64_t length, struct treadle_error *error)
{
    const struct blob_sum *sum = call->state;
    struct http_reply *reply = call->reply;
    struct arena *arena = call->request->arena; /* which the headers need */
    uint64_t start = 0, count = length;
    const char *tag = sum->sha256[0] ? arena_format(arena, "\"%s\"", sum->sha256) : NULL;
    enum http_range_outcome outcome = http_range_find(call->request, tag, length, &start, &count);
    const char *range = outcome == HTTP_RANGE_PART
                            ? arena_format(arena, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, start,
                                           start + count - 1, length)
                            : arena_format(arena, "bytes */%" PRIu64, length);
    if (!range)
        return error_set_memory(error);
    http_reply_header(reply, "Accept-Ranges", "bytes");
    if (tag)
        http_reply_header(reply, "ETag", tag);
    if (outcome != HTTP_RANGE_WHOLE)
        http_reply_header(reply, "Content-Range", range);
    if (outcome == HTTP_RANGE_OUTSIDE)
        return error_set_wire(error, 416, "invalid_request_error", "range_not_satisfiable", NULL,
                              "The range that the request asks for is not within the file, which "
                              "has %" PRIu64 " bytes.",
                              length);
    if (outcome == HTTP_RANGE_PART)
        reply->status = 206;
    reply->file_start = start;
    reply->file_length = count;
    return 0;
}

static struct resource_plan send_content(struct resource_call *call, int rc,
                                         struct treadle_error *error)
{
    uint64_t length = 0;
    int descriptor = -1;
    if (!rc)
        rc = open_content(call, &descriptor, &length, error);
    if (rc)
        return resource_answer(rc);
    rc = choose_part(call, length, error);
    if (rc) {
        close(descriptor);
        return resource_answer(rc);
    }
    buffer_reset(&call->reply->body);
    call->reply->content_type = "application/octet-stream";
    call->reply->file = descriptor;
    return resource_answer(0);
}

struct resource_plan file_content(struct resource_call *call, struct treadle_error *error)
{
    call->state = arena_alloc(call->arena, sizeof(struct blob_sum));
    if (!call->state)
        return resource_answer(error_set_memory(error));
    return resource_read(find_sum, send_content);
}

/* ---- Delete --------------------------------------------------------------------------------- */

static int delete (struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    struct remains *remains = call->state;
    struct treadle_file file;
    int rc = attach_find_file(session, call, remains->id, &file, error);
    if (!rc)
        rc = file_record_remove(session, remains, call->arena, error);
    return rc ? rc : resource_reply_deleted(call, remains->id, "file", error);
}

static int delete_more(struct db_session *session, struct resource_call *call,
                       struct treadle_error *error)
{
    return remains_continue(session, call->state, call->arena, error);
}

/* Searches must not find it after the reply. Others may write in the meantime. */
static struct resource_plan finish_delete(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    const struct remains *remains = call->state;
    struct treadle_error ignored;
    (void)error;
    if (rc)
        return resource_answer(rc);
    for (size_t i = 0; i < remains->store_count; i++)
        search_remove_file(call->services->search, remains->stores[i], remains->id, &ignored);
    if (remains->more)
        return resource_write(delete_more, finish_delete);
    blob_remove(call->services->blobs, remains->id, &ignored);
    return resource_answer(0);
}

struct resource_plan file_delete(struct resource_call *call, struct treadle_error *error)
{
    struct remains *remains = arena_alloc(call->arena, sizeof *remains);
    if (!remains)
        return resource_answer(error_set_memory(error));
    *remains = (struct remains){.id = call->arguments[0]};
    call->state = remains;
    return resource_write(delete, finish_delete);
}
