/*
 * Adding messages to a thread.
 */
#include "resource/message_add.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "resource/attach.h"
#include "resource/call.h"
#include "resource/tools.h"
#include "store/code_file_record.h"
#include "store/message_record.h"
#include "store/thread_record.h"

/* Says which member of the request names what was not found. */
__attribute__((format(printf, 2, 0))) static int
name_place(int rc, const char *format, size_t index, struct treadle_error *error)
{
    if (error->http_status == 404)
        snprintf(error->param, sizeof error->param, format, index);
    return rc;
}

/* ---- Attachments ---------------------------------------------------------------------------- */

static int give_attachments(struct db_session *session, struct resource_call *call,
                            struct treadle_thread *thread,
                            const struct treadle_message_create_request *request,
                            struct treadle_error *error)
{
    const struct tools_owner owner = {thread->id, ATTACH_THREAD_DAYS};
    int rc = 0;
    if (!request->attachment_count)
        return 0;
    if (!thread->tool_resources)
        thread->tool_resources = arena_alloc(call->arena, sizeof *thread->tool_resources);
    if (!thread->tool_resources)
        return error_set_memory(error);
    for (size_t i = 0; i < request->attachment_count && !rc; i++) {
        rc = tools_attach(session, call, &request->attachments[i], &owner, thread->tool_resources,
                          error);
        if (rc)
            return name_place(rc, "attachments[%zu].file_id", i, error);
    }
    if (!rc)
        rc = thread_record_save(session, call->project, thread, call->arena, error);
    if (!rc && thread->tool_resources->code_interpreter)
        rc = code_file_record_index(session, CODE_HOLDER_THREAD, thread->id, thread->tool_resources,
                                    error);
    return rc;
}

/* ---- Content -------------------------------------------------------------------------------- */

static int make_text(struct resource_call *call, const char *value, struct treadle_content *out)
{
    struct treadle_text *text = arena_alloc(call->arena, sizeof *text);
    if (!text)
        return TREADLE_EMEMORY;
    text->value = value;
    *out = (struct treadle_content){.type = TREADLE_CONTENT_TEXT, .text = text};
    return 0;
}

static int make_part(struct resource_call *call, const struct treadle_content_request *part,
                     struct treadle_content *out)
{
    if (part->type == TREADLE_CONTENT_TEXT)
        return make_text(call, part->text, out);
    if (part->image_file && !part->image_file->detail)
        part->image_file->detail = TREADLE_IMAGE_DETAIL_AUTO;
    if (part->image_url && !part->image_url->detail)
        part->image_url->detail = TREADLE_IMAGE_DETAIL_AUTO;
    *out = (struct treadle_content){
        .type = part->type, .image_file = part->image_file, .image_url = part->image_url};
    return 0;
}

static int make_content(struct resource_call *call, const struct treadle_message_content *sent,
                        struct treadle_message *message, struct treadle_error *error)
{
    size_t count = sent->text ? 1 : sent->part_count;
    struct treadle_content *content = arena_array(call->arena, count, sizeof *content);
    int rc = content ? 0 : TREADLE_EMEMORY;
    if (!rc && sent->text)
        rc = make_text(call, sent->text, &content[0]);
    for (size_t i = 0; i < sent->part_count && !rc; i++)
        rc = make_part(call, &sent->parts[i], &content[i]);
    if (rc)
        return error_set_memory(error);
    message->content = content;
    message->content_count = count;
    return 0;
}

static int check_images(struct db_session *session, struct resource_call *call,
                        const struct treadle_message *message, struct treadle_error *error)
{
    struct treadle_file file;
    for (size_t i = 0; i < message->content_count; i++) {
        const struct treadle_image_file *image = message->content[i].image_file;
        int rc = image ? attach_find_file(session, call, image->file_id, &file, error) : 0;
        if (rc)
            return name_place(rc, "content[%zu].image_file.file_id", i, error);
    }
    return 0;
}

int message_add(struct db_session *session, struct resource_call *call,
                struct treadle_thread *thread, const struct treadle_message_create_request *request,
                const char **out, struct treadle_error *error)
{
    int64_t now = clock_seconds();
    struct treadle_message message = {
        .id = resource_id(call, "msg_"),
        .created_at = now,
        .thread_id = thread->id,
        .status = TREADLE_MESSAGE_COMPLETED,
        .completed_at = {TREADLE_SET, now},
        .role = request->role,
        .attachments = request->attachments,
        .attachment_count = request->attachment_count,
        .metadata = request->metadata,
    };
    const char *body = NULL;
    if (!message.id)
        return error_set_memory(error);
    int rc = make_content(call, request->content, &message, error);
    if (!rc)
        rc = check_images(session, call, &message, error);
    if (!rc)
        rc = give_attachments(session, call, thread, request, error);
    if (!rc)
        rc = message_record_insert(session, call->project, &message, call->arena, &body, error);
    if (!rc && out)
        *out = body;
    return rc;
}
