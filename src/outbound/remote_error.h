/*
 * What a model server's refusals mean here: which error a client is told, and whether trying again
 * may help.
 */
#ifndef OUTBOUND_REMOTE_ERROR_H
#define OUTBOUND_REMOTE_ERROR_H

#include <stdbool.h>

#include "base/buffer.h"
#include "treadle/error.h"

enum remote_failure { REMOTE_UNREACHABLE, REMOTE_BROKE_OFF, REMOTE_TIMEOUT };

/* No whole reply came: 502, and 504 for a timeout. */
void remote_error_transport(struct treadle_error *error, enum remote_failure failure,
                            const char *why);

/* A reply of that status. What is the client's fault stays so; what is the server's, or a fault in
 * how Treadle was told to reach it, becomes 502. The key never stands in the message. True when the
 * same request may work later. */
bool remote_error_read(struct treadle_error *error, long status, const struct buffer *body,
                       const char *key);

/* An error within a stream: the JSON text of its event. TREADLE_EBUSY when it names a status with
 * which the same request may work later, else TREADLE_EREMOTE. */
int remote_error_event(struct treadle_error *error, const char *text, size_t length,
                       const char *key);

#endif
