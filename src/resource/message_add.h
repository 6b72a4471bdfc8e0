/*
 * Adding messages to a thread: by themselves, with a new thread, or with a run.
 */
#ifndef RESOURCE_MESSAGE_ADD_H
#define RESOURCE_MESSAGE_ADD_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Writes the message, and gives its attachments to the thread's tools (`thread` is changed and
 * written). The caller has made sure that the thread is not locked. `out` may be NULL. */
int message_add(struct db_session *session, struct resource_call *call,
                struct treadle_thread *thread, const struct treadle_message_create_request *request,
                struct treadle_message *out, struct treadle_error *error);

#endif
