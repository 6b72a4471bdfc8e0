/*
 * Content. Data URLs need no escapes, so they are written into the JSON as they are made.
 */
#include "engine/content.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/json.h"
#include "base/buffer.h"
#include "base/error.h"
#include "model/image.h"
#include "store/file_record.h"

/* Beside its data, for the JSON and the notes of any number of parts that a message may have. */
enum { ROOM_FOR_TEXT = 4 << 20 };

struct printing {
    struct db_session *session;
    struct blob_store *blobs;
    const char *project;
    struct arena *arena;
    struct buffer out;
};

static const char *detail_name(enum treadle_image_detail detail)
{
    static const char *const names[] = {[TREADLE_IMAGE_DETAIL_AUTO] = "auto",
                                        [TREADLE_IMAGE_DETAIL_LOW] = "low",
                                        [TREADLE_IMAGE_DETAIL_HIGH] = "high"};
    return detail ? names[detail] : names[TREADLE_IMAGE_DETAIL_AUTO];
}

static void print_text(struct buffer *out, const char *text)
{
    buffer_append_string(out, "{\"type\":\"text\",\"text\":");
    json_print_string(text ? text : "", out);
    buffer_append_char(out, '}');
}

static void begin_image(struct buffer *out)
{
    buffer_append_string(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
}

static void end_image(struct buffer *out, enum treadle_image_detail detail)
{
    buffer_append_format(out, ",\"detail\":\"%s\"}}", detail_name(detail));
}

/* ---- Files ---------------------------------------------------------------------------------- */

static int note_image(struct printing *printing, const struct treadle_image_file *image,
                      const char *why, struct treadle_error *error)
{
    const char *note = arena_format(printing->arena, "[An image was here: %.100s. It %s.]",
                                    image->file_id ? image->file_id : "", why);
    if (!note)
        return error_set_memory(error);
    print_text(&printing->out, note);
    return 0;
}

/* A descriptor of the file's bytes. TREADLE_ENOTFOUND also for a file of another project. */
static int open_image(struct printing *printing, const char *file_id, int *descriptor,
                      uint64_t *length, struct treadle_error *error)
{
    struct blob_sum sum;
    int rc = file_record_find(printing->session, printing->project, file_id, error);
    if (!rc)
        rc = file_record_sum(printing->session, file_id, printing->arena, &sum, error);
    if (!rc)
        rc = blob_read(printing->blobs, file_id, descriptor, length, error);
    if (rc)
        return rc;
    rc = *length <= IMAGE_BYTES ? blob_verify(*descriptor, file_id, &sum, error) : 0;
    if (rc)
        close(*descriptor);
    return rc;
}

static int read_whole(int descriptor, char *out, size_t length, struct treadle_error *error)
{
    for (size_t have = 0; have < length;) {
        ssize_t rc = read(descriptor, out + have, length - have);
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0)
            return error_set_errno(error, TREADLE_EIO, rc < 0 ? errno : EIO,
                                   "cannot read the image");
        have += (size_t)rc;
    }
    return 0;
}

static int print_bytes(struct printing *printing, const struct treadle_image_file *image,
                       const char *bytes, size_t length, struct treadle_error *error)
{
    const char *type = image_type(bytes, length);
    if (!type)
        return note_image(printing, image, "is no PNG, JPEG, GIF or WebP", error);
    if (printing->out.length + length / 3 * 4 > CONTENT_BYTES)
        return note_image(printing, image, "is too large together with the others", error);
    begin_image(&printing->out);
    buffer_append_char(&printing->out, '"');
    image_print(&printing->out, type, bytes, length);
    buffer_append_char(&printing->out, '"');
    end_image(&printing->out, image->detail);
    return 0;
}

static int print_file(struct printing *printing, const struct treadle_image_file *image,
                      struct treadle_error *error)
{
    int descriptor = -1;
    uint64_t length = 0;
    int rc = open_image(printing, image->file_id, &descriptor, &length, error);
    if (rc == TREADLE_ENOTFOUND)
        return note_image(printing, image, "is no longer there", error);
    if (rc)
        return rc;
    char *bytes = length <= IMAGE_BYTES ? malloc(length ? length : 1) : NULL;
    if (bytes)
        rc = read_whole(descriptor, bytes, length, error);
    close(descriptor);
    if (length > IMAGE_BYTES)
        rc = note_image(printing, image, "is too large", error);
    else if (!bytes)
        rc = error_set_memory(error);
    else if (!rc)
        rc = print_bytes(printing, image, bytes, length, error);
    free(bytes);
    return rc;
}

/* ---- Parts ---------------------------------------------------------------------------------- */

static int print_part(struct printing *printing, const struct treadle_content *part,
                      struct treadle_error *error)
{
    struct buffer *out = &printing->out;
    if (part->image_file)
        return print_file(printing, part->image_file, error);
    if (part->image_url) {
        begin_image(out);
        json_print_string(part->image_url->url ? part->image_url->url : "", out);
        end_image(out, part->image_url->detail);
    } else {
        print_text(out, part->text ? part->text->value : part->refusal);
    }
    return 0;
}

static bool has_image(const struct treadle_message *message)
{
    for (size_t i = 0; i < message->content_count; i++)
        if (message->content[i].image_file || message->content[i].image_url)
            return true;
    return false;
}

int content_print(struct db_session *session, struct blob_store *blobs, const char *project,
                  const struct treadle_message *message, struct arena *arena, const char **out,
                  struct treadle_error *error)
{
    struct printing printing = {
        .session = session, .blobs = blobs, .project = project, .arena = arena};
    const char *copy = NULL;
    int rc = 0;
    if (!has_image(message)) {
        *out = NULL;
        return 0;
    }
    buffer_init(&printing.out, CONTENT_BYTES + ROOM_FOR_TEXT);
    for (size_t i = 0; !rc && i < message->content_count; i++) {
        buffer_append_char(&printing.out, i ? ',' : '[');
        rc = print_part(&printing, &message->content[i], error);
    }
    buffer_append_char(&printing.out, ']');
    if (!rc && printing.out.failed)
        rc = buffer_error(&printing.out, CONTENT_TOO_LONG, error);
    if (!rc) {
        copy = arena_copy(arena, printing.out.data, printing.out.length);
        rc = copy ? 0 : error_set_memory(error);
    }
    if (!rc)
        *out = copy;
    buffer_clear(&printing.out);
    return rc;
}
