/*
 * The conversation: what is sent to a model, made from the thread's messages and the run's own
 * turns.
 */
#ifndef ENGINE_CONVERSATION_H
#define ENGINE_CONVERSATION_H

#include "base/arena.h"
#include "model/model.h"
#include "store/blob.h"
#include "store/db.h"
#include "tool/tool.h"
#include "treadle/objects.h"

enum {
    CONVERSATION_MESSAGES = 256, /* of a thread that are sent to a model: the newest */
    CONVERSATION_SOURCES = 512,  /* passages that may be cited */
    CONVERSATION_CITED = 128     /* of them, those that earlier answers cite: the newest */
};

/* A message of the thread that has images, and its place among those of the conversation. */
struct conversation_image {
    size_t message;
    const struct treadle_message *of;
};

struct conversation {
    struct arena *arena;
    bool sees; /* the model takes images: messages that have nothing else are sent, too */
    struct conversation_image *images;
    size_t image_count;
    struct model_message *messages;
    size_t count;
    size_t capacity;
    struct citation_source *sources;
    size_t source_count;
    size_t cited;        /* the first of them are what earlier runs cited */
    unsigned first_turn; /* of the run, as its markers count: after those of earlier runs */
    /* Of the turns before, where the run has waited for outputs: */
    unsigned turns;
    struct treadle_usage used;
};

/* Reads instructions and messages as the run's truncation strategy says, and then the run's own
 * turns so far. Images are noted, but not read. In the arena of the context. */
int conversation_load(struct db_session *session, const struct tool_context *tools,
                      const struct tool_kind *const *kinds, bool sees, struct conversation *out,
                      struct treadle_error *error);

/* Reads the images that were noted. Blocks. */
int conversation_show_images(struct conversation *conversation, struct db *db,
                             struct blob_store *blobs, const char *project,
                             struct treadle_error *error);

/* Adds a turn of the run: what the model said, or the output of a tool. */
int conversation_add(struct conversation *conversation, const struct model_message *message,
                     struct treadle_error *error);

/* Adds the output of a call. */
int conversation_add_result(struct conversation *conversation, const char *call_id,
                            const struct tool_result *result, struct treadle_error *error);

#endif
