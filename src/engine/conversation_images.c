/*
 * The images of a conversation: read from their files, for models that see.
 *
 * This takes long, so it is done by a worker, apart from the rest. The newest messages come first:
 * where there is no room for all, the oldest are told without their images.
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

int conversation_show_images(struct conversation *conversation, struct db *db,
                             struct blob_store *blobs, const char *project,
                             struct treadle_error *error)
{
    struct showing showing = {.blobs = blobs, .project = project, .conversation = conversation};
    size_t bytes = 0;
    int rc = 0;
    arena_limit(conversation->arena, MOST_BYTES + CONTENT_BYTES + ROOM_BESIDE);
    for (size_t i = conversation->image_count; i > 0 && bytes < MOST_BYTES && !rc; i--) {
        const struct conversation_image *image = &conversation->images[i - 1];
        showing.message = image->of;
        showing.content = NULL;
        rc = db_read(db, show, &showing, error);
        if (rc || !showing.content)
            continue;
        bytes += strlen(showing.content);
        conversation->messages[image->message].content = showing.content;
    }
    return rc;
}
