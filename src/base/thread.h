/*
 * Threads that no signal reaches: signals are for the program's own threads to wait for.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Starts up to `count` threads that run the same, all signals blocked, and gives how many there
 * are: fewer when the system has no more. */
size_t thread_start(pthread_t *threads, size_t count, void *(*run)(void *), void *argument);

#endif
