/*
 * Streams of runs: the events of a run as they happen, and those that happened before.
 */
#ifndef RESOURCE_RUN_STREAM_H
#define RESOURCE_RUN_STREAM_H

#include "resource/call.h"

/* A plan to write with the work, which changes one run. Where `streams` is true the reply is a
 * stream of the events of that change and of all that follow, up to the run's end or until it waits
 * for outputs. What the work refuses is a plain reply. */
struct resource_plan run_stream_write(resource_work work, struct treadle_boolean streams);

/* Streams the events of a run after that number once more, and those that follow. */
int run_stream_repeat(struct resource_call *call, const char *run_id, int64_t after,
                      struct treadle_error *error);

#endif
