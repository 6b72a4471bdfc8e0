/*
 * Streams of runs: the events of a run as they happen, and those that happened before.
 */
#ifndef RESOURCE_RUN_STREAM_H
#define RESOURCE_RUN_STREAM_H

#include "resource/resource.h"

/* Answers with the events behind that number, up to the run's end or until it waits for outputs.
 * To be called behind the transaction that told of it; nothing can fail after it. */
int run_stream_follow(struct resource_call *call, const char *run_id, int64_t after,
                      struct treadle_error *error);

#endif
