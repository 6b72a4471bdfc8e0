/*
 * Making a thread, alone or together with a run.
 */
#ifndef RESOURCE_THREAD_H
#define RESOURCE_THREAD_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Writes a new thread with its first messages. `request` may be NULL. */
int thread_make(struct db_session *session, struct resource_call *call,
                const struct treadle_thread_create_request *request, struct treadle_thread *out,
                struct treadle_error *error);

#endif
