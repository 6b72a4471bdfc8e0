/*
 * Streams of runs: the events of a run as they happen, and those that happened before.
 */
#ifndef RESOURCE_RUN_STREAM_H
#define RESOURCE_RUN_STREAM_H

#include "resource/call.h"

/* Concludes with the work, a write that changes one run, and where `streams` is true answers with
 * what that tells and all that follows, up to the run's end or until it waits for outputs. Whatever
 * the work refuses is a plain reply. */
int run_stream_write(struct resource_call *call, resource_work work,
                     struct treadle_boolean streams);

#endif
