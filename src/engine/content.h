/*
 * Content: a message with images, as it is sent to a model that takes images.
 */
#ifndef ENGINE_CONTENT_H
#define ENGINE_CONTENT_H

#include "base/arena.h"
#include "store/blob.h"
#include "store/db.h"
#include "treadle/objects.h"

/* The largest content: images that would make it larger are left out. */
enum { CONTENT_BYTES = 32 << 20 };

/* Said wherever a message passes a limit. */
#define CONTENT_TOO_LONG "A message of the thread is too long."

/* Prints the parts of a message as JSON in the form of chat completions, for the content of a
 * struct model_message: files of the project as data URLs, addresses as they are. An image that is
 * gone, too large or no image becomes a line of text that says so. `*out`, in the arena, is NULL
 * when the message is text alone. */
int content_print(struct db_session *session, struct blob_store *blobs, const char *project,
                  const struct treadle_message *message, struct arena *arena, const char **out,
                  struct treadle_error *error);

#endif
