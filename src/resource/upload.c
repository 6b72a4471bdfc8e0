/*
 * Uploads: begin, add parts, complete, cancel.
 *
 * A part's contents are on disk before its row is written, and its row is deleted before they are,
 * so every part with a row can be read. Completing reads the list of parts, joins them outside of
 * any transaction, and checks again whether the upload is still pending before the file becomes
 * visible; so of several clients that complete or cancel at once, one wins.
 */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ident.h"
#include "resource/call.h"
#include "resource/form.h"
#include "resource/handlers.h"
#include "resource/upload_join.h"
#include "store/file_record.h"
#include "store/upload_record.h"

enum { LIFETIME = 3600, LARGEST_PART = 64 << 20, MOST_PARTS = 2000 };

static int load_pending(struct db_session *session, struct resource_call *call, const char *verb,
                        struct upload_record *out, struct treadle_error *error)
{
    const char *id = call->arguments[0];
    int rc = upload_record_load(session, call->project, id, call->arena, out, error);
    if (rc)
        return resource_not_found(rc, "upload", id, error);
    if (out->upload.status == TREADLE_UPLOAD_PENDING)
        return 0;
    return error_set_request(error, NULL, NULL, "Cannot %s upload %s with status '%s'.", verb, id,
                             field_word(upload_status_names, (int)out->upload.status));
}

static void remove_blobs(struct resource_call *call, const struct upload_parts *parts)
{
    struct treadle_error ignored;
    for (size_t i = 0; i < parts->count; i++)
        blob_remove(call->services->blobs, parts->ids[i], &ignored);
}

/* ---- Create --------------------------------------------------------------------------------- */

int upload_create(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct treadle_upload_create_request *request = call->body;
    char id[IDENT_SIZE];
    ident_make_hex(id, "upload_");
    int64_t now = clock_seconds();
    const struct upload_record record = {
        .upload = {.id = id,
                   .bytes = request->bytes,
                   .created_at = now,
                   .expires_at = now + LIFETIME,
                   .filename = request->filename,
                   .purpose = request->purpose,
                   .status = TREADLE_UPLOAD_PENDING},
        .file_life = request->expires_after ? request->expires_after->seconds : 0,
    };
    int rc = upload_record_insert(session, call->project, &record, call->arena, error);
    return rc ? rc : resource_reply(call, &treadle_upload_type, &record.upload, error);
}

/* ---- Parts ---------------------------------------------------------------------------------- */

struct part {
    struct treadle_upload_part object;
    int64_t bytes;
};

/* A client that sends a part again after a broken connection leaves an unused part, so more may
 * come than are needed; the number is bounded. */
static int check_room(const struct treadle_upload *upload, const struct upload_parts *parts,
                      int64_t bytes, struct treadle_error *error)
{
    if (parts->count < MOST_PARTS && parts->total + bytes <= 2 * upload->bytes + LARGEST_PART)
        return 0;
    return error_set_request(error, NULL, "data",
                             "The parts of upload %s are too many or too large for its %lld bytes.",
                             upload->id, (long long)upload->bytes);
}

static int add_part(struct db_session *session, struct resource_call *call,
                    struct treadle_error *error)
{
    const struct part *part = call->state;
    struct upload_record record;
    struct upload_parts parts;
    int rc = load_pending(session, call, "add parts to", &record, error);
    if (!rc)
        rc = upload_record_parts(session, record.upload.id, call->arena, &parts, error);
    if (!rc)
        rc = check_room(&record.upload, &parts, part->bytes, error);
    if (!rc)
        rc = upload_record_add_part(session, record.upload.id, part->object.id, part->bytes, error);
    return rc ? rc : resource_reply(call, &treadle_upload_part_type, &part->object, error);
}

static int parse_part(struct resource_call *call, const struct http_part **out,
                      struct treadle_error *error)
{
    static const char *const known[] = {"data"};
    const struct http_part *data = form_find(call->request, "data");
    int rc = form_check(call->request, known, 1, error);
    if (rc)
        return rc;
    if (!data || !data->path)
        return form_missing("data", error);
    if (data->length > LARGEST_PART)
        return error_set_wire(error, 413, "invalid_request_error", NULL, "data",
                              "A part has at most %d bytes, but this one has %llu.", LARGEST_PART,
                              (unsigned long long)data->length);
    *out = data;
    return 0;
}

static struct resource_plan finish_part(struct resource_call *call, int rc,
                                        struct treadle_error *error)
{
    const struct part *part = call->state;
    struct treadle_error ignored;
    (void)error;
    if (rc)
        blob_remove(call->services->blobs, part->object.id, &ignored);
    else
        blob_settle(call->services->blobs, part->object.id, &ignored);
    return resource_answer(rc);
}

struct resource_plan upload_part_create(struct resource_call *call, struct treadle_error *error)
{
    char id[IDENT_SIZE];
    const struct http_part *data = NULL;
    int rc = parse_part(call, &data, error);
    if (rc)
        return resource_answer(rc);
    ident_make_hex(id, "part_");
    struct part *part = arena_alloc(call->arena, sizeof *part);
    const char *kept = arena_string(call->arena, id);
    if (!part || !kept)
        return resource_answer(error_set_memory(error));
    *part = (struct part){
        .object = {.id = kept, .created_at = clock_seconds(), .upload_id = call->arguments[0]},
        .bytes = (int64_t)data->length,
    };
    rc = blob_adopt(call->services->blobs, kept, data->path, NULL, error);
    if (rc)
        return resource_answer(rc);
    call->state = part;
    return resource_write(add_part, finish_part);
}

/* ---- Complete ------------------------------------------------------------------------------- */

struct completion {
    const char *file_id;
    int64_t bytes;                /* that the file is to have */
    struct blob_sum sum;          /* of the file */
    struct upload_parts parts;    /* all that were sent */
    struct treadle_error missing; /* why they could not be joined */
};

static int64_t part_bytes(const struct upload_parts *parts, const char *id)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->ids[i], id) == 0)
            return parts->bytes[i];
    return -1;
}

static int check_parts(const struct treadle_upload *upload, const struct upload_parts *parts,
                       const struct treadle_upload_complete_request *request,
                       struct treadle_error *error)
{
    int64_t total = 0;
    for (size_t i = 0; i < request->part_id_count; i++) {
        int64_t bytes = part_bytes(parts, request->part_ids[i]);
        if (bytes < 0)
            return error_set_request(error, NULL, "part_ids",
                                     "No part found with id '%.100s' in upload %s.",
                                     request->part_ids[i], upload->id);
        total += bytes;
    }
    if (total == upload->bytes)
        return 0;
    return error_set_request(error, NULL, "part_ids",
                             "The parts have %lld bytes together, but upload %s was to have %lld.",
                             (long long)total, upload->id, (long long)upload->bytes);
}

static int plan(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    struct completion *completion = call->state;
    struct upload_record record;
    int rc = load_pending(session, call, "complete", &record, error);
    if (!rc)
        rc = upload_record_parts(session, record.upload.id, call->arena, &completion->parts, error);
    completion->bytes = rc ? 0 : record.upload.bytes;
    return rc ? rc : check_parts(&record.upload, &completion->parts, call->body, error);
}

static int conclude(struct db_session *session, struct resource_call *call,
                    struct treadle_error *error)
{
    struct completion *completion = call->state;
    struct upload_record record;
    int rc = load_pending(session, call, "complete", &record, error);
    if (rc)
        return rc;
    struct treadle_upload *upload = &record.upload;
    struct treadle_file file = {
        .id = completion->file_id,
        .bytes = upload->bytes,
        .created_at = clock_seconds(),
        .expires_at = {TREADLE_NULL, 0},
        .filename = upload->filename,
        .purpose = upload->purpose,
        .status = TREADLE_FILE_PROCESSED,
    };
    if (record.file_life)
        file.expires_at = (struct treadle_integer){TREADLE_SET, file.created_at + record.file_life};
    upload->status = TREADLE_UPLOAD_COMPLETED;
    upload->file = &file;
    rc = file_record_insert(session, call->project, &file, completion->sum.sha256, call->arena,
                            error);
    if (!rc)
        rc = upload_record_save(session, upload, call->arena, error);
    if (!rc)
        rc = upload_record_parts(session, upload->id, call->arena, &completion->parts, error);
    if (!rc)
        rc = upload_record_remove_parts(session, upload->id, error);
    return rc ? rc : resource_reply(call, &treadle_upload_type, upload, error);
}

static int check_sum(const struct treadle_upload_complete_request *request, const char *md5,
                     struct treadle_error *error)
{
    if (!request->md5 || strcasecmp(request->md5, md5) == 0)
        return 0;
    return error_set_request(error, NULL, "md5",
                             "The MD5 sum of the parts is %s, but %.32s was given.", md5,
                             request->md5);
}

static struct resource_plan finish_complete(struct resource_call *call, int rc,
                                            struct treadle_error *error)
{
    const struct completion *completion = call->state;
    struct treadle_error ignored;
    (void)error;
    if (rc) {
        blob_remove(call->services->blobs, completion->file_id, &ignored);
    } else {
        blob_settle(call->services->blobs, completion->file_id, &ignored);
        remove_blobs(call, &completion->parts);
    }
    return resource_answer(rc);
}

/* A part was missing when the parts were joined. Where another client has completed or cancelled in
 * between, that is the error; otherwise the missing part is. */
static struct resource_plan say_missing(struct resource_call *call, int rc,
                                        struct treadle_error *error)
{
    const struct completion *completion = call->state;
    if (!rc) {
        *error = completion->missing;
        rc = error->code;
    }
    return finish_complete(call, rc, error);
}

static struct resource_plan join_parts(struct resource_call *call, int rc,
                                       struct treadle_error *error)
{
    const struct treadle_upload_complete_request *request = call->body;
    struct completion *completion = call->state;
    char md5[UPLOAD_MD5_SIZE];
    if (rc)
        return resource_answer(rc);
    rc = upload_join(call->services->blobs, completion->file_id, request->part_ids,
                     request->part_id_count, md5, &completion->sum, error);
    if (rc == TREADLE_ENOTFOUND) {
        completion->missing = *error;
        return resource_read(plan, say_missing);
    }
    if (!rc && completion->sum.length != (uint64_t)completion->bytes)
        rc = blob_wrong_length(completion->file_id, completion->sum.length,
                               (uint64_t)completion->bytes, error);
    if (!rc)
        rc = check_sum(request, md5, error);
    return rc ? finish_complete(call, rc, error) : resource_write(conclude, finish_complete);
}

struct resource_plan upload_complete(struct resource_call *call, struct treadle_error *error)
{
    struct completion *completion = arena_alloc(call->arena, sizeof *completion);
    const char *file_id = resource_id(call, "file-");
    if (!completion || !file_id)
        return resource_answer(error_set_memory(error));
    completion->file_id = file_id;
    call->state = completion;
    return resource_read(plan, join_parts);
}

/* ---- Cancel --------------------------------------------------------------------------------- */

static int cancel(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    struct upload_parts *parts = call->state;
    struct upload_record record;
    int rc = load_pending(session, call, "cancel", &record, error);
    if (rc)
        return rc;
    record.upload.status = TREADLE_UPLOAD_CANCELLED;
    rc = upload_record_save(session, &record.upload, call->arena, error);
    if (!rc)
        rc = upload_record_parts(session, record.upload.id, call->arena, parts, error);
    if (!rc)
        rc = upload_record_remove_parts(session, record.upload.id, error);
    return rc ? rc : resource_reply(call, &treadle_upload_type, &record.upload, error);
}

static struct resource_plan finish_cancel(struct resource_call *call, int rc,
                                          struct treadle_error *error)
{
    (void)error;
    if (!rc)
        remove_blobs(call, call->state);
    return resource_answer(rc);
}

struct resource_plan upload_cancel(struct resource_call *call, struct treadle_error *error)
{
    call->state = arena_alloc(call->arena, sizeof(struct upload_parts));
    if (!call->state)
        return resource_answer(error_set_memory(error));
    return resource_write(cancel, finish_cancel);
}
