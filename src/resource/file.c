/*
 * Files: upload, list, retrieve, content, delete.
 *
 * The content is on disk before the row is written, and the row is gone before the content is, so
 * a file that is listed can always be read.
 */
#include "resource/handlers.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "store/vector_store_record.h"

enum {
    LARGEST_NAME = 1024,
    SHORTEST_LIFE = 3600,
    LONGEST_LIFE = 2592000,
    MOST_STORES = 1024 /* of one file, when it is deleted */
};

/* ---- Upload --------------------------------------------------------------------------------- */

static const struct http_part *find_part(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->part_count; i++)
        if (strcmp(request->parts[i].name, name) == 0)
            return &request->parts[i];
    return NULL;
}

static int missing(const char *name, struct treadle_error *error)
{
    return error_set_request(error, "missing_required_parameter", name,
                             "Missing required parameter: '%s'.", name);
}

static int check_parts(const struct http_request *request, struct treadle_error *error)
{
    static const char *const known[] = {"file", "purpose", "expires_after[anchor]",
                                        "expires_after[seconds]"};
    for (size_t i = 0; i < request->part_count; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++)
            found = found || strcmp(request->parts[i].name, known[j]) == 0;
        if (!found)
            return error_set_request(error, "unknown_parameter", request->parts[i].name,
                                     "Unknown parameter: '%.100s'.", request->parts[i].name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(request->parts[i].name, request->parts[j].name) == 0)
                return error_set_request(error, "invalid_value", request->parts[i].name,
                                         "The parameter '%s' was sent twice.",
                                         request->parts[i].name);
    }
    return 0;
}

static int parse_purpose(const struct http_request *request, enum treadle_file_purpose *out,
                         struct treadle_error *error)
{
    const struct http_part *part = find_part(request, "purpose");
    if (!part || !part->value)
        return missing("purpose", error);
    for (int i = 1; file_purpose_names[i]; i++) {
        /* What runs and jobs write is not for users to upload. */
        if (i == TREADLE_PURPOSE_ASSISTANTS_OUTPUT || i == TREADLE_PURPOSE_BATCH_OUTPUT ||
            i == TREADLE_PURPOSE_FINE_TUNE_RESULTS)
            continue;
        if (strcmp(file_purpose_names[i], part->value) == 0) {
            *out = (enum treadle_file_purpose)i;
            return 0;
        }
    }
    return error_set_request(error, "invalid_value", "purpose",
                             "Invalid value: '%.64s'. Supported values are: 'assistants', "
                             "'batch', 'fine-tune', 'vision', 'user_data' and 'evals'.",
                             part->value);
}

static int parse_expiry(const struct http_request *request, int64_t now,
                        struct treadle_integer *out, struct treadle_error *error)
{
    const struct http_part *anchor = find_part(request, "expires_after[anchor]");
    const struct http_part *seconds = find_part(request, "expires_after[seconds]");
    int64_t life;
    *out = (struct treadle_integer){TREADLE_NULL, 0};
    if (!anchor && !seconds)
        return 0;
    if (!anchor || !anchor->value)
        return missing("expires_after[anchor]", error);
    if (!seconds || !seconds->value)
        return missing("expires_after[seconds]", error);
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
    const struct http_part *part = find_part(call->request, "file");
    int rc = check_parts(call->request, error);
    if (rc)
        return rc;
    if (!part || !part->path)
        return missing("file", error);
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

static int insert(struct db_session *session, struct resource_call *call,
                  struct treadle_error *error)
{
    const struct treadle_file *file = call->state;
    struct record_value values[] = {
        {.column = "id", .text = file->id},
        {.column = "project", .text = call->project},
        {.column = "purpose", .text = field_word(file_purpose_names, (int)file->purpose)},
        {.column = "expires_at",
         .kind = file->expires_at.state == TREADLE_SET ? RECORD_INTEGER : RECORD_NULL,
         .integer = file->expires_at.value},
        {.column = "body"},
    };
    int rc = resource_print(call, &treadle_file_type, file, &values[4].text, error);
    if (!rc)
        rc = record_insert(session, "files", values, 5, error);
    return rc ? rc : resource_reply_text(call, values[4].text, error);
}

int file_create(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_error ignored;
    struct treadle_file file = {0};
    const struct http_part *content = NULL;
    int rc = parse_upload(call, &file, &content, error);
    if (rc)
        return rc;
    file.id = resource_id(call, "file-");
    if (!file.id)
        return error_set_memory(error);
    rc = blob_adopt(call->services->blobs, file.id, content->path, error);
    if (rc)
        return rc;
    call->state = &file;
    rc = resource_write(call, insert, error);
    if (rc)
        blob_remove(call->services->blobs, file.id, &ignored);
    return rc;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static int list(struct db_session *session, struct resource_call *call, struct treadle_error *error)
{
    const struct record_key keys[] = {{"project", call->project}, {"purpose", call->query.purpose}};
    const struct record_query query = {
        .table = "files", .keys = keys, .key_count = call->query.purpose ? 2 : 1};
    return resource_send_page(session, call, &query, error);
}

int file_list(struct resource_call *call, struct treadle_error *error)
{
    return resource_read(call, list, error);
}

static int retrieve(struct db_session *session, struct resource_call *call,
                    struct treadle_error *error)
{
    struct treadle_file file;
    int rc = attach_find_file(session, call, call->arguments[0], &file, error);
    return rc ? rc : resource_reply(call, &treadle_file_type, &file, error);
}

int file_retrieve(struct resource_call *call, struct treadle_error *error)
{
    return resource_read(call, retrieve, error);
}

int file_content(struct resource_call *call, struct treadle_error *error)
{
    uint64_t length = 0;
    int descriptor = -1;
    int rc = resource_read(call, retrieve, error);
    if (!rc)
        rc = blob_read(call->services->blobs, call->arguments[0], &descriptor, &length, error);
    if (rc)
        return rc;
    buffer_reset(&call->reply->body);
    call->reply->content_type = "application/octet-stream";
    call->reply->file = descriptor;
    call->reply->file_length = length;
    return 0;
}

/* ---- Delete --------------------------------------------------------------------------------- */

struct stores {
    const char *ids[MOST_STORES];
    size_t count;
};

static int find_stores(struct db_session *session, struct resource_call *call,
                       struct stores *stores, struct treadle_error *error)
{
    struct db_statement *statement;
    int rc = db_prepare(session, &statement,
                        "SELECT store FROM vector_store_files WHERE file = ? LIMIT ?", error);
    if (rc)
        return rc;
    db_bind_text(statement, 1, call->arguments[0]);
    db_bind_integer(statement, 2, MOST_STORES);
    stores->count = 0;
    while ((rc = db_step(statement, error)) > 0) {
        const char *id = arena_string(call->arena, db_column_text(statement, 0, NULL));
        if (!id)
            return error_set_memory(error);
        stores->ids[stores->count++] = id;
    }
    return rc;
}

static int delete (struct db_session *session, struct resource_call *call,
                   struct treadle_error *error)
{
    struct stores *stores = call->state;
    const char *id = call->arguments[0];
    const struct record_key keys[] = {{"id", id}};
    struct treadle_file file;
    int rc = attach_find_file(session, call, id, &file, error);
    if (!rc)
        rc = find_stores(session, call, stores, error);
    for (size_t i = 0; i < stores->count && !rc; i++)
        rc = vector_store_detach(session, stores->ids[i], id, call->arena, error);
    if (!rc)
        rc = record_delete(session, "files", keys, 1, NULL, error);
    return rc ? rc : resource_reply_deleted(call, id, "file", error);
}

int file_delete(struct resource_call *call, struct treadle_error *error)
{
    struct treadle_error ignored;
    struct stores *stores = arena_alloc(call->arena, sizeof *stores);
    if (!stores)
        return error_set_memory(error);
    call->state = stores;
    int rc = resource_write(call, delete, error);
    if (rc)
        return rc;
    for (size_t i = 0; i < stores->count; i++)
        search_remove_file(call->services->search, stores->ids[i], call->arguments[0], &ignored);
    blob_remove(call->services->blobs, call->arguments[0], &ignored);
    return 0;
}
