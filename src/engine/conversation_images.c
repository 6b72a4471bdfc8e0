/*
 * The images of a conversation: read from their files, for models that take images. This takes
 * long, so a worker does it, apart from the rest. The newest messages come first: where there is no
 * room for all images, a line of text in the oldest messages says that there were some.
 */
#include <string.h>

#include "base/error.h"
#include "engine/content.h"
#include "engine/conversation.h"

enum { MOST_BYTES = 64 << 20, ROOM_BESIDE = 64 << 20 };

struct showing {
    struct blob_store *blobs;
    const char *project;
    struct conversation *conversation;
    const struct treadle_message *message;
    const char *content;
};

static int show(struct db_session *session, void *argument, struct treadle_error *error)
{
    struct showing *showing = argument;
    return content_print(session, showing->blobs, showing->project, showing->message,
                         showing->conversation->arena, &showing->content, error);
}

static int leave_out(struct conversation *conversation, struct model_message *message)
{
    static const char note[] = "[Images were here. They are too large together with the others.]";
    message->text =
        message->text[0] ? arena_format(conversation->arena, "%s\n%s", message->text, note) : note;
    return message->text ? 0 : TREADLE_EMEMORY;
}

int conversation_show_images(struct conversation *conversation, struct db *db,
                             struct blob_store *blobs, const char *project,
                             struct treadle_error *error)
{
    struct showing showing = {.blobs = blobs, .project = project, .conversation = conversation};
    size_t bytes = 0;
    int rc = 0;
    arena_limit(conversation->arena, MOST_BYTES + CONTENT_BYTES + ROOM_BESIDE);
    for (size_t i = conversation->image_count; i > 0 && !rc; i--) {
        const struct conversation_image *image = &conversation->images[i - 1];
        struct model_message *message = &conversation->messages[image->message];
        if (bytes >= MOST_BYTES) {
            rc = leave_out(conversation, message) ? error_set_memory(error) : 0;
            continue;
        }
        showing.message = image->of;
        showing.content = NULL;
        rc = db_read(db, show, &showing, error);
        if (rc || !showing.content)
            continue;
        bytes += strlen(showing.content);
        message->content = showing.content;
    }
    return rc;
}
