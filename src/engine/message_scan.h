/*
 * Messages of text alone, read from their rows without parsing them: the role and the text are all
 * that a model needs, and most of a conversation is such messages.
 */
#ifndef ENGINE_MESSAGE_SCAN_H
#define ENGINE_MESSAGE_SCAN_H

#include <stdbool.h>

#include "base/arena.h"

struct message_scan {
    bool user;   /* and not the assistant */
    bool of_run; /* that run wrote it */
    const char *text;
};

/* False where the message has other parts than one of text, or cannot be read this way: then it
 * must be parsed. */
bool message_scan(const char *body, const char *run_id, struct arena *arena,
                  struct message_scan *out);

#endif
