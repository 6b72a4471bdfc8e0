/*
 * The conversation: what a model is told, from the thread's messages and the run's own turns.
 */
#ifndef ENGINE_CONVERSATION_H
#define ENGINE_CONVERSATION_H

#include "base/arena.h"
#include "model/model.h"
#include "store/db.h"
#include "treadle/objects.h"

/* The most messages of a thread that a model is told; the newest win. */
enum { CONVERSATION_MESSAGES = 256 };

struct conversation {
    struct arena *arena;
    struct model_message *messages;
    size_t count;
    size_t capacity;
};

/* Reads instructions and messages as the run's truncation strategy has it. Text alone is read:
 * images are nothing to a model that reads text. */
int conversation_load(struct db_session *session, const struct treadle_run *run,
                      struct arena *arena, struct conversation *out, struct treadle_error *error);

/* Adds a turn of the run: what the model said, or what a tool gave. */
int conversation_add(struct conversation *conversation, const struct model_message *message,
                     struct treadle_error *error);

#endif
