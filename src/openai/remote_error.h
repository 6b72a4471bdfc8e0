/*
 * What a model server's refusals mean here: which error is sent to the client, and whether trying
 * again may help.
 */
#ifndef OPENAI_REMOTE_ERROR_H
#define OPENAI_REMOTE_ERROR_H

#include <stdbool.h>

#include "outbound/loop.h"

/* No whole reply came: 502, and 504 for a timeout. */
void remote_error_transport(enum loop_loss loss, const char *why, struct treadle_error *error);

/* A reply of that status. A fault of the client keeps its status; one of the server, or of how
 * Treadle was configured to reach it, becomes 502. The key is never in the message. */
enum loop_hope remote_error_read(long status, const struct buffer *body, const char *key,
                                 struct treadle_error *error);

/* The two as exchanges take them. */
extern const struct loop_words remote_error_words;

/* An error within a stream: the JSON text of its event. TREADLE_EBUSY when it names a status with
 * which the same request may work later, else TREADLE_EREMOTE. */
int remote_error_event(const char *text, size_t length, const char *key,
                       struct treadle_error *error);

#endif
