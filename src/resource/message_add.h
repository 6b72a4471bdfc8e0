/*
 * Adding messages to a thread: alone, with a new thread, or with a run.
 */
#ifndef RESOURCE_MESSAGE_ADD_H
#define RESOURCE_MESSAGE_ADD_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Writes the message, and gives its attachments to the thread's tools (`thread` is changed and
 * written; without attachments its id is all that is used). The caller has checked that the thread
 * is not locked. `out` becomes the printed message; it may be NULL. */
int message_add(struct db_session *session, struct resource_call *call,
                struct treadle_thread *thread, const struct treadle_message_create_request *request,
                const char **out, struct treadle_error *error);

#endif
