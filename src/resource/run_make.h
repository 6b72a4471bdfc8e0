/*
 * Making a run: merges an assistant and a request.
 */
#ifndef RESOURCE_RUN_MAKE_H
#define RESOURCE_RUN_MAKE_H

#include "resource/resource.h"
#include "treadle/objects.h"

/* Adds the additional messages, merges the request over a snapshot of the assistant, takes the
 * thread's lock and queues the run. A member of the request that is absent or null inherits.
 * `resources` (may be NULL) replaces the assistant's tool_resources. `made`: the thread was created
 * for the run, and its event is published with the run's. */
int run_make(struct db_session *session, struct resource_call *call, struct treadle_thread *thread,
             bool made, const struct treadle_run_create_request *request,
             const struct treadle_tool_resources *resources, struct treadle_run *out,
             struct treadle_error *error);

#endif
