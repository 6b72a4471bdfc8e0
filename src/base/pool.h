/*
 * Pool: a fixed number of worker threads and one bounded queue of jobs, run in order of arrival.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

typedef void (*pool_job)(void *argument);

/* Starts `threads` workers and a queue of at most `queue` waiting jobs. NULL when memory or
 * threads run out. Signals are blocked in the workers. */
struct pool *pool_new(size_t threads, size_t queue);

/* Queues a job. False, and nothing queued, when the queue is full or the pool is stopping. The pool
 * must stay until it has returned, also where the job itself leads to the pool's end. */
bool pool_submit(struct pool *pool, pool_job job, void *argument);

/* Lets every queued job finish, then ends the workers and frees the pool. Accepts NULL. */
void pool_free(struct pool *pool);

/* Jobs waiting, for metrics. */
size_t pool_waiting(struct pool *pool);

#endif
